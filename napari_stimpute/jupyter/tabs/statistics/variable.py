"""Variable genes before and after imputing: which stay, which come, which go."""

from __future__ import annotations

import ipywidgets as widgets

from ....panels.variable import AUTOMATIC, EXPLAINED, MOST, N_HELP, VariablePanel
from ...widgets.controls import MenuBox, control, enable
from ...widgets.page import Page
from ...widgets.section import Section
from ...widgets.table import TableView
from ...widgets.words import Hint
from ...widgets.work_box import WorkBox


class VariableBox:
    """Draws both rankings; pressing a name in their table shows the gene."""

    def __init__(self, page: Page) -> None:
        self.panel = panel = page.keep(VariablePanel(page.session))
        self.home = home = page.home
        self.run = MenuBox("Run", panel.choose_run, home)
        self.n = control(widgets.BoundedIntText, "Genes", max=MOST, step=50)
        self.n.tooltip = f"{N_HELP} 0: {AUTOMATIC.lower()}."
        home.observe(self.n, lambda: panel.choose_n(self.n.value))
        self.work, self.summary = WorkBox(panel.work, home), Hint()
        self.listed = MenuBox("Listed", panel.choose_listed, home)
        self.table = TableView(panel.table, home, page.session.display.show_gene)
        controls = [self.run.widget, self.n, self.work.widget]
        answer = [self.summary.widget, self.listed.widget, self.table.widget]
        self.section = Section(EXPLAINED, controls, answer)
        self.widget = self.section.widget
        panel.changed.connect(self._draw, thread="current")
        self._draw()

    def _draw(self) -> None:
        now = self.panel.now
        self.run.draw(now.run)
        with self.home.quiet():
            self.n.value = now.n
        enable(now.run.why_not, self.n)
        self.work.draw(now.work)
        self.summary.say(now.summary)
        self.listed.draw(now.listed)
        self.section.show_answer(has_answer=now.has_answer)
