"""Communities of genes that a run found: where they are active, their genes, their network."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from qtpy.QtWidgets import QPushButton

from ... import keys
from ...job import Job
from ...panels.answer import began
from ...panels.groups import Groups, safe_name
from ...panels.groups import newest_first as runs_of
from ...progress import Progress
from ...session.session import Session
from ...words import number, percent
from ..statistics.differences import p_value
from ..widgets.fact_table import Cell, FactTable, ask_and_save
from ..widgets.old_choice import Choice
from ..widgets.old_work import Work
from ..widgets.words import Words, labelled, row
from .section import Section, enable

if TYPE_CHECKING:
    from collections.abc import Generator

    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from ...analysis.communities import CommunityMap, GeneNetwork

COMPARING_COMMUNITIES = "Comparing gene communities"
MEASURING = "Measuring activity"

_EXPLAINED = (
    "scIMTA groups genes that go together into communities. Here is where each community is "
    "active, measured in the counts, and which genes hold it together."
)
_NOT_FOUND = "Train scIMTA with gene communities."
_COLUMNS = (
    ("No.", "Name of the community. Choose a row for its genes and their network."),
    ("Active in", "The group in which its genes are highest on average."),
    ("Genes", "Genes in the community."),
    ("Adj. p", "That activity there differs from all others, adjusted (Wilcoxon)."),
    ("Markers", "Its genes among the 100 best markers of that group."),
    ("Var.", "Share of its genes that are among the variable genes of the data."),
)


class CommunitiesSection(Section):
    """Compares communities with groups, lists them, and draws the chosen one's network."""

    def __init__(self, session: Session, groups: Groups) -> None:
        super().__init__(session, groups, _EXPLAINED)
        self.result: CommunityMap | None = None
        self._make_controls()
        self._lay_out()
        self.connections.add(groups.changed, self._follow)
        self.connections.add(session.events.contents, self._follow)
        self.connections.add(session.events.contents, self._follow)
        self.connections.add(session.events.adata, self._follow)
        self._follow()

    @property
    def key(self) -> str:
        """The chosen run; "" if none has communities."""
        return self.run.name

    @property
    def about(self) -> tuple[object, ...]:
        """Groups, and the run that found the communities."""
        return self.groups.stamp, self.key, began(self.session, self.key)

    def compare(self) -> Job[Any] | None:
        """Compare the communities between groups, in the background."""
        adata, key, column = self.ready, self.key, self.groups.column
        if adata is None:
            return None

        def comparing() -> Generator[Progress, None, CommunityMap]:
            from ...analysis.communities import community_steps

            return (yield from community_steps(adata, key, column=column))

        return self.ask(comparing(), COMPARING_COMMUNITIES, self._take)

    def heat_map(self) -> Job[Any] | None:
        """Draw groups × communities."""
        from ...plots.communities import activity_map

        found = self.result
        if found is None:
            return None
        drawn = (found.activity, found.p_adjusted, found.clusters, found.communities)
        title = f"Gene communities by {self.groups.column}"
        return self.draw(title, lambda: activity_map(*drawn))

    def choose(self, community: str) -> Job[Any] | None:
        """Tell of a community, and draw its network as soon as nothing else runs."""
        self._tell(community)
        self._enable()
        return None if self.session.is_busy else self.network(community)

    def network(self, community: str) -> Job[Any] | None:
        """Draw the best connected genes of a community."""
        from ...analysis.communities import network
        from ...plots.communities import network_picture

        adata, key = self.session.adata, self.key
        if adata is None or not key:
            return None
        title = f"Community {community} of {key}"

        @cache  # what is saved is what was drawn, whatever became of the data
        def found() -> GeneNetwork:
            return network(adata, key, community)

        def draw() -> Figure:
            net = found()
            return network_picture(net.genes, net.edges, net.weights, net.places, title=title)

        return self.draw(title, draw)

    def show_activity(self) -> Job[Any] | None:
        """Write the chosen community's activity into obs, and colour the canvas by it."""
        from ...analysis.communities import network

        adata, key, community = self.session.adata, self.key, self.table.name
        if adata is None or not community:
            return None
        column = f"{key}_community_{safe_name(community)}_activity"

        def measuring() -> Generator[Progress, None, NDArray[np.float64]]:
            yield Progress("measure", 0, 1, message=f"Measuring community {community}")
            return network(adata, key, community).activity

        def take(activity: NDArray[np.float64]) -> None:
            self.session.write_column(column, activity)
            self.session.display.column = column
            self.done.say(f"Written to obs as “{column}”; the canvas shows it.", "good")

        return self.work.run(measuring(), MEASURING, take)

    def _make_controls(self) -> None:
        self.run = Choice("The run whose communities are looked at.")
        self.run.activated.connect(lambda _index: self._follow())
        self.work = Work(
            self.session,
            "Compare with groups",
            "Find out where each community is active.",
            begin=self.compare,
            missing=self._missing,
            changed=self._enable,
        )
        self.table = FactTable("Gene communities", _COLUMNS, stretched=1)
        self.table.chosen.connect(self.choose)
        self.map_button, self.show_button = QPushButton("Heat map"), QPushButton("Show activity")
        self.net_button, self.export = QPushButton("Network"), QPushButton("Export as CSV…")
        self.map_button.setToolTip("Activity of every community in every group, with its p.")
        self.net_button.setToolTip("The best connected genes of the chosen community.")
        self.show_button.setToolTip("Write its activity to obs, and show it.")
        self.export.setToolTip("Write a row for every group and community to a file.")
        self.map_button.clicked.connect(lambda: self.heat_map())
        self.net_button.clicked.connect(lambda: self.network(self.table.name))
        self.show_button.clicked.connect(lambda: self.show_activity())
        self.export.clicked.connect(lambda: self._export())
        self.told, self.doubt, self.done = Words("note"), Words("warning"), Words("good")

    def _lay_out(self) -> None:
        self.page.addLayout(labelled([("Run", self.run)], width=80))
        self.page.addWidget(self.work)
        self.page.addWidget(self.answer)
        self.inner.addWidget(self.map_button)
        self.inner.addWidget(self.table)
        self.inner.addWidget(self.told)
        self.inner.addLayout(row(self.net_button, self.show_button))
        for widget in (self.export, self.done, self.doubt):
            self.inner.addWidget(widget)

    def _take(self, found: CommunityMap) -> None:
        self.result = found
        self.table.fill([_cells(found, community) for community in found.communities])
        self.doubt.say("\n".join(found.notes))
        self.told.say("")
        self.done.say("")
        self.answer.show()
        self._enable()

    def _tell(self, community: str) -> None:
        found = self.result
        if found is None:
            return
        fact = Fact.of(found, community)
        shared = f": {_few(fact.shared)}" if fact.n_shared else ""
        self.told.say(
            f"Community {community}. Hub genes: {fact.hub_genes}. Of its {fact.n_genes:,} genes, "
            f"{fact.n_shared} are among the 100 best markers of “{fact.cluster}”, "
            f"{number(fact.expected, 1)} expected by chance (adjusted p {p_value(fact.overlap_p)})"
            f"{shared}."
        )
        self.done.say("")

    def _export(self) -> None:
        if self.result is not None:
            ask_and_save(self, self.result.table, f"{self.key}_communities", self.done)

    def _missing(self) -> str:
        return self.groups.missing() or ("" if self.key else _NOT_FOUND)

    def _follow(self) -> None:
        adata = self.session.adata
        runs = runs_of(self.session) if adata is not None else []
        self.run.offer([(t, k) for t, k in runs if adata and keys.community(k) in adata.var])
        if self.is_outdated or not self.key:
            self.result = None
            self.answer.hide()
        self._enable()

    def _enable(self) -> None:
        self.work.enable()
        wait = self.work.why_wait()
        enable([self.run], wait or self._missing())
        enable([self.map_button, self.export], wait)
        no_row = "" if self.table.name else "Choose a community first: click a row."
        enable([self.net_button, self.show_button], wait or no_row)


class Fact(NamedTuple):
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
    def of(cls, found: CommunityMap, community: str) -> Fact:
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


def _few(genes: str, most: int = 8) -> str:
    names = genes.split(", ")
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _cells(found: CommunityMap, community: str) -> list[Cell]:
    fact = Fact.of(found, community)
    hubs = f"Hub genes: {fact.hub_genes}"
    chance = f"{number(fact.expected, 1)} expected by chance; adjusted p {p_value(fact.overlap_p)}"
    order = float(community) if community.isdigit() else community
    return [
        Cell(community, order, hubs),
        Cell(fact.cluster, help=f"Mean activity {number(fact.activity, 2)} (mean z-score)"),
        Cell(f"{fact.n_genes:,}", fact.n_genes, hubs),
        Cell(p_value(fact.p), fact.p),
        Cell(str(fact.n_shared), fact.n_shared, chance),
        Cell(percent(fact.variable), fact.variable),
    ]
