"""Statistics that imputing does not fool: variable genes, spatial patterns, differences."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QVBoxLayout, QWidget

from ...panels.differences import DifferencesPanel
from ...panels.patterns import PatternsPanel
from ...panels.tabs import STATISTICS
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
            Fold(title, section)
            for title, section in zip(
                STATISTICS, (self.variable, self.patterns, self.differences), strict=True
            )
        ]
        one_at_a_time(self.folds)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        for fold in self.folds:
            layout.addWidget(fold)
        layout.addStretch(1)
