"""Spatial patterns before and after imputing, checked on tissue that has none."""

from __future__ import annotations

from ...panels.patterns import EXPLAINED, PatternsPanel
from ..widgets.choice import MenuBox
from ..widgets.section import SectionBox
from ..widgets.table import TableView
from ..widgets.words import Words, hint, labelled, shrinkable
from ..widgets.work_box import WorkBox


class PatternsBox(SectionBox):
    """Draws a check of spatial patterns; a click in its table shows the gene."""

    def __init__(self, panel: PatternsPanel) -> None:
        super().__init__(EXPLAINED)
        self.panel = panel
        self.run, self.listed = MenuBox(panel.choose_run), MenuBox(panel.choose_listed)
        shrinkable(self.listed)
        self.forecast, self.limits = hint(""), hint("")
        self.work, self.table = WorkBox(panel.work, self.forecast), TableView(panel.table)
        self.found, self.control = Words("note"), Words("good")
        self.table.chosen.connect(panel.session.display.show_gene)
        self._lay_out()
        self.connections.add(panel.changed, self._draw)
        self.parts = [self.connections, self.table.connections, panel]
        self._draw()

    def _lay_out(self) -> None:
        self.page.addLayout(labelled([("Run", self.run)], width=80))
        self.page.addWidget(self.work)
        self.page.addWidget(self.answer)
        for widget in (self.found, self.control, self.listed, self.table, self.limits):
            self.inner.addWidget(widget)

    def _draw(self) -> None:
        now = self.panel.now
        self.run.draw(now.run)
        self.work.draw(now.work)
        self.forecast.setText(now.forecast)
        self.forecast.setVisible(bool(now.forecast))
        self.show_answer(has_answer=now.has_answer)
        self.found.draw(now.found)
        self.control.draw(now.control)
        self.listed.draw(now.listed)
        self.limits.setText(now.limits)
