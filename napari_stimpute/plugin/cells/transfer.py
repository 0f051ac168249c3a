"""Carry names over from a reference: another .h5ad whose spots or cells have names."""

from __future__ import annotations

from qtpy.QtWidgets import QFileDialog, QPushButton

from ...panels.cells.transfer import EXPLAINED, OPEN_HELP, TransferPanel
from ...panels.data import READABLE
from ..widgets.choice import MenuBox
from ..widgets.section import SectionBox, enable
from ..widgets.words import Words, labelled
from ..widgets.work_box import WorkBox


class TransferBox(SectionBox):
    """Draws a reference, its columns, and what was carried over."""

    def __init__(self, panel: TransferPanel) -> None:
        super().__init__(EXPLAINED)
        self.panel = panel
        self.open_button, self.column = QPushButton("Open…"), MenuBox(panel.choose_column)
        self.open_button.setToolTip(OPEN_HELP)
        self.open_button.clicked.connect(lambda: self._ask())
        self.work = WorkBox(panel.work)
        self.found, self.doubt = Words("good"), Words("warning")
        chosen = [("Reference", self.open_button), ("Names in", self.column)]
        self.page.addLayout(labelled(chosen, width=80))
        for widget in (self.work, self.found, self.doubt):
            self.page.addWidget(widget)
        self.connections.add(panel.changed, self._draw)
        self.parts = [self.connections, panel]
        self._draw()

    def _ask(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Reference", "", READABLE)
        if path:
            self.panel.open(path)

    def _draw(self) -> None:
        now = self.panel.now
        self.open_button.setText(now.reference or "Open…")
        enable([self.open_button], now.no_opening)
        self.column.draw(now.column)
        self.work.draw(now.work)
        self.found.draw(now.found)
        self.doubt.draw(now.doubt)
