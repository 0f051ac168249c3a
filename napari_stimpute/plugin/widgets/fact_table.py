"""A small table of words and numbers, as high as it is long."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtCore import Signal as QtSignal  # type: ignore[attr-defined]
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
)

from ...panels.table import Cell
from .plain import tip

_SMALL = 0.9  # of the theme's letters
_PADDING = 14  # pixels beside a text
_WIDTH = 300  # pixels of a table at least
_MOST = 9  # rows that are seen at once
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class FactTable(QTableWidget):
    """A row for each of a few things; choosing one emits its name.

    Parameters
    ----------
    name : for screen readers
    columns : title and meaning of each; the first holds the name
    stretched : place of the column that takes what room is left
    """

    chosen = QtSignal(str)

    def __init__(
        self, name: str, columns: Sequence[tuple[str, str]], *, stretched: int = 0
    ) -> None:
        super().__init__(0, len(columns))
        self._drawn: Sequence[Sequence[Cell]] = ()
        self.setAccessibleName(name)
        for place, (title, help_text) in enumerate(columns):
            header = QTableWidgetItem(title)
            header.setToolTip(tip(help_text))
            self.setHorizontalHeaderItem(place, header)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        small = self.font()
        small.setPointSizeF(_SMALL * small.pointSizeF())
        self.setFont(small)
        top, side = self.horizontalHeader(), self.verticalHeader()
        assert top is not None and side is not None
        self._top = top
        side.setVisible(False)
        side.setDefaultSectionSize(self.fontMetrics().height() + 10)
        top.setHighlightSections(False)
        top.setMinimumSectionSize(20)
        top.setSectionResizeMode(stretched, QHeaderView.ResizeMode.Stretch)
        self._stretched = stretched
        self.itemSelectionChanged.connect(self._choose)

    def draw(self, rows: Sequence[Sequence[Cell]], chosen: str | None = None) -> None:
        """List rows, in this order until a header is clicked, and mark the one of this name.

        Parameters
        ----------
        chosen : name of the row that is to be marked, "" for none; None leaves that to the person
        """
        blocker = QSignalBlocker(self)
        if rows != self._drawn:
            self._drawn = rows
            self._fill(rows)
        if chosen is not None and self.name != chosen:
            self.clearSelection()
            self.setCurrentCell(self.row_of(chosen), 0)
        blocker.unblock()

    def row_of(self, name: str) -> int:
        """Where a name is listed; −1 if nowhere."""
        listed = [self.text_at(row, 0) for row in range(self.rowCount())]
        return listed.index(name) if name in listed else -1

    def text_at(self, row: int, column: int) -> str:
        """What is written in a cell."""
        item = self.item(row, column)
        return "" if item is None else item.text()

    @property
    def name(self) -> str:
        """The chosen row's name; "" if none is chosen."""
        return self.text_at(self.currentRow(), 0) if self.selectedItems() else ""

    def _fill(self, rows: Sequence[Sequence[Cell]]) -> None:
        self.setSortingEnabled(False)
        self.clearSelection()
        self.setRowCount(len(rows))
        for place, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                item = _Item(cell)
                if column and not isinstance(item.value, str):
                    item.setTextAlignment(_RIGHT)
                self.setItem(place, column, item)
        self._top.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        self._set_widths()
        row_high = self.verticalHeader().defaultSectionSize()  # type: ignore[union-attr]
        self.setFixedHeight(self._top.sizeHint().height() + 6 + row_high * min(len(rows), _MOST))

    def _set_widths(self) -> None:
        """As wide as the longest text, but no single column wider than a third of the table."""
        letters = self.fontMetrics()
        most = max(self.width(), _WIDTH) // 3
        for column in range(self.columnCount()):
            title = self.horizontalHeaderItem(column)
            texts = [self.text_at(row, column) for row in range(self.rowCount())]
            texts.append("" if title is None else f"{title.text()}0")
            if column != self._stretched:
                wide = max(letters.horizontalAdvance(text) for text in texts) + _PADDING
                self.setColumnWidth(column, min(wide, most))

    def _choose(self) -> None:
        if self.name:
            self.chosen.emit(self.name)


class _Item(QTableWidgetItem):
    def __init__(self, cell: Cell) -> None:
        super().__init__(cell.text)
        self.value = cell.text.casefold() if cell.value is None else cell.value
        self.setToolTip(tip(cell.help or cell.text))

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, _Item):
            return False
        if isinstance(self.value, str) or isinstance(other.value, str):
            return str(self.value) < str(other.value)
        return self.value < other.value
