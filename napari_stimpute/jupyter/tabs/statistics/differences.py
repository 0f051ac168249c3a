"""Differences between groups of spots, tested on counts; imputed values only after a question."""

from __future__ import annotations

import ipywidgets as widgets

from ....panels.differences import (
    ACCEPT,
    ACCEPT_HELP,
    DECLINE,
    DECLINE_HELP,
    EXPLAINED,
    QUESTION,
    DifferencesPanel,
)
from ...widgets.controls import Button, MenuBox, row
from ...widgets.page import Page
from ...widgets.section import Section
from ...widgets.table import TableView
from ...widgets.words import Words, show
from ...widgets.work_box import WorkBox


class DifferencesBox:
    """Draws a test of one group against others; pressing a name in its table shows the gene."""

    def __init__(self, page: Page) -> None:
        self.panel = panel = page.keep(DifferencesPanel(page.session))
        home = page.home
        self.column = MenuBox("Groups by", panel.choose_column, home)
        self.group = MenuBox("Group", panel.choose_group, home)
        self.against = MenuBox("Against", panel.choose_against, home)
        self.values = MenuBox("Values", panel.choose_values, home)
        self.work = WorkBox(panel.work, home)
        self.table = TableView(panel.table, home, page.session.display.show_gene)
        self.summary, self.doubt = Words("note"), Words("warning")
        self.yes = Button(ACCEPT, panel.accept, home, ACCEPT_HELP)
        self.no = Button(DECLINE, panel.decline, home, DECLINE_HELP)
        asked = Words("warning")
        asked.say(QUESTION)
        self.question = widgets.VBox([asked.widget, row(self.no.widget, self.yes.widget)])
        menus = [self.column.widget, self.group.widget, self.against.widget, self.values.widget]
        answer = [self.summary.widget, self.doubt.widget, self.table.widget]
        self.section = Section(EXPLAINED, [*menus, self.question, self.work.widget], answer)
        self.widget = self.section.widget
        panel.changed.connect(self._draw, thread="current")
        self._draw()

    def _draw(self) -> None:
        now = self.panel.now
        self.column.draw(now.column)
        self.group.draw(now.group)
        self.against.draw(now.against)
        self.values.draw(now.values)
        show(self.question, now.is_asking)
        self.work.draw(now.work)
        self.summary.draw(now.summary)
        self.doubt.draw(now.doubt)
        self.section.show_answer(has_answer=now.has_answer)
