"""The tab Generate: which model, then new cells, or the open data made fuller."""

from __future__ import annotations

from functools import partial

import ipywidgets as widgets

from ....panels.generators import Generators
from ....panels.tabs import GENERATE
from ...widgets.fold import Folds
from ...widgets.page import Page, laid_out
from .cells import NewCellsBox
from .enhance import EnhanceBox
from .model import ModelBox


class GenerateTab:
    """Draws the choice of a model, and the sections that use it, one of which is open."""

    def __init__(self, page: Page) -> None:
        self.generators = page.keep(Generators(page.session))
        self.model = ModelBox(page, self.generators)
        makers = [partial(kind, page, self.generators) for kind in (NewCellsBox, EnhanceBox)]
        self.folds = Folds(list(zip(GENERATE, makers, strict=True)), page.home)
        self.widget = widgets.VBox(laid_out(self.model, self.folds))
