"""The order of spots from a chosen beginning, and how their groups are connected."""

from __future__ import annotations

from functools import partial

from ....panels.cells.trajectory import EXPLAINED, FIGURE, FIGURE_HELP, TrajectoryPanel
from ....panels.groups import Groups
from ...widgets.controls import Button, MenuBox
from ...widgets.figure import FigureBox
from ...widgets.page import Page, laid_out
from ...widgets.picture import FINE
from ...widgets.section import Section
from ...widgets.words import Words
from ...widgets.work_box import WorkBox


class TrajectoryBox:
    """Draws where an order begins, and what was found."""

    def __init__(self, page: Page, groups: Groups) -> None:
        self.panel = panel = page.keep(TrajectoryPanel(page.session, groups))
        home = page.home
        self.run = MenuBox("Alike by", panel.choose_run, home)
        self.root = MenuBox("Begins with", panel.choose_root, home)
        self.work = WorkBox(panel.work, home)
        self.found, self.lost = Words("good"), Words("warning")
        self.picture = Button(FIGURE, partial(panel.picture, FINE), home, FIGURE_HELP)
        self.figure = FigureBox(panel.figures, home)
        answer = laid_out(self.found, self.lost, self.picture)
        self.section = Section(
            EXPLAINED,
            [self.run.widget, self.root.widget, self.work.widget],
            answer,
            laid_out(self.figure),
        )
        self.widget = self.section.widget
        panel.changed.connect(self._draw, thread="current")
        self._draw()

    def _draw(self) -> None:
        now = self.panel.now
        self.run.draw(now.run)
        self.root.draw(now.root)
        self.work.draw(now.work)
        self.found.draw(now.found)
        self.lost.draw(now.lost)
        self.picture.enable(now.no_figure)
        self.section.show_answer(has_answer=now.has_answer)
