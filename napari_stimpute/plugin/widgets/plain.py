"""Names from files are shown as they are: what looks like HTML in one is never drawn as such."""

from __future__ import annotations

from html import escape

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel


class Label(QLabel):
    """A label of plain text; Qt's own guesses whether a text is HTML."""

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)


def tip(text: str) -> str:
    """A text for a tooltip, which has no format of its own, and guesses."""
    lines = escape(text, quote=False).replace("\n", "<br>")
    return f"<qt>{lines}</qt>" if "<" in text else text
