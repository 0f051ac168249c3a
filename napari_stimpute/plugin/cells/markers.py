"""Marker genes of every group of spots: a table, and figures of them."""

from __future__ import annotations

from qtpy.QtWidgets import QPushButton

from ...panels.cells.markers import (
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
from ..widgets.choice import MenuBox
from ..widgets.figure_window import FigureWindow
from ..widgets.saving import ask_where
from ..widgets.section import SectionBox, enable
from ..widgets.table import TableView
from ..widgets.words import Words, labelled, row
from ..widgets.work_box import WorkBox


class MarkersBox(SectionBox):
    """Draws the markers of one group; a click shows the gene."""

    def __init__(self, panel: MarkersPanel) -> None:
        super().__init__(EXPLAINED)
        self.panel = panel
        self.method, self.group = MenuBox(panel.choose_method), MenuBox(panel.choose_group)
        self.work = WorkBox(panel.work)
        self.summary, self.doubt, self.saved = Words("note"), Words("warning"), Words("good")
        self.table = TableView(panel.table)
        self.figures = FigureWindow(self)
        self._make_buttons()
        self._lay_out()
        self.connections.add(panel.changed, self._draw)
        self.connections.add(panel.figures.drawn, self.figures.show_figure)
        self.parts = [self.connections, self.table.connections, panel]
        self._draw()

    def _make_buttons(self) -> None:
        panel = self.panel
        self.table.export.setText("Export group…")
        self.table.export.setToolTip("Write the listed genes to a CSV file, in this order.")
        self.table.chosen.connect(panel.session.display.show_gene)
        self.dots, self.violin = QPushButton(DOTS), QPushButton(VIOLINS)
        self.volcano, self.export = QPushButton(VOLCANO), QPushButton(f"{ALL}…")
        self.dots.setToolTip(DOTS_HELP)
        self.violin.setToolTip(VIOLINS_HELP)
        self.volcano.setToolTip(VOLCANO_HELP)
        self.export.setToolTip(ALL_HELP)
        self.dots.clicked.connect(lambda: panel.dot_plot(self.devicePixelRatioF()))
        self.violin.clicked.connect(lambda: panel.violins(self.devicePixelRatioF()))
        self.volcano.clicked.connect(lambda: panel.volcano(self.devicePixelRatioF()))
        self.export.clicked.connect(
            lambda: ask_where(self, "Export table", panel.file_name, panel.save_all)
        )

    def _lay_out(self) -> None:
        self.page.addLayout(labelled([("Method", self.method)], width=80))
        self.page.addWidget(self.work)
        self.page.addWidget(self.answer)
        self.inner.addWidget(self.summary)
        self.inner.addWidget(self.doubt)
        self.inner.addLayout(labelled([("Group", self.group)], width=80))
        self.inner.addWidget(self.table)
        self.inner.addLayout(row(self.dots, self.violin, self.volcano))
        self.inner.addLayout(row(self.table.export, self.export))
        self.inner.addWidget(self.saved)

    def _draw(self) -> None:
        now = self.panel.now
        self.method.draw(now.method)
        self.group.draw(now.group)
        self.work.draw(now.work)
        self.show_answer(has_answer=now.has_answer)
        self.summary.draw(now.summary)
        self.doubt.draw(now.doubt)
        self.saved.draw(now.saved)
        enable([self.dots, self.volcano, self.export], now.no_figure)
        enable([self.violin], now.no_violins)
