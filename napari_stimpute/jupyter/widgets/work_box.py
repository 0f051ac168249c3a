"""A button for a panel's long work, its progress, and what came of it."""

from __future__ import annotations

import ipywidgets as widgets

from ...panels.work import Work, WorkState
from .loop import Home
from .words import Words, faint


class WorkBox:
    """Draws a `Work`; pressing the button begins or cancels it."""

    def __init__(self, work: Work, home: Home) -> None:
        self.work, self.home = work, home
        self.button = widgets.Button()
        self.button.on_click(lambda _button: self._press())
        self.why_not, self.words = Words("note"), Words()
        self.bar = widgets.FloatProgress(max=1.0)
        self.bar.layout.width, self.bar.layout.height = "100%", "10px"
        self.status = widgets.HTML()
        self.text = ""
        """How far it is, in words."""
        parts = [self.button, self.why_not.widget, self.bar, self.status, self.words.widget]
        self.widget = widgets.VBox(parts, layout=widgets.Layout(width="100%"))

    def draw(self, state: WorkState) -> None:
        """Say on the button what pressing it would do, or why it cannot be pressed."""
        self.button.description, self.button.tooltip = state.button, state.tooltip
        self.button.disabled = not state.is_enabled
        self.button.button_style = "" if state.is_running else "primary"
        self.why_not.draw(state.why_not)
        self.words.draw(state.outcome)
        for part in (self.bar, self.status):
            part.layout.display = None if state.is_running else "none"
        self.draw_progress()

    def draw_progress(self) -> None:
        """Show how far it is."""
        share, self.text = self.work.progress() if self.work.is_running else (None, "")
        self.bar.value = share or 0.0
        self.status.value = faint(self.text)

    def _press(self) -> None:
        if self.work.is_running:
            self.work.session.cancel()  # safe in any thread, and must not wait for a running cell
            self.home.run(self.work.changed.emit)
        else:
            self.home.run(self.work.press)
