"""The tab Generate: which model, then new cells, or the open data made fuller."""

from __future__ import annotations

from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from ...connections import Connections
from ...panels.enhance import EnhancePanel
from ...panels.generate import GeneratePanel
from ...panels.generators import SET_UP, SET_UP_HELP, Generators
from ...session.session import Session
from ..widgets.choice import MenuBox
from ..widgets.fold import Fold, one_at_a_time
from ..widgets.words import Words, labelled
from .cells import CellsBox
from .conditions import WIDTH
from .enhance import EnhanceBox


class GenerateTab(QWidget):
    """Draws the choice of a model, and the sections that use it, one of which is open."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.generators = generators = Generators(session)
        self.run, self.nothing = MenuBox(generators.choose), Words("note")
        self.set_up = QPushButton(SET_UP)
        self.set_up.setToolTip(SET_UP_HELP)
        self.set_up.clicked.connect(generators.set_up)
        self.cells = CellsBox(GeneratePanel(session, generators))
        self.enhance = EnhanceBox(EnhancePanel(session, generators))
        self.folds = [Fold("New cells", self.cells), Fold("Enhance", self.enhance)]
        one_at_a_time(self.folds)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addLayout(labelled([("Model", self.run)], width=WIDTH))
        for widget in (self.nothing, self.set_up, *self.folds):
            layout.addWidget(widget)
        layout.addStretch(1)
        self.connections = Connections()
        self.connections.add(generators.changed, self._draw)
        self.parts = [self.connections, *self.cells.parts, *self.enhance.parts, generators]
        self._draw()

    def _draw(self) -> None:
        now = self.generators.now
        self.run.draw(now.run)
        self.nothing.draw(now.nothing)
        self.set_up.setVisible(bool(now.nothing))
