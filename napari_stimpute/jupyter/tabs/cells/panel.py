"""What is known of the cells, in five folds: markers, names, order, batches, gene communities."""

from __future__ import annotations

from functools import partial

import ipywidgets as widgets

from ....panels.groups import Groups
from ....panels.tabs import CELLS
from ...widgets.controls import MenuBox
from ...widgets.fold import Folds
from ...widgets.page import Page
from ...widgets.words import Words
from .batches import BatchesBox
from .communities import CommunitiesBox
from .markers import MarkersBox
from .names import NamesBox
from .trajectory import TrajectoryBox


class CellsTab:
    """The groups that all sections are about, then the sections, one of which is open."""

    def __init__(self, page: Page) -> None:
        self.groups = page.keep(Groups(page.session))
        self.column = MenuBox("Groups by", self.groups.choose, page.home)
        self.nothing = Words("note")
        kinds = (MarkersBox, NamesBox, TrajectoryBox, BatchesBox, CommunitiesBox)
        makers = [partial(kind, page, self.groups) for kind in kinds]
        self.folds = Folds(list(zip(CELLS, makers, strict=True)), page.home)
        parts = [self.column.widget, self.nothing.widget, self.folds.widget]
        self.widget = widgets.VBox(parts)
        self.groups.changed.connect(self._draw, thread="current")
        self._draw()

    def _draw(self) -> None:
        self.column.draw(self.groups.now.menu)
        self.nothing.draw(self.groups.now.nothing)
