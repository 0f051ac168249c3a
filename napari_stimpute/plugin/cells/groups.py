"""The menu of columns that all sections of the tab Cells are about."""

from __future__ import annotations

from qtpy.QtWidgets import QVBoxLayout, QWidget

from ...connections import Connections
from ...panels.groups import Groups
from ..widgets.choice import MenuBox
from ..widgets.words import Words, labelled


class GroupsBox(QWidget):
    """Draws a choice of groups."""

    def __init__(self, groups: Groups) -> None:
        super().__init__()
        self.groups = groups
        self.combo, self.words = MenuBox(groups.choose), Words("note")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(labelled([("Groups by", self.combo)], width=80))
        layout.addWidget(self.words)
        self.connections = Connections()
        self.connections.add(groups.changed, self._draw)
        self._draw()

    def _draw(self) -> None:
        self.combo.draw(self.groups.now.menu)
        self.words.draw(self.groups.now.nothing)
