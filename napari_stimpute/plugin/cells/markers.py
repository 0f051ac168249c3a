"""Marker genes of every group of spots: a table, and figures of them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from qtpy.QtWidgets import QComboBox, QPushButton

from ...data.counts import counts_of, size_factors
from ...job import Job
from ...session.session import COUNTS, Session
from ...words import percent
from ..statistics.differences import DIFFERENCE, SIGNIFICANT
from ..widgets.fact_table import ask_and_save
from ..widgets.table import Column, ResultTable
from ..widgets.words import Words, labelled, row
from ..widgets.work_box import Work
from .groups import Choice, Groups
from .section import Section, enable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...analysis.markers import GroupProfile, Markers

FINDING = "Finding markers"

_EXPLAINED = (
    "Genes with more molecules in one group than in all others. Tested on the counts, never on "
    "imputed values."
)
_METHODS: tuple[tuple[str, Literal["wilcoxon", "t-test"], str], ...] = (
    ("Wilcoxon, on counts", "wilcoxon", "Compares ranks: few very high values do not decide."),
    ("t-test, on counts", "t-test", "Compares means (Welch's t-test on log-normalised counts)."),
)
_N_DOTS = 4
"""Best markers of each group in the dot plot."""

_MOST_DOTS = 60
"""Genes in a dot plot at most: more can no longer be read."""

_OTHERS = Column("share_others", "Others", "Share of the others in which it was counted.", percent)


class MarkersSection(Section):
    """Finds the markers of all groups, and lists those of one; a click shows the gene."""

    def __init__(self, session: Session, groups: Groups) -> None:
        super().__init__(session, groups, _EXPLAINED)
        self.result: Markers | None = None
        self._make_controls()
        self._lay_out()
        self.connections.add(groups.changed, self._follow_groups)
        self.connections.add(session.events.adata, self._forget)
        self.connections.add(session.events.gene, self._enable)
        self._enable()

    @property
    def about(self) -> tuple[object, ...]:
        """Groups, and how they are compared."""
        return self.groups.stamp, self.method.currentData()

    def test(self) -> Job | None:
        """Test every gene in every group, in the background."""
        from ...analysis import marker_steps

        adata = self.ready
        if adata is None:
            return None
        steps = marker_steps(adata, self.groups.column, method=self.method.currentData())
        return self.ask(steps, FINDING, self._take)

    def dot_plot(self) -> Job | None:
        """Draw the best markers of all groups."""
        from ...analysis import profile
        from ...plots.markers import dot_plot

        adata, column = self.session.adata, self.groups.column
        if self.result is None or adata is None:
            return None
        per_group = max(1, min(_N_DOTS, _MOST_DOTS // len(self.result.groups)))
        best = self.result.top(per_group).values()
        genes = list(dict.fromkeys(gene for some in best for gene in some))

        @cache  # what is saved is what was drawn, whatever became of the data
        def measured() -> GroupProfile:
            return profile(adata, column, genes)

        return self.draw(f"Markers by {column}", lambda: dot_plot(measured()))

    def violins(self) -> Job | None:
        """Draw how the shown gene is spread in each group."""
        from ...plots.markers import violins

        adata, gene, names = self.session.adata, self.session.gene, list(self.groups.sizes())
        if adata is None or not gene:
            return None
        counts, colours = self.session.expression(gene, COUNTS), self.groups.colours(names)
        codes, known, _colours = self.session.labels(self.groups.column)
        place = np.array([names.index(n) if n in names else -1 for n in known] + [-1])

        @cache  # all counts are checked, and the figure is drawn again to be saved
        def values() -> NDArray[np.float64]:
            depth = size_factors(counts_of(adata, "X" if adata.raw is None else "raw"))
            return np.log1p(counts / depth)

        def draw() -> Figure:
            return violins({gene: values()}, place[codes], names, colours)

        return self.draw(f"{gene} by {self.groups.column}", draw)

    def volcano(self) -> Job | None:
        """Draw all genes of the chosen group."""
        from ...plots.markers import volcano

        if self.result is None:
            return None
        group, table = self.group.name, self.result.of(self.group.name)
        title = f"“{group}” against all others"
        return self.draw(f"Volcano of {group}", lambda: volcano(table, title=title))

    def _make_controls(self) -> None:
        self.method = QComboBox()
        self.group = Choice("The group whose genes are listed.")
        for title, name, help_text in _METHODS:
            self.method.addItem(title, name)
            self.method.setItemData(self.method.count() - 1, help_text, 3)
        self.method.setToolTip("How groups are compared. Depth is first made even by thinning.")
        self.method.currentIndexChanged.connect(lambda _index: self._follow_groups())
        self.group.activated.connect(lambda _index: self._list())
        self.work = Work(
            self.session,
            "Find markers",
            "Test every modelled gene in every group.",
            begin=self.test,
            missing=self.groups.missing,
            changed=self._enable,
        )
        self.summary, self.doubt, self.saved = Words("note"), Words("warning"), Words("good")
        self.table = ResultTable("Markers", (*DIFFERENCE, _OTHERS))
        self.table.export.setText("Export group…")
        self.table.export.setToolTip("Write the listed genes to a CSV file, in this order.")
        self.table.chosen.connect(self.show_gene)
        self.dots, self.violin = QPushButton("Dot plot"), QPushButton("Violins")
        self.volcano_button, self.export = QPushButton("Volcano"), QPushButton("Export all…")
        self.dots.setToolTip(f"The {_N_DOTS} best markers of each group, in all groups.")
        self.violin.setToolTip("How the shown gene is spread in each group.")
        self.volcano_button.setToolTip("Fold change and p of every gene, for the listed group.")
        self.export.setToolTip("Write the genes of every group to one CSV file.")
        self.dots.clicked.connect(lambda: self.dot_plot())
        self.violin.clicked.connect(lambda: self.violins())
        self.volcano_button.clicked.connect(lambda: self.volcano())
        self.export.clicked.connect(lambda: self._export())

    def _lay_out(self) -> None:
        self.page.addLayout(labelled([("Method", self.method)], width=80))
        self.page.addWidget(self.work)
        self.page.addWidget(self.answer)
        self.inner.addWidget(self.summary)
        self.inner.addWidget(self.doubt)
        self.inner.addLayout(labelled([("Group", self.group)], width=80))
        self.inner.addLayout(row(self.dots, self.violin, self.volcano_button))
        self.inner.addWidget(self.table)
        self.inner.addLayout(row(self.table.export, self.export))
        self.inner.addWidget(self.saved)

    def _take(self, markers: Markers) -> None:
        self.result = markers
        sizes = self.groups.sizes()
        place = self.session.place
        told = [(f"{name} ({sizes.get(name, 0):,} {place}s)", name) for name in markers.groups]
        self.group.offer(told)
        self.doubt.say("\n".join(markers.notes))
        self.saved.say("")
        self._list()
        self.answer.show()
        self._enable()

    def _list(self) -> None:
        if self.result is None:
            return
        group = self.group.name
        table = self.result.of(group).set_index("gene")
        is_marker = (table["p_adjusted"] < SIGNIFICANT) & (table["score"] > 0)
        self.summary.say(
            f"{int(is_marker.sum()):,} of {len(table):,} genes are higher in “{group}” than in all "
            f"others (adjusted p below {SIGNIFICANT}; {self.method.currentText()})."
        )
        self.table.show_table(table)

    def _export(self) -> None:
        if self.result is not None:
            name = f"markers_{self.groups.prefix}"
            ask_and_save(self, self.result.table, name, self.saved)

    def _follow_groups(self) -> None:
        if self.is_outdated:
            self._forget()
        self._enable()

    def _forget(self) -> None:
        self.result = None
        self.answer.hide()
        self.work.words.say("")
        self._enable()

    def _enable(self) -> None:
        self.work.enable()
        wait = self.work.why_wait()
        enable([self.method, self.group], wait or self.groups.missing())
        enable([self.dots, self.volcano_button, self.export], wait)
        no_gene = "" if self.session.gene else "Choose a gene first: click a row."
        enable([self.violin], wait or no_gene)
