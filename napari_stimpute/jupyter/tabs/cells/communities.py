"""Communities of genes that a run found: where they are active, their genes, their network."""

from __future__ import annotations

from functools import partial

from ....panels.cells.communities import (
    ACTIVITY,
    ACTIVITY_HELP,
    COLUMNS,
    EXPLAINED,
    EXPORT_HELP,
    HEAT_MAP,
    HEAT_MAP_HELP,
    NETWORK,
    NETWORK_HELP,
    CommunitiesPanel,
)
from ....panels.groups import Groups
from ....panels.saving import with_ending
from ...widgets.controls import Button, MenuBox, row
from ...widgets.figure import FigureBox
from ...widgets.grid import Grid
from ...widgets.page import Page, laid_out
from ...widgets.picture import FINE
from ...widgets.saving import SaveBox
from ...widgets.section import Section
from ...widgets.words import Words
from ...widgets.work_box import WorkBox


class CommunitiesBox:
    """Draws communities in a table; pressing one tells of it, and draws its network."""

    def __init__(self, page: Page, groups: Groups) -> None:
        self.panel = panel = page.keep(CommunitiesPanel(page.session, groups))
        home = page.home
        self.run = MenuBox("Run", panel.choose_run, home)
        self.work = WorkBox(panel.work, home)
        self.table = Grid(COLUMNS, home, choose=self._choose)
        self.summary, self.doubt, self.done = Words("note"), Words("warning"), Words("good")
        self.heat_map = Button(HEAT_MAP, partial(panel.heat_map, FINE), home, HEAT_MAP_HELP)
        self.network = Button(NETWORK, partial(panel.network, FINE), home, NETWORK_HELP)
        self.activity = Button(ACTIVITY, panel.show_activity, home, ACTIVITY_HELP)
        self.export = SaveBox(
            "Export as CSV", lambda: panel.file_name, panel.save, with_ending, home, EXPORT_HELP
        )
        self.figure = FigureBox(panel.figures, home)
        buttons = row(self.heat_map.widget, self.network.widget, self.activity.widget)
        words = laid_out(self.export, self.done, self.doubt)
        self.section = Section(
            EXPLAINED,
            [self.run.widget, self.work.widget],
            [self.table.widget, self.summary.widget, buttons, *words],
            laid_out(self.figure),
        )
        self.widget = self.section.widget
        panel.changed.connect(self._draw, thread="current")
        self._draw()

    def _choose(self, place: int) -> None:
        self.panel.choose(self.panel.now.rows[place][0].text, FINE)

    def _draw(self) -> None:
        now = self.panel.now
        names = [cells[0].text for cells in now.rows]
        self.run.draw(now.run)
        self.work.draw(now.work)
        self.table.draw(now.rows, chosen=names.index(now.chosen) if now.chosen in names else -1)
        self.summary.draw(now.summary)
        self.doubt.draw(now.doubt)
        self.done.draw(now.done)
        self.heat_map.enable(now.no_figure)
        self.export.enable(now.no_figure)
        self.network.enable(now.no_network)
        self.activity.enable(now.no_network)
        self.section.show_answer(has_answer=now.has_answer)
