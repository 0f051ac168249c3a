"""Open a sample: which one, and how far it is fetched."""

from __future__ import annotations

from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from ...panels.data import DataPanel, DataState
from .choice import MenuBox
from .plain import tip
from .unsaved import ask_first
from .words import Words, row, shrinkable
from .work_box import ProgressView


class SampleBox(QWidget):
    """A menu of samples beside the button that opens the chosen one, or cancels that."""

    def __init__(self, panel: DataPanel) -> None:
        super().__init__()
        self.panel = panel
        self.menu, self.button = MenuBox(panel.choose_sample), QPushButton()
        self.menu.setAccessibleName("Sample")
        shrinkable(self.menu)
        self.button.clicked.connect(self._press)
        self.progress, self.words = ProgressView(panel.work), Words("error")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        beside = row(self.menu, self.button)
        beside.setStretch(0, 2)
        layout.addLayout(beside)
        layout.addWidget(self.progress)
        layout.addWidget(self.words)

    def draw(self, now: DataState) -> None:
        """Show what is offered and chosen, and how far it is."""
        self.menu.draw(now.sample)
        self.button.setText(now.work.button)
        self.button.setToolTip(tip(now.work.tooltip))
        self.button.setEnabled(now.work.is_enabled)
        self.progress.follow(is_running=now.work.is_running)
        self.words.draw(now.work.outcome)

    def _press(self) -> None:
        if self.panel.work.is_running:
            self.panel.work.press()
        else:
            ask_first(self, self.panel.session, self.panel.work.press)
