"""Statistics that imputing does not fool: spatial patterns, and differences between groups."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QVBoxLayout, QWidget

from ...panels.differences import DifferencesPanel
from ...panels.patterns import PatternsPanel
from ...session.session import Session
from ..widgets.fold import Fold, one_at_a_time
from .differences import DifferencesBox
from .patterns import PatternsBox


class StatisticsPanel(QWidget):
    """Both sections, one of which is open."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.patterns = PatternsBox(PatternsPanel(session))
        self.differences = DifferencesBox(DifferencesPanel(session))
        self.parts: list[Any] = [*self.patterns.parts, *self.differences.parts]
        self.folds = [
            Fold("Spatial patterns", self.patterns),
            Fold("Differences between groups", self.differences),
        ]
        one_at_a_time(self.folds)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        for fold in self.folds:
            layout.addWidget(fold)
        layout.addStretch(1)
