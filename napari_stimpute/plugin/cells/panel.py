"""What is known of the cells, in five folds: markers, names, order, batches, gene communities."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QVBoxLayout, QWidget

from ...panels.cells.markers import MarkersPanel
from ...panels.groups import Groups
from ...session.session import Session
from ..widgets.fold import Fold
from .batches import BatchesSection
from .communities import CommunitiesSection
from .groups import GroupsBox
from .markers import MarkersSection
from .names import NamesSection
from .section import Section
from .trajectory import TrajectorySection


class CellsPanel(QWidget):
    """The groups that all sections are about, then the sections; the first is open."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.groups = Groups(session)
        self.groups_box = GroupsBox(self.groups)
        self.markers = MarkersSection(MarkersPanel(session, self.groups))
        self.names = NamesSection(session, self.groups)
        self.trajectory = TrajectorySection(session, self.groups)
        self.batches = BatchesSection(session, self.groups)
        self.communities = CommunitiesSection(session, self.groups)
        self.folds = [
            Fold("Markers", self.markers),
            Fold("Names", self.names),
            Fold("Trajectory", self.trajectory),
            Fold("Batches", self.batches),
            Fold("Gene communities", self.communities),
        ]
        self.folds[0].set_open(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 10, 0, 0)
        layout.setSpacing(8)
        head = QWidget()
        inner = QVBoxLayout(head)
        inner.setContentsMargins(10, 0, 10, 0)
        inner.addWidget(self.groups_box)
        layout.addWidget(head)
        for fold in self.folds:
            layout.addWidget(fold)
        layout.addStretch(1)

    @property
    def parts(self) -> list[Any]:
        """What is to be closed with the panel."""
        sections: tuple[Section | MarkersSection, ...] = (
            self.markers,
            self.names,
            self.trajectory,
            self.batches,
            self.communities,
        )
        return [
            self.groups,
            self.groups_box.connections,
            *(part for s in sections for part in s.parts),
        ]
