"""Communities of genes that a run found: where they are active, their genes, their network."""

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ... import keys
from ...job import Job
from ...progress import Progress
from ...session.session import Session
from ...words import number, percent
from ..answer import Answer, began
from ..figures import Drawn, Figures
from ..groups import Groups, newest_first, safe_name
from ..menu import Choice, Menu, entries
from ..message import SILENT, Message, good, warning
from ..panel import Panel
from ..table import Cell, p_value, save_csv
from ..work import Work, WorkState

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...analysis.communities import CommunityMap, GeneNetwork

EXPLAINED = (
    "scIMTA groups genes that go together into communities. Here is where each community is "
    "active, measured in the counts, and which genes hold it together."
)
COLUMNS = (
    ("No.", "Name of the community. Choose a row for its genes and their network."),
    ("Active in", "The group in which its genes are highest on average."),
    ("Genes", "Genes in the community."),
    ("Adj. p", "That activity there differs from all others, adjusted (Wilcoxon)."),
    ("Markers", "Its genes among the 100 best markers of that group."),
    ("Var.", "Share of its genes that are among the variable genes of the data."),
)
"""Title and meaning of each column of the table."""

HEAT_MAP, NETWORK, ACTIVITY = "Heat map", "Network", "Show activity"
HEAT_MAP_HELP = "Activity of every community in every group, with its p."
NETWORK_HELP = "The best connected genes of the chosen community."
ACTIVITY_HELP = "Write its activity to obs, and show it."
EXPORT_HELP = "Write a row for every group and community to a file."

_NOT_FOUND = "Train scIMTA with gene communities."


@dataclass(frozen=True)
class CommunitiesState:
    """What the section shows.

    ``rows`` are those of the table, ``chosen`` the name of one ("" for none), ``summary`` what is
    said of it; ``no_figure`` and ``no_network`` say why none can be drawn.
    """

    run: Menu
    work: WorkState
    has_answer: bool
    rows: tuple[tuple[Cell, ...], ...]
    chosen: str
    summary: Message
    done: Message
    doubt: Message
    no_figure: str
    no_network: str


class CommunitiesPanel(Panel[CommunitiesState]):
    """Compares communities with groups, lists them, and draws the chosen one's network."""

    def __init__(self, session: Session, groups: Groups) -> None:
        super().__init__(session)
        self.groups = groups
        self.run = Choice("The run whose communities are looked at.")
        self.chosen = ""
        self.done = SILENT
        self.work = Work(
            self,
            "communities",
            "Compare with groups",
            "Find out where each community is active.",
            begin=self.compare,
            missing=self._missing,
        )
        self.answer: Answer[CommunityMap] = Answer(
            self.work,
            lambda: (self.groups.stamp, self.run.name, began(self.session, self.run.name)),
        )
        self.figures = Figures(self.work)
        for signal in (groups.changed, session.events.contents):
            self.connections.add(signal, self._check)
        self.connections.add(self.answer.changed, self._renew)
        self.follow(self.work.changed)
        self._check()

    # ---- actions -------------------------------------------------------------------------------

    def choose_run(self, key: str) -> None:
        """Choose the run whose communities are looked at."""
        self.run.choose(key)
        self._check()

    def compare(self) -> Job[CommunityMap] | None:
        """Compare the communities between groups, in the background."""
        from ...analysis.communities import community_steps

        adata = self.session.adata
        if adata is None or self._missing():
            return None
        steps = community_steps(adata, self.run.name, column=self.groups.column)
        return self.answer.ask(steps, "Comparing gene communities")

    def choose(self, community: str, ratio: float = 1.0) -> Job[Drawn] | None:
        """Tell of a community, and draw its network unless something else runs."""
        self.chosen, self.done = community, SILENT
        self.refresh()
        return None if self.session.is_busy else self.network(ratio)

    def network(self, ratio: float = 1.0) -> Job[Drawn] | None:
        """Draw the best connected genes of the chosen community."""
        from ...analysis.communities import gene_network
        from ...plots.communities import network_picture

        adata, key, community = self.session.adata, self.run.name, self.chosen
        if adata is None or not community:
            return None
        title = f"Community {community} of {key}"

        @cache  # what is saved is what was drawn, whatever became of the data
        def found() -> GeneNetwork:
            return gene_network(adata, key, community)

        def draw() -> Figure:
            net = found()
            return network_picture(net.genes, net.edges, net.weights, net.places, title=title)

        return self.figures.draw(title, draw, ratio)

    def heat_map(self, ratio: float = 1.0) -> Job[Drawn] | None:
        """Draw groups × communities."""
        from ...plots.communities import activity_map

        found = self.answer.value
        if found is None:
            return None
        shown = (found.activity, found.p_adjusted, found.clusters, found.communities)
        title = f"Gene communities by {self.groups.title}"
        return self.figures.draw(title, lambda: activity_map(*shown), ratio)

    def show_activity(self) -> Job[NDArray[np.float64]] | None:
        """Write the chosen community's activity into obs, and colour by it."""
        from ...analysis.communities import gene_network

        adata, key, community = self.session.adata, self.run.name, self.chosen
        if adata is None or not community:
            return None
        column = self.activity_column

        def measuring() -> Generator[Progress, None, NDArray[np.float64]]:
            yield Progress("measure", 0, 1, message=f"Measuring community {community}")
            return gene_network(adata, key, community).activity

        def take(activity: NDArray[np.float64]) -> None:
            self.session.write_column(column, activity)
            self.session.display.column = column
            self.done = good(f"Written to obs as “{column}”; the canvas shows it.")
            self.refresh()

        return self.work.run(measuring(), "Measuring activity", take)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a row for every group and community as CSV; how that went is said."""
        if self.answer.value is not None:
            self.done = save_csv(self.answer.value.table, path)
            self.refresh()

    @property
    def activity_column(self) -> str:
        """Name of the column that holds the activity of the chosen community."""
        return f"{self.run.name}_community_{safe_name(self.chosen)}_activity"

    @property
    def file_name(self) -> str:
        """A name for the file of all communities."""
        return f"{self.run.name}_communities.csv"

    # ---- within --------------------------------------------------------------------------------

    def _missing(self) -> str:
        return self.groups.missing() or ("" if self.run.name else _NOT_FOUND)

    def _renew(self) -> None:
        self.chosen, self.done = "", SILENT
        self.refresh()

    def _check(self) -> None:
        adata, runs = self.session.adata, newest_first(self.session)
        self.run.offer(
            entries((t, k) for t, k in runs if adata is not None and keys.community(k) in adata.var)
        )
        self.answer.check()
        self.refresh()

    def _resolve(self) -> CommunitiesState:
        wait, found = self.work.why_wait(), self.answer.value
        no_row = "" if self.chosen else "Choose a community first: click a row."
        return CommunitiesState(
            run=self.run.menu(wait or self._missing()),
            work=self.work.state,
            has_answer=found is not None,
            rows=() if found is None else tuple(_cells(found, c) for c in found.communities),
            chosen=self.chosen,
            summary=_summary(found, self.chosen) if found and self.chosen else SILENT,
            done=self.done,
            doubt=warning("" if found is None else "\n".join(found.notes)),
            no_figure=wait,
            no_network=wait or no_row,
        )


class _Fact(NamedTuple):
    """What is said of one community, where it is most active."""

    n_genes: int
    hub_genes: str
    variable: float
    cluster: str
    activity: float
    p: float
    n_shared: int
    expected: float
    overlap_p: float
    shared: str

    @classmethod
    def of(cls, found: CommunityMap, community: str) -> _Fact:
        """Gather it from a map."""
        facts: dict[Any, Any] = found.facts.loc[community].to_dict()
        overlap, cluster = found.overlap, str(facts["cluster"])
        is_it = (overlap["cluster"] == cluster) & (overlap["community"] == community)
        shared: dict[Any, Any] = overlap[is_it].iloc[0].to_dict()
        at = found.clusters.index(cluster), found.communities.index(community)
        return cls(
            int(facts["n_genes"]),
            str(facts["hub_genes"]),
            float(facts["variable"]),
            cluster,
            float(found.activity[at]),
            float(found.p_adjusted[at]),
            int(shared["n_shared"]),
            float(shared["expected"]),
            float(shared["p_adjusted"]),
            str(shared["genes"]),
        )


def _summary(found: CommunityMap, community: str) -> Message:
    fact = _Fact.of(found, community)
    shared = f": {_few(fact.shared)}" if fact.n_shared else ""
    return Message(
        f"Community {community}. Hub genes: {fact.hub_genes}. Of its {fact.n_genes:,} genes, "
        f"{fact.n_shared} are among the 100 best markers of “{fact.cluster}”, "
        f"{number(fact.expected, 1)} expected by chance (adjusted p {p_value(fact.overlap_p)})"
        f"{shared}."
    )


def _few(genes: str, most: int = 8) -> str:
    names = genes.split(", ")
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _cells(found: CommunityMap, community: str) -> tuple[Cell, ...]:
    fact = _Fact.of(found, community)
    hubs = f"Hub genes: {fact.hub_genes}"
    chance = f"{number(fact.expected, 1)} expected by chance; adjusted p {p_value(fact.overlap_p)}"
    order = float(community) if community.isdigit() else community
    return (
        Cell(community, order, hubs),
        Cell(fact.cluster, help=f"Mean activity {number(fact.activity, 2)} (mean z-score)"),
        Cell(f"{fact.n_genes:,}", fact.n_genes, hubs),
        Cell(p_value(fact.p), fact.p),
        Cell(str(fact.n_shared), fact.n_shared, chance),
        Cell(percent(fact.variable), fact.variable),
    )
