"""The card of a run: what it gave, what to do with it, and its curve among the details."""

from __future__ import annotations

import time
from collections.abc import Callable

import ipywidgets as widgets

from ..panels.message import Message
from ..panels.run_card import BEST, BEST_HELP, DETAILS
from ..panels.train import TrainPanel
from .widgets.loop import Home
from .widgets.picture import Picture
from .widgets.words import Words

REDRAW = 0.5
"""Seconds between two drawings of the curve."""


class RunCardBox:
    """Draws the card of the run that is shown, or the curve of the one that is under way."""

    def __init__(self, panel: TrainPanel, home: Home) -> None:
        self.panel, self.home = panel, home
        self.found, self.text, self.curve = Words("good"), Words("note"), Picture()
        self.best = self._button(BEST, panel.show_best)
        self.colour = self._button("", panel.show_groups)
        buttons = widgets.HBox([self.best, self.colour])
        buttons.layout.flex_flow = "row wrap"
        inside = widgets.VBox([self.curve.widget, self.text.widget])
        self.details = widgets.Accordion([inside], titles=(DETAILS,))
        parts = [self.found.widget, buttons, self.details]
        self.widget = widgets.VBox(parts, layout=widgets.Layout(width="100%"))
        self._drawn, self._n_drawn, self._ran = 0.0, 0, False

    def _button(self, title: str, act: Callable[[], object]) -> widgets.Button:
        button = widgets.Button(description=title)
        button.on_click(lambda _button: self.home.run(act))
        return button

    def draw(self) -> None:
        """Show what there is now."""
        now = self.panel.now
        card, runs = now.card, now.work.is_running
        if runs != self._ran:  # the curve is in sight while it grows
            self._ran, self.details.selected_index = runs, 0 if runs else None
        lines = [now.ended.text or card.found.text, card.groups]
        self.found.draw(Message("\n".join(line for line in lines if line), card.found.tone))
        _show(self.best, bool(card.key))
        self.best.disabled, self.best.tooltip = bool(card.no_best), card.no_best or BEST_HELP
        _show(self.colour, bool(card.colour))
        self.colour.description = card.colour
        self.text.draw(Message(card.details))
        self.draw_curve()
        _show(self.details, bool(card.details) or runs)

    def draw_curve(self) -> None:
        """Draw the curve anew if it is another; seldom while it grows."""
        curve, is_over = self.panel.curve, not self.panel.work.is_running
        if curve.n_points == self._n_drawn or not (is_over or self._is_due):
            return
        self._drawn, self._n_drawn = time.monotonic(), curve.n_points
        figure = curve.figure()
        if figure is None:
            self.curve.hide()
        else:
            self.curve.show(figure)

    @property
    def _is_due(self) -> bool:
        return time.monotonic() - self._drawn >= REDRAW


def _show(widget: widgets.DOMWidget, is_shown: bool) -> None:
    widget.layout.display = None if is_shown else "none"
