"""The real window: gene switches, zooms into very many spots, stalls while training, start-up.

    python tests/benchmarks/bench_viewer.py [--spots 5000,50000,500000,1000000] [--switches 100]
        [--zoomed 5000000,11000000]

Needs a display (or `xvfb-run -a`). Prints, per size, p50 and p95 of the call that switches the gene
(work in the GUI thread, before drawing); of very many spots, what a look from afar and a look at a
part take until they are drawn, and how many pixels of the screen lie between two spots there; the
longest gap of a 10 ms timer while GMM-VGAE trains, the time from a cancel to its answer, and the
start of the plugin after napari is up. Without a graphics card drawing is done in software: the
drawing times are not a user's. Processor times are those of the GUI thread, which other programs
do not lengthen.
"""

from __future__ import annotations

import argparse
import itertools
import os
import time
from typing import Any

import psutil  # type: ignore[import-untyped]

os.environ.setdefault("NAPARI_CONFIG", "")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

GENES = 200
ZOOMS, NEAR = 12, 3.2
"""Parts of the tissue that are looked at, and pixels of the screen from bin to bin then."""


def main() -> None:
    """Measure each size, then training and start-up."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spots", default="5000,50000,500000,1000000")
    parser.add_argument("--switches", type=int, default=100)
    parser.add_argument("--zoomed", default="5000000,11000000")
    options = parser.parse_args()
    print(f"start of the plugin after napari is up: {start_seconds():.2f} s")
    for n in filter(None, options.spots.split(",")):
        print(switching(int(n), options.switches), flush=True)
    for n in filter(None, options.zoomed.split(",")):
        print(zooming(int(n)), flush=True)
    print(training())


def start_seconds() -> float:
    """Seconds from a bare viewer to the docked panel."""
    import napari

    viewer = napari.Viewer()
    settle()
    begun = time.monotonic()
    viewer.window.add_plugin_dock_widget("napari-stimpute", "stimpute")
    settle()
    seconds = time.monotonic() - begun
    viewer.close()
    return seconds


def switching(n_spots: int, n_switches: int) -> dict[str, object]:
    """Time of switching the shown gene, in the GUI thread and with drawing."""
    import numpy as np

    from napari_stimpute import Session
    from napari_stimpute.data.simulate import simulate_tissue
    from napari_stimpute.plugin import open_viewer

    session = Session()
    molecules = 300.0 if n_spots <= 500_000 else 30.0  # as bins have
    session.open(simulate_tissue(n_spots, GENES, seed=0, molecules=molecules))
    viewer = open_viewer(session)
    settle()
    genes = np.random.default_rng(0).choice(session.contents.genes, n_switches)
    calls, whole, cpu = [], [], []
    for gene in genes:
        begun, busy = time.monotonic(), time.thread_time()
        session.display.gene = str(gene)
        calls.append(time.monotonic() - begun)
        cpu.append(time.thread_time() - busy)
        settle(0)
        whole.append(time.monotonic() - begun)
    viewer.close()
    p50, p95 = (1e3 * np.percentile(calls, p) for p in (50, 95))
    return {
        "spots": n_spots,
        "switch p50 ms": round(p50, 1),
        "switch p95 ms": round(p95, 1),
        "of it processor p50 ms": round(1e3 * np.percentile(cpu, 50), 1),
        "with software drawing p50 ms": round(1e3 * np.percentile(whole, 50), 1),
    }


def zooming(n_spots: int) -> dict[str, object]:
    """Looks at all of very many bins, and at parts of them so near that each is seen."""
    import numpy as np

    from napari_stimpute import Session
    from napari_stimpute.data.simulate import simulate_tissue
    from napari_stimpute.plugin import open_viewer

    session, section = Session(), simulate_tissue(n_spots, 12, seed=0, molecules=3.0)
    side = int(np.ceil(np.sqrt(n_spots)))
    section.obsm["spatial"] = np.column_stack(np.divmod(np.arange(n_spots), side)).astype(float)
    session.open(section)
    del section
    before = _gb()
    viewer = open_viewer(session)
    settle(1.0)
    held, genes = _gb() - before, session.contents.genes
    switches = [timed(lambda g=g: setattr(session.display, "gene", g)) for g in genes[1:]]
    middles = np.random.default_rng(0).uniform(0.2, 0.8, (ZOOMS, 2)) * side
    looks = [timed(lambda m=m: look(viewer, m)) for m in middles]
    moves = middles[-1] + np.arange(1, ZOOMS + 1)[:, None] * [0.0, 8.0]
    pans = [timed(lambda m=m: look(viewer, m)) for m in moves]
    layer = viewer.layers["Spots"]
    painted = 1 / (
        layer.scale[1] * layer.level_shapes[0, 1] / layer.level_shapes[layer.data_level, 1]
    )
    viewer.close()
    of = {"all, another gene": switches, "a part, at once": looks, "moved by 8 bins": pans}
    return {
        "bins": n_spots,
        **{f"{name}: processor p50 ms": _median(pairs, 1) for name, pairs in of.items()},
        **{f"{name}: until drawn p50 ms": _median(pairs, 0) for name, pairs in of.items()},
        "painted pixels per bin": round(float(painted), 1),
        "screen pixels per bin": NEAR,
        "bytes of the window per bin": round(1e9 * held / n_spots),
    }


def look(viewer: Any, middle: Any) -> None:
    """Move the camera to a place, (2,), near enough to tell the bins, which are 1 wide."""
    viewer.scene.camera.center, viewer.scene.camera.zoom = tuple(middle), NEAR


def timed(change: Any) -> tuple[float, float]:
    """Seconds until a change is drawn, and of the processor for it in the GUI thread."""
    begun, busy = time.monotonic(), time.thread_time()
    change()
    for _ in range(3):  # what is in view is painted while it is drawn, and drawn anew then
        settle(0)
    return time.monotonic() - begun, time.thread_time() - busy


def _median(pairs: list[tuple[float, float]], which: int) -> float:
    return round(1e3 * sorted(pair[which] for pair in pairs)[len(pairs) // 2], 1)


def _gb() -> float:
    return float(psutil.Process().memory_info().rss) / 1e9


def training() -> dict[str, object]:
    """Longest gap of a 10 ms timer while GMM-VGAE trains, and how soon a cancel is answered."""
    from qtpy.QtCore import QTimer

    from napari_stimpute import Session
    from napari_stimpute.data.simulate import simulate_tissue
    from napari_stimpute.plugin import open_viewer

    session = Session()
    session.open(simulate_tissue(10_000, 1000, seed=0))
    viewer = open_viewer(session)
    settle()
    ticks: list[float] = []
    timer = QTimer()
    timer.timeout.connect(lambda: ticks.append(time.monotonic()))
    timer.start(10)
    job = session.train("gmm_vgae")
    settle(20.0)
    gaps = sorted(1e3 * (b - a) for a, b in itertools.pairwise(ticks))
    asked = time.monotonic()
    session.cancel()
    while session.is_busy and time.monotonic() - asked < 60:
        settle(0)
    answered = time.monotonic() - asked
    timer.stop()
    viewer.close()
    return {
        "timer gap p50 ms": round(gaps[len(gaps) // 2], 1),
        "p99 ms": round(gaps[int(0.99 * len(gaps))], 1),
        "longest ms": round(gaps[-1], 1),
        "cancel to results s": round(answered, 2),
        "state": job.state.value,
    }


def settle(seconds: float = 0.3) -> None:
    """Let the window lay out, draw and deliver events."""
    from qtpy.QtWidgets import QApplication

    end = time.monotonic() + seconds
    while True:
        QApplication.processEvents()
        if time.monotonic() >= end:
            return
        time.sleep(0.002)


if __name__ == "__main__":
    main()
