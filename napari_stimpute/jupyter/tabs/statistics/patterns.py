"""Spatial patterns before and after imputing, checked on tissue that has none."""

from __future__ import annotations

from ....panels.patterns import EXPLAINED, PatternsPanel
from ...widgets.controls import MenuBox
from ...widgets.page import Page, laid_out
from ...widgets.section import Section
from ...widgets.table import TableView
from ...widgets.words import Hint, Words
from ...widgets.work_box import WorkBox


class PatternsBox:
    """Draws a check of spatial patterns; pressing a name in its table shows the gene."""

    def __init__(self, page: Page) -> None:
        self.panel = panel = page.keep(PatternsPanel(page.session))
        home = page.home
        self.run = MenuBox("Run", panel.choose_run, home)
        self.listed = MenuBox("Listed", panel.choose_listed, home)
        self.forecast, self.limits = Hint(), Hint()
        self.work = WorkBox(panel.work, home, self.forecast.widget)
        self.table = TableView(panel.table, home, page.session.display.show_gene)
        self.found, self.control = Words("note"), Words("good")
        answer = laid_out(self.found, self.control, self.listed, self.table, self.limits)
        self.section = Section(EXPLAINED, [self.run.widget, self.work.widget], answer)
        self.widget = self.section.widget
        panel.changed.connect(self._draw, thread="current")
        self._draw()

    def _draw(self) -> None:
        now = self.panel.now
        self.run.draw(now.run)
        self.work.draw(now.work)
        self.forecast.say(now.forecast)
        self.found.draw(now.found)
        self.control.draw(now.control)
        self.listed.draw(now.listed)
        self.limits.say(now.limits)
        self.section.show_answer(has_answer=now.has_answer)
