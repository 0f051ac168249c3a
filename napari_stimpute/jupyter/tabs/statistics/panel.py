"""Statistics that imputing does not fool: variable genes, spatial patterns, differences."""

from __future__ import annotations

from functools import partial

from ....panels.tabs import STATISTICS
from ...widgets.fold import Folds
from ...widgets.page import Page
from .differences import DifferencesBox
from .patterns import PatternsBox
from .variable import VariableBox


class StatisticsTab:
    """Three sections, one of which is open."""

    def __init__(self, page: Page) -> None:
        makers = [partial(kind, page) for kind in (VariableBox, PatternsBox, DifferencesBox)]
        self.folds = Folds(list(zip(STATISTICS, makers, strict=True)), page.home)
        self.widget = self.folds.widget
