"""Communities of genes that a run found: where they are active, their genes, their network."""

from __future__ import annotations

from qtpy.QtWidgets import QPushButton

from ...panels.cells.communities import (
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
from ..widgets.choice import MenuBox
from ..widgets.fact_table import FactTable
from ..widgets.figure_window import FigureWindow
from ..widgets.saving import ask_where
from ..widgets.section import SectionBox, enable
from ..widgets.words import Words, labelled, row
from ..widgets.work_box import WorkBox


class CommunitiesBox(SectionBox):
    """Draws communities in a table; a click tells of one, and draws its network."""

    def __init__(self, panel: CommunitiesPanel) -> None:
        super().__init__(EXPLAINED)
        self.panel = panel
        self.run, self.work = MenuBox(panel.choose_run), WorkBox(panel.work)
        self.table = FactTable("Gene communities", COLUMNS, stretched=1)
        self.summary, self.doubt, self.done = Words("note"), Words("warning"), Words("good")
        self.figures = FigureWindow(self)
        self._make_buttons()
        self._lay_out()
        self.connections.add(panel.changed, self._draw)
        self.connections.add(panel.figures.drawn, self.figures.show_figure)
        self.parts = [self.connections, panel]
        self._draw()

    def _make_buttons(self) -> None:
        panel = self.panel
        self.table.chosen.connect(lambda name: panel.choose(name, self.devicePixelRatioF()))
        self.heat_map, self.activity = QPushButton(HEAT_MAP), QPushButton(ACTIVITY)
        self.network, self.export = QPushButton(NETWORK), QPushButton("Export as CSV…")
        self.heat_map.setToolTip(HEAT_MAP_HELP)
        self.network.setToolTip(NETWORK_HELP)
        self.activity.setToolTip(ACTIVITY_HELP)
        self.export.setToolTip(EXPORT_HELP)
        self.heat_map.clicked.connect(lambda: panel.heat_map(self.devicePixelRatioF()))
        self.network.clicked.connect(lambda: panel.network(self.devicePixelRatioF()))
        self.activity.clicked.connect(lambda: panel.show_activity())
        self.export.clicked.connect(
            lambda: ask_where(self, "Export table", panel.file_name, panel.save)
        )

    def _lay_out(self) -> None:
        self.page.addLayout(labelled([("Run", self.run)], width=80))
        self.page.addWidget(self.work)
        self.page.addWidget(self.answer)
        for widget in (self.heat_map, self.table, self.summary):
            self.inner.addWidget(widget)
        self.inner.addLayout(row(self.network, self.activity))
        for words in (self.export, self.done, self.doubt):
            self.inner.addWidget(words)

    def _draw(self) -> None:
        now = self.panel.now
        self.run.draw(now.run)
        self.work.draw(now.work)
        self.show_answer(has_answer=now.has_answer)
        self.table.draw(now.rows, now.chosen)
        self.summary.draw(now.summary)
        self.doubt.draw(now.doubt)
        self.done.draw(now.done)
        enable([self.heat_map, self.export], now.no_figure)
        enable([self.network, self.activity], now.no_network)
