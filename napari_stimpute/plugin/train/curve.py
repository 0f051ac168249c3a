"""A loss curve that is cheap enough to redraw while a model trains."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

from ...progress import Progress

_LINE, _FAINT = QColor("#3d8bfd"), QColor(61, 139, 253, 90)
_MOST_POINTS = 400

Array = NDArray[np.float64]


class Curve(QWidget):
    """One metric (`drawn`) over the steps of a run; a vertical line where a new phase begins."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn = ""
        self._steps: list[int] = []
        self._values: dict[str, list[float]] = {}
        self._phases: list[tuple[int, str]] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Loss curve")

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics seen so far."""
        return list(self._values)

    @property
    def n_points(self) -> int:
        """Number of steps with metrics."""
        return len(self._steps)

    def clear(self) -> None:
        """Begin a new run."""
        self._steps, self._values, self._phases, self.drawn = [], {}, [], ""
        self.update()

    def add(self, progress: Progress) -> None:
        """Take one step in; drawn when `update` is next called."""
        if not progress.metrics or (self._steps and progress.step <= self._steps[-1]):
            return
        if not self._phases or self._phases[-1][1] != progress.phase:
            self._phases.append((progress.step, progress.phase))
        self._steps.append(progress.step)
        for name in {*self._values, *progress.metrics}:
            past = self._values.setdefault(name, [np.nan] * (len(self._steps) - 1))
            past.append(float(progress.metrics.get(name, np.nan)))
        self.drawn = self.drawn or next(iter(progress.metrics))

    def sizeHint(self) -> QSize:
        """A low, wide picture."""
        return QSize(240, 130)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw axes, phases and the curve."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        steps, values = self._series()
        if len(steps) < 2:
            ink.setAlpha(140)
            painter.setPen(ink)
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._nothing())
        else:
            self._draw(painter, ink, steps, values)
        painter.end()

    def _nothing(self) -> str:
        return "This model learns in one step." if self._steps else "The curve appears here."

    def _series(self) -> tuple[Array, Array]:
        steps = np.asarray(self._steps, dtype=np.float64)
        values = np.asarray(self._values.get(self.drawn, []), dtype=np.float64)
        seen = np.isfinite(values)
        steps, values = steps[seen], values[seen]
        if len(steps) > _MOST_POINTS:
            kept = np.linspace(0, len(steps) - 1, _MOST_POINTS).astype(int)
            steps, values = steps[kept], values[kept]
        return steps, values

    def _draw(self, painter: QPainter, ink: QColor, steps: Array, values: Array) -> None:
        metrics = self.fontMetrics()
        low, high = _range(values)
        texts = [f"{high:.4g}", f"{low:.4g}"]
        left, line = max(map(metrics.horizontalAdvance, texts)) + 8, metrics.height()
        box = QRectF(left, line + 4, self.width() - left - 2, self.height() - 2 * line - 10)
        x = box.left() + (steps - steps[0]) / max(steps[-1] - steps[0], 1) * box.width()
        painter.setPen(ink)
        painter.drawText(0, int(box.top()) + metrics.ascent(), texts[0])
        painter.drawText(0, int(box.bottom()), texts[1])
        last = f"step {int(steps[-1]):,}"
        width = metrics.horizontalAdvance(last)
        painter.drawText(int(box.right()) - width, self.height() - 4, last)
        self._draw_phases(painter, ink, box, (float(steps[0]), float(steps[-1])))
        for shown, pen in ((values, QPen(_FAINT, 1)), (_smoothed(values), QPen(_LINE, 2))):
            y = box.bottom() - (np.clip(shown, low, high) - low) / (high - low) * box.height()
            painter.setPen(pen)
            painter.drawPolyline(QPolygonF([QPointF(a, b) for a, b in zip(x, y, strict=True)]))

    def _draw_phases(
        self, painter: QPainter, ink: QColor, box: QRectF, ends: tuple[float, float]
    ) -> None:
        faint, metrics = QColor(ink), self.fontMetrics()
        faint.setAlpha(110)
        painter.setPen(QPen(faint, 1))
        painter.drawRect(box)
        starts = [box.left() + _share(step, ends) * box.width() for step, _ in self._phases]
        stops = [*starts[1:], box.right()]
        for start, stop, (_, phase) in zip(starts, stops, self._phases, strict=True):
            painter.drawLine(int(start), int(box.top()), int(start), int(box.bottom()))
            if metrics.horizontalAdvance(phase) < stop - start:
                painter.drawText(int(start), metrics.ascent(), phase)


def _share(step: float, ends: tuple[float, float]) -> float:
    return min(max((step - ends[0]) / max(ends[1] - ends[0], 1), 0.0), 1.0)


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
