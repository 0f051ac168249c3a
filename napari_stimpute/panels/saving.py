"""Keep data and results in a file: what is in none yet, and how saving went."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ..data.save import ENDINGS
from ..data.store_tables import free_table, is_store
from ..errors import StimputeError
from ..job import Job
from ..session.session import SAVE, Session
from .message import SILENT, Message, error, good
from .panel import Panel
from .unsaved import not_saved_in_words, proposed_name

THERE = "{path} is there already: press again to write over it."
"""Said where no dialog asks about it."""


INTO_STORE = "Save into the store"
INTO_STORE_HELP = (
    "Write data and results as a new table of the SpatialData store that is open; nothing in it is "
    "replaced."
)
TABLE_HELP = "Name of the new table."


@dataclass(frozen=True)
class SavingState:
    """``unsaved`` says what is in no file yet, ``wait`` why nothing can be saved now, ``saved`` how
    saving went; ``table`` is a name for a new table of the opened store, "" where it is none.
    """

    unsaved: Message
    wait: str
    saved: Message
    table: str = ""


class Saving(Panel[SavingState]):
    """Writes data and results, in whichever tab that is offered."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._saved = SILENT
        events = session.events
        self.connections.add(events.problem, self._follow_problem)
        self.connections.add(events.contents, self._forget)
        self.follow(events.adata, events.unsaved, events.job, events.is_too_large)
        self.refresh()

    def save_to(self, path: str | os.PathLike[str]) -> Job[Path] | None:
        """Save data and results in the background; how that went is said."""
        return self._save(path, "", "Saved to {}.")

    def save_table(self, name: str) -> Job[Path] | None:
        """Save as a new table of the opened store, in the background; "" for the proposed name."""
        table = name.strip() or self.now.table
        return self._save(self.session.path, table, f"Saved as the table “{table}” of {{}}.")

    def say(self, message: Message) -> None:
        """Say how saving went, here of something else, as a model."""
        self._saved = message
        self.refresh()

    @property
    def file_name(self) -> str:
        """A name for the file."""
        return proposed_name(self.session)

    def _save(self, path: str | os.PathLike[str], table: str, saved: str) -> Job[Path] | None:
        self.say(SILENT)
        try:
            return self.session.save_later(
                path, lambda file: self.say(good(saved.format(file))), table=table
            )
        except StimputeError as problem:
            self.say(error(problem))
            return None

    def _forget(self) -> None:
        """What was saved is no longer all that there is."""
        self.say(SILENT)

    def _follow_problem(self) -> None:
        if self.session.at_fault == SAVE and self.session.problem:
            self.say(error(self.session.problem))

    def _resolve(self) -> SavingState:
        session = self.session
        why_not = "" if session.adata is not None else "Open data first."
        said = not_saved_in_words(session)
        unsaved = Message(said, "warning" if session.is_too_large else "note")
        table = free_table(session.path) if session.path and is_store(session.path) else ""
        return SavingState(unsaved, session.wait or why_not, self._saved, table)


def is_there(path: str) -> bool:
    """Whether a file would be written over; a folder is refused by whatever writes."""
    return Path(path).is_file()


def with_ending(path: str, name: str) -> str:
    """A path with the ending of the proposed name, which is added if it is missing.

    Data may have the ending of any format that is written.
    """
    ending = Path(name).suffix
    endings = ENDINGS if ending in ENDINGS else (ending,)
    return path if path.endswith(endings) else path + ending


def figure_path(path: str, name: str) -> str:
    """The path of a figure, PNG, PDF or SVG; without an ending, that of the proposed name."""
    has_ending = path.lower().endswith((".png", ".pdf", ".svg"))
    return path if has_ending else f"{path}.{name.rpartition('.')[2]}"
