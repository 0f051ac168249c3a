"""What is said of the open data: the rows of their card, and what was noted on opening."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..data.genes import CHOSEN
from ..session.session import Session

_DETAILS = ("Genes", "Counts", "Zeros", "Coordinates", "Raw")
"""Rows of the card that are folded away: where things are in the file, and how they were chosen."""

_USUAL_NOTES = ("The counts were taken from", "raw holds the counts")
"""How the notes begin that hold for every file; they are folded away with these rows."""


@dataclass(frozen=True)
class CardWords:
    """``rows`` and ``details`` have a label and a sentence each, and ``asides`` go with the latter;
    ``doubts`` are what looks wrong, ``notes`` what this file made necessary.
    """

    rows: tuple[tuple[str, str], ...]
    details: tuple[tuple[str, str], ...]
    doubts: tuple[str, ...]
    notes: str
    asides: str


def said_of(session: Session) -> CardWords:
    """What is said of the open data; nothing of data that have no card."""
    card, path = session.card, session.path
    file = ("File", Path(path).name if path else "not from a file")
    rows = () if card is None else card.rows
    return CardWords(
        rows=() if card is None else (file, *(row for row in rows if row[0] not in _DETAILS)),
        details=tuple(row for row in rows if row[0] in _DETAILS),
        doubts=() if card is None else card.problems,
        notes=_notes(session),
        asides=" ".join(note for note in session.notes if note.startswith(_USUAL_NOTES)),
    )


def _notes(session: Session) -> str:
    """What was noted when the data were opened, but for what the card says already."""
    card = session.card
    said = () if card is None else (*(text for _label, text in card.rows), *card.problems)
    notes = (note for note in session.notes if not note.startswith(_USUAL_NOTES))
    return " ".join(note for note in notes if note.removeprefix(CHOSEN) not in said)
