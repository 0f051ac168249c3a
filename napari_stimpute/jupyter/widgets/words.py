"""Sentences in panels: errors beside their control, and notes."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import ipywidgets as widgets

from ...panels.message import EDGES, GROUNDS, Message, Tone


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
        self.widget.value = _boxed(lines, self.tone) if lines else ""
        self.widget.layout.display = None if lines else "none"

    def draw(self, message: Message) -> None:
        """Show a message, one paragraph per line."""
        self.say(*message.text.splitlines(), tone=message.tone)


def faint(text: str) -> str:
    """HTML of a quiet sentence."""
    return f'<div style="color: #7a7f88; line-height: 1.4">{escape(text)}</div>'


def heading(text: str) -> widgets.HTML:
    """Title of a panel."""
    return widgets.HTML(f'<div style="font-weight: 600; padding-top: 4px">{escape(text)}</div>')


def _boxed(sentences: Iterable[str], tone: Tone) -> str:
    style = f"border-left: 3px solid {EDGES[tone]}; padding: 6px 10px"
    style += f"; background: rgba{GROUNDS[tone]}"
    inner = "".join(f"<div>{escape(sentence)}</div>" for sentence in sentences)
    role = "alert" if tone == "error" else "status"
    return f'<div role="{role}" style="{style}; line-height: 1.45">{inner}</div>'
