"""Scores of a search's trials, as dots that can be pointed at and chosen."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt
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

from ...panels.tune import TrialDot, TunePanel
from ...words import number

_DOT, _BEST, _FAINT = QColor("#3d8bfd"), QColor("#d9902f"), QColor(138, 143, 152, 170)
_NEAR = 14.0  # pixels within which a dot is pointed at
_RADIUS = 4.0


class TuneDots(QWidget):
    """Draws score against trial: the best is marked, and each says its settings on hover.

    Trials that were given up or failed have no score to compare, and stand on the bottom line.
    """

    def __init__(self, panel: TunePanel) -> None:
        super().__init__()
        self.panel = panel
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Score of each trial")

    def sizeHint(self) -> QSize:
        """A low, wide picture."""
        return QSize(240, 170)

    def place_of(self, dot: TrialDot) -> QPointF:
        """Where a dot is, in pixels."""
        now, box = self.panel.now, self._box()
        low, high = now.limits
        x = box.left() + (dot.number + 0.5) / max(1, now.n_places) * box.width()
        if dot.score is None:
            return QPointF(x, box.bottom() - 7)
        return QPointF(x, box.bottom() - (dot.score - low) / (high - low) * box.height())

    # ---- pointing ------------------------------------------------------------------------------

    def event(self, event: QEvent | None) -> bool:
        """Say what the dot under the cursor stands for."""
        if isinstance(event, QHelpEvent):
            dot = self._near(QPointF(event.pos()))
            if dot is None:
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPos(), dot.help, self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Choose the dot under the cursor."""
        dot = None if event is None else self._near(event.position())
        if dot is not None:
            self.panel.choose(dot.number)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Walk through the trials with the arrow keys."""
        assert event is not None
        now = self.panel.now
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if not step or not now.dots:
            super().keyPressEvent(event)
            return
        self.panel.choose(min(max(now.chosen + step, 0), len(now.dots) - 1))

    def _near(self, point: QPointF) -> TrialDot | None:
        def distance(dot: TrialDot) -> float:
            away = self.place_of(dot) - point
            return float(away.x() ** 2 + away.y() ** 2)

        found = min(self.panel.now.dots, key=distance, default=None)
        return found if found is not None and distance(found) <= _NEAR**2 else None

    # ---- drawing -------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the frame, the line of the first settings, and a dot per trial."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        dots = self.panel.now.dots
        if not dots:
            ink.setAlpha(140)
            painter.setPen(ink)
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "Trials appear here.")
        else:
            self._draw_frame(painter, ink)
            self._draw_start(painter)
            for dot in dots:
                self._draw_dot(painter, dot)
            self._draw_ring(painter, ink)
        painter.end()

    def _box(self) -> QRectF:
        metrics = self.fontMetrics()
        texts = [number(value, 2) for value in self.panel.now.limits]
        left = max(map(metrics.horizontalAdvance, texts)) + 8
        line = metrics.height()
        return QRectF(left, line + 6, self.width() - left - 4, self.height() - 2 * line - 14)

    def _draw_frame(self, painter: QPainter, ink: QColor) -> None:
        box, metrics, now = self._box(), self.fontMetrics(), self.panel.now
        low, high = now.limits
        painter.setPen(ink)
        painter.drawText(0, metrics.ascent(), "Score (larger is better)")
        painter.drawText(0, int(box.top()) + metrics.ascent() - 2, number(high, 2))
        painter.drawText(0, int(box.bottom()), number(low, 2))
        first, last = "trial 0", f"{now.n_places - 1}"
        base = self.height() - 3
        painter.drawText(int(box.left()), base, first)
        painter.drawText(int(box.right()) - metrics.horizontalAdvance(last), base, last)
        painter.setPen(QPen(_FAINT, 1))
        painter.drawRect(box)

    def _draw_start(self, painter: QPainter) -> None:
        """A dashed line at the score of the settings that the search began with."""
        start = self.panel.now.dots[0]
        if start.score is None:
            return
        box, y = self._box(), self.place_of(start).y()
        painter.setPen(QPen(_FAINT, 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))

    def _draw_dot(self, painter: QPainter, dot: TrialDot) -> None:
        place, r, is_best = self.place_of(dot), _RADIUS, dot.kind == "best"
        if dot.score is not None:
            colour = _BEST if is_best else _DOT
            low, high = self.panel.now.limits
            half = dot.spread / (high - low) * self._box().height()
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
        if dot.kind == "pruned":
            painter.drawEllipse(place, r - 1, r - 1)
        else:
            painter.drawLine(place - QPointF(r, r) * 0.7, place + QPointF(r, r) * 0.7)
            painter.drawLine(place - QPointF(r, -r) * 0.7, place + QPointF(r, -r) * 0.7)

    def _draw_ring(self, painter: QPainter, ink: QColor) -> None:
        now = self.panel.now
        if 0 <= now.chosen < len(now.dots):
            painter.setPen(QPen(ink, 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(self.place_of(now.dots[now.chosen]), 9, 9)
