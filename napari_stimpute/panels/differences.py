"""Differences between groups of spots, tested on counts; imputed values only after a question."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from ..data.columns import REST
from ..job import Job
from ..keys import COUNTS
from ..progress import Progress
from ..session.session import Session
from ..words import percent
from .answer import Answer, began, stamp_of
from .groups import NO_GROUPS, column_entries, imputed_runs, titled_groups
from .menu import Choice, Entry, Menu
from .message import SILENT, Message, warning
from .panel import Panel
from .table import DIFFERENCE, SIGNIFICANT, Column, Table
from .work import Work, WorkState

EXPLAINED = (
    "Which genes have more molecules in one group than in another, at the same depth. Tested on "
    "the counts of all genes, modelled or not, against as many spots drawn at random."
)
QUESTION = (
    "An imputed gene borrows the differences of other genes, so that genes which do not differ "
    "come out with tiny p-values. Test the counts, or take the table as a ranking and no more."
)
ACCEPT, DECLINE = "Test imputed values", "Use the counts"
ACCEPT_HELP = "Go on, and read the table as a ranking. This is asked only once."
DECLINE_HELP = "Go back to what was measured."
"""Answers to the question."""

_OTHERS = Column(
    "share_reference", "Others", "Share of the others in which it was counted.", percent
)


class Question(NamedTuple):
    """Which spots are compared with which others, by what values."""

    column: str
    group: str
    against: str
    source: str


class Differences(NamedTuple):
    """What a test found: a row per gene, and why its p-values cannot be taken at their word."""

    question: Question
    table: pd.DataFrame
    doubts: tuple[str, ...]


class _Testing(Work):
    cancelled = "Cancelled."


@dataclass(frozen=True)
class DifferencesState:
    """What the section shows; ``is_asking`` whether the question about imputed values stands."""

    column: Menu
    group: Menu
    against: Menu
    values: Menu
    is_asking: bool
    work: WorkState
    has_answer: bool
    summary: Message
    doubt: Message


class DifferencesPanel(Panel[DifferencesState]):
    """Tests one group against others, and lists the genes; a click shows the gene."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.column = Choice("Column that tells the groups apart: domains, types, conditions.")
        self.group = Choice("The group whose genes are looked for.")
        self.against = Choice("What it is compared with.")
        self.values = Choice("What is tested. Counts are what was measured.")
        self.accepted = False
        """Whether someone has agreed to test imputed values, once for as long as this is open."""
        self._is_asking = False
        self.work = _Testing(
            self,
            "differences",
            "Test",
            "Test every gene; of imputed values, every modelled gene.",
            begin=self.test,
            missing=self._missing,
            cancel_help="Stop.",
        )
        self.answer: Answer[Differences] = Answer(self.work)
        self.table = Table(
            "Differences between groups",
            (*DIFFERENCE, _OTHERS),
            titles=lambda: session.contents.gene_titles,
        )
        self.connections.add(session.events.adata, self._forget)
        self.connections.add(session.events.contents, self._follow)
        self.connections.add(self.answer.changed, self._list)
        self.follow(self.work.changed)
        self._follow()

    # ---- actions -------------------------------------------------------------------------------

    def test(self) -> Job[Differences] | None:
        """Test what is chosen, in the background; asks first where that is imputed values."""
        session, adata = self.session, self.session.adata
        asked = Question(self.column.name, self.group.name, self.against.name, self.values.name)
        if adata is None or not asked.group:
            return None
        if asked.source != COUNTS and not self.accepted:
            self._is_asking = True
            self.refresh()
            return None

        def testing() -> Generator[Progress, None, Differences]:
            from ..analysis import caution, differential_steps

            column, group, against, source = asked
            doubts = caution(adata, column, source=source)
            table = yield from differential_steps(
                adata, column, group, reference=against, source=source, accept_imputed=self.accepted
            )
            return Differences(asked, table, doubts)

        def about() -> object:
            return stamp_of(session, asked.column), began(session, asked.source)

        return self.answer.ask(testing(), "Testing groups", about)

    def accept(self) -> None:
        """Agree to test imputed values; it is not asked again."""
        self.accepted, self._is_asking = True, False
        self.test()
        self.refresh()

    def decline(self) -> None:
        """Go back to the counts."""
        self.choose_values(COUNTS)

    def choose_column(self, column: str) -> None:
        """Offer the groups of another column."""
        self.column.choose(column)
        self._follow()

    def choose_group(self, group: str) -> None:
        """Look for the genes of another group."""
        self.group.choose(group)
        self.refresh()

    def choose_against(self, group: str) -> None:
        """Compare with other spots."""
        self.against.choose(group)
        self.refresh()

    def choose_values(self, source: str) -> None:
        """Test counts, or what a run imputed."""
        self._is_asking = False
        self.values.choose(source)
        self.refresh()

    # ---- within --------------------------------------------------------------------------------

    def _follow(self) -> None:
        session = self.session
        self.answer.check()
        self.column.offer(column_entries(session), self.column.name)
        runs = [Entry(f"⚠ {run.title}", run.name) for run in imputed_runs(session)]
        self.values.offer([Entry("Counts", COUNTS), *runs])
        groups = titled_groups(session, self.column.name)
        self.group.offer(groups, self.group.name)
        self.against.offer([Entry("all others", REST), *groups], self.against.name)
        self.refresh()

    def _list(self) -> None:
        self.table.show(None if self.answer.value is None else self.answer.value.table)
        self.refresh()

    def _forget(self) -> None:
        self._is_asking = False
        self._follow()

    def _missing(self) -> str:
        if not self.column.name:
            return NO_GROUPS
        is_same = self.group.name == self.against.name
        return "Choose two different groups." if is_same else ""

    def _resolve(self) -> DifferencesState:
        found = self.answer.value
        why_not = self.work.why_wait() or ("" if self.column.name else NO_GROUPS)
        return DifferencesState(
            column=self.column.menu(why_not),
            group=self.group.menu(why_not),
            against=self.against.menu(why_not),
            values=self.values.menu(why_not),
            is_asking=self._is_asking,
            work=self.work.state,
            has_answer=found is not None,
            summary=SILENT if found is None else self._summary(found),
            doubt=warning("" if found is None else "\n".join(found.doubts)),
        )

    def _summary(self, found: Differences) -> Message:
        _column, group, against, source = found.question
        n = int((found.table["p_adjusted"] < SIGNIFICANT).sum())
        others = f"all other {self.session.place}s" if against == REST else against
        by = "the counts" if source == COUNTS else "imputed values"
        return Message(
            f"{n:,} of {len(found.table):,} genes differ between {group} and {others} (adjusted p "
            f"below {SIGNIFICANT}), tested on {by}."
        )
