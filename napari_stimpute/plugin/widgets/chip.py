"""A verdict as a small coloured label: a word and a sign, so that colour is never alone."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from qtpy.QtCore import QModelIndex, QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from ...scene.aspects import Badge
from ...scene.colours import LOOKS
from .words import Elided

_PADDING, _GAP = 7, 5  # pixels, at the ends and between sign and word
_HEIGHT = 6  # pixels that a chip is taller than its text


def draw_chip(painter: QPainter, place: QRectF, verdict: str) -> None:
    """Draw a chip as tall as `place`, from its left edge."""
    metrics, look = painter.fontMetrics(), LOOKS[verdict]
    ground, ink = QColor(look.ground), QColor(look.ink)
    chip = QRectF(place.left(), place.top(), chip_width(metrics, verdict), place.height())
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(chip, chip.height() / 2, chip.height() / 2)
    side = _side(metrics)
    sign = QRectF(chip.left() + _PADDING, chip.center().y() - side / 2, side, side)
    _SIGNS[verdict](painter, sign, ink, ground)
    painter.setPen(ink)
    text = chip.adjusted(_PADDING + side + _GAP, 0, 0, 0)
    painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, verdict.capitalize())
    painter.restore()


def chip_width(metrics: QFontMetrics, verdict: str) -> int:
    """Width of a chip, in pixels."""
    word = metrics.horizontalAdvance(verdict.capitalize())
    return 2 * _PADDING + _side(metrics) + _GAP + word + 2


def chip_height(metrics: QFontMetrics) -> int:
    """Height of a chip, in pixels."""
    return metrics.height() + _HEIGHT


def widest_chip(metrics: QFontMetrics) -> int:
    """Width of the widest chip, in pixels."""
    return max(chip_width(metrics, verdict) for verdict in LOOKS)


class TrustChip(QWidget):
    """The verdict on one gene; it takes no room where there is none."""

    def __init__(self) -> None:
        super().__init__()
        self.verdict = ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_badge(None)

    def show_badge(self, badge: Badge | None) -> None:
        """Show what a gene was judged; its reason appears on hover."""
        self.verdict = "" if badge is None else badge.verdict
        sentence = "" if badge is None else badge.sentence
        self.setToolTip(
            f"<qt>{escape(sentence, quote=False)}</qt>" if sentence else ""
        )  # rich text wraps
        self.setAccessibleName(self.verdict.capitalize())
        self.setAccessibleDescription(sentence)
        self.setVisible(badge is not None)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """As large as the word."""
        if not self.verdict:
            return QSize(0, chip_height(self.fontMetrics()))
        metrics = self.fontMetrics()
        return QSize(chip_width(metrics, self.verdict), chip_height(metrics))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw it."""
        if self.verdict:
            painter = QPainter(self)
            draw_chip(painter, QRectF(self.rect()), self.verdict)
            painter.end()


class TrustLine(QWidget):
    """Chip and reason on one line, for a place that has little room."""

    def __init__(self) -> None:
        super().__init__()
        self.chip, self.reason = TrustChip(), Elided()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.chip)
        layout.addWidget(self.reason, 1)
        self.show_badge(None)

    def show_badge(self, badge: Badge | None) -> None:
        """Show what a gene was judged, and why; nothing for None."""
        self.chip.show_badge(badge)
        self.reason.say("" if badge is None else badge.reason)
        self.setVisible(badge is not None)


class ChipDelegate(QStyledItemDelegate):
    """Draws a verdict as the chip that stands beside the gene."""

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Draw the row's ground, and the chip on it."""
        assert painter is not None
        self.initStyleOption(option, index)
        verdict, option.text = str(index.data()).lower(), ""
        style = option.widget.style() if option.widget is not None else QApplication.style()
        assert style is not None
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, option.widget)
        painter.save()
        painter.setFont(option.font)
        height = chip_height(option.fontMetrics) - 2
        middle = option.rect.center().y() + 0.5
        place = QRectF(option.rect.left() + 3, middle - height / 2, option.rect.width(), height)
        draw_chip(painter, place, verdict)
        painter.restore()


# ---- signs -----------------------------------------------------------------------------------


def _tick(painter: QPainter, place: QRectF, ink: QColor, _ground: QColor) -> None:
    painter.setPen(_line(ink, place))
    painter.drawPolyline(QPolygonF(_points(place, (0.08, 0.55), (0.38, 0.85), (0.94, 0.18))))


def _triangle(painter: QPainter, place: QRectF, ink: QColor, ground: QColor) -> None:
    painter.setBrush(ink)
    painter.drawPolygon(QPolygonF(_points(place, (0.5, 0.02), (1.02, 0.96), (-0.02, 0.96))))
    painter.setPen(QPen(ground, 0.13 * place.width()))
    painter.drawLine(*_points(place, (0.5, 0.36), (0.5, 0.66)))
    painter.drawPoint(_points(place, (0.5, 0.83))[0])


def _cross(painter: QPainter, place: QRectF, ink: QColor, _ground: QColor) -> None:
    painter.setPen(_line(ink, place))
    painter.drawLine(*_points(place, (0.14, 0.14), (0.86, 0.86)))
    painter.drawLine(*_points(place, (0.14, 0.86), (0.86, 0.14)))


def _question(painter: QPainter, place: QRectF, ink: QColor, _ground: QColor) -> None:
    plain, bold = painter.font(), painter.font()
    bold.setBold(True)
    painter.setFont(bold)
    painter.setPen(ink)
    painter.drawText(place.adjusted(-2, -4, 2, 4), Qt.AlignmentFlag.AlignCenter, "?")
    painter.setFont(plain)


def _line(ink: QColor, place: QRectF) -> QPen:
    pen = QPen(ink, 0.19 * place.width())
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen


def _points(place: QRectF, *shares: tuple[float, float]) -> list[QPointF]:
    left, top, width, height = place.left(), place.top(), place.width(), place.height()
    return [QPointF(left + x * width, top + y * height) for x, y in shares]


def _side(metrics: QFontMetrics) -> int:
    return round(0.85 * metrics.ascent())


_SIGNS: dict[str, Callable[[QPainter, QRectF, QColor, QColor], None]] = {
    "reliable": _tick,
    "use with care": _triangle,
    "do not use": _cross,
    "cannot be judged": _question,
}
"""By verdict: each has a sign of its own, so that colour is never alone."""
