"""A quiet line beside a button: what the work would take, and what would fit."""

from __future__ import annotations

from qtpy.QtGui import QHideEvent, QShowEvent
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from ...connections import Connections
from ...panels.forecast import HELP, SMALLER_HELP, ForecastPanel
from .unsaved import ask_first
from .words import hint


class ForecastView(QWidget):
    """Draws a forecast; time is rehearsed only while this can be seen."""

    def __init__(self, panel: ForecastPanel) -> None:
        super().__init__()
        self.panel = panel
        self.line, self.smaller = hint(""), QPushButton()
        self.line.setToolTip(HELP)
        self.smaller.setToolTip(SMALLER_HELP)
        self.smaller.clicked.connect(lambda: ask_first(self, panel.session, panel.open_smaller))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.line, self.smaller):
            layout.addWidget(widget)
        self.connections = Connections()
        self.connections.add(panel.changed, self._draw)
        self._draw()

    def showEvent(self, event: QShowEvent | None) -> None:
        """Someone looks."""
        super().showEvent(event)
        self.panel.look(is_seen=True)

    def hideEvent(self, event: QHideEvent | None) -> None:
        """Nobody looks any more."""
        super().hideEvent(event)
        self.panel.look(is_seen=False)

    def _draw(self) -> None:
        now = self.panel.now
        self.line.setText(now.line)
        self.line.setVisible(bool(now.line))
        self.smaller.setText(now.smaller)
        self.smaller.setVisible(bool(now.smaller))
