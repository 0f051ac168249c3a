"""Sentences in panels: errors beside their control, and notes."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Literal

import ipywidgets as widgets

Tone = Literal["error", "warning", "good", "note"]

_COLOURS: dict[Tone, tuple[str, str]] = {
    "error": ("#e5484d", "rgba(229, 72, 77, 0.14)"),
    "warning": ("#d9902f", "rgba(217, 144, 47, 0.14)"),
    "good": ("#2f9e6e", "rgba(47, 158, 110, 0.14)"),
    "note": ("#8a8f98", "rgba(138, 143, 152, 0.11)"),
}
"""Edge and ground; the text keeps the theme's colour, so both themes stay readable."""


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


def faint(text: str) -> str:
    """HTML of a quiet sentence."""
    return f'<div style="color: #7a7f88; line-height: 1.4">{escape(text)}</div>'


def heading(text: str) -> widgets.HTML:
    """Title of a panel."""
    return widgets.HTML(f'<div style="font-weight: 600; padding-top: 4px">{escape(text)}</div>')


def _boxed(sentences: Iterable[str], tone: Tone) -> str:
    edge, ground = _COLOURS[tone]
    style = f"border-left: 3px solid {edge}; background: {ground}; padding: 6px 10px"
    inner = "".join(f"<div>{escape(sentence)}</div>" for sentence in sentences)
    role = "alert" if tone == "error" else "status"
    return f'<div role="{role}" style="{style}; line-height: 1.45">{inner}</div>'
