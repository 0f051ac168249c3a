"""Colour bar and legend in the panel; they show exactly what the canvas shows."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QIcon, QImage, QPainter, QPaintEvent, QPalette, QPixmap
from qtpy.QtWidgets import (
    QFrame,
    QScrollArea,
    QSizePolicy,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from ...connections import Connections
from ...panels.legend import LegendPanel
from ...scene.aspects import Badge
from ...scene.colours import opacity_of, table
from ...scene.shown import Categories, Shown, Values
from .chip import TrustLine
from .plain import tip
from .swatches import Swatches
from .words import hint

_BAR_HEIGHT, _TICK = 14, 4
_BELOW_TRUST, _FADING_ROWS = 4, 8
_TALLEST = 170  # pixels; a longer list of categories scrolls


class Legend(QWidget):
    """A colour bar for a gene, swatches with names for categories, words for nothing."""

    def __init__(self, panel: LegendPanel) -> None:
        super().__init__()
        self.bar, self.swatches = ColourBar(), Swatches(panel)
        self.nothing = hint("Nothing is shown yet.")
        self._list = QScrollArea()
        self._list.setWidgetResizable(True)
        self._list.setFrameShape(QFrame.Shape.NoFrame)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setWidget(self.swatches)
        self.trust, pages = TrustLine(), QWidget()
        self._stack = QStackedLayout(pages)
        self._stack.setContentsMargins(0, 0, 0, 0)
        for widget in (self.nothing, self.bar, self._list):
            self._stack.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(_BELOW_TRUST)
        layout.addWidget(self.trust)
        layout.addWidget(pages, 1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.connections = Connections()
        self.connections.add(panel.changed, self._draw_groups)
        self.parts = [self.connections, panel]

    def show_it(self, shown: Shown | None, nothing: str = "", badge: Badge | None = None) -> None:
        """Follow the canvas: what is shown, or why nothing is, and whether to believe it."""
        self.trust.show_badge(badge)
        if isinstance(shown, Values):
            self.bar.show_values(shown)
            self._turn_to(self.bar, self.bar.sizeHint().height())
        elif isinstance(shown, Categories):
            self._stack.setCurrentWidget(self._list)
            self._draw_groups()
        else:
            self.nothing.setText(nothing or "Nothing is shown yet.")
            self._turn_to(self.nothing, self.nothing.heightForWidth(max(self.width(), 200)))

    def _draw_groups(self) -> None:
        self.swatches.draw()
        if self._stack.currentWidget() is self._list:
            self._list.ensurePolished()  # a theme may frame it
            frame = 2 * self._list.frameWidth()
            self._turn_to(self._list, self.swatches.sizeHint().height() + frame)

    def _turn_to(self, widget: QWidget, height: int) -> None:
        self._stack.setCurrentWidget(widget)
        above = 0
        if not self.trust.isHidden():
            above = self.trust.sizeHint().height() + _BELOW_TRUST
        self.setFixedHeight(min(max(height, 24), _TALLEST) + above)


class ColourBar(QWidget):
    """Title, colours and three ticks."""

    def __init__(self) -> None:
        super().__init__()
        self.title, self.limits, self.missing = "", (0.0, 1.0), ""
        self._ticks: tuple[tuple[float, str], ...] = ()
        self._picture = QImage()

    def show_values(self, shown: Values) -> None:
        """Take over limits and colours."""
        self.title, self.limits = shown.caption, shown.limits
        self.missing, self._ticks = shown.missing, shown.ticks
        fades = shown.certainty is not None
        self._picture = _picture(shown.colormap, fades=fades)
        faint = "; the fainter, the less sure" if fades else ""
        self.setToolTip(tip(f"{self.title}{faint}."))  # a long title is cut off
        self.setAccessibleName(f"{self.title}, from {self.limits[0]:.4g} to {self.limits[1]:.4g}")
        self.update()

    def sizeHint(self) -> QSize:
        """Height for title, bar and ticks, and for what is missing."""
        lines = 3 if self.missing else 2
        return QSize(200, lines * self.fontMetrics().height() + _BAR_HEIGHT + _TICK + 10)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw it in the theme's text colour."""
        painter, metrics = QPainter(self), self.fontMetrics()
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        line = metrics.height()
        title = metrics.elidedText(self.title, Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(0, metrics.ascent(), title)
        bar = QRectF(0.5, line + 4, self.width() - 1, _BAR_HEIGHT)
        painter.drawImage(bar, self._picture)
        painter.drawRect(bar)
        self._draw_ticks(painter, bar)
        if self.missing:
            painter.drawText(0, int(bar.bottom()) + _TICK + line + metrics.ascent(), self.missing)
        painter.end()

    def _draw_ticks(self, painter: QPainter, bar: QRectF) -> None:
        metrics = self.fontMetrics()
        for share, text in self._ticks:
            x = bar.left() + share * bar.width()
            width = metrics.horizontalAdvance(text)
            left = min(max(x - width / 2, 0.0), self.width() - width)
            painter.drawLine(int(x), int(bar.bottom()), int(x), int(bar.bottom()) + _TICK)
            painter.drawText(int(left), int(bar.bottom()) + _TICK + metrics.ascent(), text)


def colormap_icon(colormap: str) -> QIcon:
    """A small picture of a colormap, for a menu."""
    pixmap = QPixmap(48, 12)
    painter = QPainter(pixmap)
    painter.drawImage(pixmap.rect(), _picture(colormap))
    painter.end()
    return QIcon(pixmap)


def _picture(colormap: str, *, fades: bool = False) -> QImage:
    """Colours from left to right; where they fade, from sure (above) to unsure (below)."""
    rows = np.repeat(table(colormap)[None], _FADING_ROWS if fades else 1, axis=0)
    if fades:
        rows[:, :, 3] = opacity_of(np.linspace(1, 0, _FADING_ROWS, dtype=np.float32))[:, None]
    height, width, _ = rows.shape
    colours = np.ascontiguousarray((rows * 255).astype(np.uint8))
    image = QImage(colours.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888)
    return image.copy()  # the bytes go away, the copy stays
