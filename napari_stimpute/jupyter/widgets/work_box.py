"""A button for a panel's long work, its progress, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable

import ipywidgets as widgets

from ...panels.work import Work, WorkState
from .loop import Home
from .words import Hint, Words, show

REDRAW = 0.25
"""Seconds between two drawings of progress."""


class WorkBox:
    """Draws a `Work`; pressing the button begins or cancels it.

    Parameters
    ----------
    below : what else stands below the button, and below why it cannot be pressed
    begin : called where the button begins work, for example to ask something first
    """

    def __init__(
        self,
        work: Work,
        home: Home,
        *below: widgets.DOMWidget,
        begin: Callable[[], object] | None = None,
    ) -> None:
        self.work, self.home, self._begin = work, home, begin or work.press
        self.button = widgets.Button(layout=widgets.Layout(width="max-content", min_width="148px"))
        self.button.on_click(lambda _button: self._press())
        self.why_not, self.words, self.status = Words("note"), Words(), Hint()
        self._drawn = 0.0
        self.bar = widgets.FloatProgress(max=1.0)
        self.bar.layout.width, self.bar.layout.height = "auto", "10px"
        parts = [self.button, self.why_not.widget, *below]
        parts += [self.bar, self.status.widget, self.words.widget]
        self.widget = widgets.VBox(parts, layout=widgets.Layout(width="100%"))
        work.progressed.connect(self._follow)

    @property
    def text(self) -> str:
        """How far it is, in words."""
        return self.status.text

    def draw(self, state: WorkState) -> None:
        """Say on the button what pressing it would do, or why it cannot be pressed."""
        self.button.description, self.button.tooltip = state.button, state.tooltip
        self.button.disabled = not state.is_enabled
        self.button.button_style = "" if state.is_running else "primary"
        self.why_not.draw(state.why_not)
        self.words.draw(state.outcome)
        show(self.bar, state.is_running)
        self._draw_progress()

    def _follow(self) -> None:
        """Show how far it is, a few times a second: steps may come faster than they are drawn."""
        if time.monotonic() - self._drawn >= REDRAW:
            self._draw_progress()

    def _draw_progress(self) -> None:
        self._drawn = time.monotonic()
        share, text = self.work.progress() if self.work.is_running else (None, "")
        self.bar.value = share or 0.0
        self.status.say(text)

    def _press(self) -> None:
        if self.work.is_running:
            self.work.session.cancel()  # safe in any thread, and must not wait for a running cell
            self.home.run(self.work.changed.emit)
        else:
            self.home.run(self._begin)
