"""Which method predicts which gene best: a bar per method, and each gene as a dot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal
from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPalette
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from ...words import percent

_NEAR = 9  # pixels between cursor and dot
_DOT = 3.2  # radius in pixels
_TITLE_SHARE = 0.52  # of the width of a bar's row
_DARK = 110  # lightness (0 to 255) below which a colour is lost on a dark ground


@dataclass(frozen=True, eq=False)
class Genes:
    """The judged genes: ``winner`` names a method each; ``hidden`` molecules, ``gain`` of it."""

    names: Sequence[str]
    winner: Sequence[str]
    hidden: NDArray[np.float64]
    gain: NDArray[np.float64]


class WinBars(QWidget):
    """Share of the genes that each method predicts best, the most first."""

    def __init__(self) -> None:
        super().__init__()
        self.shares: dict[str, float] = {}
        self.colors: dict[str, str] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_shares(self, shares: dict[str, float], colors: dict[str, str]) -> None:
        """Draw these, by method."""
        self.shares = dict(sorted(shares.items(), key=lambda item: -item[1]))
        self.colors = colors
        sentence = ", ".join(f"{name} {percent(share)}" for name, share in self.shares.items())
        self.setAccessibleName(f"Share of genes predicted best: {sentence}")
        self.setFixedHeight(self.sizeHint().height())
        self.update()

    def sizeHint(self) -> QSize:
        """One line per method."""
        return QSize(200, max(1, len(self.shares)) * self._line)

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
        most = max([*self.shares.values(), 0.01])
        for place, (name, share) in enumerate(self.shares.items()):
            top = place * self._line
            text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, left - 8)
            painter.setPen(ink)
            painter.drawText(0, top + metrics.ascent() + 2, text)
            bar = QRectF(left, top + 3, max(1.0, room * share / most), self._line - 6)
            painter.fillRect(bar, seen_on(self, self.colors[name]))
            painter.drawText(int(bar.right()) + 5, top + metrics.ascent() + 2, percent(share))
        painter.end()


class GeneDots(QWidget):
    """Each gene by its hidden molecules and its winner's score; a click chooses the gene."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.genes = Genes([], [], np.empty(0), np.empty(0))
        self.colors: dict[str, str] = {}
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_genes(self, genes: Genes, colors: dict[str, str]) -> None:
        """Draw these."""
        self.genes, self.colors = genes, colors
        self.setAccessibleName(f"{len(genes.names):,} genes, each in the colour of its winner")
        self.update()

    def sizeHint(self) -> QSize:
        """Low enough to stay beside the table."""
        return QSize(240, 190)

    def gene_at(self, where: QPointF) -> int:
        """Place of the gene under the cursor; −1 for none."""
        if not len(self.genes.names):
            return -1
        x, y = self._dots()
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
            genes = self.genes
            QToolTip.showText(
                event.globalPosition().toPoint(),
                f"{genes.names[place]}: {genes.winner[place]} explains "
                f"{percent(float(genes.gain[place]))} of its deviance, on "
                f"{genes.hidden[place]:,.0f} hidden molecules. Click to show it.",
                self,
            )

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """Choose the gene."""
        place = -1 if event is None else self.gene_at(event.position())
        if place >= 0:
            self.chosen.emit(self.genes.names[place])

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw axes and dots."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_axes(painter)
        painter.setPen(Qt.PenStyle.NoPen)
        shades = {name: seen_on(self, color) for name, color in self.colors.items()}
        for at, (x, y) in enumerate(zip(*self._dots(), strict=True)):
            painter.setBrush(shades[self.genes.winner[at]])
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
        gain = self.genes.gain
        low, high = (float(gain.min()), float(gain.max())) if len(gain) else (0.0, 0.0)
        return min(0.0, low), max(0.01, high)

    def _decades(self) -> tuple[int, int]:
        hidden = self.genes.hidden
        if not len(hidden):
            return 0, 1
        first = int(np.floor(np.log10(max(1.0, float(hidden.min())))))
        return first, max(first + 1, int(np.ceil(np.log10(max(1.0, float(hidden.max()))))))

    def _dots(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        box, (low, high), (first, last) = self._box(), self._limits(), self._decades()
        across = (np.log10(np.maximum(self.genes.hidden, 1.0)) - first) / (last - first)
        up = (self.genes.gain - low) / (high - low)
        return box.left() + across * box.width(), box.bottom() - up * box.height()


def seen_on(widget: QWidget, color: str) -> QColor:
    """A colour of the palette, lightened where a dark theme would swallow it."""
    found = QColor(color)
    ground = widget.palette().color(QPalette.ColorRole.Window)
    if ground.lightness() < 128 and found.lightness() < _DARK:
        hue, saturation, _, _ = found.getHsl()
        found = QColor.fromHsl(hue or 0, saturation or 0, _DARK + 30)
    return found
