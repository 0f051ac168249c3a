"""What the sections share in which a model makes cells: the work, what came of it, and its file."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from ..job import Job
from ..progress import Progress
from ..session.session import Session
from .answer import Answer, began
from .generators import Generators
from .made import MadeFile
from .message import SILENT
from .panel import Panel
from .work import Work

if TYPE_CHECKING:
    from anndata import AnnData

S = TypeVar("S")
T = TypeVar("T")


class MakingPanel(Panel[S], Generic[S, T]):
    """Has the chosen model make something, and keeps it in a file of its own.

    Parameters are those of `Work`, and the ending of the file's name.
    """

    _doing: str
    """What is being done, for people."""

    def __init__(
        self,
        session: Session,
        generators: Generators,
        *,
        owner: str,
        title: str,
        help: str,
        ending: str,
    ) -> None:
        super().__init__(session)
        self.generators = generators
        self.work = Work(self, owner, title, help, begin=self.make, missing=self._missing)
        self.answer: Answer[T] = Answer(self.work)
        self.file = MadeFile(self.work, ending)
        for signal in (generators.changed, session.events.contents, session.events.models):
            self.connections.add(signal, self._offer)
        self.connections.add(self.answer.changed, lambda: self.file.say(SILENT))
        self.connections.add(self.file.changed, self.refresh)
        self.follow(self.work.changed)
        self._offer()

    def make(self) -> Job[T] | None:
        """Make it in the background; what is wrong is said."""
        steps = self._steps()
        if steps is None:
            return None
        about = partial(began, self.session, self.generators.key)
        return self.answer.ask(steps, self._doing, about)

    def save_to(self, path: str | os.PathLike[str]) -> Job[Path] | None:
        """Write what was made to a file in the background: whole or not at all."""
        made = self.made
        return None if made is None else self.file.save(made, path)

    def open_made(self) -> None:
        """Open what was made in place of the data."""
        if self.made is not None:
            self.file.open(self.made)

    @property
    @abstractmethod
    def made(self) -> AnnData | None:
        """What was made; None where nothing is."""

    @abstractmethod
    def _steps(self) -> Generator[Progress, None, T] | None:
        """The work as it is set; None where something is missing."""

    @abstractmethod
    def _missing(self) -> str:
        """Why nothing can be made as it is set, in words; "" where it can."""

    @abstractmethod
    def _offer(self) -> None:
        """Offer what the chosen model knows, and refresh."""
