"""Choose a map, draw it if it is not there yet, and see how it comes on."""

from __future__ import annotations

import ipywidgets as widgets

from ...panels.map import MapChoice
from ..widgets.controls import MenuBox, row
from ..widgets.loop import Home
from ..widgets.words import Hint, Words, show
from ..widgets.work_box import WorkBox


class MapChoiceBox:
    """Draws a `MapChoice`: two menus and a button."""

    def __init__(self, panel: MapChoice, home: Home) -> None:
        self.panel = panel
        self.key = MenuBox("Map of", panel.choose_key, home)
        self.kind = MenuBox("Kind of map", panel.choose_kind, home)
        self.work, self.words, self.explained = WorkBox(panel.work, home), Words(), Hint()
        menus = row(self.key.widget, self.kind.widget)
        parts = [menus, self.work.widget, self.words.widget, self.explained.widget]
        self.widget = widgets.VBox(parts)
        panel.changed.connect(self._draw, thread="current")
        self._draw()

    def _draw(self) -> None:
        now = self.panel.now
        self.key.draw(now.key)
        self.kind.draw(now.kind)
        self.work.draw(now.work)
        show(self.work.widget, not now.is_there or now.work.is_running)
        self.words.draw(now.problem)
        self.explained.say(now.explained)
