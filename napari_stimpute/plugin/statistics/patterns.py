"""Spatial patterns before and after imputing, checked on tissue that has none."""

from __future__ import annotations

from qtpy.QtWidgets import QVBoxLayout, QWidget

from ...connections import Connections
from ...panels.patterns import EXPLAINED, PatternsPanel
from ..widgets.choice import MenuBox
from ..widgets.table import TableView
from ..widgets.words import Words, heading, hint, labelled, shrinkable
from ..widgets.work_box import WorkBox


class PatternsBox(QWidget):
    """Draws a check of spatial patterns; a click in its table shows the gene."""

    def __init__(self, panel: PatternsPanel) -> None:
        super().__init__()
        self.panel = panel
        self.run, self.listed = MenuBox(panel.choose_run), MenuBox(panel.choose_listed)
        shrinkable(self.listed)
        self.forecast, self.limits = hint(""), hint("")
        self.work, self.table = WorkBox(panel.work, self.forecast), TableView(panel.table)
        self.found, self.control = Words("note"), Words("good")
        self.table.chosen.connect(panel.session.display.show_gene)
        self._lay_out()
        self.connections = Connections()
        self.connections.add(panel.changed, self._draw)
        self.parts = [self.connections, self.table.connections, panel]
        self._draw()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(heading("Spatial patterns"))
        layout.addWidget(hint(EXPLAINED))
        layout.addLayout(labelled([("Run", self.run)], width=80))
        layout.addWidget(self.work)
        self.answer = QWidget()
        inner = QVBoxLayout(self.answer)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(8)
        for widget in (self.found, self.control, self.listed, self.table, self.limits):
            inner.addWidget(widget)
        layout.addWidget(self.answer)

    def _draw(self) -> None:
        now = self.panel.now
        self.run.draw(now.run)
        self.work.draw(now.work)
        self.forecast.setText(now.forecast)
        self.forecast.setVisible(bool(now.forecast))
        self.answer.setVisible(now.has_answer)
        self.found.draw(now.found)
        self.control.draw(now.control)
        self.listed.draw(now.listed)
        self.limits.setText(now.limits)
