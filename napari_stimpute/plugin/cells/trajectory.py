"""The order of spots from a chosen beginning, and how their groups are connected."""

from __future__ import annotations

from qtpy.QtWidgets import QPushButton

from ...panels.cells.trajectory import EXPLAINED, FIGURE, FIGURE_HELP, TrajectoryPanel
from ..widgets.choice import MenuBox
from ..widgets.figure_window import FigureWindow
from ..widgets.section import SectionBox, enable
from ..widgets.words import Words, labelled
from ..widgets.work_box import WorkBox


class TrajectoryBox(SectionBox):
    """Draws where an order begins, and what was found."""

    def __init__(self, panel: TrajectoryPanel) -> None:
        super().__init__(EXPLAINED)
        self.panel = panel
        self.run, self.root = MenuBox(panel.choose_run), MenuBox(panel.choose_root)
        self.work = WorkBox(panel.work)
        self.found, self.lost = Words("good"), Words("warning")
        self.figure, self.figures = QPushButton(FIGURE), FigureWindow(self)
        self.figure.setToolTip(FIGURE_HELP)
        self.figure.clicked.connect(lambda: panel.picture(self.devicePixelRatioF()))
        menus = [("Alike by", self.run), ("Begins with", self.root)]
        self.page.addLayout(labelled(menus, width=80))
        self.page.addWidget(self.work)
        self.page.addWidget(self.answer)
        for widget in (self.found, self.lost, self.figure):
            self.inner.addWidget(widget)
        self.connections.add(panel.changed, self._draw)
        self.connections.add(panel.figures.drawn, self.figures.show_figure)
        self.parts = [self.connections, panel]
        self._draw()

    def _draw(self) -> None:
        now = self.panel.now
        self.run.draw(now.run)
        self.root.draw(now.root)
        self.work.draw(now.work)
        self.show_answer(has_answer=now.has_answer)
        self.found.draw(now.found)
        self.lost.draw(now.lost)
        enable([self.figure], now.no_figure)
