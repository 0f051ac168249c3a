"""Variable genes before and after imputing: which stay, which come, which go."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QLabel,
    QPushButton,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ...connections import Connections
from ...errors import in_words
from ...job import Job, JobState
from ...progress import Progress
from ...session.session import Session
from ..canvas.view import SpotsView
from ..widgets.connections import is_alive
from ..widgets.words import Words, hint, labelled

_COLUMNS = ("Gene", "Rank before", "Rank after")
_EXPLAINED = (
    "The most variable genes in the counts, and in the imputed values. A gene that appears only "
    "after imputing may have been revealed, or made up: look at both maps."
)


_ONLY_BEFORE = "Only before imputing"
_KEPT: dict[str, Callable[[dict[str, int], dict[str, int]], list[str]]] = {
    "All": lambda before, after: [*after, *(g for g in before if g not in after)],
    "Before and after": lambda before, after: [g for g in before if g in after],
    "Only after imputing": lambda before, after: [g for g in after if g not in before],
    _ONLY_BEFORE: lambda before, after: [g for g in before if g not in after],
}


class VariablePanel(QWidget):
    """A table of both rankings; a click shows the gene on both maps."""

    def __init__(self, session: Session, view: SpotsView) -> None:
        super().__init__()
        self.session, self.view = session, view
        self.result: Any = None
        self._job: Job[Any] | None = None
        self._make_controls()
        self._lay_out()
        self.connections = Connections()
        for event in (session.events.adata, session.events.job, session.events.contents):
            self.connections.add(event, self._follow)
        self.connections.add(session.events.adata, self._forget)
        self._follow()

    def compute(self) -> Job[Any] | None:
        """Rank the genes in the background."""
        key, n, adata = str(self.run.currentData()), self.n.value(), self.session.adata
        if not key or adata is None:
            return None
        self.words.say("")

        def ranking() -> Any:
            from ...analysis import variable_genes

            yield Progress("rank", 0, 1)
            self.result = variable_genes(adata, key, n)
            yield Progress("rank", 1, 1)

        self._job = Job(ranking(), "Ranking genes")
        self._job.finished.connect(self._finish, thread="current")
        self._enable()
        return self._job.start()

    def _make_controls(self) -> None:
        self.run = QComboBox()
        self.run.setToolTip("The run whose imputed values are ranked.")
        self.n = QSpinBox()
        self.n.setRange(0, 10_000)
        self.n.setSingleStep(50)
        self.n.setSpecialValueText("Automatic")
        self.n.setToolTip("How many of the most variable genes are compared.")
        self.kept = QComboBox()
        self.kept.addItems(list(_KEPT))
        self.kept.setToolTip("Which genes the table lists.")
        self.kept.activated.connect(lambda _index: self._fill())
        self.button = QPushButton("Compute")
        self.button.clicked.connect(lambda: self.compute())
        self.words, self.summary = Words("error"), QLabel("")
        self.summary.setWordWrap(True)
        self.table = QTableWidget(0, len(_COLUMNS))
        self.table.setHorizontalHeaderLabels(list(_COLUMNS))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSortingEnabled(True)
        self.table.itemSelectionChanged.connect(self._show_selected)
        header, side = self.table.horizontalHeader(), self.table.verticalHeader()
        assert header is not None and side is not None
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        side.setVisible(False)
        self.maps = QPushButton("Show both maps")
        self.maps.setCheckable(True)
        self.maps.toggled.connect(self._show_maps)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addWidget(hint(_EXPLAINED))
        layout.addLayout(labelled([("Run", self.run), ("Genes", self.n)]))
        for widget in (self.button, self.words, self.summary):
            layout.addWidget(widget)
        self.found = QWidget()
        inner = QVBoxLayout(self.found)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addLayout(labelled([("Listed", self.kept)]))
        inner.addWidget(self.maps)
        inner.addWidget(self.table, 1)
        layout.addWidget(self.found, 1)
        layout.addStretch(0)

    def _finish(self, state: JobState) -> None:
        job, self._job = self._job, None
        if not is_alive(self):
            return
        self._enable()
        if state is JobState.FAILED and job is not None:
            self.words.say(in_words(job.error), "error")
        elif self.result is not None:
            self._fill()

    def _fill(self) -> None:
        before = {gene: i + 1 for i, gene in enumerate(self.result.before)}
        after = {gene: i + 1 for i, gene in enumerate(self.result.after)}
        genes = _KEPT[str(self.kept.currentText())](before, after)
        self.table.setSortingEnabled(False)
        self.table.setRowCount(len(genes))
        for place, gene in enumerate(genes):
            self.table.setItem(place, 0, QTableWidgetItem(gene))
            self.table.setItem(place, 1, _Rank(before.get(gene)))
            self.table.setItem(place, 2, _Rank(after.get(gene)))
        self.table.setSortingEnabled(True)
        self.table.sortItems(1 if self.kept.currentText() == _ONLY_BEFORE else 2)
        self.summary.setText(self.result.note)
        self._enable()

    def _show_selected(self) -> None:
        row = self.table.currentRow()
        item = self.table.item(row, 0) if row >= 0 else None
        if item is not None and self.session.adata is not None:
            self.session.display.column = ""
            self.session.display.gene = item.text()

    def _show_maps(self, wanted: bool) -> None:
        if wanted:
            self.view.side_by_side.start()
        else:
            self.view.side_by_side.stop()

    def _forget(self) -> None:
        self.result = None
        self.table.setRowCount(0)
        self.summary.setText("")
        self._enable()

    def _follow(self) -> None:
        chosen = self.run.currentData() or self.session.display.source
        self.run.clear()
        for source in self.session.contents.sources:
            if source.name in self.session.contents.runs:
                self.run.addItem(source.title, source.name)
        self.run.setCurrentIndex(max(0, self.run.findData(chosen)))
        self._enable()

    def _enable(self) -> None:
        has_run = bool(self.session.contents.runs)
        reason = "" if has_run else "Train a model first: nothing is imputed yet."
        ranking = self._job is not None
        self.button.setText("Ranking…" if ranking else "Compute")
        self.button.setEnabled(has_run and not ranking)
        self.button.setToolTip(reason or "Rank the genes by their variability, before and after.")
        self.maps.setEnabled(has_run and not self.view.no_map)
        self.maps.setToolTip(reason or "Counts and imputed, side by side on one scale.")
        for widget in (self.run, self.n):
            widget.setEnabled(has_run)
        self.summary.setVisible(bool(self.summary.text()))
        self.found.setVisible(self.result is not None)
        if not has_run:
            self.words.say(reason, "note")
        elif self.words.tone == "note":
            self.words.say("")


class _Rank(QTableWidgetItem):
    """A rank that sorts as a number; no rank comes last."""

    def __init__(self, rank: int | None) -> None:
        super().__init__("–" if rank is None else f"{rank:,}")
        self.rank = math.inf if rank is None else rank
        self.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def __lt__(self, other: object) -> bool:
        return isinstance(other, _Rank) and self.rank < other.rank
