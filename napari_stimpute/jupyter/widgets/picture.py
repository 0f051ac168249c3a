"""A figure as an image in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from ...panels.figures import sharp_png, width_of
from . import markup
from .words import show

if TYPE_CHECKING:
    from matplotlib.figure import Figure


SCREEN = 80
"""Pixels of a page per inch of a figure."""

FINE = 2.0
"""Pixels of a figure for each of a page, so that fine screens show it sharp."""


class Picture:
    """A figure as an image, sharp on fine screens, and no wider than its place."""

    def __init__(self) -> None:
        self.widget = widgets.HTML()
        self.png, self.about = b"", ""
        """What is shown, b"" for nothing; and what is read to those who do not see it."""
        self.hide()

    @property
    def is_shown(self) -> bool:
        """Whether there is a picture to see."""
        return bool(self.png)

    def show(self, figure: Figure, about: str) -> None:
        """Draw a figure in place of the one before."""
        self._show(sharp_png(figure, SCREEN), about, figure.get_figwidth() * SCREEN)

    def show_png(self, png: bytes, about: str, ratio: float) -> None:
        """Show a figure that is drawn already; nothing for none.

        Parameters
        ----------
        ratio : its pixels for each of a page
        """
        if png:
            self._show(png, about, width_of(png) / ratio)
        else:
            self.hide()

    def hide(self) -> None:
        """Take no room."""
        self.png, self.widget.value = b"", ""
        show(self.widget, False)

    def _show(self, png: bytes, about: str, width: float) -> None:
        if (png, about) != (self.png, self.about):
            self.png, self.about = png, about
            self.widget.value = markup.picture(png, about, width)
            show(self.widget, True)
