"""Carry names over from a reference: another .h5ad whose spots or cells have names."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import QFileDialog, QPushButton

from ...data.columns import categorical_columns
from ...data.opening import Opened, load
from ...job import Job
from ...panels.groups import Groups, safe_name
from ...progress import Progress
from ...session.session import Session
from ...words import percent
from ..widgets.old_choice import Choice
from ..widgets.old_work import Work
from ..widgets.words import Words, labelled
from .section import Section, enable

if TYPE_CHECKING:
    from ...analysis.transfer import Transfer

READING = "Reading the reference"
TRANSFERRING = "Carrying names over"

_EXPLAINED = (
    "Gives names that cells of a reference have which express alike. Below a probability of one "
    "half it is “unsure”."
)


class TransferSection(Section):
    """Reads a reference, and carries one of its columns over."""

    def __init__(self, session: Session, groups: Groups) -> None:
        super().__init__(session, groups, _EXPLAINED)
        self.reference: Opened | None = None
        self._make_controls()
        self._lay_out()
        self.connections.add(session.events.adata, self._forget)
        self._enable()

    def open(self, path: str | Path) -> Job[Any] | None:
        """Read a reference in the background; then its columns are offered."""

        def reading() -> Generator[Progress, None, Opened]:
            yield Progress("read", 0, 1, message="Reading the reference")
            opened = load(str(path), genes="all")
            yield Progress("read", 1, 1, message="Reading the reference")
            return opened

        return self.work.run(reading(), READING, self._take_reference)

    def transfer(self) -> Job[Any] | None:
        """Name every spot, in the background, and write the names."""
        from ...analysis import transfer_steps

        adata, column = self.ready, self.column.name
        if adata is None or self.reference is None:
            return None
        steps = transfer_steps(adata, self.reference.adata, column)
        return self.work.run(steps, TRANSFERRING, lambda found: self._write(column, found))

    def _make_controls(self) -> None:
        self.open_button = QPushButton("Open…")
        self.column = Choice("Column of the reference whose names are carried over.")
        self.open_button.setToolTip("Choose an .h5ad with counts, whose cells have names in obs.")
        self.open_button.clicked.connect(lambda: self._ask())
        self.work = Work(
            self.session,
            "Transfer names",
            "Give every one a name, and write the names to obs.",
            begin=self.transfer,
            missing=self._missing,
            changed=self._enable,
        )
        self.found, self.doubt = Words("good"), Words("warning")

    def _lay_out(self) -> None:
        chosen = [("Reference", self.open_button), ("Names in", self.column)]
        self.page.addLayout(labelled(chosen, width=80))
        self.page.addWidget(self.work)
        self.page.addWidget(self.found)
        self.page.addWidget(self.doubt)

    def _take_reference(self, opened: Opened) -> None:
        self.reference = opened
        adata, name = opened.adata, Path(opened.path).name
        self.column.offer([(c, c) for c in categorical_columns(adata)])
        self.open_button.setText(f"{name} · {adata.n_obs:,} cells")
        self.found.say("")
        self.doubt.say("")

    def _write(self, column: str, transfer: Transfer) -> None:
        from ...analysis.transfer import UNSURE

        name = self.session.column_for(f"{safe_name(column)}_transferred")
        probability = self.session.column_for(f"{name}_probability")
        self.session.write_column(name, transfer.labels)
        self.session.write_column(probability, transfer.probability)
        self.session.display.column = name
        unsure = float(np.mean(np.asarray(transfer.labels) == UNSURE))
        self.found.say(
            f"Written to obs as “{name}” and “{probability}”, by {transfer.n_shared:,} shared "
            f"genes; {percent(unsure)} of the {self.session.place}s are unsure.",
            "warning" if unsure > 0.5 else "good",
        )
        self.doubt.say("\n".join(transfer.notes))

    def _ask(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Reference", "", "AnnData (*.h5ad)")
        if path:
            self.open(path)

    def _missing(self) -> str:
        if self.reference is None:
            return "Open a reference first: an .h5ad whose cells have names."
        return "" if self.column.count() else "The reference has no column with 2 to 60 names."

    def _forget(self) -> None:
        self.found.say("")
        self.doubt.say("")
        self._enable()

    def _enable(self) -> None:
        self.work.enable()
        wait = self.work.why_wait()
        enable([self.open_button], wait)
        enable([self.column], wait or self._missing())
