"""Marker genes of every group of spots: a table, and figures of them."""

from __future__ import annotations

from functools import partial

from ....panels.cells.markers import (
    ALL,
    ALL_HELP,
    DOTS,
    DOTS_HELP,
    EXPLAINED,
    VIOLINS,
    VIOLINS_HELP,
    VOLCANO,
    VOLCANO_HELP,
    MarkersPanel,
)
from ....panels.groups import Groups
from ....panels.saving import with_ending
from ...widgets.controls import Button, MenuBox, row
from ...widgets.figure import FigureBox
from ...widgets.page import Page, laid_out
from ...widgets.picture import FINE
from ...widgets.saving import SaveBox
from ...widgets.section import Section
from ...widgets.table import TableView
from ...widgets.words import Words
from ...widgets.work_box import WorkBox


class MarkersBox:
    """Draws the markers of one group; pressing a name shows the gene."""

    def __init__(self, page: Page, groups: Groups) -> None:
        self.panel = panel = page.keep(MarkersPanel(page.session, groups))
        home = page.home
        self.method = MenuBox("Method", panel.choose_method, home)
        self.group = MenuBox("Group", panel.choose_group, home)
        self.work = WorkBox(panel.work, home)
        self.summary, self.doubt, self.saved = Words("note"), Words("warning"), Words("good")
        self.table = TableView(panel.table, home, page.session.display.show_gene)
        self.dots = Button(DOTS, partial(panel.dot_plot, FINE), home, DOTS_HELP)
        self.violins = Button(VIOLINS, partial(panel.violins, FINE), home, VIOLINS_HELP)
        self.volcano = Button(VOLCANO, partial(panel.volcano, FINE), home, VOLCANO_HELP)
        self.export = SaveBox(
            ALL, lambda: panel.file_name, panel.save_all, with_ending, home, ALL_HELP
        )
        self.figure = FigureBox(panel.figures, home)
        buttons = row(self.dots.widget, self.violins.widget, self.volcano.widget)
        answer = laid_out(self.summary, self.doubt, self.group, self.table, self.export, self.saved)
        self.section = Section(
            EXPLAINED,
            [self.method.widget, self.work.widget],
            [*answer, buttons],
            laid_out(self.figure),
        )
        self.widget = self.section.widget
        panel.changed.connect(self._draw, thread="current")
        self._draw()

    def _draw(self) -> None:
        now = self.panel.now
        self.method.draw(now.method)
        self.group.draw(now.group)
        self.work.draw(now.work)
        self.summary.draw(now.summary)
        self.doubt.draw(now.doubt)
        self.saved.draw(now.saved)
        for button in (self.dots, self.volcano, self.export):
            button.enable(now.no_figure)
        self.violins.enable(now.no_violins)
        self.section.show_answer(has_answer=now.has_answer)
