"""Write the screenshots of the README: the real window on the simulated section, under Xvfb.

    python tests/benchmarks/make_screenshots.py [--out notebooks/images] [--gene Layer3_b]

Trains GMM-VGAE as anyone would (settings as they are, six domains, seed 0), opens the result in
napari out of sight, and photographs a gene as counted and imputed, and the domains. napari's own
layer docks are closed to make room; nothing else is arranged. Each picture is below 400 kB.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODEL = "gmm_vgae"
SIZE = (1500, 720)
MOST_BYTES = 400_000


def main() -> None:
    """Train, and photograph in a process of its own: Qt picks its display when it starts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "notebooks" / "images")
    parser.add_argument("--gene", default="Layer3_b")
    parser.add_argument("--result", type=Path, help="photograph this result; needs a display")
    options = parser.parse_args()
    if options.result:
        photograph(options.result, options.out, options.gene)
        return
    from napari_stimpute.demo.window import _environment, _virtual_display

    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, _virtual_display() as display:
        result = trained(Path(folder) / "section.h5ad")
        command = [sys.executable, __file__, "--result", result, "--gene", options.gene]
        subprocess.run(
            [*command, "--out", options.out], check=True, env=_environment(display), timeout=300
        )


def trained(path: Path) -> Path:
    """The sample section with the results of one run, saved."""
    from napari_stimpute import Session
    from napari_stimpute.data.simulate import simulate_section
    from napari_stimpute.models.configs import GMMVGAEConfig
    from napari_stimpute.terminal import Teller, follow

    session = Session()
    session.open(simulate_section(seed=0))
    job = session.train(MODEL, GMMVGAEConfig(n_domains=6), seed=0, device="cpu")
    follow(job, Teller())
    return session.save(path)


def photograph(result: Path, out: Path, gene: str) -> None:
    """Open a result in the window, and keep two views of it."""
    from PIL import Image
    from qtpy.QtWidgets import QDockWidget

    from napari_stimpute import Session, keys
    from napari_stimpute.demo.window import _settle
    from napari_stimpute.plugin import open_panel, open_viewer

    session = Session()
    session.open(result)
    session.gene, session.source = gene, MODEL
    viewer = open_viewer(session)
    panel = open_panel(viewer)
    panel.tabs.setCurrentIndex(1)
    for dock in panel.window().findChildren(QDockWidget):
        if dock.windowTitle() in ("layer controls", "layer list"):
            dock.hide()
    viewer.window.resize(*SIZE)
    _settle(1.0)

    def keep(name: str) -> None:
        viewer.reset_view()
        _settle(1.0)
        target = out / name
        pixels = viewer.screenshot(canvas_only=False, flash=False)
        full = Image.fromarray(pixels[..., :3])
        # 256 colours look the same, and take a quarter of the space
        picture = full.quantize(256, method=Image.Quantize.MAXCOVERAGE, kmeans=4)
        picture.save(target, optimize=True)
        if target.stat().st_size > MOST_BYTES:
            raise SystemExit(f"{target}: {target.stat().st_size:,} bytes are too many")

    panel.genes.both.setChecked(True)
    keep("side_by_side.png")
    panel.genes.both.setChecked(False)
    panel.view.wipe.start()
    keep("wipe.png")
    panel.view.wipe.stop()
    session.column = keys.cluster(MODEL)
    keep("domains.png")
    viewer.close()


if __name__ == "__main__":
    main()
