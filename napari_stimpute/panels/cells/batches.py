"""Whether a run mixed batches, and whether it kept what tells groups apart."""

from __future__ import annotations

import math
import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ... import keys
from ...job import Job
from ...keys import COUNTS
from ...progress import Progress
from ...session.session import Session
from ...words import number
from ..answer import Answer, began, stamp_of
from ..groups import Groups, column_entries, newest_first
from ..menu import Choice, Entry, Menu, entries
from ..message import SILENT, Message, good, warning
from ..panel import Panel
from ..table import Cell
from ..work import Work, WorkState

if TYPE_CHECKING:
    from ...analysis.mixing import Mixing

EXPLAINED = (
    "Scores a run's embedding against the counts (30 principal components): are batches among one "
    "another, and are groups still apart? Mixing alone proves nothing: forgetting everything mixes "
    "best."
)
COLUMNS = (
    ("Score", "Higher is better in every row; hover for what it means."),
    ("Counts", "Before: 30 principal components of the counts."),
    ("Run", "After: the run's embedding."),
)
"""Title and meaning of each column of the table."""

HIGHER = "Higher is better in every row."

_MIXED = (
    (
        "diversity",
        "Neighbours’ batches",
        "Chance that two neighbours are of different batches. 0: apart; 1: fully mixed.",
    ),
    (
        "accepted",
        "Neighbourhoods even",
        "Share whose neighbours have the batches of the whole (as in kBET). At most 0.95.",
    ),
    (
        "batch_silhouette",
        "Batches inseparable",
        "1 less the silhouette of batches within groups. 1: batches cannot be told apart.",
    ),
)
_KEPT = (
    (
        "group_silhouette",
        "Groups apart",
        "Silhouette of groups, −1 to 1: how much nearer the own group is than the others.",
    ),
    ("purity", "Neighbours’ group", "Share of neighbours that are of the same group."),
    (
        "kept_neighbours",
        "Neighbours kept",
        "Share of neighbours within a batch that were so in the counts.",
    ),
)
_USUAL = re.compile(r"batch|sample|donor|patient|replicate|section|slice|library|stim|orig", re.I)
_CHANGE = 0.02
"""Smaller changes of a mean score are called none."""

_OWN_CLUSTERS = (
    "The groups are this run's own clusters, which favours the run: choose types that were known "
    "before, at the top, for a fair score."
)
_NOT_SCORED = "Groups were not scored: choose a column at the top other than the batch."


class BeforeAndAfter(NamedTuple):
    """Scores of the counts and of a run."""

    before: Mixing
    after: Mixing


@dataclass(frozen=True)
class BatchesState:
    """What the section shows; ``rows`` are those of the table."""

    batch: Menu
    run: Menu
    work: WorkState
    has_answer: bool
    verdict: Message
    rows: tuple[tuple[Cell, ...], ...]
    doubt: Message


class BatchesPanel(Panel[BatchesState]):
    """Chooses batches and a run, scores both embeddings, and says what became of them."""

    def __init__(self, session: Session, groups: Groups) -> None:
        super().__init__(session)
        self.groups = groups
        self.batch = Choice("Column of obs that names the batches.")
        self.run = Choice("The run whose embedding is scored against the counts.")
        self.work = Work(
            self,
            "batches",
            "Score batches",
            "Score the counts and the run.",
            begin=self.compute,
            missing=self._missing,
        )
        self.answer: Answer[BeforeAndAfter] = Answer(self.work, self._about)
        for signal in (groups.changed, session.events.contents):
            self.connections.add(signal, self._check)
        self.connections.add(session.events.adata, self._start_over)
        self.follow(self.answer.changed, self.work.changed)
        self._check()

    # ---- actions -------------------------------------------------------------------------------

    def choose_batch(self, column: str) -> None:
        """Choose the column that names the batches."""
        self.batch.choose(column)
        self._check()

    def choose_run(self, key: str) -> None:
        """Choose the run that is scored."""
        self.run.choose(key)
        self._check()

    def compute(self) -> Job[BeforeAndAfter] | None:
        """Score both embeddings in the background."""
        adata, key, column = self.session.adata, self.run.name, self.groups.column
        if adata is None or self._missing():
            return None
        batch = adata.obs[self.batch.name].astype(str).to_numpy()
        groups = None if column in ("", self.batch.name) else adata.obs[column].to_numpy()

        def scoring() -> Generator[Progress, None, BeforeAndAfter]:
            from ...analysis.mixing import mixing
            from ...analysis.sources import representation

            yield Progress("score", 0, 2, message="Scoring the counts")
            counts = representation(adata, COUNTS, 0)
            before = mixing(counts, batch, groups)
            yield Progress("score", 1, 2, message="Scoring the run")
            after = mixing(representation(adata, key, 0), batch, groups, reference=counts)
            yield Progress("score", 2, 2, message="Scoring the run")
            return BeforeAndAfter(before, after)

        return self.answer.ask(scoring(), "Scoring batches")

    # ---- within --------------------------------------------------------------------------------

    def _about(self) -> tuple[object, ...]:
        batches, key = stamp_of(self.session, self.batch.name), self.run.name
        return self.groups.stamp, batches, key, began(self.session, key)

    def _missing(self) -> str:
        if not self.batch.entries:
            return "No column of obs names batches (2 to 60 names)."
        if not self.run.entries:
            return "Train a model first: there is no run to score."
        return "" if self.batch.name else "Choose the column that names the batches."

    def _start_over(self) -> None:
        self.batch.forget()
        self._check()

    def _check(self) -> None:
        columns = self.session.contents.columns
        usual = next((c for c in columns if _USUAL.search(c)), "")
        unset = [] if usual or not columns else [Entry("Choose a column", "")]
        self.batch.offer([*unset, *column_entries(self.session)], usual)
        self.run.offer(entries(newest_first(self.session)))
        self.answer.check()
        self.refresh()

    def _resolve(self) -> BatchesState:
        wait, missing, scores = self.work.why_wait(), self._missing(), self.answer.value
        return BatchesState(
            batch=self.batch.menu(wait or ("" if self.batch.entries else missing)),
            run=self.run.menu(wait or ("" if self.run.entries else missing)),
            work=self.work.state,
            has_answer=scores is not None,
            verdict=SILENT if scores is None else verdict(scores),
            rows=() if scores is None else tuple(_cells(*m, scores) for m in (*_MIXED, *_KEPT)),
            doubt=SILENT if scores is None else self._doubt(scores),
        )

    def _doubt(self, scores: BeforeAndAfter) -> Message:
        is_own = self.groups.column == keys.cluster(self.run.name)
        doubts = [_OWN_CLUSTERS] * is_own + [_NOT_SCORED] * math.isnan(scores.after.purity)
        return warning("\n".join(doubts))


def verdict(scores: BeforeAndAfter) -> Message:
    """What became of batches and groups, in a sentence, and whether that is good."""
    mixed, groups = _change(scores, _MIXED), _change(scores, _KEPT[:2])
    text = "Batches are " + _trend(
        mixed,
        "better mixed than in the counts",
        "less mixed than in the counts",
        "as mixed as in the counts",
    )
    if math.isnan(groups):
        return Message(f"{text}; groups were not scored.")
    kept = _trend(
        groups,
        "groups stand further apart",
        "groups are less apart, so biology was lost",
        "groups are as far apart as before",
    )
    is_good, is_kept = mixed > _CHANGE, groups >= -_CHANGE
    text = f"{text}, {'and' if is_good == is_kept else 'but'} {kept}."
    if is_good and is_kept:
        return good(text)
    return warning(text) if min(mixed, groups) < -_CHANGE else Message(text)


def _change(scores: BeforeAndAfter, measures: tuple[tuple[str, str, str], ...]) -> float:
    """Mean change of some scores, of those that both have; NaN if none."""
    changes = [getattr(scores.after, n) - getattr(scores.before, n) for n, _, _ in measures]
    known = [change for change in changes if not math.isnan(change)]
    return sum(known) / len(known) if known else math.nan


def _trend(change: float, more: str, less: str, same: str) -> str:
    if abs(change) <= _CHANGE:
        return same
    sign = "+" if change > 0 else ""
    return f"{more if change > 0 else less} ({sign}{number(change, 2)} on average)"


def _cells(name: str, title: str, help_text: str, scores: BeforeAndAfter) -> tuple[Cell, ...]:
    before, after = getattr(scores.before, name), getattr(scores.after, name)
    before = 1.0 if name == "kept_neighbours" else before  # they are what is kept
    return (
        Cell(title, help=help_text),
        Cell(number(before, 2), before, help_text),
        Cell(number(after, 2), after, help_text),
    )
