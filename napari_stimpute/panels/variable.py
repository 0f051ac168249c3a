"""Variable genes before and after imputing: which stay, which come, which go."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..job import Job
from ..progress import Progress
from ..session.session import Session
from .answer import Answer, began
from .groups import imputed_runs
from .menu import Choice, Entry, Menu
from .panel import Panel
from .table import Column, Table
from .work import Work, WorkState

if TYPE_CHECKING:
    from ..analysis.variable import VariableGenes

EXPLAINED = (
    "The most variable genes in the counts, and in the imputed values. A gene that appears only "
    "after imputing may have been revealed, or made up: look at both, side by side."
)
N_HELP = "How many of the most variable genes are compared."
MOST = 10_000
"""Genes that can be asked for; 0 chooses their number by the data."""

AUTOMATIC = "Automatic"
"""Stands for 0 of them."""

_LISTED = (
    Entry("All", "all"),
    Entry("Before and after", "both"),
    Entry("Only after imputing", "only_after"),
    Entry("Only before imputing", "only_before"),
)


def _rank(rank: float) -> str:
    return "–" if np.isnan(rank) else f"{rank:,.0f}"


_COLUMNS = (
    Column("before", "Rank before", "Place among the most variable genes by counts.", _rank),
    Column("after", "Rank after", "Place among them by imputed values.", _rank),
)


@dataclass(frozen=True)
class VariableState:
    """What the tab shows; ``n`` genes are asked for."""

    run: Menu
    n: int
    work: WorkState
    has_answer: bool
    summary: str
    listed: Menu


class VariablePanel(Panel[VariableState]):
    """Ranks genes by their counts and by what a run imputed; a click shows the gene."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.run = Choice("The run whose imputed values are ranked.")
        self.listed = Choice("Which genes the table lists.", _LISTED)
        self.n = 0
        self.work = Work(
            self,
            "variable",
            "Compute",
            "Rank the genes by their variability, before and after.",
            begin=self.compute,
            missing=lambda: self.session.contents.not_whole,
        )
        self.answer: Answer[VariableGenes] = Answer(self.work, self._about)
        self.table = Table("Variable genes", _COLUMNS, titles=lambda: session.contents.gene_titles)
        self.connections.add(session.events.contents, self._follow)
        self.connections.add(self.answer.changed, self._list)
        self.follow(self.work.changed)
        self._follow()

    # ---- actions -------------------------------------------------------------------------------

    def compute(self) -> Job[VariableGenes] | None:
        """Rank the genes in the background."""
        key, n, adata = self.run.name, self.n, self.session.adata
        if not key or adata is None:
            return None

        def ranking() -> Generator[Progress, None, VariableGenes]:
            from ..analysis import variable_genes

            yield Progress("rank", 0, 1, message="Ranking genes")
            found = variable_genes(adata, key, n)
            yield Progress("rank", 1, 1, message="Ranking genes")
            return found

        return self.answer.ask(ranking(), "Ranking genes")

    def choose_run(self, key: str) -> None:
        """Rank by what another run imputed."""
        self.run.choose(key)
        self.answer.check()
        self.refresh()

    def choose_n(self, n: int) -> None:
        """Compare so many genes, at most `MOST`; 0 chooses by the data."""
        self.n = n
        self.answer.check()
        self.refresh()

    def choose_listed(self, name: str) -> None:
        """List other genes."""
        self.listed.choose(name)
        self._list()

    # ---- within --------------------------------------------------------------------------------

    def _about(self) -> tuple[object, ...]:
        return self.run.name, self.n, began(self.session, self.run.name)

    def _follow(self) -> None:
        self.run.offer(imputed_runs(self.session), self.run.name or self.session.display.source)
        self.answer.check()
        self.refresh()

    def _list(self) -> None:
        found = self.answer.value
        self.table.show(None if found is None else _ranks(found, self.listed.name))
        self.refresh()

    def _resolve(self) -> VariableState:
        found = self.answer.value
        return VariableState(
            run=self.run.menu(self.work.why_wait() or self.session.contents.not_whole),
            n=self.n,
            work=self.work.state,
            has_answer=found is not None,
            summary="" if found is None else found.note,
            listed=self.listed.menu(),
        )


def _ranks(found: VariableGenes, listed: str) -> pd.DataFrame:
    """Both ranks of each gene that is to be listed, NaN where it has none."""
    genes = [*found.after, *(gene for gene in found.before if gene not in found.after)]
    ranks = pd.DataFrame(index=pd.Index(genes, name="gene"))
    for name, best in (("before", found.before), ("after", found.after)):
        ranks[name] = pd.Series(np.arange(1.0, len(best) + 1), index=list(best))
    is_before, is_after = ranks["before"].notna(), ranks["after"].notna()
    wanted = {
        "all": is_before | is_after,
        "both": is_before & is_after,
        "only_after": ~is_before,
        "only_before": ~is_after,
    }
    return ranks[wanted[listed]]
