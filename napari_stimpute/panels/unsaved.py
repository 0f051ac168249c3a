"""What opening other data, or closing the window, would lose."""

from __future__ import annotations

from pathlib import Path

from ..session.session import Session

TITLE = "Not saved yet"
SAVE_TITLE = "Save data and results"


def unsaved_in_words(session: Session) -> str:
    """Which results are in no file yet, and the question about them; "" where there are none."""
    titles = session.contents.run_titles
    names = [titles.get(name, f"the column “{name}”") for name in session.unsaved]
    if not names:
        return ""
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{listed[0].upper()}{listed[1:]} would be lost. Save data and results first?"


def proposed_name(session: Session) -> str:
    """A name for the file of data and results."""
    stem = Path(session.path).stem if session.path else "section"
    return f"{stem}_imputed.h5ad"
