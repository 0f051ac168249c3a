"""An answer to a question about the data; it is dropped when what it is about has changed."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Generic, TypeVar

from psygnal import Signal

from ..errors import InputError
from ..job import Job
from ..progress import Progress
from ..session.session import Session
from .work import Work

T = TypeVar("T")


class Answer(Generic[T]):
    """What was found, as long as it holds: until other data are open, or what it is about changes.

    `changed` is emitted when it comes and when it goes.

    Parameters
    ----------
    work : what finds it
    about : groups, runs, settings that it is about, to tell them from any later ones; `ask` may be
        given another for one question, where what is chosen later does not matter to its answer
    """

    changed = Signal()

    def __init__(self, work: Work, about: Callable[[], object] = tuple) -> None:
        self.work = work
        self._about = self._about_this = about
        self._asked: object = None
        self.value: T | None = None
        work.connections.add(work.session.events.adata, self.drop)

    def ask(
        self,
        steps: Generator[Progress, None, T],
        title: str,
        about: Callable[[], object] | None = None,
    ) -> Job[T] | None:
        """Find the answer in the background; refused if what it is about changed meanwhile."""
        about_this = about or self._about
        asked = about_this()

        def take(found: T) -> None:
            if asked != about_this():
                raise changed_meanwhile()
            self._asked, self._about_this, self.value = asked, about_this, found
            self.changed.emit()

        return self.work.run(steps, title, take)

    def check(self) -> None:
        """Drop the answer if it is about something else than there is now."""
        if self.value is not None and self._asked != self._about_this():
            self.drop()

    def drop(self) -> None:
        """Forget the answer."""
        if self.value is not None:
            self.value = None
            self.changed.emit()


def changed_meanwhile() -> InputError:
    """Error for an answer about what is no longer so."""
    return InputError(
        expected="groups, batches and runs as they were when this began",
        found="that they changed meanwhile",
        remedy="Nothing was kept: begin again.",
    )


def stamp_of(session: Session, column: str) -> int:
    """Tells what a column of obs holds from anything else; 0 if there is no such column."""
    if session.adata is None or column not in session.adata.obs:
        return 0
    codes, names, _colours = session.labels(column)
    return hash((column, tuple(names), codes.tobytes()))


def began(session: Session, key: str) -> str:
    """When a run began, to tell it from a later one with the same key; "" for none, and counts."""
    record = session.contents.records.get(key)
    return "" if record is None else record.started
