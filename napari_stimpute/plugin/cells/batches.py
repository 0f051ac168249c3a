"""Whether a run mixed batches, and whether it kept what tells groups apart."""

from __future__ import annotations

from ...panels.cells.batches import COLUMNS, EXPLAINED, HIGHER, BatchesPanel
from ..widgets.choice import MenuBox
from ..widgets.fact_table import FactTable
from ..widgets.section import SectionBox
from ..widgets.words import Words, hint, labelled
from ..widgets.work_box import WorkBox


class BatchesBox(SectionBox):
    """Draws the scores of batches, and the verdict on them."""

    def __init__(self, panel: BatchesPanel) -> None:
        super().__init__(EXPLAINED)
        self.panel = panel
        self.batch, self.run = MenuBox(panel.choose_batch), MenuBox(panel.choose_run)
        self.work = WorkBox(panel.work)
        self.verdict, self.doubt = Words("note"), Words("warning")
        self.table = FactTable("Scores of batches", COLUMNS)
        self.page.addLayout(labelled([("Batches", self.batch), ("Run", self.run)], width=80))
        self.page.addWidget(self.work)
        self.page.addWidget(self.answer)
        help_text = hint(HIGHER)
        for widget in (self.verdict, self.table, help_text, self.doubt):
            self.inner.addWidget(widget)
        self.connections.add(panel.changed, self._draw)
        self.parts = [self.connections, panel]
        self._draw()

    def _draw(self) -> None:
        now = self.panel.now
        self.batch.draw(now.batch)
        self.run.draw(now.run)
        self.work.draw(now.work)
        self.show_answer(has_answer=now.has_answer)
        self.verdict.draw(now.verdict)
        self.table.draw(now.rows)
        self.doubt.draw(now.doubt)
