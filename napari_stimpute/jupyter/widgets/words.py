"""Sentences in panels: errors beside their control, notes, and quiet lines."""

from __future__ import annotations

from collections.abc import Iterable

import ipywidgets as widgets

from ...panels.message import Message, Tone
from . import markup


class Words:
    """Sentences that take no room while there is nothing to say."""

    def __init__(self, tone: Tone = "error") -> None:
        self.tone: Tone = tone
        self.text = ""
        self.widget = widgets.HTML()
        self.say("")

    def say(self, *sentences: str, tone: Tone | None = None) -> None:
        """Show one paragraph per sentence, or nothing at all."""
        self.tone = tone or self.tone
        lines = [sentence for sentence in sentences if sentence]
        self.text = "\n".join(lines)
        self.widget.value = markup.boxed(lines, self.tone) if lines else ""
        show(self.widget, bool(lines))

    def draw(self, message: Message) -> None:
        """Show a message, one paragraph per line."""
        self.say(*message.text.splitlines(), tone=message.tone)


class Hint:
    """A quiet sentence that takes no room while there is nothing to say."""

    def __init__(self, text: str = "") -> None:
        self.text = ""
        self.widget = widgets.HTML()
        self.say(text)

    def say(self, text: str) -> None:
        """Show it, or nothing at all."""
        self.text = text
        self.widget.value = markup.faint(text)
        show(self.widget, bool(text))


class Facts:
    """Labels with a sentence each."""

    def __init__(self) -> None:
        self.widget = widgets.HTML()

    def fill(self, rows: Iterable[tuple[str, str]], doubts: Iterable[str] = ()) -> None:
        """Show these, then what is doubtful."""
        self.widget.value = markup.facts(rows, doubts)
        show(self.widget, bool(self.widget.value))


def heading(text: str) -> widgets.HTML:
    """Title of a part."""
    return widgets.HTML(markup.titled(text))


def show(widget: widgets.DOMWidget, is_shown: bool) -> None:
    """Let a widget be seen, or take no room."""
    widget.layout.display = None if is_shown else "none"
