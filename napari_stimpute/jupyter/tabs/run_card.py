"""The card of a run: what it gave, what to do with it, and its curve among the details."""

from __future__ import annotations

import time

import ipywidgets as widgets

from ...panels.message import Message
from ...panels.run_card import BEST, BEST_HELP, DETAILS
from ...panels.saving import with_ending
from ...panels.train import TrainPanel
from ...panels.unsaved import SAVE_TITLE
from ..widgets.controls import Button, MenuBox, row
from ..widgets.loop import Home
from ..widgets.picture import Picture
from ..widgets.saving import SaveBox
from ..widgets.words import Hint, Words, show

REDRAW, SHARE = 0.5, 0.2
"""Seconds between two drawings of the curve, and the share of the time that they may take."""


class RunCardBox:
    """Draws the card of the run that is shown, or the curve of the one that is under way."""

    def __init__(self, panel: TrainPanel, home: Home) -> None:
        self.panel, self.home = panel, home
        self.found, self.text, self.curve = Words("good"), Words("note"), Picture()
        self.best = Button(BEST, panel.show_best, home, BEST_HELP)
        self.colour = Button("", panel.show_groups, home)
        saving = panel.saving
        self.saving = SaveBox(
            "Save", lambda: saving.file_name, saving.save_to, with_ending, home, SAVE_TITLE
        )
        self.metric, self.saved = MenuBox("", panel.curve.choose, home), Words("good")
        self.metric.widget.layout.width = "180px"
        self.nothing = Hint()
        inside = [self.metric.widget, self.nothing.widget, self.curve.widget, self.text.widget]
        self.details = widgets.Accordion([widgets.VBox(inside)], titles=(DETAILS,))
        buttons = row(self.best.widget, self.colour.widget)
        parts = [self.found.widget, buttons, self.saving.widget, self.saved.widget, self.details]
        self.widget = widgets.VBox(parts, layout=widgets.Layout(width="100%"))
        self._due, self._n_drawn, self._ran = 0.0, (0, ""), False
        saving.changed.connect(self._draw_saving)

    def draw(self) -> None:
        """Show what there is now."""
        now = self.panel.now
        card, runs = now.card, now.work.is_running
        if runs != self._ran:  # the curve is in sight while it grows
            self._ran, self.details.selected_index = runs, 0 if runs else None
        lines = [now.ended.text or card.found.text, card.groups]
        self.found.draw(Message("\n".join(line for line in lines if line), card.found.tone))
        show(self.best.widget, bool(card.key))
        self.best.enable(card.no_best)
        show(self.colour.widget, bool(card.colour))
        self.colour.widget.description = card.colour
        self.colour.enable("", card.groups)
        self.text.draw(Message(card.details))
        self._draw_saving()
        self.draw_curve()
        show(self.details, bool(card.details) or runs)

    def _draw_saving(self) -> None:
        saving = self.panel.saving.now
        show(self.saving.widget, bool(saving.unsaved))
        self.saving.enable(saving.wait)
        self.saved.draw(saving.saved)

    def draw_curve(self) -> None:
        """Draw the curve anew if it is another; seldom while it grows."""
        curve, is_over = self.panel.curve, not self.panel.work.is_running
        drawn = (curve.n_points, curve.metric.chosen)
        if drawn == self._n_drawn or not (is_over or time.monotonic() >= self._due):
            return
        began, self._n_drawn = time.monotonic(), drawn
        self.metric.draw(curve.metric)
        show(self.metric.widget, len(curve.metric.entries) > 1)
        figure = curve.figure()
        self.nothing.say("" if figure is not None or is_over else curve.nothing)
        if figure is None:
            self.curve.hide()
        else:
            self.curve.show(figure, f"{curve.metric.title} over the steps of the training")
        now = time.monotonic()
        self._due = now + max(REDRAW, (now - began) / SHARE)
