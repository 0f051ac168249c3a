"""A figure as an image in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from ...panels.figures import sharp_png

if TYPE_CHECKING:
    from matplotlib.figure import Figure


SCREEN = 80
"""Pixels of a page per inch of a figure."""


class Picture:
    """A figure as an image, sharp on fine screens, and no wider than its place."""

    def __init__(self) -> None:
        self.widget = widgets.Image(format="png", layout=widgets.Layout(max_width="100%"))
        self.hide()

    @property
    def is_shown(self) -> bool:
        """Whether there is a picture to see."""
        return self.widget.layout.display is None

    def show(self, figure: Figure) -> None:
        """Draw a figure in place of the one before."""
        self.widget.value = sharp_png(figure, SCREEN)
        self.widget.layout.width = f"{figure.get_figwidth() * SCREEN:.0f}px"
        self.widget.layout.display = None

    def hide(self) -> None:
        """Take no room."""
        self.widget.layout.display = "none"
