"""A figure in a window of its own, as large as it is on paper, with a button that saves it."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QPixmap
from qtpy.QtWidgets import (
    QDialog,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ...panels.figures import Drawn
from .plain import Label
from .saving import ask_figure
from .words import Words

_MARGIN = 40  # pixels around the picture: frame, scroll bar
_SHARE = 0.85  # of the screen at most


class FigureWindow(QDialog):
    """Stays beside napari's window; shows one figure at a time."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setModal(False)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.drawn: Drawn | None = None
        self.picture, self.area = Label(), QScrollArea()
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setStyleSheet("background: white;")
        self.area.setWidget(self.picture)
        self.area.setWidgetResizable(True)
        self.area.setStyleSheet("background: white;")
        self.save_button, self.words = QPushButton("Save figure…"), Words("good")
        self.save_button.setToolTip("Write the figure to a file: PNG, PDF or SVG.")
        self.save_button.clicked.connect(lambda: self._ask())
        layout = QVBoxLayout(self)
        layout.addWidget(self.area, 1)
        layout.addWidget(self.save_button)
        layout.addWidget(self.words)

    def show_figure(self, drawn: Drawn) -> None:
        """Show another figure."""
        self.drawn = drawn
        self.words.say("")
        self.setWindowTitle(drawn.title)
        self.picture.setAccessibleName(drawn.title)
        pixels = QPixmap()
        pixels.loadFromData(drawn.picture)
        pixels.setDevicePixelRatio(self.devicePixelRatioF())
        self.picture.setPixmap(pixels)
        self._fit(pixels.size() / pixels.devicePixelRatio())
        self.show()
        self.raise_()

    def save_to(self, path: str) -> None:
        """Draw it again into a file; the answer appears below the figure."""
        if self.drawn is not None:
            self.words.draw(self.drawn.save(path))

    def _fit(self, size: QSize) -> None:
        screen = self.screen()
        wide, high = size.width() + _MARGIN, size.height() + 3 * _MARGIN
        if screen is not None:
            room = screen.availableSize() * _SHARE
            wide, high = min(wide, room.width()), min(high, room.height())
        self.resize(max(wide, 320), max(high, 240))

    def _ask(self) -> None:
        name = "" if self.drawn is None else self.drawn.file_name
        ask_figure(self, "Save figure", f"{name}.png", self.save_to)
