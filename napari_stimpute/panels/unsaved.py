"""What opening other data, or closing the window, would lose; and the question about it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ..errors import StimputeError
from ..session.session import SAVE, Session
from .panel import Panel

TITLE = "Not saved yet"
SAVE_TITLE = "Save data and results"
TOO_LARGE = "It is too much for a copy to be kept meanwhile: if the program stops, it is lost."


def not_saved_in_words(session: Session) -> str:
    """Which results are in no file yet; "" where there are none."""
    names = _names(session)
    if not names:
        return ""
    said = f"{_listed(names)} {'is' if len(names) == 1 else 'are'} in no file yet."
    return f"{said} {TOO_LARGE}" if session.is_too_large else said


def unsaved_in_words(session: Session) -> str:
    """Which results are in no file yet, and the question about them; "" where there are none."""
    names = _names(session)
    return f"{_listed(names)} would be lost. Save data and results first?" if names else ""


def proposed_name(session: Session) -> str:
    """A name for the file of data and results."""
    stem = Path(session.path).stem if session.path else "section"
    return f"{stem}_imputed.h5ad"


class AskFirst(Panel[str]):
    """Holds back what would lose unsaved results until someone has answered.

    ``now`` is the question, "" while nothing is asked.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._go_on: Callable[[], object] | None = None
        self._is_saving = False
        self.connections.add(session.events.job, self._follow)
        self.follow(session.events.unsaved, session.events.adata)
        self.refresh()

    def ask(self, go_on: Callable[[], object]) -> None:
        """Go on at once if nothing would be lost; else once that is answered."""
        if not unsaved_in_words(self.session):
            go_on()
            return
        self._go_on = go_on
        self.refresh()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save first, and go on once it is done; after an error the question stands as before."""
        try:
            self._is_saving = True
            self.session.save_later(path)
        except StimputeError as problem:
            self._is_saving = False
            self.session.report(str(problem), SAVE)

    def discard(self) -> None:
        """Go on, and lose them."""
        go_on, self._go_on = self._go_on, None
        self.refresh()
        if go_on is not None:
            go_on()

    def cancel(self) -> None:
        """Rather stay."""
        self._go_on = None
        self.refresh()

    def _follow(self) -> None:
        """Go on after the saving, when the session is free again."""
        if self._is_saving and not self.session.is_busy:
            self._is_saving = False
            if not self.session.unsaved:
                self.discard()

    def _resolve(self) -> str:
        return "" if self._go_on is None else unsaved_in_words(self.session)


def _names(session: Session) -> list[str]:
    titles = session.contents.run_titles
    return [titles.get(name, f"the column “{name}”") for name in session.unsaved]


def _listed(names: list[str]) -> str:
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return listed[0].upper() + listed[1:]
