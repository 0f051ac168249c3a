"""Names for groups of spots: suggested by lists of marker genes, or carried over (see below)."""

from __future__ import annotations

import ipywidgets as widgets

from ....panels.cells.names import (
    COLUMNS,
    EXAMPLE_FILE,
    EXAMPLE_HELP,
    EXAMPLE_TITLE,
    EXPLAINED,
    FORMAT,
    KINDS,
    LISTS,
    REFERENCE,
    WRITE,
    NamesPanel,
)
from ....panels.cells.transfer import TransferPanel
from ....panels.groups import Groups
from ....panels.saving import with_ending
from ...widgets.controls import Button, control, enable
from ...widgets.grid import Grid
from ...widgets.page import Page
from ...widgets.saving import SaveBox
from ...widgets.section import Section
from ...widgets.words import Words, heading
from ...widgets.work_box import WorkBox
from .transfer import TransferBox


class NamesBox:
    """Draws suggested names; below, names from a reference."""

    def __init__(self, page: Page, groups: Groups) -> None:
        self.panel = panel = page.keep(NamesPanel(page.session, groups))
        self.home = home = page.home
        self.lists = control(widgets.Text, LISTS, placeholder=f"Path of a {KINDS}", tooltip=FORMAT)
        home.observe(self.lists, lambda: panel.choose_lists(self.lists.value))
        self.example = SaveBox(
            EXAMPLE_TITLE, lambda: EXAMPLE_FILE, panel.save_example, with_ending, home, EXAMPLE_HELP
        )
        self.work = WorkBox(panel.work, home)
        self.doubt, self.written = Words("warning"), Words("good")
        self.table = Grid(COLUMNS, home)
        self.write = Button(WRITE, panel.write, home)
        self.transfer = TransferBox(page)
        self.section = Section(
            EXPLAINED,
            [self.lists, self.example.widget, self.work.widget],
            [part.widget for part in (self.doubt, self.table, self.write, self.written)],
        )
        parts = [self.section.widget, heading(REFERENCE), self.transfer.widget]
        self.widget = widgets.VBox(parts)
        panel.changed.connect(self._draw, thread="current")
        self._draw()

    @property
    def in_sight(self) -> NamesPanel | TransferPanel:
        """What the section is about now: a reference where that alone is open."""
        by_reference = self.transfer.panel.reference is not None and not self.panel.lists.strip()
        return self.transfer.panel if by_reference else self.panel

    def _draw(self) -> None:
        now = self.panel.now
        with self.home.quiet():
            self.lists.value = now.lists
        enable(now.no_lists, self.lists)
        self.example.enable(now.no_lists)
        self.work.draw(now.work)
        self.doubt.draw(now.doubt)
        self.table.draw(now.rows)
        self.write.enable(now.no_writing, now.write_help)
        self.written.draw(now.written)
        self.section.show_answer(has_answer=now.has_answer)
