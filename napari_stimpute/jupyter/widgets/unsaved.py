"""Ask before unsaved results are lost: Save, Discard, Cancel."""

from __future__ import annotations

import ipywidgets as widgets

from ...panels.saving import with_ending
from ...panels.unsaved import AskFirst, proposed_name
from .controls import Button, row
from .loop import Home
from .saving import IN_ROW, SaveBox
from .words import Words, show


class AskBox:
    """Draws the question; it takes no room while nothing is asked."""

    def __init__(self, question: AskFirst, home: Home) -> None:
        self.question = question
        self.words, session = Words("warning"), question.session
        self.saving = SaveBox(
            "Save", lambda: proposed_name(session), question.save, with_ending, home
        )
        self.saving.widget.layout.flex = IN_ROW
        self.discard = Button("Discard", question.discard, home, "Go on, and lose them.")
        self.cancel = Button("Cancel", question.cancel, home, "Rather stay.")
        answers = row(self.saving.widget, self.discard.widget, self.cancel.widget)
        self.widget = widgets.VBox([self.words.widget, answers])
        question.changed.connect(self._draw, thread="current")
        self._draw()

    @property
    def is_asking(self) -> bool:
        """Whether an answer is waited for."""
        return bool(self.question.now)

    def _draw(self) -> None:
        self.saving.propose()
        self.words.say(self.question.now)
        show(self.widget, self.is_asking)
