"""What is known of the cells, in five folds: markers, names, order, batches, gene communities."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QVBoxLayout, QWidget

from ...panels.cells.batches import BatchesPanel
from ...panels.cells.communities import CommunitiesPanel
from ...panels.cells.markers import MarkersPanel
from ...panels.cells.names import NamesPanel
from ...panels.cells.trajectory import TrajectoryPanel
from ...panels.cells.transfer import TransferPanel
from ...panels.groups import Groups
from ...panels.tabs import CELLS
from ...session.session import Session
from ..widgets.fold import Fold, one_at_a_time
from .batches import BatchesBox
from .communities import CommunitiesBox
from .groups import GroupsBox
from .markers import MarkersBox
from .names import NamesBox
from .trajectory import TrajectoryBox


class CellsPanel(QWidget):
    """The groups that all sections are about, then the sections, one of which is open."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        groups = Groups(session)
        self.groups = GroupsBox(groups)
        self.markers = MarkersBox(MarkersPanel(session, groups))
        self.names = NamesBox(NamesPanel(session, groups), TransferPanel(session))
        self.trajectory = TrajectoryBox(TrajectoryPanel(session, groups))
        self.batches = BatchesBox(BatchesPanel(session, groups))
        self.communities = CommunitiesBox(CommunitiesPanel(session, groups))
        sections = (self.markers, self.names, self.trajectory, self.batches, self.communities)
        self.folds = [Fold(title, part) for title, part in zip(CELLS, sections, strict=True)]
        one_at_a_time(self.folds)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        for widget in (self.groups, *self.folds):
            layout.addWidget(widget)
        layout.addStretch(1)

    @property
    def parts(self) -> list[Any]:
        """What is to be closed with the panel."""
        boxes = (self.markers, self.names, self.trajectory, self.batches, self.communities)
        inside = [part for box in boxes for part in box.parts]
        return [self.groups.groups, self.groups.connections, *inside]
