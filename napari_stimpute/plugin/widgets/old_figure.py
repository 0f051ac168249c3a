"""A figure in a window of its own, as large as it is on paper, with a button that saves it."""

from __future__ import annotations

import io
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, NamedTuple

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QPixmap
from qtpy.QtWidgets import (
    QDialog,
    QFileDialog,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ...errors import StimputeError
from ...progress import Progress
from ...scene.figure import save_figure
from .words import Words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FILTER = "PNG picture (*.png);;PDF (*.pdf);;SVG (*.svg)"
_DPI = 100
_MARGIN = 40  # pixels around the picture: frame, scroll bar
_SHARE = 0.85  # of the screen at most


class Drawn(NamedTuple):
    """What is shown, and how it is drawn again to be saved."""

    title: str
    picture: bytes
    draw: Callable[[], Figure]


def drawing_steps(
    title: str, draw: Callable[[], Figure], ratio: float = 1.0
) -> Generator[Progress, None, Drawn]:
    """Draw a figure; `ratio` is the screen's pixels for each of Qt's."""
    yield Progress("draw", 0, 1, message="Drawing the figure")
    picture = io.BytesIO()
    draw().savefig(picture, format="png", dpi=_DPI * ratio)
    yield Progress("draw", 1, 1, message="Drawing the figure")
    return Drawn(title, picture.getvalue(), draw)


class FigureWindow(QDialog):
    """Stays beside napari's window; shows one figure at a time."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setModal(False)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.drawn: Drawn | None = None
        self.picture, self.area = QLabel(), QScrollArea()
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
        if self.drawn is None:
            return
        try:
            self.words.say(f"Saved to {save_figure(self.drawn.draw, path)}.", "good")
        except StimputeError as error:
            self.words.say(str(error), "error")

    def _fit(self, size: QSize) -> None:
        screen = self.screen()
        wide, high = size.width() + _MARGIN, size.height() + 3 * _MARGIN
        if screen is not None:
            room = screen.availableSize() * _SHARE
            wide, high = min(wide, room.width()), min(high, room.height())
        self.resize(max(wide, 320), max(high, 240))

    def _ask(self) -> None:
        name = self.windowTitle().lower().replace(" ", "_").replace("/", "_")
        path, chosen = QFileDialog.getSaveFileName(self, "Save figure", f"{name}.png", _FILTER)
        if path:
            ending = chosen.rpartition("*")[2].rstrip(")")
            has_ending = path.lower().endswith((".png", ".pdf", ".svg"))
            self.save_to(path if has_ending else path + ending)
