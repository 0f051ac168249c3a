"""The tab Generate: which model, then new cells, or the open data made fuller."""

from __future__ import annotations

from qtpy.QtWidgets import QVBoxLayout, QWidget

from ...panels.enhance import EnhancePanel
from ...panels.generate import GeneratePanel
from ...panels.generators import Generators
from ...panels.model_folder import ModelFolder
from ...panels.tabs import GENERATE
from ...session.session import Session
from ..widgets.fold import Fold, one_at_a_time
from .cells import CellsBox
from .enhance import EnhanceBox
from .model import ModelBox


class GenerateTab(QWidget):
    """Draws the choice of a model, and the sections that use it, one of which is open."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.generators = generators = Generators(session)
        self.model = ModelBox(generators, folder := ModelFolder(session, generators))
        self.cells = CellsBox(GeneratePanel(session, generators))
        self.enhance = EnhanceBox(EnhancePanel(session, generators))
        self.folds = [
            Fold(title, part)
            for title, part in zip(GENERATE, (self.cells, self.enhance), strict=True)
        ]
        one_at_a_time(self.folds)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        for widget in (self.model, *self.folds):
            layout.addWidget(widget)
        layout.addStretch(1)
        self.parts = [
            self.model.connections,
            *self.cells.parts,
            *self.enhance.parts,
            folder,
            generators,
        ]
