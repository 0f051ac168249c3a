"""Copy code: the lines that do what is set in the tab in sight, to be selected and copied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from ...panels.code import COPY, COPY_HELP, code_of
from .controls import Button
from .loop import Home
from .words import Words, show


class CodeBox:
    """A button that shows the lines below it, and hides them again.

    Parameters
    ----------
    in_sight : the tab that is looked at
    """

    def __init__(self, in_sight: Callable[[], Any], home: Home) -> None:
        self._in_sight = in_sight
        self.button = Button(COPY, self.press, home, COPY_HELP)
        self.words = Words("good")
        self.lines = widgets.Textarea(layout=widgets.Layout(width="auto"))
        self.lines.add_class("stimpute-code")
        self.widget = widgets.VBox([self.button.widget, self.words.widget, self.lines])
        self.hide()

    def press(self) -> None:
        """Show the lines of the section that is open in the tab in sight, or none again."""
        if self.words.text:
            self.hide()
            return
        code = code_of(panel_of(self._in_sight()))
        self.lines.value = code.text
        self.lines.rows = len(code.text.splitlines()) + 1
        self.words.draw(code.shown)
        show(self.lines, bool(code.text))

    def hide(self) -> None:
        """Show no lines: another tab is in sight."""
        self.words.say("")
        show(self.lines, False)


def panel_of(tab: Any) -> object:
    """The panel of a tab: of the section that is open in it, where it has sections."""
    folds = getattr(tab, "folds", None)
    if folds is not None:
        return panel_of(folds.section(folds.widget.selected_index or 0))
    return getattr(tab, "in_sight", tab.panel)
