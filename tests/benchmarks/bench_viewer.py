"""The real window: gene switches at 5k, 50k and 500k spots, stalls while training, start-up.

    python tests/benchmarks/bench_viewer.py [--spots 5000,50000,500000] [--switches 100]

Needs a display (or `xvfb-run -a`). Prints, per size, p50 and p95 of the call that switches the gene
(work in the GUI thread, before drawing), the longest gap of a 10 ms timer while GMM-VGAE trains,
the time from a cancel to its answer, and the start of the plugin after napari is up.
Without a graphics card drawing is done in software: the drawing times are not a user's.
"""

from __future__ import annotations

import argparse
import itertools
import os
import time

os.environ.setdefault("NAPARI_CONFIG", "")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

GENES = 200


def main() -> None:
    """Measure each size, then training and start-up."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spots", default="5000,50000,500000")
    parser.add_argument("--switches", type=int, default=100)
    options = parser.parse_args()
    print(f"start of the plugin after napari is up: {start_seconds():.2f} s")
    for n in options.spots.split(","):
        print(switching(int(n), options.switches), flush=True)
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
    session.open(simulate_tissue(n_spots, GENES, seed=0))
    viewer = open_viewer(session)
    settle()
    genes = np.random.default_rng(0).choice(session.contents.genes, n_switches)
    calls, whole = [], []
    for gene in genes:
        begun = time.monotonic()
        session.display.gene = str(gene)
        calls.append(time.monotonic() - begun)
        settle(0)
        whole.append(time.monotonic() - begun)
    viewer.close()
    p50, p95 = (1e3 * np.percentile(calls, p) for p in (50, 95))
    return {
        "spots": n_spots,
        "switch p50 ms": round(p50, 1),
        "switch p95 ms": round(p95, 1),
        "with software drawing p50 ms": round(1e3 * np.percentile(whole, 50), 1),
    }


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
