"""A sentence, and its tone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tone = Literal["error", "warning", "good", "note"]

EDGES: dict[Tone, str] = {
    "error": "#e5484d",
    "warning": "#d9902f",
    "good": "#2f9e6e",
    "note": "#8a8f98",
}
"""Colour of the line before a sentence; the text keeps the theme's, to be read in both themes."""

GROUNDS: dict[Tone, tuple[int, int, int, float]] = {
    "error": (229, 72, 77, 0.14),
    "warning": (217, 144, 47, 0.14),
    "good": (47, 158, 110, 0.14),
    "note": (138, 143, 152, 0.11),
}
"""Red, green, blue (0–255) and opacity (0–1) behind a sentence."""


@dataclass(frozen=True)
class Message:
    """What is said in one place of a panel; empty text takes no room."""

    text: str = ""
    tone: Tone = "note"

    def __bool__(self) -> bool:
        return bool(self.text)


SILENT = Message()


def error(text: object) -> Message:
    """What went wrong."""
    return Message(str(text), "error")


def good(text: str) -> Message:
    """What went well."""
    return Message(text, "good")


def warning(text: str) -> Message:
    """What to beware of."""
    return Message(text, "warning")
