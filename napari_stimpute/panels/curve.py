"""What a model measures of itself while it learns, as a curve in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from ..progress import Progress
from .menu import Choice, Menu, entries

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_POINTS = 400

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Line:
    """One metric over the steps, as shares of a box's width and height, 0–1, from its lower left.

    ``x``, ``y`` and ``smoothed`` are (n_points,); ``low`` and ``high`` are the metric's values at
    the bottom and the top; ``phases`` are where each begins, and its name.
    """

    x: Array
    y: Array
    smoothed: Array
    low: float
    high: float
    last_step: int
    phases: tuple[tuple[float, str], ...]


class Curve:
    """Collects the steps of one run; `changed` is emitted when the curve is another."""

    changed = Signal()

    def __init__(self) -> None:
        self._metric = Choice("Which number is drawn over the steps.")
        self._steps: list[Progress] = []

    @property
    def n_points(self) -> int:
        """Number of steps with metrics."""
        return len(self._steps)

    @property
    def metric(self) -> Menu:
        """The metrics seen so far, and which is drawn."""
        return self._metric.menu()

    @property
    def nothing(self) -> str:
        """What is said in place of a curve."""
        return "This model learns in one step." if self._steps else "The curve appears here."

    def clear(self) -> None:
        """Begin a new run."""
        self._steps.clear()
        self._metric.forget()
        self._metric.offer(())
        self.changed.emit()

    def add(self, progress: Progress) -> None:
        """Take one step in; one without metrics, or reported twice, is left out."""
        if progress.metrics and (not self._steps or progress.step > self._steps[-1].step):
            self._steps.append(progress)
            known = [entry.name for entry in self._metric.entries]
            names = dict.fromkeys([*known, *progress.metrics])
            self._metric.offer(entries((name, name) for name in names), "loss")
            self.changed.emit()

    def choose(self, metric: str) -> None:
        """Draw another metric."""
        self._metric.choose(metric)
        self.changed.emit()

    def line(self) -> Line | None:
        """The chosen metric; None with fewer than two steps."""
        name = self._metric.name
        found = [(p.step, p.metrics[name]) for p in self._steps if name in p.metrics]
        steps, values = (
            np.array([(s, v) for s, v in found if np.isfinite(v)], float).reshape(-1, 2).T
        )
        if len(steps) < 2:
            return None
        if len(steps) > _MOST_POINTS:
            kept = np.linspace(0, len(steps) - 1, _MOST_POINTS).astype(int)
            steps, values = steps[kept], values[kept]
        low, high = _range(values)

        def height(shown: Array) -> Array:
            share: Array = (np.clip(shown, low, high) - low) / (high - low)
            return share

        x = (steps - steps[0]) / max(steps[-1] - steps[0], 1)
        phases = [(float(np.interp(step, steps, x)), name) for step, name in self._phases()]
        return Line(
            x, height(values), height(_smoothed(values)), low, high, int(steps[-1]), tuple(phases)
        )

    def figure(self) -> Figure | None:
        """The chosen metric as a figure, with the loss also the validation; None with fewer than
        two steps.
        """
        from ..plots import loss_curve

        name = self._metric.name
        rows = [
            {"phase": p.phase, "step": p.step, **p.metrics}
            for p in self._steps
            if name in p.metrics
        ]
        measured = ("loss", "validation") if name == "loss" else (name,)
        return loss_curve(rows, measured) if len(rows) > 1 else None

    def _phases(self) -> list[tuple[int, str]]:
        """First step and name of each phase."""
        before = [None, *(progress.phase for progress in self._steps)]
        return [
            (p.step, p.phase) for p, b in zip(self._steps, before, strict=False) if p.phase != b
        ]


def _smoothed(values: Array) -> Array:
    """Moving mean over a twentieth of the curve: single steps jump about."""
    half = len(values) // 40
    if half < 1:
        return values
    padded = np.pad(values, half, mode="edge")
    return np.convolve(padded, np.full(2 * half + 1, 1 / (2 * half + 1)), mode="valid")


def _range(values: Array) -> tuple[float, float]:
    """Limits of the axis; the first steps, often far off, do not flatten the rest."""
    low = float(values.min())
    high = float(np.percentile(values, 98)) if len(values) > 20 else float(values.max())
    return (low, high) if high > low else (low - 0.5, low + 0.5)
