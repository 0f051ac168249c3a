"""Whether a run mixed batches, and whether it kept what tells groups apart."""

from __future__ import annotations

from ....panels.cells.batches import COLUMNS, EXPLAINED, HIGHER, BatchesPanel
from ....panels.groups import Groups
from ...widgets.controls import MenuBox
from ...widgets.grid import Grid
from ...widgets.page import Page, laid_out
from ...widgets.section import Section
from ...widgets.words import Hint, Words
from ...widgets.work_box import WorkBox


class BatchesBox:
    """Draws the scores of batches, and the verdict on them."""

    def __init__(self, page: Page, groups: Groups) -> None:
        self.panel = panel = page.keep(BatchesPanel(page.session, groups))
        home = page.home
        self.batch = MenuBox("Batches", panel.choose_batch, home)
        self.run = MenuBox("Run", panel.choose_run, home)
        self.work = WorkBox(panel.work, home)
        self.verdict, self.doubt = Words("note"), Words("warning")
        self.table = Grid(COLUMNS, home)
        answer = laid_out(self.verdict, self.table, Hint(HIGHER), self.doubt)
        self.section = Section(
            EXPLAINED,
            [self.batch.widget, self.run.widget, self.work.widget],
            answer,
        )
        self.widget = self.section.widget
        panel.changed.connect(self._draw, thread="current")
        self._draw()

    def _draw(self) -> None:
        now = self.panel.now
        self.batch.draw(now.batch)
        self.run.draw(now.run)
        self.work.draw(now.work)
        self.verdict.draw(now.verdict)
        self.table.draw(now.rows)
        self.doubt.draw(now.doubt)
        self.section.show_answer(has_answer=now.has_answer)
