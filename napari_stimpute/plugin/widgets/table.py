"""A table of genes and numbers, as Qt shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtCore import Signal as QtSignal  # type: ignore[attr-defined]
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from ...connections import Connections
from ...panels.table import Table
from .chip import ChipDelegate, widest_chip
from .saving import ask_where
from .words import Words

_NOWHERE = QModelIndex()
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_HEIGHT = 230
"""Pixels of a table at least."""

_SMALL = 0.9  # of the theme's letters: five columns fit beside one another


class TableView(QWidget):
    """Draws a `Table`; choosing a row emits the gene.

    Parameters
    ----------
    save : called with the place where the listed rows are to be written; the table's own saving,
        whose answer appears below, if there is none
    """

    chosen = QtSignal(str)

    def __init__(self, table: Table, save: Callable[[str], object] | None = None) -> None:
        super().__init__()
        self.table, self.model = table, TableModel(table)
        self.save = save or self.save_to
        self._is_marking, self._marked = False, -1
        self.view = QTableView()
        self.view.setModel(self.model)
        self.view.setAccessibleName(table.name)
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.view.setShowGrid(False)
        self.view.setMinimumHeight(_HEIGHT)
        self._set_letters()
        self.export = QPushButton("Export as CSV…")
        self.export.setToolTip("Write the listed genes to a file, in this order.")
        self.export.clicked.connect(
            lambda: ask_where(self, table.export_title, table.file_name, self.save)
        )
        self.words = Words("good")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        for widget in (self.view, self.export, self.words):
            layout.addWidget(widget)
        rows = self.view.selectionModel()
        assert rows is not None
        rows.currentRowChanged.connect(self._choose)
        self.connections = self.model.connections
        self.connections.add(table.changed, self._draw_saved)

    def save_to(self, path: str) -> None:
        """Write the listed rows as CSV; the answer appears below the table."""
        self.table.save(path)
        self._draw_saved()

    def _draw_saved(self) -> None:
        if self.save == self.save_to:
            self.words.draw(self.table.saved)

    def mark(self, row: int) -> None:
        """Show which row is seen on the canvas, −1 for none, without choosing it."""
        self._is_marking, self._marked = True, row
        if row < 0:
            self.view.clearSelection()
        else:
            self.view.selectRow(row)
            self.view.scrollTo(self.model.index(row, 0))
        self._is_marking = False

    def narrow(self) -> None:
        """Columns of numbers no wider than their titles: names of genes need the room."""
        header, letters = self.view.horizontalHeader(), self.view.fontMetrics()
        assert header is not None
        for place, column in enumerate(self.table.columns, start=1):
            if column.kind == "number":
                header.resizeSection(place, letters.horizontalAdvance(column.title + "0") + 12)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """The marked row stays in sight, also when the page is laid out at last."""
        super().resizeEvent(event)
        if self._marked >= 0:
            self.view.scrollTo(self.model.index(self._marked, 0))

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
        letters = self.view.fontMetrics()
        for place, column in enumerate(self.table.columns, start=1):
            if column.kind == "verdict":
                self.view.setItemDelegateForColumn(place, ChipDelegate(self.view))
                header.resizeSection(place, widest_chip(letters) + 8)
            else:
                widest = max(column.title + "00", column.widest, key=len)
                header.resizeSection(place, letters.horizontalAdvance(widest) + 18)
        ordered_by, ascending = self.table.order
        upwards, downwards = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder
        header.setSortIndicator(ordered_by, upwards if ascending else downwards)
        self.view.setSortingEnabled(True)

    def _choose(self, row: QModelIndex) -> None:
        if row.isValid() and not self._is_marking:
            self.chosen.emit(self.table.gene_at(row.row()))


class TableModel(QAbstractTableModel):
    """A `Table` in the words of Qt."""

    def __init__(self, table: Table) -> None:
        super().__init__()
        self.table = table
        self.connections = Connections()
        self.connections.add(table.changed, self._reset)

    def rowCount(self, parent: QModelIndex = _NOWHERE) -> int:
        """Genes."""
        return 0 if parent.isValid() else len(self.table.rows)

    def columnCount(self, parent: QModelIndex = _NOWHERE) -> int:
        """The gene's name, and what is said of it."""
        return 0 if parent.isValid() else len(self.table.columns) + 1

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Words of one cell."""
        if role == Qt.ItemDataRole.TextAlignmentRole and self._is_number(index.column()):
            return _RIGHT
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return self.table.text_at(index.row(), index.column())

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Title and meaning of a column."""
        if orientation == Qt.Orientation.Vertical:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole and self._is_number(section):
            return _RIGHT
        title, text = self.table.heading(section)
        roles = {Qt.ItemDataRole.DisplayRole: title, Qt.ItemDataRole.ToolTipRole: text}
        return roles.get(Qt.ItemDataRole(role))

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order by a column; equals stay in the order of the table."""
        self.table.sort(column, ascending=order == Qt.SortOrder.AscendingOrder)

    def _is_number(self, column: int) -> bool:
        return column > 0 and self.table.columns[column - 1].kind == "number"

    def _reset(self) -> None:
        self.beginResetModel()
        self.endResetModel()
