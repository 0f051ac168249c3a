"""Choose which of several sections is drawn."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from ...panels.sections import GRID, SectionsPanel
from ..widgets.choice import MenuBox
from ..widgets.connections import is_alive
from ..widgets.plain import tip
from ..widgets.words import labelled, row, shrinkable
from .aspect_box import LABEL

NEXT_KEY = "N"
"""Key on the canvas: the next section, and all of them after the last; with Shift, back."""


class SectionBox(QWidget):
    """A menu of sections, and a button for all of them; hidden for a single one."""

    def __init__(self, panel: SectionsPanel) -> None:
        super().__init__()
        self.panel = panel
        self.menu, self.grid = MenuBox(panel.choose), QPushButton(GRID)
        self.menu.setAccessibleName("Section")
        shrinkable(self.menu)
        self.grid.setCheckable(True)
        self.grid.clicked.connect(panel.set_grid)
        inner, beside = QWidget(), row(self.menu, stretch=False)
        beside.addWidget(self.grid)
        beside.setStretch(0, 1)
        inner.setLayout(beside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(labelled([("Section", inner)], width=LABEL))
        self.connections = panel.connections
        self.connections.add(panel.changed, self._draw)
        self._draw()

    def bind_keys(self, viewer: Any) -> None:
        """Let a key of the canvas step through the sections."""
        viewer.bind_key(NEXT_KEY, self._show_next, overwrite=True)
        viewer.bind_key(f"Shift-{NEXT_KEY}", self._show_previous, overwrite=True)

    def _show_next(self, _viewer: Any) -> None:
        if is_alive(self) and self.panel.now.is_offered:  # the key outlives a closed panel
            self.panel.step()

    def _show_previous(self, _viewer: Any) -> None:
        if is_alive(self) and self.panel.now.is_offered:
            self.panel.step(-1)

    def _draw(self) -> None:
        now = self.panel.now
        self.setVisible(now.is_offered)
        self.menu.draw(now.menu)
        self.grid.setChecked(now.is_grid)
        self.grid.setToolTip(tip(f"{now.grid_help} {NEXT_KEY} on the canvas: the next section."))
