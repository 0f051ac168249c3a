"""Whether a run mixed batches, and whether it kept what tells groups apart."""

from __future__ import annotations

import math
import re
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ... import keys
from ...job import Job
from ...panels.answer import began, stamp_of
from ...panels.groups import Groups
from ...panels.groups import newest_first as runs_of
from ...progress import Progress
from ...session.contents import COUNTS
from ...session.session import Session
from ...words import number
from ..widgets.fact_table import Cell, FactTable
from ..widgets.old_choice import Choice
from ..widgets.old_work import Work
from ..widgets.words import Words, hint, labelled
from .section import Section, enable

if TYPE_CHECKING:
    from ...analysis.mixing import Mixing

SCORING = "Scoring batches"

_EXPLAINED = (
    "Scores a run's embedding against the counts (30 principal components): are batches among one "
    "another, and are groups still apart? Mixing alone proves nothing: forgetting everything mixes "
    "best."
)
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


class Scores(NamedTuple):
    """Scores of the counts and of a run."""

    before: Mixing
    after: Mixing


class BatchesSection(Section):
    """Chooses batches and a run, scores both embeddings, and says what became of them."""

    def __init__(self, session: Session, groups: Groups) -> None:
        super().__init__(session, groups, _EXPLAINED)
        self.result: Scores | None = None
        self._make_controls()
        self._lay_out()
        self.connections.add(groups.changed, self._follow)
        self.connections.add(session.events.contents, self._follow)
        self.connections.add(session.events.contents, self._follow)
        self.connections.add(session.events.adata, self._start_over)
        self._follow()

    @property
    def about(self) -> tuple[object, ...]:
        """Groups, batches and the run."""
        batches, key = stamp_of(self.session, self.batch.name), self.run.name
        return self.groups.stamp, batches, key, began(self.session, key)

    def compute(self) -> Job[Any] | None:
        """Score both embeddings in the background."""
        adata, key = self.ready, self.run.name
        if adata is None:
            return None
        batch = adata.obs[self.batch.name].astype(str).to_numpy()
        column = self.groups.column
        groups = None if column in ("", self.batch.name) else adata.obs[column].to_numpy()

        def scoring() -> Generator[Progress, None, Scores]:
            from ...analysis.mixing import mixing
            from ...analysis.sources import representation

            yield Progress("score", 0, 2, message="Scoring the counts")
            counts = representation(adata, COUNTS, 0)
            before = mixing(counts, batch, groups)
            yield Progress("score", 1, 2, message="Scoring the run")
            after = mixing(representation(adata, key, 0), batch, groups, reference=counts)
            yield Progress("score", 2, 2, message="Scoring the run")
            return Scores(before, after)

        return self.ask(scoring(), SCORING, self._take)

    def _make_controls(self) -> None:
        self.batch = Choice("Column of obs that names the batches.")
        self.run = Choice("The run whose embedding is scored against the counts.")
        for combo in (self.batch, self.run):
            combo.activated.connect(lambda _index: self._follow_choice())
        self.work = Work(
            self.session,
            "Score batches",
            "Score the counts and the run.",
            begin=self.compute,
            missing=self._missing,
            changed=self._enable,
        )
        self.verdict, self.doubt = Words("note"), Words("warning")
        self.table = FactTable(
            "Scores of batches",
            (
                ("Score", "Higher is better in every row; hover for what it means."),
                ("Counts", "Before: 30 principal components of the counts."),
                ("Run", "After: the run's embedding."),
            ),
        )

    def _lay_out(self) -> None:
        self.page.addLayout(labelled([("Batches", self.batch), ("Run", self.run)], width=80))
        self.page.addWidget(self.work)
        self.page.addWidget(self.answer)
        for widget in (
            self.verdict,
            self.table,
            hint("Higher is better in every row."),
            self.doubt,
        ):
            self.inner.addWidget(widget)

    def _take(self, scores: Scores) -> None:
        self.result = scores
        self.verdict.say(*verdict(scores))
        self.table.fill([_cells(*text, scores) for text in (*_MIXED, *_KEPT)])
        key = self.run.name
        doubts = []
        if self.groups.column == keys.cluster(key):
            doubts.append(
                "The groups are this run's own clusters, which favours the run: choose types that "
                "were known before, at the top, for a fair score."
            )
        if math.isnan(scores.after.purity):
            doubts.append(
                "Groups were not scored: choose a column at the top other than the batch."
            )
        self.doubt.say("\n".join(doubts))
        self.answer.show()

    def _missing(self) -> str:
        if not self.batch.count():
            return "No column of obs names batches (2 to 60 names)."
        if not self.run.count():
            return "Train a model first: there is no run to score."
        unset = "Choose the column that names the batches."
        return "" if self.batch.name else unset

    def _start_over(self) -> None:
        self.batch.forget()
        self._follow()

    def _follow(self) -> None:
        columns = self.session.contents.columns
        usual = next((c for c in columns if _USUAL.search(c)), "")
        unset = [] if usual or not columns else [("Choose a column", "")]
        self.batch.offer([*unset, *((c, c) for c in columns)], usual)
        self.run.offer(runs_of(self.session))
        self._follow_choice()

    def _follow_choice(self) -> None:
        if self.is_outdated:
            self.result = None
            self.answer.hide()
        self._enable()

    def _enable(self) -> None:
        self.work.enable()
        wait = self.work.why_wait()
        enable([self.batch], wait or ("" if self.batch.count() else self._missing()))
        enable([self.run], wait or ("" if self.run.count() else self._missing()))


def verdict(scores: Scores) -> tuple[str, Literal["good", "warning", "note"]]:
    """What became of batches and groups, in a sentence, and whether that is good."""
    mixed, groups = _change(scores, _MIXED), _change(scores, _KEPT[:2])
    text = "Batches are " + _sentence(
        mixed,
        "better mixed than in the counts",
        "less mixed than in the counts",
        "as mixed as in the counts",
    )
    if math.isnan(groups):
        return f"{text}; groups were not scored.", "note"
    kept = _sentence(
        groups,
        "groups stand further apart",
        "groups are less apart, so biology was lost",
        "groups are as far apart as before",
    )
    is_good, is_kept = mixed > _CHANGE, groups >= -_CHANGE
    joint = "and" if is_good == is_kept else "but"
    return f"{text}, {joint} {kept}.", "good" if is_good and is_kept else _tone(mixed, groups)


def _tone(mixed: float, groups: float) -> Literal["warning", "note"]:
    return "warning" if min(mixed, groups) < -_CHANGE else "note"


def _change(scores: Scores, measures: tuple[tuple[str, str, str], ...]) -> float:
    """Mean change of some scores, of those that both have; NaN if none."""
    changes = [getattr(scores.after, n) - getattr(scores.before, n) for n, _, _ in measures]
    known = [change for change in changes if not math.isnan(change)]
    return sum(known) / len(known) if known else math.nan


def _sentence(change: float, more: str, less: str, same: str) -> str:
    if abs(change) <= _CHANGE:
        return same
    sign = "+" if change > 0 else ""
    return f"{more if change > 0 else less} ({sign}{number(change, 2)} on average)"


def _cells(name: str, title: str, help_text: str, scores: Scores) -> list[Cell]:
    before, after = getattr(scores.before, name), getattr(scores.after, name)
    before = 1.0 if name == "kept_neighbours" else before  # they are what is kept
    return [
        Cell(title, help=help_text),
        Cell(number(before, 2), before, help_text),
        Cell(number(after, 2), after, help_text),
    ]
