"""A table of genes and numbers: sorted in numpy, walked through by row, saved as CSV."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtCore import Signal as QtSignal  # type: ignore[attr-defined]
from qtpy.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHeaderView,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from ...data.files import write_whole
from ...errors import StimputeError
from .words import Words

_NOWHERE = QModelIndex()
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_HEIGHT = 230
"""Pixels of a table at least."""

_SMALL = 0.9  # of the theme's letters: five columns fit beside one another


@dataclass(frozen=True)
class Column:
    """A column of a table: its name there, its title, what it means, and how a value is written."""

    name: str
    title: str
    help: str
    text: Callable[[Any], str]
    widest: str = "−0.000"
    """The widest value that is to be expected."""


class ResultTable(QWidget):
    """Genes with numbers; choosing a row emits the gene."""

    chosen = QtSignal(str)

    def __init__(self, name: str, columns: Sequence[Column]) -> None:
        super().__init__()
        self.name = name
        self.model = TableModel(columns)
        self.view = QTableView()
        self.view.setModel(self.model)
        self.view.setAccessibleName(name)
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.view.setShowGrid(False)
        self.view.setMinimumHeight(_HEIGHT)
        self._set_letters()
        self.export = QPushButton("Export as CSV…")
        self.export.setToolTip("Write the listed genes to a file, in this order.")
        self.export.clicked.connect(lambda: self._ask())
        self.words = Words("good")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        for widget in (self.view, self.export, self.words):
            layout.addWidget(widget)
        rows = self.view.selectionModel()
        assert rows is not None
        rows.currentRowChanged.connect(self._choose)

    def show_table(self, table: pd.DataFrame | None) -> None:
        """List the rows of a table whose index holds genes; None empties it."""
        self.words.say("")
        self.model.take(table)

    def save_to(self, path: str | Path) -> None:
        """Write the listed rows as CSV, in their order; the answer appears below the table."""
        listed = self.model.table.iloc[self.model.rows]
        try:
            place = write_whole(path, listed.to_csv(index_label="gene").encode())
            self.words.say(f"{len(listed):,} genes saved to {place}.", "good")
        except StimputeError as error:
            self.words.say(str(error), "error")

    def _set_letters(self) -> None:
        small = self.view.font()
        small.setPointSizeF(_SMALL * small.pointSizeF())
        self.view.setFont(small)
        header, side = self.view.horizontalHeader(), self.view.verticalHeader()
        assert header is not None and side is not None
        side.setVisible(False)
        side.setDefaultSectionSize(self.fontMetrics().height() + 10)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(20)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for place, column in enumerate(self.model.columns, start=1):
            widest = max(column.title + "00", column.widest, key=len)
            header.resizeSection(place, self.view.fontMetrics().horizontalAdvance(widest) + 12)
        header.setSortIndicator(-1, Qt.SortOrder.DescendingOrder)
        self.view.setSortingEnabled(True)

    def _choose(self, row: QModelIndex) -> None:
        if row.isValid():
            self.chosen.emit(self.model.gene_at(row.row()))

    def _ask(self) -> None:
        name = f"{self.name.lower().replace(' ', '_')}.csv"
        path, _ = QFileDialog.getSaveFileName(self, "Export table", name, "Table (*.csv)")
        if path:
            self.save_to(path if path.endswith(".csv") else f"{path}.csv")


class TableModel(QAbstractTableModel):
    """A table by gene, some of its columns shown, in an order of its own."""

    def __init__(self, columns: Sequence[Column]) -> None:
        super().__init__()
        self.columns = tuple(columns)
        self.table = pd.DataFrame(columns=[c.name for c in columns])
        self.rows: NDArray[np.intp] = np.zeros(0, dtype=np.intp)
        """Places in the table, in the order in which they are listed."""
        self._sorted = (-1, Qt.SortOrder.AscendingOrder)

    def take(self, table: pd.DataFrame | None) -> None:
        """Show another table in the order that was chosen last, at first its own."""
        self.beginResetModel()
        self.table = self.table.iloc[:0] if table is None else table
        self.rows = self._order()
        self.endResetModel()

    def gene_at(self, row: int) -> str:
        """Gene of a listed row."""
        return str(self.table.index[self.rows[row]])

    # ---- what Qt asks for ----------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex = _NOWHERE) -> int:
        """Genes."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex = _NOWHERE) -> int:
        """The gene's name, and what is said of it."""
        return 0 if parent.isValid() else len(self.columns) + 1

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Say one cell."""
        column = index.column()
        if role == Qt.ItemDataRole.TextAlignmentRole and column:
            return _RIGHT
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if column == 0:
            return self.gene_at(index.row())
        wanted = self.columns[column - 1]
        return wanted.text(self.table[wanted.name].iloc[self.rows[index.row()]])

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Title and meaning of a column."""
        if orientation == Qt.Orientation.Vertical:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole and section:
            return _RIGHT
        title, text = "Gene", "Choose a row to see the gene on the tissue."
        if section:
            title, text = self.columns[section - 1].title, self.columns[section - 1].help
        sentence = {Qt.ItemDataRole.DisplayRole: title, Qt.ItemDataRole.ToolTipRole: text}
        return sentence.get(Qt.ItemDataRole(role))

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order by a column; equals stay in the order of the table."""
        self.beginResetModel()
        self._sorted = (column, order)
        self.rows = self._order()
        self.endResetModel()

    def _order(self) -> NDArray[np.intp]:
        column, order = self._sorted
        if column < 0 or self.table.empty:
            return np.arange(len(self.table))
        if column == 0:
            values = pd.Series(self.table.index.astype(str).str.casefold())
        else:
            values = self.table[self.columns[column - 1].name].reset_index(drop=True)
        is_up = order == Qt.SortOrder.AscendingOrder
        return values.sort_values(ascending=is_up, kind="stable").index.to_numpy()
