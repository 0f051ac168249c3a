"""A run's curve while it is under way, and what it said at its end."""

from __future__ import annotations

import time

import ipywidgets as widgets

from ..panels.message import Message
from ..panels.train import TrainPanel
from .widgets.picture import Picture
from .widgets.words import Words, faint

REDRAW = 0.5
"""Seconds between two drawings of the curve."""


class RunView:
    """Draws the curve of the run that is under way, else of the last one, and how it ended."""

    def __init__(self, panel: TrainPanel) -> None:
        self.panel = panel
        self.status, self.curve, self.notes = widgets.HTML(), Picture(), Words("note")
        parts = [self.status, self.curve.widget, self.notes.widget]
        self.widget = widgets.VBox(parts, layout=widgets.Layout(width="100%"))
        self._drawn, self._n_drawn = 0.0, 0

    def draw(self) -> None:
        """Show what there is now."""
        now = self.panel.now
        self.status.value = faint(now.status)
        self.status.layout.display = None if now.status else "none"
        lines = [now.notes.text, now.where]
        self.notes.draw(Message("\n".join(line for line in lines if line), now.notes.tone))
        self.draw_curve()

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
