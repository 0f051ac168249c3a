"""Which method predicts which gene best: a bar per method, and each gene as a dot."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal
from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPalette
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from ...panels.scores import Bar, Dot
from ...words import percent

_NEAR = 9  # pixels between cursor and dot
_DOT = 3.2  # radius in pixels
_TITLE_SHARE = 0.52  # of the width of a bar's row
_DARK = 110  # lightness (0 to 255) below which a colour is lost on a dark ground


class WinBars(QWidget):
    """Share of the genes that each method predicts best, the most first."""

    def __init__(self) -> None:
        super().__init__()
        self.bars: tuple[Bar, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def draw(self, bars: tuple[Bar, ...]) -> None:
        """Draw these, from top to bottom."""
        self.bars = bars
        sentence = ", ".join(f"{bar.title} {percent(bar.share)}" for bar in bars)
        self.setAccessibleName(f"Share of genes predicted best: {sentence}")
        self.setFixedHeight(self.sizeHint().height())
        self.update()

    def sizeHint(self) -> QSize:
        """One line per method."""
        return QSize(200, max(1, len(self.bars)) * self._line)

    @property
    def _line(self) -> int:
        return self.fontMetrics().height() + 5

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw title, bar and percentage of each method."""
        painter, metrics = QPainter(self), self.fontMetrics()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        left, right = int(_TITLE_SHARE * self.width()), metrics.horizontalAdvance("100 %") + 6
        room = self.width() - left - right
        most = max([*(bar.share for bar in self.bars), 0.01])
        for place, bar in enumerate(self.bars):
            top = place * self._line
            text = metrics.elidedText(bar.title, Qt.TextElideMode.ElideRight, left - 8)
            painter.setPen(ink)
            painter.drawText(0, top + metrics.ascent() + 2, text)
            long = QRectF(left, top + 3, max(1.0, room * bar.share / most), self._line - 6)
            painter.fillRect(long, seen_on(self, bar.colour))
            painter.drawText(int(long.right()) + 5, top + metrics.ascent() + 2, percent(bar.share))
        painter.end()


class GeneDots(QWidget):
    """Each gene by its hidden molecules and its winner's score; a click chooses the gene."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.dots: tuple[Dot, ...] = ()
        self.bars: tuple[Bar, ...] = ()
        self._hidden = self._gain = np.empty(0)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def draw(self, dots: tuple[Dot, ...], bars: tuple[Bar, ...]) -> None:
        """Draw these, each in the colour of its winner's bar."""
        self.dots, self.bars = dots, bars
        self._hidden = np.array([dot.hidden for dot in dots])
        self._gain = np.array([dot.gain for dot in dots])
        self.setAccessibleName(f"{len(dots):,} genes, each in the colour of its winner")
        self.update()

    def sizeHint(self) -> QSize:
        """Low enough to stay beside the table."""
        return QSize(240, 190)

    def gene_at(self, where: QPointF) -> int:
        """Place of the gene under the cursor; −1 for none."""
        if not self.dots:
            return -1
        x, y = self.places()
        distance = np.hypot(x - where.x(), y - where.y())
        nearest = int(distance.argmin())
        return nearest if distance[nearest] <= _NEAR else -1

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Say which gene it is."""
        place = -1 if event is None else self.gene_at(event.position())
        self.setCursor(
            Qt.CursorShape.PointingHandCursor if place >= 0 else Qt.CursorShape.ArrowCursor
        )
        if event is not None and place >= 0:
            dot = self.dots[place]
            QToolTip.showText(
                event.globalPosition().toPoint(),
                f"{dot.gene}: {dot.winner} explains {percent(dot.gain)} of its deviance, on "
                f"{dot.hidden:,.0f} hidden molecules. Click to show it.",
                self,
            )

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """Choose the gene."""
        place = -1 if event is None else self.gene_at(event.position())
        if place >= 0:
            self.chosen.emit(self.dots[place].gene)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw axes and dots."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_axes(painter)
        painter.setPen(Qt.PenStyle.NoPen)
        shades = {bar.title: seen_on(self, bar.colour) for bar in self.bars}
        for dot, x, y in zip(self.dots, *self.places(), strict=True):
            painter.setBrush(shades[dot.winner])
            painter.drawEllipse(QPointF(x, y), _DOT, _DOT)
        painter.end()

    def _draw_axes(self, painter: QPainter) -> None:
        ink, metrics, box = (
            self.palette().color(QPalette.ColorRole.WindowText),
            self.fontMetrics(),
            self._box(),
        )
        faint = QColor(ink)
        faint.setAlpha(70)
        low, high = self._limits()
        for value in {low, 0.0, high}:
            y = box.bottom() - (value - low) / (high - low) * box.height()
            painter.setPen(faint)
            painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
            text = percent(value)
            painter.setPen(ink)
            if value in (0.0, high) or y - box.top() > 3 * metrics.height():
                painter.drawText(
                    int(box.left()) - metrics.horizontalAdvance(text) - 5,
                    int(y + metrics.ascent() / 2 - 1),
                    text,
                )
        first, last = self._decades()
        for decade in range(first, last + 1):
            x = box.left() + (decade - first) / (last - first) * box.width()
            text = f"{10**decade:,}"
            width = metrics.horizontalAdvance(text)
            painter.drawText(
                int(min(max(x - width / 2, box.left() - 4), self.width() - width)),
                int(box.bottom()) + metrics.ascent() + 4,
                text,
            )

    def _box(self) -> QRectF:
        metrics = self.fontMetrics()
        left = max(metrics.horizontalAdvance(percent(v)) for v in self._limits()) + 8
        bottom = self.height() - metrics.height() - 6
        return QRectF(left, 6, max(1, self.width() - left - 8), max(1, bottom - 6))

    def _limits(self) -> tuple[float, float]:
        gain = self._gain
        low, high = (float(gain.min()), float(gain.max())) if len(gain) else (0.0, 0.0)
        return min(0.0, low), max(0.01, high)

    def _decades(self) -> tuple[int, int]:
        hidden = self._hidden
        if not len(hidden):
            return 0, 1
        first = int(np.floor(np.log10(max(1.0, float(hidden.min())))))
        return first, max(first + 1, int(np.ceil(np.log10(max(1.0, float(hidden.max()))))))

    def places(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Pixels from left and from top, (genes,) each, of the centre of every dot."""
        box, (low, high), (first, last) = self._box(), self._limits(), self._decades()
        across = (np.log10(np.maximum(self._hidden, 1.0)) - first) / (last - first)
        up = (self._gain - low) / (high - low)
        return box.left() + across * box.width(), box.bottom() - up * box.height()


def seen_on(widget: QWidget, colour: str) -> QColor:
    """A colour of the palette, lightened where a dark theme would swallow it."""
    found = QColor(colour)
    ground = widget.palette().color(QPalette.ColorRole.Window)
    if ground.lightness() < 128 and found.lightness() < _DARK:
        hue, saturation, _, _ = found.getHsl()
        found = QColor.fromHsl(hue or 0, saturation or 0, _DARK + 30)
    return found
