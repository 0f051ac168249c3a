"""Marker genes of every group of spots: a table, and figures of them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ...data.counts import counts_of, size_factors
from ...job import Job
from ...keys import COUNTS
from ...session.session import Session
from ...words import counted, percent
from ..answer import Answer
from ..figures import Drawn, Figures
from ..groups import Groups
from ..menu import Choice, Entry, Menu
from ..message import SILENT, Message, warning
from ..panel import Panel
from ..table import DIFFERENCE, SIGNIFICANT, Column, Table, save_csv
from ..work import Work, WorkState

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...analysis.markers import GroupProfile, Markers

EXPLAINED = (
    "Genes with more molecules in one group than in all others. Tested on the counts of all genes, "
    "modelled or not, never on imputed values."
)
Method = Literal["permutation", "t-test"]

_METHODS = (
    Entry(
        "Permutation, on counts",
        "permutation",
        "Compares each count with what is usual at its depth, and each group with as many spots "
        "drawn at random.",
    ),
    Entry(
        "t-test, on counts",
        "t-test",
        "Compares means (Welch's t-test on log-normalised counts, thinned to even depth). Not for "
        "groups of fewer than 100, where it finds genes that do not differ.",
    ),
)
_IN_WORDS = {"permutation": "permutation of the counts", "t-test": "a t-test on the counts"}

N_DOTS = 4
"""Best markers of each group in the dot plot."""

_MOST_DOTS = 60
"""Genes in a dot plot at most: more can no longer be read."""

DOTS, VIOLINS, VOLCANO, ALL = "Dot plot", "Violins", "Volcano", "Export all"
"""Titles of the figures, and of the file of all groups."""

DOTS_HELP = f"The {N_DOTS} best markers of each group, in all groups."
VIOLINS_HELP = "How the shown gene is spread in each group."
VOLCANO_HELP = "Fold change and p of every gene, for the listed group."
ALL_HELP = "Write the genes of every group to one CSV file."

_OTHERS = Column("share_others", "Others", "Share of the others in which it was counted.", percent)


@dataclass(frozen=True)
class MarkersState:
    """What the section shows; ``no_figure`` and ``no_violins`` say why none can be drawn."""

    method: Menu
    group: Menu
    work: WorkState
    has_answer: bool
    summary: Message
    doubt: Message
    saved: Message
    no_figure: str
    no_violins: str


class MarkersPanel(Panel[MarkersState]):
    """Finds the markers of all groups, and lists those of one; a click shows the gene."""

    def __init__(self, session: Session, groups: Groups) -> None:
        super().__init__(session)
        self.groups = groups
        self.method = Choice("How groups are compared.", _METHODS)
        self.group = Choice("The group whose genes are listed.")
        self.saved = SILENT
        self.work = Work(
            self,
            "markers",
            "Find markers",
            "Test every gene in every group.",
            begin=self.find,
            missing=groups.missing,
        )
        self.answer: Answer[Markers] = Answer(
            self.work, lambda: (self.groups.stamp, self.method.name)
        )
        self.table = Table(
            "Markers", (*DIFFERENCE, _OTHERS), titles=lambda: session.contents.gene_titles
        )
        self.figures = Figures(self.work)
        self.connections.add(groups.changed, self._check)
        self.connections.add(self.answer.changed, self._list)
        self.follow(self.work.changed, session.display.changed)
        self.refresh()

    # ---- actions -------------------------------------------------------------------------------

    def find(self) -> Job[Markers] | None:
        """Test every gene in every group, in the background."""
        from ...analysis import marker_steps

        adata = self.session.adata
        if adata is None or self.groups.missing():
            return None
        method = next(m for m in get_args(Method) if m == self.method.name)
        return self.answer.ask(
            marker_steps(adata, self.groups.column, method=method), "Finding markers"
        )

    def choose_method(self, name: str) -> None:
        """Compare groups in another way; what was found in the other way goes away."""
        self.method.choose(name)
        self._check()

    def choose_group(self, name: str) -> None:
        """List the genes of another group."""
        self.group.choose(name)
        self._list()

    def save_all(self, path: str | os.PathLike[str]) -> None:
        """Write the genes of every group to one CSV file; how that went is said."""
        if self.answer.value is not None:
            self.saved = save_csv(self.answer.value.table, path)
            self.refresh()

    @property
    def file_name(self) -> str:
        """A name for the file of all groups."""
        return f"markers_{self.groups.prefix}.csv"

    def dot_plot(self, ratio: float = 1.0) -> Job[Drawn] | None:
        """Draw the best markers of all groups."""
        from ...analysis import profile
        from ...plots.markers import dot_plot

        adata, column, markers = self.session.adata, self.groups.column, self.answer.value
        if markers is None or adata is None:
            return None
        per_group = max(1, min(N_DOTS, _MOST_DOTS // len(markers.groups)))
        best = markers.top(per_group).values()
        genes = list(dict.fromkeys(gene for some in best for gene in some))

        @cache  # what is saved is what was drawn, whatever became of the data
        def measured() -> GroupProfile:
            return profile(adata, column, genes)

        return self.figures.draw(
            f"Markers by {self.groups.title}", lambda: dot_plot(measured()), ratio
        )

    def violins(self, ratio: float = 1.0) -> Job[Drawn] | None:
        """Draw how the shown gene is spread in each group."""
        from ...plots.markers import violins

        adata, gene = self.session.adata, self.session.display.gene
        if adata is None or not gene:
            return None
        names = list(self.groups.sizes())
        counts, colours = self.session.expression(gene, COUNTS), self.groups.colours(names)
        codes, known, _colours = self.session.labels(self.groups.column)
        place = np.array([names.index(n) if n in names else -1 for n in known] + [-1])

        @cache  # all counts are checked, and the figure is drawn again to be saved
        def values() -> NDArray[np.float64]:
            depth = size_factors(counts_of(adata, "X" if adata.raw is None else "raw"))
            spread: NDArray[np.float64] = np.log1p(counts / depth)
            return spread

        def draw() -> Figure:
            return violins({gene: values()}, place[codes], names, colours)

        return self.figures.draw(f"{gene} by {self.groups.title}", draw, ratio)

    def volcano(self, ratio: float = 1.0) -> Job[Drawn] | None:
        """Draw all genes of the listed group."""
        from ...plots.markers import volcano

        if self.answer.value is None:
            return None
        group, table = self.group.name, self.answer.value.of(self.group.name)
        title = f"“{group}” against all others"
        return self.figures.draw(f"Volcano of {group}", lambda: volcano(table, title=title), ratio)

    # ---- within --------------------------------------------------------------------------------

    def _list(self) -> None:
        markers = self.answer.value
        if markers is not None:
            sizes, place = self.groups.sizes(), self.session.place
            self.group.offer(
                Entry(f"{name} ({counted(sizes.get(name, 0), place)})", name)
                for name in markers.groups
            )
            self.table.show(markers.of(self.group.name).set_index("gene"))
            self.saved = SILENT
        self.refresh()

    def _check(self) -> None:
        self.answer.check()
        self.refresh()

    def _resolve(self) -> MarkersState:
        wait, markers = self.work.why_wait(), self.answer.value
        no_gene = "" if self.session.display.gene else "Choose a gene first: click a row."
        why_not = wait or self.groups.missing()
        return MarkersState(
            method=self.method.menu(why_not),
            group=self.group.menu(why_not),
            work=self.work.state,
            has_answer=markers is not None,
            summary=self._summary(),
            doubt=warning("" if markers is None else "\n".join(markers.notes)),
            saved=self.saved,
            no_figure=wait,
            no_violins=wait or no_gene,
        )

    def _summary(self) -> Message:
        if self.answer.value is None:
            return SILENT
        table = self.answer.value.of(self.group.name)
        is_marker = (table["p_adjusted"] < SIGNIFICANT) & (table["score"] > 0)
        return Message(
            f"{int(is_marker.sum()):,} of {len(table):,} genes are higher in “{self.group.name}” "
            f"than in all other {self.session.place}s: adjusted p below {SIGNIFICANT}, by "
            f"{_IN_WORDS[self.method.name]}."
        )
