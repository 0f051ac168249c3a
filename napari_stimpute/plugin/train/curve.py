"""A loss curve that is cheap enough to redraw while a model trains."""

from __future__ import annotations

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

from ...panels.curve import Curve, Line

_LINE, _FAINT = QColor("#3d8bfd"), QColor(61, 139, 253, 90)


class CurvePicture(QWidget):
    """Draws one metric over the steps of a run; a vertical line where a new phase begins."""

    def __init__(self, curve: Curve) -> None:
        super().__init__()
        self.curve = curve
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Loss curve")

    def sizeHint(self) -> QSize:
        """A low, wide picture."""
        return QSize(240, 130)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw axes, phases and the curve."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        line = self.curve.line()
        if line is None:
            ink.setAlpha(140)
            painter.setPen(ink)
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.curve.nothing)
        else:
            self._draw(painter, ink, line)
        painter.end()

    def _draw(self, painter: QPainter, ink: QColor, line: Line) -> None:
        metrics = self.fontMetrics()
        texts = [f"{line.high:.4g}", f"{line.low:.4g}"]
        left, high = max(map(metrics.horizontalAdvance, texts)) + 8, metrics.height()
        box = QRectF(left, high + 4, self.width() - left - 2, self.height() - 2 * high - 10)
        painter.setPen(ink)
        painter.drawText(0, int(box.top()) + metrics.ascent(), texts[0])
        painter.drawText(0, int(box.bottom()), texts[1])
        last = f"step {line.last_step:,}"
        width = metrics.horizontalAdvance(last)
        painter.drawText(int(box.right()) - width, self.height() - 4, last)
        self._draw_phases(painter, ink, box, line)
        x = box.left() + line.x * box.width()
        for shown, pen in ((line.y, QPen(_FAINT, 1)), (line.smoothed, QPen(_LINE, 2))):
            y = box.bottom() - shown * box.height()
            painter.setPen(pen)
            painter.drawPolyline(QPolygonF([QPointF(a, b) for a, b in zip(x, y, strict=True)]))

    def _draw_phases(self, painter: QPainter, ink: QColor, box: QRectF, line: Line) -> None:
        faint, metrics = QColor(ink), self.fontMetrics()
        faint.setAlpha(110)
        painter.setPen(QPen(faint, 1))
        painter.drawRect(box)
        starts = [box.left() + share * box.width() for share, _phase in line.phases]
        stops = [*starts[1:], box.right()]
        for start, stop, (_share, phase) in zip(starts, stops, line.phases, strict=True):
            painter.drawLine(int(start), int(box.top()), int(start), int(box.bottom()))
            if metrics.horizontalAdvance(phase) < stop - start:
                painter.drawText(int(start), metrics.ascent(), phase)
