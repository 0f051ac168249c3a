"""Statistics that imputing does not fool: spatial patterns, and differences between groups."""

from __future__ import annotations

from qtpy.QtWidgets import QVBoxLayout, QWidget

from ...session.session import Session
from ..widgets.words import rule
from .differences import GroupsSection
from .patterns import SpatialSection


class StatisticsPanel(QWidget):
    """Both sections, one above the other; each follows the session by itself."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.spatial, self.groups = SpatialSection(session), GroupsSection(session)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addWidget(self.spatial)
        layout.addWidget(rule())
        layout.addWidget(self.groups)
        layout.addStretch(1)
