"""All modelled genes with their verdicts: sort, filter, walk through them, export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QModelIndex, Qt, QTimer
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFileDialog,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from ...connections import Connections
from ...data.files import write_whole
from ...errors import StimputeError
from ...session.session import Session
from ...trust.verdict import trust_table
from ..widgets.chip import LOOKS
from ..widgets.connections import is_alive
from ..widgets.gene_model import VERDICT, ChipDelegate, GeneModel, column_widths
from ..widgets.words import Words, hint, row, shrinkable

if TYPE_CHECKING:
    import pandas as pd

_LOWEST = 220  # pixels of the table
_SMALL = 0.9  # of the theme's letters: five columns fit beside one another


class GeneTable(QWidget):
    """The list of one run's genes; choosing a row shows the gene."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.key = ""
        """The run whose genes are listed; "" for none."""
        self._is_stale = True
        self._make_controls()
        self._lay_out()
        events, self.connections = session.events, Connections()
        for event in (events.adata, events.contents, events.job):
            self.connections.add(event, self._refill)
        self.connections.add(session.display.changed, self._follow_display)
        self._refill()

    def save_to(self, path: str | Path) -> None:
        """Write the listed genes as CSV, in their order; the answer appears below the list."""
        table = self._table()
        if table is None:
            return
        listed = table.iloc[self.model.rows]
        try:
            place = write_whole(path, listed.to_csv(index_label="gene").encode())
            self.words.say(f"{len(listed):,} genes saved to {place}.", "good")
        except StimputeError as error:
            self.words.say(str(error), "error")

    # ---- controls ------------------------------------------------------------------------------

    def _make_controls(self) -> None:
        self.model = GeneModel()
        self.about, self.nothing = hint(""), hint("")
        self.text = QLineEdit()
        self.text.setPlaceholderText("Part of a name")
        self.text.setClearButtonEnabled(True)
        self.text.setToolTip("List only genes whose name holds this.")
        self.verdict = QComboBox()
        self.verdict.setToolTip("List only genes of one verdict.")
        shrinkable(self.verdict)
        self.text.textChanged.connect(lambda _text: self._filter())
        self.verdict.activated.connect(lambda _index: self._filter())
        self.table = QTableView()
        small = self.table.font()
        small.setPointSizeF(_SMALL * small.pointSizeF())
        self.table.setFont(small)
        self.table.setModel(self.model)
        self.table.setItemDelegateForColumn(VERDICT, ChipDelegate(self.table))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.setMinimumHeight(_LOWEST)
        self.table.setAccessibleName("Genes and their verdicts")
        self._set_headers()
        self.model.modelReset.connect(self._follow_gene)
        chosen = self.table.selectionModel()
        assert chosen is not None
        chosen.currentRowChanged.connect(self._choose)
        self.export = QPushButton("Export as CSV…")
        self.export.setEnabled(False)
        self.export.setToolTip("No gene is listed.")
        self.export.clicked.connect(lambda: self._ask())
        self.words = Words("good")

    def _set_headers(self) -> None:
        header, side = self.table.horizontalHeader(), self.table.verticalHeader()
        assert header is not None and side is not None
        side.setVisible(False)
        side.setDefaultSectionSize(self.fontMetrics().height() + 10)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(20)
        for place, width in enumerate(column_widths(self.table.fontMetrics())):
            if width:
                header.resizeSection(place, width)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSortIndicator(VERDICT, Qt.SortOrder.AscendingOrder)
        self.table.setSortingEnabled(True)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.about)
        self.found = QWidget()
        inner = QVBoxLayout(self.found)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(6)
        inner.addLayout(row(self.text, self.verdict))
        inner.addWidget(self.table, 1)
        inner.addWidget(self.export)
        inner.addWidget(self.words)
        layout.addWidget(self.found, 1)
        layout.addWidget(self.nothing)
        layout.addStretch(0)

    def _ask(self) -> None:
        name = f"{self.key}_genes.csv"
        path, _ = QFileDialog.getSaveFileName(self, "Export genes", name, "Table (*.csv)")
        if path:
            self.save_to(path if path.endswith(".csv") else f"{path}.csv")

    # ---- following the session -----------------------------------------------------------------

    def showEvent(self, event: QShowEvent | None) -> None:
        """Bring the list up to date: it is not filled while nobody looks."""
        super().showEvent(event)
        if self._is_stale:
            self._fill()
        QTimer.singleShot(0, self._follow_gene)  # once it is laid out, or it would not scroll there

    def _refill(self) -> None:
        self._is_stale = True
        if self.isVisible():
            self._fill()

    def _fill(self) -> None:
        session = self.session
        self._is_stale = False
        runs = session.contents.runs if session.adata is not None else ()
        self.key = (
            session.display.source if session.display.source in runs else runs[-1] if runs else ""
        )
        table = self._table()
        self.model.take(table)
        self._fill_verdicts()
        self.found.setVisible(table is not None)
        self.nothing.setText("" if table is not None else self._why_nothing())
        self.nothing.setVisible(table is None)
        self.about.setVisible(table is not None)
        if table is not None:
            title = session.contents.record(self.key).title
            self.about.setText(f"{title}: {len(table):,} genes. ↑ and ↓ show the next.")

    def _table(self) -> pd.DataFrame | None:
        adata = self.session.adata
        return trust_table(adata, self.key) if adata is not None and self.key else None

    def _why_nothing(self) -> str:
        if self.session.adata is None:
            return "Open data first: there are no genes yet."
        if not self.key:
            return "Nothing is imputed yet. Train a model: each of its genes gets a verdict here."
        return (
            "This result was not judged on hidden molecules, so there is no verdict to list. "
            "Train again with “Judge on hidden molecules”."
        )

    def _fill_verdicts(self) -> None:
        chosen, counts = str(self.verdict.currentData() or ""), self.model.counts()
        self.verdict.clear()
        self.verdict.addItem(f"All verdicts ({sum(counts.values()):,})", "")
        for verdict in LOOKS:
            self.verdict.addItem(f"{verdict.capitalize()} ({counts[verdict]:,})", verdict)
        self.verdict.setCurrentIndex(max(0, self.verdict.findData(chosen)))
        self._filter()

    def _filter(self) -> None:
        self.model.keep(self.text.text(), str(self.verdict.currentData() or ""))
        n = len(self.model.rows)
        self.export.setEnabled(n > 0)
        self.export.setToolTip(
            f"Save the {n:,} listed genes, in this order." if n else "No gene is listed."
        )
        self.words.say("" if n or not self.model.genes else "No gene matches.", "note")

    def _choose(self, now: QModelIndex, _before: QModelIndex) -> None:
        if now.isValid():
            self.session.display.column = ""
            self.session.display.gene = self.model.gene_at(now.row())

    def _follow_display(self, changed: frozenset[str]) -> None:
        if "source" in changed:
            self._refill()
        if "gene" in changed:
            self._follow_gene()

    def _follow_gene(self) -> None:
        """Mark the gene that is shown, if it is listed."""
        if not is_alive(self) or not self.isVisible():
            return
        place = self.model.row_of(self.session.display.gene)
        if place < 0:
            self.table.clearSelection()
        else:
            self.table.selectRow(place)
            self.table.scrollTo(self.model.index(place, 0))
