"""A figure below what it is about, with a line to save it."""

from __future__ import annotations

import ipywidgets as widgets

from ...panels.figures import Drawn, Figures
from ...panels.saving import figure_path
from .controls import Button
from .loop import Home
from .picture import FINE, Picture
from .saving import IN_ROW, SaveBox
from .words import Words, show


class FigureBox:
    """Shows one figure at a time, until it is closed."""

    def __init__(self, figures: Figures, home: Home) -> None:
        self.drawn: Drawn | None = None
        self.picture, self.words = Picture(), Words("good")
        self.saving = SaveBox(
            "Save figure",
            lambda: "" if self.drawn is None else f"{self.drawn.file_name}.png",
            self._save,
            figure_path,
            home,
            "Write the figure to a file: PNG, PDF or SVG.",
        )
        self.saving.widget.layout.flex = IN_ROW
        self.close = Button("Close figure", self._close, home)
        below = widgets.HBox([self.saving.widget, self.close.widget])
        below.layout.flex_flow = "row wrap"
        self.widget = widgets.VBox([self.picture.widget, below, self.words.widget])
        figures.drawn.connect(self._show)
        self._close()

    def _show(self, drawn: Drawn) -> None:
        self.drawn = drawn
        self.words.say("")
        self.picture.show_png(drawn.picture, drawn.title, FINE)
        self.saving.propose()
        show(self.widget, True)

    def _close(self) -> None:
        self.picture.hide()
        show(self.widget, False)

    def _save(self, path: str) -> None:
        if self.drawn is not None:
            self.words.draw(self.drawn.save(path))
