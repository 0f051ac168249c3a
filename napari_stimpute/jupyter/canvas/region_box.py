"""Read and write regions of the tissue, folded away."""

from __future__ import annotations

import ipywidgets as widgets

from ...panels.regions import READ, READ_HELP, SAVE, TITLE, UNIT_TITLE, RegionsPanel
from ...panels.saving import with_ending
from ..widgets.controls import Button, MenuBox
from ..widgets.loop import Home
from ..widgets.saving import SaveBox
from ..widgets.words import Words, show


class RegionBox:
    """Paths to read and to write, and what coordinates in files are in."""

    def __init__(self, panel: RegionsPanel, home: Home) -> None:
        self.panel = panel
        self.path = widgets.Text(placeholder="Path of a .geojson, or a .csv of selections")
        self.path.layout.flex, self.path.layout.width = "1 1 160px", "auto"
        self.read = Button(READ.rstrip("…"), lambda: panel.read(self.path.value), home, READ_HELP)
        self.save = SaveBox(
            SAVE.rstrip("…"), lambda: panel.file_name, panel.save, with_ending, home
        )
        self.unit, self.words = MenuBox(UNIT_TITLE, panel.choose_unit, home), Words("good")
        line = widgets.HBox([self.path, self.read.widget])
        line.layout.max_width = "520px"
        parts = [line, self.save.widget, self.unit.widget, self.words.widget]
        self.widget = widgets.Accordion([widgets.VBox(parts)], titles=(TITLE,))
        panel.changed.connect(self._draw, thread="current")
        self._draw()

    def _draw(self) -> None:
        now = self.panel.now
        self.read.enable(now.no_reading)
        self.path.disabled = bool(now.no_reading)
        self.save.enable(now.no_saving, now.save_help)
        show(self.unit.widget, now.unit is not None)
        if now.unit is not None:
            self.unit.draw(now.unit)
        self.words.draw(now.outcome)
