"""What is open, and the way in and out: open, save, and what is not saved yet."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape

import ipywidgets as widgets

from ..panels.data import LEFT, DataPanel
from ..panels.message import Message
from ..panels.unsaved import SAVE_TITLE, AskFirst
from ..session.autosave import Left
from .widgets.form import control
from .widgets.loop import Home
from .widgets.words import Words, heading

_ROWS = ("File", "Size")
"""Rows of the card that are shown; the others are in the window."""


class DataBox:
    """Draws what is open, and asks before unsaved results are lost."""

    def __init__(self, panel: DataPanel, home: Home) -> None:
        self.panel, self.home = panel, home
        self.question = AskFirst(panel.session)
        self.about = widgets.HTML()
        self.problem, self.unsaved, self.saved = Words(), Words("note"), Words("good")
        self.path = control(widgets.Text, "Open", placeholder="Path of an .h5ad file")
        self.target = control(widgets.Text, "Save as", value=panel.file_name)
        self.open = self._button("Open", lambda: self._ask(lambda: panel.open(self.path.value)))
        self.save = self._button("Save", lambda: panel.save_to(self.target.value))
        self.left, self._offered = widgets.VBox(), tuple[Left, ...]()
        self.asked = Words("warning")
        self.yes = self._button("Save", lambda: self.question.save(self.target.value))
        self.no = self._button("Discard", self.question.discard)
        self.stay = self._button("Cancel", self.question.cancel)
        self.asking = widgets.VBox(
            [self.asked.widget, widgets.HBox([self.yes, self.no, self.stay])]
        )
        rows = [_row(self.path, self.open), _row(self.target, self.save)]
        parts = [self.about, self.left, *rows, self.asking, self.unsaved.widget]
        words = [self.saved.widget, self.problem.widget]
        self.widget = widgets.VBox([heading("Data"), *parts, *words])
        for changed in (panel.changed, self.question.changed):
            changed.connect(self._draw, thread="current")
        panel.session.events.adata.connect(self._propose, thread="current")
        self._draw()

    def _button(self, title: str, act: Callable[[], object]) -> widgets.Button:
        button = widgets.Button(description=title, layout=widgets.Layout(width="96px"))
        button.on_click(lambda _button: self.home.run(act))
        return button

    def _ask(self, go_on: Callable[[], object]) -> None:
        self.question.ask(go_on)

    def _propose(self) -> None:
        self.target.value = self.panel.file_name

    def _draw(self) -> None:
        now, question = self.panel.now, self.question.now
        self._draw_left(now.left)
        shown = " · ".join(text for label, text in now.card if label in _ROWS)
        self.about.value = escape(shown)
        self.open.disabled = bool(now.wait)
        self.save.disabled = bool(now.wait) or not now.is_open
        self.open.tooltip = now.wait or "Open an AnnData file."
        self.save.tooltip = now.wait or f"{SAVE_TITLE} to a new file."
        self.asked.say(question)
        self.asking.layout.display = None if question else "none"
        self.unsaved.draw(Message() if question else now.unsaved)
        self.saved.draw(now.saved)
        self.problem.draw(now.problem)

    def _draw_left(self, left: tuple[Left, ...]) -> None:
        if left == self._offered:
            return
        self._offered = left
        rows: list[widgets.DOMWidget] = [widgets.HTML(escape(LEFT))] if left else []
        for copy in left:
            recover = partial(self._ask, partial(self.panel.recover, copy))
            buttons = [self._button("Open", recover)]
            buttons.append(self._button("Discard", partial(self.panel.discard, copy)))
            rows.append(widgets.HBox([widgets.HTML(escape(copy.title)), *buttons]))
        self.left.children = rows


def _row(*parts: widgets.DOMWidget) -> widgets.HBox:
    row = widgets.HBox(parts)
    parts[0].layout.flex = "1 1 auto"
    return row
