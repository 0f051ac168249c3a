"""Choose a map, draw it if it is not there yet, and see how it comes on."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from ...connections import Connections
from ...panels.map import MapChoice
from ..widgets.choice import MenuBox
from ..widgets.plain import tip
from ..widgets.words import Words, row, shrinkable
from ..widgets.work_box import ProgressView


class MapChoiceBox(QWidget):
    """Draws a `MapChoice`: two menus and a button."""

    def __init__(self, panel: MapChoice) -> None:
        super().__init__()
        self.panel = panel
        self.key, self.kind = MenuBox(panel.choose_key), MenuBox(panel.choose_kind)
        self.key.setAccessibleName("Map of")
        self.kind.setAccessibleName("Kind of map")
        for menu, letters in ((self.key, 6), (self.kind, 5)):
            shrinkable(menu)
            menu.setMinimumContentsLength(letters)
        self.button, self.cancel = QPushButton(), QPushButton("Cancel")
        for button in (self.button, self.cancel):
            button.clicked.connect(lambda: panel.work.press())
        self.progress, self.words = ProgressView(panel.work), Words("error")
        self._lay_out()
        self.connections = Connections()
        self.connections.add(panel.changed, self._draw)
        self._draw()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        first, second = row(self.key, self.kind), row(self.progress, stretch=False)
        first.setStretch(0, 2)
        second.setStretch(0, 1)
        second.addWidget(self.cancel, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(first)
        layout.addWidget(self.button)
        layout.addLayout(second)
        layout.addWidget(self.words)

    def _draw(self) -> None:
        now, work = self.panel.now, self.panel.now.work
        self.key.draw(now.key)
        self.kind.draw(now.kind)
        self.button.setVisible(not now.is_there and not work.is_running)
        self.cancel.setVisible(work.is_running)
        self.button.setText(work.button)
        for button in (self.button, self.cancel):
            button.setEnabled(work.is_enabled)
            button.setToolTip(tip(work.tooltip))
        self.progress.follow(is_running=work.is_running)
        self.words.draw(now.problem)
