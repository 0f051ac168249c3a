"""Spatial patterns before and after imputing, checked on tissue that has none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from .. import keys
from ..data.records import RunRecord
from ..errors import StimputeError
from ..job import Job
from ..session.session import Session
from ..words import about, number
from .answer import Answer, began
from .groups import imputed_runs
from .menu import Choice, Entry, Menu
from .message import SILENT, Message, error, good
from .panel import Panel
from .table import Column, Table
from .work import Work, WorkState

if TYPE_CHECKING:
    from ..spatial.result import SpatialResult

EXPLAINED = (
    "Imputing makes neighbouring spots more alike, whether or not a gene has a pattern. So the "
    "same model is trained again on tissue whose spots have changed places, and with genes whose "
    "pattern was shuffled away: only what exceeds these is called spatial."
)
_MORAN = "Moran's I: how alike neighbouring spots are at one common depth. 1 very, 0 not at all."
_COLUMNS = (
    Column("morans_i_counts", "I, counts", f"{_MORAN} Of the counts.", number),
    Column("morans_i_imputed", "I, imputed", f"{_MORAN} Of the imputed values.", number),
    Column(
        "spatial",
        "Spatial",
        "By which values the gene is called spatial: by both, by counts alone, or only after "
        "imputing.",
        str,
        widest="only after",
    ),
)
_CALLED = {(True, True): "both", (True, False): "by counts", (False, True): "only after"}
_LISTED = (
    Entry("All genes", "all"),
    Entry("Spatial after imputing", "after"),
    Entry("Only after imputing", "only_after"),
    Entry("Spatial by counts", "counts"),
)
_IS_LISTED: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "all": lambda table: table["spatial"].notna(),
    "after": lambda table: table["spatial_after_imputing"],
    "only_after": lambda table: table["spatial"] == "only after",
    "counts": lambda table: table["spatial_by_counts"],
}


class _Checking(Work):
    cancelled = "Cancelled: it needs all repeats, so nothing is kept."


@dataclass(frozen=True)
class PatternsState:
    """What the section shows; ``forecast`` says what a check would take, "" where none can begin.

    ``found``, ``control`` and ``limits`` tell the result of the chosen run.
    """

    run: Menu
    work: WorkState
    forecast: str
    has_answer: bool
    found: Message
    control: Message
    limits: str
    listed: Menu


class PatternsPanel(Panel[PatternsState]):
    """Checks the spatial patterns of a run, and lists its genes; a click shows the gene."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.run = Choice("The run whose imputed values are checked.")
        self.listed = Choice("Which genes the table lists.", _LISTED)
        self.table = Table("Spatial genes", _COLUMNS, titles=lambda: session.contents.gene_titles)
        self.answers: dict[str, Answer[SpatialResult]] = {}
        """What was found, by run: each stays until its run is trained again."""
        self._in_table: SpatialResult | None = None
        self.work = _Checking(
            self,
            "patterns",
            "Check against permuted tissue",
            "Find out how much Moran's I proves here.",
            begin=self.check,
            missing=self._missing,
        )
        self.connections.add(session.events.adata, self._forget)
        for signal in (session.events.contents, self.work.changed):
            self.connections.add(signal, self._follow)
        self._follow()

    @property
    def result(self) -> SpatialResult | None:
        """What was found for the chosen run; None if it was not checked since it was trained."""
        answer = self.answers.get(self.run.name)
        return None if answer is None else answer.value

    # ---- actions -------------------------------------------------------------------------------

    def check(self) -> Job[SpatialResult] | None:
        """Train the run's model three more times, in the background; what is wrong is said."""
        from ..session.patterns import pattern_control  # torch: not before it is needed

        key, adata = self.run.name, self.session.adata
        if adata is None or self._record() is None:
            return None
        try:
            control = pattern_control(adata, key)
        except StimputeError as problem:
            self.work.say(error(problem))
            return None
        answer = self.answers.setdefault(key, Answer(self.work, partial(began, self.session, key)))
        return answer.ask(control.steps(), "Checking spatial patterns")

    def choose_run(self, key: str) -> None:
        """Show what is known of another run."""
        self.run.choose(key)
        self._follow()

    def choose_listed(self, name: str) -> None:
        """List other genes."""
        self.listed.choose(name)
        self._list()
        self.refresh()

    # ---- within --------------------------------------------------------------------------------

    def _follow(self) -> None:
        self.run.offer(imputed_runs(self.session), self.run.name)
        for answer in self.answers.values():
            answer.check()
        if self.result is not self._in_table:
            self._list()
        self.refresh()

    def _list(self) -> None:
        self._in_table = self.result
        if self.result is None:
            self.table.show(None)
            return
        table = self.result.table
        pairs = zip(table["spatial_by_counts"], table["spatial_after_imputing"], strict=True)
        table["spatial"] = [_CALLED.get(pair, "–") for pair in pairs]
        self.table.show(table[_IS_LISTED[self.listed.name](table)])

    def _forget(self) -> None:
        self.answers.clear()
        self._follow()

    def _record(self) -> RunRecord | None:
        return self.session.contents.records.get(self.run.name)

    def _missing(self) -> str:
        adata = self.session.adata
        if adata is not None and keys.SPATIAL not in adata.obsm:
            return "These data have no coordinates, so nothing can be spatial."
        return self.session.contents.not_whole

    def _resolve(self) -> PatternsState:
        work, result = self.work.state, self.result
        return PatternsState(
            run=self.run.menu(self.work.why_wait() or self.session.contents.not_whole),
            work=work,
            forecast=self._forecast() if work.is_enabled and not work.is_running else "",
            has_answer=result is not None,
            found=SILENT if result is None else Message(result.notes[0]),
            control=SILENT if result is None else _control(result),
            limits="" if result is None else _limits(result),
            listed=self.listed.menu(),
        )

    def _forecast(self) -> str:
        from ..spatial.control import N_REPEATS

        record = self._record()
        if record is None:
            return ""
        seconds = about(N_REPEATS * record.seconds).replace(" ", "\u00a0")
        return f"Trains {record.title} three more times: {seconds}. All else stays usable."


def _control(result: SpatialResult) -> Message:
    trust = result.notes[1]
    return good(trust) if result.imputed.is_trusted else error(trust)


def _limits(result: SpatialResult) -> str:
    raw, imputed = number(result.raw.limit), number(result.imputed.limit)
    limits = f"Spatial: I above {raw} by counts, above {imputed} after imputing."
    return " ".join([limits, *result.notes[2:]])
