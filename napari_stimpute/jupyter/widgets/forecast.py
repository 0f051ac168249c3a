"""A quiet line beside a button: what the work would take, and what would fit."""

from __future__ import annotations

import ipywidgets as widgets

from ...panels.forecast import HELP, SMALLER_HELP, ForecastPanel
from .controls import Button
from .page import Page
from .words import Hint, show


class ForecastView:
    """Draws a forecast, which is found while its tab is in sight.

    It asks first where data would be opened again, with fewer genes.

    Parameters
    ----------
    tab : name of the tab that it is part of
    """

    def __init__(self, panel: ForecastPanel, page: Page, tab: str) -> None:
        self.panel, self._page, self._tab = panel, page, tab
        self.line = Hint()
        self.line.widget.tooltip = HELP
        self.smaller = Button(
            "", lambda: page.question.ask(panel.open_smaller), page.home, SMALLER_HELP
        )
        self.widget = widgets.VBox([self.line.widget, self.smaller.widget])
        panel.changed.connect(self._draw)
        page.looked.connect(self._look)
        self._look()
        self._draw()

    def _look(self) -> None:
        self.panel.look(is_seen=self._page.in_sight == self._tab)

    def _draw(self) -> None:
        now = self.panel.now
        self.line.say(now.line)
        self.smaller.widget.description = now.smaller
        show(self.smaller.widget, bool(now.smaller))
