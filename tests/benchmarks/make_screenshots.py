"""Write the screenshots of the README: the real window on simulated data, under Xvfb.

    python tests/benchmarks/make_screenshots.py [--out notebooks/images] [--gene Layer3_b]
        [--only section|cells]

Trains as anyone would (seed 0, settings as they are but for six domains and the column of batches),
opens the result in napari out of sight, and photographs a gene of the section as counted and
imputed and the domains (GMM-VGAE), then the map of the cells and the markers of their clusters
(scIMTA). napari's own layer docks are closed to make room; nothing else is arranged. Each picture
is below 400 kB.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari import Viewer

    from napari_stimpute.plugin.panel import StimputePanel

ROOT = Path(__file__).resolve().parents[2]
SIZE = (1500, 720)
MOST_BYTES = 400_000


def main() -> None:
    """Train, and photograph in a process of its own: Qt picks its display when it starts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "notebooks" / "images")
    parser.add_argument("--gene", default="Layer3_b")
    parser.add_argument("--only", choices=("section", "cells"))
    parser.add_argument("--result", type=Path, help="photograph this result; needs a display")
    options = parser.parse_args()
    if options.result:
        photograph(options.result, options.out, options.gene)
        return
    from napari_stimpute.demo.window import environment, virtual_display

    options.out.mkdir(parents=True, exist_ok=True)
    names = [options.only] if options.only else ["section", "cells"]
    with tempfile.TemporaryDirectory() as folder, virtual_display() as display:
        for name in names:
            result = trained(Path(folder) / f"{name}.h5ad", name)
            command = [sys.executable, __file__, "--result", result, "--gene", options.gene]
            subprocess.run(
                [*command, "--out", options.out], check=True, env=environment(display), timeout=300
            )


def trained(path: Path, name: str) -> Path:
    """Simulated data with the results of one run, saved."""
    from napari_stimpute import Session, simulate_cells, simulate_section
    from napari_stimpute.models import model_info
    from napari_stimpute.terminal import Teller, follow

    session = Session()
    session.open(simulate_section(seed=0) if name == "section" else simulate_cells(seed=0))
    model, settings = (
        ("gmm_vgae", {"n_domains": 6}) if name == "section" else ("scimta", {"batch_key": "batch"})
    )
    job = session.train(model, model_info(model).config(**settings), seed=0, device="cpu")
    follow(job, Teller())
    return session.save(path)


def photograph(result: Path, out: Path, gene: str) -> None:
    """Open a result in the window, and keep views of it."""
    from qtpy.QtWidgets import QDockWidget

    from napari_stimpute import Session
    from napari_stimpute.demo.window import settle
    from napari_stimpute.plugin import open_panel, open_viewer

    session = Session()
    session.open(result)
    viewer = open_viewer(session)
    panel = open_panel(viewer)
    for dock in panel.window().findChildren(QDockWidget):
        if dock.windowTitle() in ("layer controls", "layer list"):
            dock.hide()
    viewer.window.resize(*SIZE)
    settle(1.0)
    if result.stem == "section":
        of_section(viewer, panel, out, gene)
    else:
        of_cells(viewer, panel, out)
    viewer.close()


def of_section(viewer: Viewer, panel: StimputePanel, out: Path, gene: str) -> None:
    """A gene as counted and imputed, side by side and with a divider; the domains."""
    from napari_stimpute import keys

    session = panel.session
    session.display.gene, session.display.source = gene, "gmm_vgae"
    panel.tabs.setCurrentIndex(1)
    panel.genes.both.setChecked(True)
    keep(viewer, out / "side_by_side.png")
    panel.genes.both.setChecked(False)
    panel.view.set_mode("wipe")
    keep(viewer, out / "wipe.png")
    panel.view.set_mode("one map")
    session.display.column = keys.cluster("gmm_vgae")
    keep(viewer, out / "domains.png")


def of_cells(viewer: Viewer, panel: StimputePanel, out: Path) -> None:
    """The map of the cells in their clusters, and the markers of these."""
    from napari_stimpute import keys
    from napari_stimpute.scene.maps import MapOf

    panel.session.display.column = keys.cluster("scimta")
    panel.view.scene.show_map(MapOf("scimta", "umap"))
    wait(panel)
    panel.tabs.setCurrentWidget(panel.tabs.widget(5))
    panel.cells.markers.panel.find()
    wait(panel)
    keep(viewer, out / "cells.png")


def wait(panel: StimputePanel) -> None:
    """Until nothing is at work; a map begins to be drawn a moment after it is asked for."""
    from napari_stimpute.demo.window import settle

    settle(1.0)
    while panel.session.is_busy:
        settle(0.2)


def keep(viewer: Viewer, target: Path) -> None:
    """One picture of the window."""
    from PIL import Image

    from napari_stimpute.demo.window import settle

    viewer.reset_view()
    settle(1.0)
    pixels = viewer.screenshot(canvas_only=False, flash=False)
    full = Image.fromarray(pixels[..., :3])
    # 256 colours look the same, and take a quarter of the space
    picture = full.quantize(256, method=Image.Quantize.MAXCOVERAGE, kmeans=4)
    picture.save(target, optimize=True)
    if target.stat().st_size > MOST_BYTES:
        raise SystemExit(f"{target}: {target.stat().st_size:,} bytes are too many")


if __name__ == "__main__":
    main()
