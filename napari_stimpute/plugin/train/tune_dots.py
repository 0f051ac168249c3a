"""Scores of a search's trials, as dots that can be pointed at and chosen."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from qtpy.QtCore import Signal as QtSignal  # type: ignore[attr-defined]
from qtpy.QtGui import (
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from ...tune.outcome import TrialResult, best_of
from ...words import number

_DOT, _BEST, _FAINT = QColor("#3d8bfd"), QColor("#d9902f"), QColor(138, 143, 152, 170)
_NEAR = 14.0  # pixels within which a dot is pointed at
_RADIUS = 4.0


class TuneDots(QWidget):
    """Score against trial: the best is marked, and each says its settings on hover.

    Trials that were given up or failed have no score to compare, and stand on the bottom line.
    """

    chosen = QtSignal(int)

    def __init__(self, tell: Callable[[TrialResult], str]) -> None:
        super().__init__()
        self._tell = tell
        self.trials: tuple[TrialResult, ...] = ()
        self.selected = -1
        self._n_trials = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Score of each trial")

    def show_trials(self, trials: tuple[TrialResult, ...], n_trials: int) -> None:
        """Show other trials, of so many that were asked for."""
        self.trials, self._n_trials = trials, max(n_trials, len(trials))
        self.update()

    def select(self, trial: int) -> None:
        """Mark a trial by its number, −1 for none."""
        self.selected = trial
        self.update()

    def sizeHint(self) -> QSize:
        """A low, wide picture."""
        return QSize(240, 170)

    def place_of(self, trial: TrialResult) -> QPointF:
        """Where a trial's dot is, in pixels."""
        box, (low, high) = self._box(), self._range()
        x = box.left() + (trial.number + 0.5) / max(1, self._n_trials) * box.width()
        if trial.score is None:
            return QPointF(x, box.bottom() - 7)
        return QPointF(x, box.bottom() - (trial.score - low) / (high - low) * box.height())

    # ---- pointing ------------------------------------------------------------------------------

    def event(self, event: QEvent | None) -> bool:
        """Say what the dot under the cursor stands for."""
        if isinstance(event, QHelpEvent):
            trial = self._near(QPointF(event.pos()))
            if trial is None:
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPos(), self._tell(trial), self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Choose the dot under the cursor."""
        trial = None if event is None else self._near(event.position())
        if trial is not None:
            self.chosen.emit(trial.number)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Walk through the trials with the arrow keys."""
        assert event is not None
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if not step or not self.trials:
            super().keyPressEvent(event)
            return
        self.chosen.emit(min(max(self.selected + step, 0), len(self.trials) - 1))

    def _near(self, point: QPointF) -> TrialResult | None:
        def distance(trial: TrialResult) -> float:
            away = self.place_of(trial) - point
            return float(away.x() ** 2 + away.y() ** 2)

        found = min(self.trials, key=distance, default=None)
        return found if found is not None and distance(found) <= _NEAR**2 else None

    # ---- drawing -------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the frame, the line of the first settings, and a dot per trial."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        if not self.trials:
            ink.setAlpha(140)
            painter.setPen(ink)
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "Trials appear here.")
        else:
            self._draw_frame(painter, ink)
            self._draw_start(painter)
            best = best_of(self.trials)
            for trial in self.trials:
                self._draw_dot(painter, trial, is_best=trial == best)
            self._draw_ring(painter, ink)
        painter.end()

    def _box(self) -> QRectF:
        metrics = self.fontMetrics()
        left = max(metrics.horizontalAdvance(number(value, 2)) for value in self._range()) + 8
        line = metrics.height()
        return QRectF(left, line + 6, self.width() - left - 4, self.height() - 2 * line - 14)

    def _range(self) -> tuple[float, float]:
        """Limits of the axis, with room for spreads and for the bottom line."""
        ends = [
            score + side * _spread(trial)
            for trial in self.trials
            for side in (-1, 1)
            if (score := trial.score) is not None
        ]
        low, high = min(ends, default=0.0), max(ends, default=1.0)
        room = 0.08 * (high - low) or 0.05
        has_lost = any(trial.score is None for trial in self.trials)
        return low - room * (2.5 if has_lost else 1.0), high + room

    def _draw_frame(self, painter: QPainter, ink: QColor) -> None:
        box, metrics, (low, high) = self._box(), self.fontMetrics(), self._range()
        painter.setPen(ink)
        painter.drawText(0, metrics.ascent(), "Score (larger is better)")
        painter.drawText(0, int(box.top()) + metrics.ascent() - 2, number(high, 2))
        painter.drawText(0, int(box.bottom()), number(low, 2))
        first, last = "trial 0", f"{self._n_trials - 1}"
        base = self.height() - 3
        painter.drawText(int(box.left()), base, first)
        painter.drawText(int(box.right()) - metrics.horizontalAdvance(last), base, last)
        painter.setPen(QPen(_FAINT, 1))
        painter.drawRect(box)

    def _draw_start(self, painter: QPainter) -> None:
        """A dashed line at the score of the settings that the search began with."""
        start = self.trials[0]
        if start.score is None:
            return
        box, y = self._box(), self.place_of(start).y()
        painter.setPen(QPen(_FAINT, 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))

    def _draw_dot(self, painter: QPainter, trial: TrialResult, *, is_best: bool) -> None:
        place, r = self.place_of(trial), _RADIUS
        if trial.state == "done":
            colour = _BEST if is_best else _DOT
            low, high = self._range()
            half = _spread(trial) / (high - low) * self._box().height()
            faint = QColor(colour)
            faint.setAlpha(120)
            painter.setPen(QPen(faint, 1.5))
            painter.drawLine(place - QPointF(0, half), place + QPointF(0, half))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.drawEllipse(place, r + 2 * is_best, r + 2 * is_best)
            return
        painter.setPen(QPen(_FAINT, 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if trial.state == "pruned":
            painter.drawEllipse(place, r - 1, r - 1)
        else:
            painter.drawLine(place - QPointF(r, r) * 0.7, place + QPointF(r, r) * 0.7)
            painter.drawLine(place - QPointF(r, -r) * 0.7, place + QPointF(r, -r) * 0.7)

    def _draw_ring(self, painter: QPainter, ink: QColor) -> None:
        if 0 <= self.selected < len(self.trials):
            painter.setPen(QPen(ink, 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(self.place_of(self.trials[self.selected]), 9, 9)


def _spread(trial: TrialResult) -> float:
    return (trial.measures.spread or 0.0) if trial.measures is not None else 0.0
