"""Data that a model made: kept in a file of their own, or opened in place of those that are."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from psygnal import Signal

from ..data.save import write
from ..job import Job
from ..progress import Progress
from ..words import counted
from .message import SILENT, Message, good
from .work import Work

if TYPE_CHECKING:
    from anndata import AnnData

SAVE_HELP = "Write them to a new .h5ad file, in which all that was not measured is marked."
OPEN_HELP = (
    "Open them in place of these data. The model goes with these; in Data it can be saved, for "
    "the shell to go on with."
)


class MadeFile:
    """Writes what was made by a panel's work; `changed` is emitted when it is said how that went.

    Parameters
    ----------
    ending : of the proposed name, after that of the open file
    """

    changed = Signal()

    def __init__(self, work: Work, ending: str) -> None:
        self.work, self._ending = work, ending
        self.saved = SILENT

    def save(self, adata: AnnData, path: str | os.PathLike[str]) -> Job[Path] | None:
        """Write an AnnData in the background: whole or not at all, and never over the open file."""
        source = self.work.session.path or None

        def saving() -> Generator[Progress, None, Path]:
            yield Progress("save", 0, 1, message="Writing the file")
            file = write(adata, path, source)
            yield Progress("save", 1, 1)
            return file

        def taken(file: Path) -> None:
            self.say(good(f"{counted(adata.n_obs, 'cell')} saved to {file}."))

        self.say(SILENT)
        return self.work.run(saving(), "Saving what was made", taken)

    def open(self, adata: AnnData) -> None:
        """Open an AnnData in place of the data; who asks about unsaved results does so before."""
        self.work.session.open_later(adata)

    def say(self, saved: Message) -> None:
        """Say how saving went; nothing of what is there no longer."""
        self.saved = saved
        self.changed.emit()

    @property
    def name(self) -> str:
        """A name for the file."""
        return f"{Path(self.work.session.path).stem or 'cells'}_{self._ending}.h5ad"
