"""Read and write regions of the tissue, folded away."""

from __future__ import annotations

from qtpy.QtWidgets import QFileDialog, QPushButton, QVBoxLayout, QWidget

from ...connections import Connections
from ...panels.regions import READ, READ_HELP, READABLE, SAVE, TITLE, UNIT_TITLE, RegionsPanel
from ..widgets.choice import MenuBox
from ..widgets.fold import Fold
from ..widgets.plain import tip
from ..widgets.saving import ask_where
from ..widgets.words import Words, labelled, row


class RegionBox(QWidget):
    """Buttons to read and to write, and what coordinates in files are in."""

    def __init__(self, panel: RegionsPanel, label: int) -> None:
        super().__init__()
        self.panel = panel
        self.read, self.save = QPushButton(READ), QPushButton(SAVE)
        self.read.clicked.connect(self._ask)
        self.save.clicked.connect(
            lambda: ask_where(self, SAVE.rstrip("…"), panel.file_name, panel.save)
        )
        self.unit, self.words = MenuBox(panel.choose_unit), Words("good")
        self.unit_row, inside = QWidget(), QWidget()
        unit = labelled([(UNIT_TITLE, self.unit)], width=label)
        unit.setContentsMargins(0, 0, 0, 0)
        self.unit_row.setLayout(unit)
        inner = QVBoxLayout(inside)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(6)
        inner.addLayout(row(self.read, self.save))
        inner.addWidget(self.unit_row)
        inner.addWidget(self.words)
        self.fold = Fold(TITLE, inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.fold)
        self.connections = Connections()
        self.connections.add(panel.changed, self._draw)
        self.parts = [self.connections, panel]
        self._draw()

    def _ask(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, READ.rstrip("…"), "", f"{READABLE};;All files (*)"
        )
        if path:
            self.panel.read(path)

    def _draw(self) -> None:
        now = self.panel.now
        self.read.setEnabled(not now.no_reading)
        self.read.setToolTip(tip(now.no_reading or READ_HELP))
        self.save.setEnabled(not now.no_saving)
        self.save.setToolTip(tip(now.no_saving or now.save_help))
        self.unit_row.setVisible(now.unit is not None)
        if now.unit is not None:
            self.unit.draw(now.unit)
        self.words.draw(now.outcome)
