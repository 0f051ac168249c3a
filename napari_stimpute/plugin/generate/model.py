"""Which model generates, its folder, and how it fits the open data."""

from __future__ import annotations

from qtpy.QtWidgets import QFileDialog, QPushButton, QVBoxLayout, QWidget

from ...connections import Connections
from ...panels.generators import SET_UP, SET_UP_HELP, Generators
from ...panels.model_folder import SAVE_HELP, ModelFolder
from ..widgets.choice import MenuBox
from ..widgets.plain import tip
from ..widgets.saving import ask_where
from ..widgets.section import enable
from ..widgets.words import Words, labelled, row
from .conditions import WIDTH


class ModelBox(QWidget):
    """Draws the choice of a model, with buttons that open another and save this one."""

    def __init__(self, generators: Generators, folder: ModelFolder) -> None:
        super().__init__()
        self.generators, self.folder = generators, folder
        self.run, self.nothing = MenuBox(generators.choose), Words("note")
        self.set_up = QPushButton(SET_UP)
        self.set_up.setToolTip(SET_UP_HELP)
        self.set_up.clicked.connect(generators.set_up)
        self.open, self.save = QPushButton(folder.work.title), QPushButton("Save model…")
        self.save.setToolTip(SAVE_HELP)
        self.open.clicked.connect(self._ask_folder)
        self.save.clicked.connect(
            lambda: ask_where(self, "Save model", folder.name, folder.save_to)
        )
        self.outcome, self.saved, self.fit = Words("error"), Words("good"), Words("note")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(labelled([("Model", self.run)], width=WIDTH))
        layout.addWidget(self.nothing)
        layout.addWidget(self.set_up)
        layout.addLayout(row(self.open, self.save))
        for words in (self.outcome, self.saved, self.fit):
            layout.addWidget(words)
        self.connections = Connections()
        self.connections.add(generators.changed, self._draw)
        self.connections.add(folder.changed, self._draw)
        self._draw()

    def _ask_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Open a saved model")
        if path:
            self.folder.open(path)

    def _draw(self) -> None:
        now, folder = self.generators.now, self.folder.now
        self.run.draw(now.run)
        self.nothing.draw(now.nothing)
        self.set_up.setVisible(bool(now.nothing))
        self.open.setEnabled(folder.work.is_enabled)
        self.open.setToolTip(tip(folder.work.tooltip))
        enable([self.save], folder.why_not_save)
        self.outcome.draw(folder.work.outcome)
        self.saved.draw(folder.saved)
        self.fit.draw(folder.fit)
