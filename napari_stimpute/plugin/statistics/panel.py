"""Statistics that imputing does not fool: spatial patterns, and differences between groups."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QVBoxLayout, QWidget

from ...panels.differences import DifferencesPanel
from ...panels.patterns import PatternsPanel
from ...session.session import Session
from ..widgets.words import rule
from .differences import DifferencesBox
from .patterns import PatternsBox


class StatisticsPanel(QWidget):
    """Both sections, one above the other."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.patterns = PatternsBox(PatternsPanel(session))
        self.differences = DifferencesBox(DifferencesPanel(session))
        self.parts: list[Any] = [*self.patterns.parts, *self.differences.parts]
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addWidget(self.patterns)
        layout.addWidget(rule())
        layout.addWidget(self.differences)
        layout.addStretch(1)
