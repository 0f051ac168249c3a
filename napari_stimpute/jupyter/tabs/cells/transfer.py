"""Carry names over from a reference: another .h5ad whose spots or cells have names."""

from __future__ import annotations

import ipywidgets as widgets

from ....panels.cells.transfer import EXPLAINED, OPEN_HELP, TransferPanel
from ...widgets.controls import Button, MenuBox, control, enable, row
from ...widgets.page import Page
from ...widgets.section import Section
from ...widgets.words import Hint, Words
from ...widgets.work_box import WorkBox


class TransferBox:
    """Draws a reference, its columns, and what was carried over."""

    def __init__(self, page: Page) -> None:
        self.panel = panel = page.keep(TransferPanel(page.session))
        home = page.home
        self.path = control(widgets.Text, "Reference", placeholder="Path of a file or a folder")
        self.open = Button("Open", lambda: panel.open(self.path.value), home, OPEN_HELP)
        self.reference = Hint()
        self.column = MenuBox("Names in", panel.choose_column, home)
        self.work = WorkBox(panel.work, home)
        self.found, self.doubt = Words("good"), Words("warning")
        opening = row(self.path, self.open.widget)
        parts = [opening, self.reference.widget, self.column.widget, self.work.widget]
        words = [self.found.widget, self.doubt.widget]
        self.section = Section(EXPLAINED, parts, words)
        self.widget = self.section.widget
        panel.changed.connect(self._draw, thread="current")
        self._draw()

    def _draw(self) -> None:
        now = self.panel.now
        self.reference.say(now.reference)
        enable(now.no_opening, self.path)
        self.open.enable(now.no_opening)
        self.column.draw(now.column)
        self.work.draw(now.work)
        self.found.draw(now.found)
        self.doubt.draw(now.doubt)
        self.section.show_answer(has_answer=bool(now.found))
