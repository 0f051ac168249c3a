"""From the gene box to pixels: calls, listeners and milliseconds of one gene switch.

    python tests/benchmarks/bench_gene_switch.py [--spots 5000,50000] [--switches 15]

Needs a display (or `xvfb-run -a`). Opens the window on simulated tissue with one judged run, looks
into every tab, and enters genes as someone does: a name in the box, then Return. Prints medians of:

- calls: of functions of napari_stimpute until Return is dealt with; moves: those of them that go
  from one file of the package into another; files: in which they lie.
- listeners: called by a signal, each for one object; runs: how often in all. Those that run more
  than once in a switch are listed below the table.
- answered: until Return is dealt with and drawing may begin; to pixels: until the frame with the
  new colours is on the screen; cpu: the GUI thread's share of it, which other programs do not
  lengthen. Without a graphics card the window is drawn in software: these are not a user's times.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import numpy as np
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLineEdit, QTabWidget

import napari_stimpute

os.environ.setdefault("NAPARI_CONFIG", "")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

GENES = 40
WARM = 3
"""Switches before any is measured."""

PATIENCE = 600.0
"""Seconds that the run may take."""

ROOT = str(Path(napari_stimpute.__file__).parent)
WITHIN_A_LINE = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")
"""Functions to Python, not to a reader."""

Listener = tuple[CodeType, int]
"""A function, and the object whose method it is (its id; 0 for none)."""


@dataclass
class Trace:
    """What ran in one switch."""

    calls: int = 0
    moves: int = 0
    files: set[str] = field(default_factory=set)
    runs: Counter[Listener] = field(default_factory=Counter)


def main() -> None:
    """Measure each size, and list the listeners that run more than once."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spots", default="5000,50000")
    parser.add_argument("--switches", type=int, default=15)
    options = parser.parse_args()
    listeners = remembered()
    heads = ("spots", "calls", "moves", "files", "listeners", "runs")
    heads += ("answered ms", "to pixels ms", "cpu ms")
    print("| " + " | ".join(heads) + " |\n" + "|---:" * len(heads) + "|")
    often: dict[str, int] = {}
    for n in options.spots.split(","):
        window = Window(int(n))
        genes = np.random.default_rng(0).permutation(window.genes)[: WARM + options.switches]
        times = [window.timed(gene) for gene in genes][WARM:]
        traces = [window.traced(gene, listeners) for gene in genes][WARM:]
        window.viewer.close()
        settle(0.5)
        counts = [(t.calls, t.moves, len(t.files), len(t.runs), t.runs.total()) for t in traces]
        row = [int(n), *np.median(counts, axis=0), *np.median(times, axis=0)]
        print("| " + " | ".join(f"{value:,.0f}" for value in row) + " |", flush=True)
        for trace in traces:
            for (code, _), runs in trace.runs.items():
                often[named(code)] = max(runs, often.get(named(code), 0))
    print("\n" + "\n".join(f"- {name}: {n} runs" for name, n in sorted(often.items()) if n > 1))


class Window:
    """The real window on so many spots, with one run and every tab seen; its gene box is ready."""

    def __init__(self, n_spots: int) -> None:
        from napari_stimpute import Session
        from napari_stimpute.data.simulate import simulate_tissue
        from napari_stimpute.plugin import open_panel, open_viewer

        session, tissue = Session(), simulate_tissue(n_spots, GENES, seed=0)
        self.genes = [str(gene) for gene in tissue.var_names]
        session.open(tissue)
        self.viewer = open_viewer(session)
        job = session.train("gene_mean", device="cpu", blend=False)
        settle(until=lambda: not session.is_busy)
        if job.error is not None:
            raise job.error
        window = open_panel(self.viewer).window()
        tabs = next(t for t in window.findChildren(QTabWidget) if t.tabText(1) == "Genes")
        for place in (*range(tabs.count()), 1):
            tabs.setCurrentIndex(place)
            settle(0.5)
        lines = window.findChildren(QLineEdit)
        self.box = next(line for line in lines if line.accessibleName() == "Gene")
        self.frames = Frames(next(iter(window.findChildren(QOpenGLWidget))))
        QApplication.setCursorFlashTime(0)  # a blinking cursor asks for frames of its own

    def timed(self, gene: str) -> tuple[float, float, float]:
        """Milliseconds until the gene is answered and until it is seen; processor milliseconds."""
        self.frames.expect()
        begun, cpu = time.perf_counter(), time.thread_time()
        self.enter(gene)
        answered = time.perf_counter()
        while not self.frames.swapped:
            QApplication.processEvents()
        cpu = time.thread_time() - cpu
        seen = self.frames.swapped
        settle(0.5)
        return 1e3 * (answered - begun), 1e3 * (seen - begun), 1e3 * cpu

    def traced(self, gene: str, listeners: set[Listener]) -> Trace:
        """What of the package runs until the gene is answered."""
        trace = Trace()
        sys.setprofile(watching(trace, listeners))
        self.enter(gene)
        sys.setprofile(None)
        settle(0.5)
        return trace

    def enter(self, gene: str) -> None:
        """Put a name into the box, and press Return."""
        self.box.setText(gene)
        QTest.keyClick(self.box, Qt.Key.Key_Return)


class Frames(QObject):
    """When a frame of the canvas reached the screen: the canvas painted itself, and was swapped."""

    def __init__(self, canvas: QOpenGLWidget) -> None:
        super().__init__(canvas)
        self.swapped = 0.0
        self._is_painted = False
        canvas.installEventFilter(self)
        canvas.frameSwapped.connect(self._swap)

    def expect(self) -> None:
        """Forget the frames so far."""
        self.swapped, self._is_painted = 0.0, False

    def eventFilter(self, _canvas: QObject | None, event: QEvent | None) -> bool:
        """Note that the canvas paints itself; nothing is held back."""
        if event is not None and event.type() == QEvent.Type.Paint:
            self._is_painted = True
        return False

    def _swap(self) -> None:
        if self._is_painted and not self.swapped:
            self.swapped = time.perf_counter()


def remembered() -> set[Listener]:
    """Every listener that the package connects from now on."""
    from napari_stimpute.connections import Connections

    found: set[Listener] = set()
    add = Connections.add

    def remembering(self: Connections, signal: Any, slot: Callable[..., Any], **how: Any) -> None:
        function = getattr(slot, "__func__", slot)
        if hasattr(function, "__code__"):
            found.add((function.__code__, id(getattr(slot, "__self__", None))))
        add(self, signal, slot, **how)

    Connections.add = remembering  # type: ignore[method-assign]
    return found


def watching(trace: Trace, listeners: set[Listener]) -> Callable[[FrameType, str, Any], None]:
    """A profiler that counts what the package does."""
    codes, below = {code for code, _ in listeners}, [""]

    def watch(frame: FrameType, event: str, _what: Any) -> None:
        code = frame.f_code
        if not code.co_filename.startswith(ROOT) or code.co_name in WITHIN_A_LINE:
            return
        if event == "return":
            below.pop()
        elif event == "call":
            trace.calls += 1
            trace.moves += code.co_filename != below[-1]
            trace.files.add(code.co_filename)
            below.append(code.co_filename)
            if code in codes:
                owner = (code, id(frame.f_locals.get("self")))
                trace.runs.update({owner} & listeners)

    return watch


def named(code: CodeType) -> str:
    """File and name of a function."""
    return f"{Path(code.co_filename).relative_to(ROOT)}: {code.co_qualname}"


def settle(seconds: float = PATIENCE, until: Callable[[], bool] = lambda: False) -> None:
    """Let the window lay out, draw and deliver events for a while, or until something holds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not until():
        QApplication.processEvents()
        time.sleep(0.002)


if __name__ == "__main__":
    main()
