"""Carry names over from a reference: another .h5ad whose spots or cells have names."""

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...data.columns import categorical_columns
from ...data.opening import Opened, load
from ...job import Job
from ...progress import Progress
from ...session.session import Session
from ...words import percent
from ..groups import safe_name
from ..menu import Choice, Menu, entries
from ..message import SILENT, Message, good, warning
from ..panel import Panel
from ..work import Work, WorkState

if TYPE_CHECKING:
    from ...analysis.transfer import Transfer

EXPLAINED = (
    "Gives each the name of those cells of a reference that express most alike; below a "
    "probability of one half it says “unsure”."
)
OPEN_HELP = "Choose an .h5ad with counts, whose cells have names in obs."


@dataclass(frozen=True)
class TransferState:
    """What the section shows.

    ``reference`` is the file that names come from, and its size; "" before one is open.
    ``no_opening`` says why none can be opened.
    """

    reference: str
    no_opening: str
    column: Menu
    work: WorkState
    found: Message
    doubt: Message


class TransferPanel(Panel[TransferState]):
    """Reads a reference, and carries one of its columns over."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.reference: Opened | None = None
        self.column = Choice("Column of the reference whose names are carried over.")
        self.found = self.doubt = SILENT
        self.work = Work(
            self,
            "transfer",
            "Transfer names",
            "Give every one a name, and write the names to obs.",
            begin=self.transfer,
            missing=self._missing,
        )
        self.connections.add(session.events.adata, self._fall_silent)
        self.follow(self.work.changed)
        self.refresh()

    # ---- actions -------------------------------------------------------------------------------

    def open(self, path: str | os.PathLike[str]) -> Job[Opened] | None:
        """Read a reference in the background; then its columns are offered."""

        def reading() -> Generator[Progress, None, Opened]:
            yield Progress("read", 0, 1, message="Reading the reference")
            opened = load(path, genes="all")
            yield Progress("read", 1, 1, message="Reading the reference")
            return opened

        return self.work.run(reading(), "Reading the reference", self._take_reference)

    def choose_column(self, name: str) -> None:
        """Choose the column of the reference whose names are carried over."""
        self.column.choose(name)
        self.refresh()

    def transfer(self) -> Job[Transfer] | None:
        """Name every spot, in the background, and write the names."""
        from ...analysis import transfer_steps

        adata, column = self.session.adata, self.column.name
        if adata is None or self.reference is None or self._missing():
            return None
        steps = transfer_steps(adata, self.reference.adata, column)
        return self.work.run(steps, "Carrying names over", lambda found: self._write(column, found))

    # ---- within --------------------------------------------------------------------------------

    def _take_reference(self, opened: Opened) -> None:
        self.reference = opened
        self.column.offer(entries((c, c) for c in categorical_columns(opened.adata)))
        self._fall_silent()

    def _write(self, column: str, transfer: Transfer) -> None:
        from ...analysis.transfer import UNSURE

        name = self.session.column_for(f"{safe_name(column)}_transferred")
        probability = self.session.column_for(f"{name}_probability")
        self.session.write_column(name, transfer.labels)
        self.session.write_column(probability, transfer.probability)
        self.session.display.column = name
        unsure = float(np.mean(np.asarray(transfer.labels) == UNSURE))
        text = (
            f"Written to obs as “{name}” and “{probability}”, by {transfer.n_shared:,} shared "
            f"genes; {percent(unsure)} of the {self.session.place}s are unsure."
        )
        self.found = warning(text) if unsure > 0.5 else good(text)
        self.doubt = warning("\n".join(transfer.notes))
        self.refresh()

    def _missing(self) -> str:
        if self.reference is None:
            return "Open a reference first: an .h5ad whose cells have names."
        return "" if self.column.name else "The reference has no column with 2 to 60 names."

    def _fall_silent(self) -> None:
        self.found = self.doubt = SILENT
        self.refresh()

    def _resolve(self) -> TransferState:
        wait, opened = self.work.why_wait(), self.reference
        known = "" if opened is None else f"{Path(opened.path).name} · {opened.adata.n_obs:,} cells"
        return TransferState(
            reference=known,
            no_opening=wait,
            column=self.column.menu(wait or self._missing()),
            work=self.work.state,
            found=self.found,
            doubt=self.doubt,
        )
