"""Sections of a tab, of which one is open; each is made when it is first opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets as widgets

from .loop import Home
from .page import Drawn


class Folds:
    """An accordion whose sections are made when someone first looks.

    Parameters
    ----------
    sections : title of each, and what makes it
    """

    def __init__(self, sections: Sequence[tuple[str, Callable[[], Drawn]]], home: Home) -> None:
        self._made: dict[int, Drawn] = {}
        self._make = [make for _title, make in sections]
        places = [widgets.VBox() for _ in sections]
        self.widget = widgets.Accordion(places, titles=tuple(title for title, _ in sections))
        self.widget.observe(lambda _change: home.run(self._open), "selected_index")
        self.widget.selected_index = 0

    def section(self, place: int) -> Drawn:
        """What draws a section; it is made if it was not yet."""
        if place not in self._made:
            self._made[place] = made = self._make[place]()
            self.widget.children[place].children = [made.widget]
        return self._made[place]

    def _open(self) -> None:
        if self.widget.selected_index is not None:
            self.section(self.widget.selected_index)
