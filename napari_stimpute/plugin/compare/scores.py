"""What a comparison found, as far as it has come: a sentence, a table, and who wins which gene."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ...panels.scores import COLUMNS, WINNERS, Scores
from ...panels.table import Cell
from ..widgets.plain import tip
from ..widgets.words import Words, heading, hint
from .wins import GeneDots, WinBars

_PADDING = 4  # pixels beside a cell's text
_ARROW = 10  # pixels of the sign of the order in a heading


class ScoresView(QWidget):
    """Draws `Scores`; their genes can be clicked (`dots.chosen`).

    Parameters
    ----------
    sort : called with the column whose heading is clicked
    """

    def __init__(self, sort: Callable[[int], object]) -> None:
        super().__init__()
        self._drawn: tuple[Scores, int, bool] | None = None
        self.sentence, self.about_genes = Words("good"), hint("")
        self.table, self.bars, self.dots = _table(), WinBars(), GeneDots()
        self.header = self.table.horizontalHeader()
        assert self.header is not None
        self.header.sectionClicked.connect(sort)
        self.genes = QWidget()
        inner = QVBoxLayout(self.genes)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(heading(WINNERS))
        for part in (self.bars, self.about_genes, self.dots):
            inner.addWidget(part)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for widget in (self.sentence, self.table, self.genes):
            layout.addWidget(widget)

    def draw(self, scores: Scores, order: int, *, falls: bool) -> None:
        """Show these, whose rows are in this order."""
        if self._drawn == (scores, order, falls):
            return
        self._drawn = (scores, order, falls)
        self.sentence.draw(scores.sentence)
        self._fill(scores, order, falls)
        self.genes.setVisible(bool(scores.dots))
        self.bars.draw(scores.bars)
        self.dots.draw(scores.dots, scores.bars)
        self.about_genes.setText(scores.about_genes)

    def _fill(self, scores: Scores, order: int, falls: bool) -> None:
        assert self.header is not None
        way = Qt.SortOrder.DescendingOrder if falls else Qt.SortOrder.AscendingOrder
        self.header.setSortIndicator(order, way)
        self.table.clearSpans()
        self.table.setRowCount(len(scores.rows))
        for place, row in enumerate(scores.rows):
            is_scored = len(row) == len(COLUMNS)
            for column, cell in enumerate(row):
                self.table.setItem(place, column, _item(cell, is_number=is_scored and column > 0))
            if not is_scored:
                self.table.setSpan(place, 1, 1, len(COLUMNS) - 1)
        self._fit_columns(scores, order)
        self.table.resizeRowsToContents()
        for place in range(len(scores.rows)):
            self.table.setRowHeight(place, self.table.rowHeight(place) + _PADDING)
        heights = sum(self.table.rowHeight(place) for place in range(len(scores.rows)))
        frame = 2 * self.table.frameWidth()
        self.table.setFixedHeight(self.header.sizeHint().height() + heights + frame + 1)
        self.table.setVisible(bool(scores.rows))

    def _fit_columns(self, scores: Scores, order: int) -> None:
        """As narrow as the numbers allow: the names need what is left."""
        metrics, padding = self.table.fontMetrics(), 2 * _PADDING + 4
        scored = [row for row in scores.rows if len(row) == len(COLUMNS)]
        for column in range(1, len(COLUMNS)):
            texts = [text for row in scored for text in row[column].text.split("\n")]
            width = max([0, *map(metrics.horizontalAdvance, texts)])
            room = _ARROW if column == order else 0
            for line in COLUMNS[column][0].split("\n"):
                width = max(width, metrics.horizontalAdvance(line) + room)
            self.table.setColumnWidth(column, width + padding)


def _table() -> QTableWidget:
    table = QTableWidget(0, len(COLUMNS))
    table.setHorizontalHeaderLabels([name for name, _ in COLUMNS])
    for column, (_, sentences) in enumerate(COLUMNS):
        item = table.horizontalHeaderItem(column)
        assert item is not None
        item.setToolTip(tip(sentences))
    table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    table.setShowGrid(False)
    table.setStyleSheet(f"QHeaderView::section {{ padding: 3px {_PADDING}px; }}")
    table.setWordWrap(True)
    table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    header, side = table.horizontalHeader(), table.verticalHeader()
    assert header is not None and side is not None
    side.setVisible(False)
    header.setSectionsClickable(True)
    header.setSortIndicatorShown(True)
    header.setMinimumSectionSize(24)
    header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    return table


def _item(cell: Cell, *, is_number: bool) -> QTableWidgetItem:
    item = QTableWidgetItem(cell.text)
    side = Qt.AlignmentFlag.AlignRight if is_number else Qt.AlignmentFlag.AlignLeft
    item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
    item.setToolTip(tip(cell.help))
    return item
