"""Statistics that imputing does not fool: variable genes, spatial patterns, differences."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QVBoxLayout, QWidget

from ...panels.differences import DifferencesPanel
from ...panels.patterns import PatternsPanel
from ...panels.variable import VariablePanel
from ..canvas.view import SpotsView
from ..widgets.fold import Fold, one_at_a_time
from .differences import DifferencesBox
from .patterns import PatternsBox
from .variable import VariableBox


class StatisticsPanel(QWidget):
    """Three sections, one of which is open."""

    def __init__(self, view: SpotsView) -> None:
        super().__init__()
        session = view.session
        self.variable = VariableBox(VariablePanel(session), view)
        self.patterns = PatternsBox(PatternsPanel(session))
        self.differences = DifferencesBox(DifferencesPanel(session))
        self.parts: list[Any] = [
            *self.variable.parts,
            *self.patterns.parts,
            *self.differences.parts,
        ]
        self.folds = [
            Fold("Variable genes", self.variable),
            Fold("Spatial patterns", self.patterns),
            Fold("Differences between groups", self.differences),
        ]
        one_at_a_time(self.folds)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        for fold in self.folds:
            layout.addWidget(fold)
        layout.addStretch(1)
