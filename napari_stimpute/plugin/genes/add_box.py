"""Why the shown gene has no imputed values, and the button that adds it."""

from __future__ import annotations

from qtpy.QtWidgets import QVBoxLayout, QWidget

from ...connections import Connections
from ...panels.add_gene import AddPanel
from ..widgets.words import Words
from ..widgets.work_box import WorkBox


class AddBox(QWidget):
    """Draws the offer; takes no room where there is nothing to add or to say."""

    def __init__(self, panel: AddPanel) -> None:
        super().__init__()
        self.panel = panel
        self.words, self.work = Words("note"), WorkBox(panel.work)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.words)
        layout.addWidget(self.work)
        self.connections = Connections()
        self.connections.add(panel.changed, self._draw)
        self.parts = [self.connections, panel]
        self._draw()

    def _draw(self) -> None:
        now = self.panel.now
        self.words.draw(now.message)
        self.work.draw(now.work)
        self.work.button.setVisible(now.is_offered)
        self.work.why_not.setVisible(now.is_offered and bool(now.work.why_not))
        self.setVisible(now.is_offered or bool(now.work.outcome))
