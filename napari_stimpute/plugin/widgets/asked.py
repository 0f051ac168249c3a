"""What must be chosen before a file can be opened."""

from __future__ import annotations

from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from ...panels.data import DataPanel
from ...panels.reading import CHOOSE, LEAVE_IT, OPEN_IT, Asked
from .choice import MenuBox
from .unsaved import ask_first
from .words import heading, hint, row, sentence, shrinkable


class AskedBox(QWidget):
    """Draws a question with its menu; in sight while a file waits for the answer."""

    def __init__(self, panel: DataPanel) -> None:
        super().__init__()
        self.words, self.title = sentence(), hint("")
        self.menu = MenuBox(panel.answer)
        shrinkable(self.menu)
        self.open, self.leave = QPushButton(OPEN_IT), QPushButton(LEAVE_IT)
        self.open.clicked.connect(lambda: ask_first(self, panel.session, panel.open_asked))
        self.leave.clicked.connect(lambda: panel.leave_asked())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (heading(CHOOSE), self.words, self.title, self.menu):
            layout.addWidget(widget)
        layout.addLayout(row(self.open, self.leave))
        self.hide()

    def draw(self, asked: Asked | None) -> None:
        """Show what is asked, or nothing."""
        self.setVisible(asked is not None)
        if asked is None:
            return
        self.words.setText(asked.sentence)
        self.title.setText(asked.title)
        self.menu.setAccessibleName(asked.title)
        self.menu.draw(asked.menu)
