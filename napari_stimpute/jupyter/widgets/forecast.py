"""A quiet line beside a button: what the work would take, and what would fit."""

from __future__ import annotations

import ipywidgets as widgets

from ...panels.forecast import HELP, SMALLER_HELP, ForecastPanel
from ...panels.unsaved import AskFirst
from .loop import Home
from .words import faint


class ForecastView:
    """Draws a forecast; a notebook cannot tell whether it is looked at, and always is.

    Parameters
    ----------
    question : asked before the data are opened again, with fewer genes
    """

    def __init__(self, panel: ForecastPanel, home: Home, question: AskFirst) -> None:
        self.panel = panel
        self.line, self.smaller = widgets.HTML(), widgets.Button()
        self.line.tooltip = HELP
        self.smaller.tooltip = SMALLER_HELP
        self.smaller.layout.width = "max-content"
        self.smaller.on_click(lambda _button: home.run(lambda: question.ask(panel.open_smaller)))
        self.widget = widgets.VBox([self.line, self.smaller])
        panel.changed.connect(self._draw)
        panel.look(is_seen=True)
        self._draw()

    def _draw(self) -> None:
        now = self.panel.now
        self.line.value = faint(now.line)
        self.smaller.description = now.smaller
        for part, text in ((self.line, now.line), (self.smaller, now.smaller)):
            part.layout.display = None if text else "none"
