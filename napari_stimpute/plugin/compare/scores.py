"""What a comparison found, as far as it has come: a sentence, a table, and who wins which gene."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ...compare.comparison import Comparison
from ...compare.standing import Row, Wins, describe, leader, memory, rows, verdict, wins
from ...plots import categorical_palette
from ...words import duration, number, percent
from ..widgets.words import Words, heading, hint
from .wins import GeneDots, Genes, WinBars

_COLUMNS: tuple[tuple[str, str], ...] = (
    ("Method", "What predicted the hidden molecules."),
    (
        "Score\n%",
        "Share of the deviance of gene mean × depth that is explained, mean over splits ± "
        "their standard deviation. 0 is level with it, 100 would be perfect; much of the deviance "
        "is chance, so no method comes near.",
    ),
    ("Genes\nbetter", "Share of the genes that are predicted better than by gene mean × depth."),
    ("Time", "Of one fit and prediction, median over splits."),
    ("Memory", "What the program held at the peak beyond what it held before."),
)

_PADDING = 4  # pixels beside a cell's text
_ARROW = 10  # pixels of the sign of the order in a heading
_SCORE = 1
_NUMBERS: tuple[Callable[[Row], float], ...] = (
    lambda row: math.nan,
    lambda row: row.gain,
    lambda row: row.genes_better,
    lambda row: row.seconds,
    lambda row: row.memory,
)
_FALLING = (1, 2)
"""Columns that are sorted from the most when they are first clicked."""


class CompareView(QWidget):
    """Shows one comparison; its genes can be clicked (`dots.chosen`)."""

    def __init__(self) -> None:
        super().__init__()
        self.sentence = Words("good")
        self.table, self.bars, self.dots = _table(), WinBars(), GeneDots()
        self.genes_said = hint("")
        self._rows: list[Row] = []
        self._order, self._falls = _SCORE, True
        header = self.table.horizontalHeader()
        assert header is not None
        header.sectionClicked.connect(self._sort_by)
        self._genes = QWidget()
        inner = QVBoxLayout(self._genes)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(heading("Which method predicts which gene best"))
        for part in (self.bars, self.genes_said, self.dots):
            inner.addWidget(part)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for widget in (self.sentence, self.table, self._genes):
            layout.addWidget(widget)
        self.clear()

    def clear(self) -> None:
        """Show nothing."""
        self._rows = []
        self.sentence.say("")
        self.table.hide()
        self._genes.hide()

    def show_it(self, comparison: Comparison, *, ended: bool) -> None:
        """Follow a comparison; the sentence waits for its end."""
        won = wins(comparison)
        found = rows(comparison)  # afterwards: while it runs, scores only become more
        failed = comparison.failures
        self._rows = [row for row in found if row.n or ended or row.method.name in failed]
        if ended:
            sentences = [
                verdict(comparison),
                *(describe(row) for row in found if row.reason and row.n),
            ]
            if not comparison.is_complete:
                sentences.insert(0, "Stopped early: this comparison is incomplete.")
            is_good = comparison.is_complete and leader(comparison) is not None
            self.sentence.say("\n".join(sentences), "good" if is_good else "warning")
        self._fill()
        self._show_genes(comparison, won)

    # ---- the table -----------------------------------------------------------------------------

    def _sort_by(self, column: int) -> None:
        falls = column in _FALLING
        self._falls = not self._falls if column == self._order else falls
        self._order = column
        self._fill()

    def _fill(self) -> None:
        header = self.table.horizontalHeader()
        assert header is not None
        way = Qt.SortOrder.DescendingOrder if self._falls else Qt.SortOrder.AscendingOrder
        header.setSortIndicator(self._order, way)
        listed = self._sorted()
        self.table.clearSpans()
        self.table.setRowCount(len(listed))
        for place, row in enumerate(listed):
            for column, text in enumerate(self._cells(row)):
                self.table.setItem(place, column, _item(text, column, row))
            if not row.n:
                self.table.setSpan(place, 1, 1, len(_COLUMNS) - 1)
        self._fit_columns()
        self.table.resizeRowsToContents()
        for place in range(len(listed)):
            self.table.setRowHeight(place, self.table.rowHeight(place) + _PADDING)
        heights = sum(self.table.rowHeight(place) for place in range(len(listed)))
        frame = 2 * self.table.frameWidth()
        self.table.setFixedHeight(header.sizeHint().height() + heights + frame + 1)
        self.table.setVisible(bool(listed))

    def _fit_columns(self) -> None:
        """As narrow as the numbers allow: the names need what is left."""
        metrics, padding = self.table.fontMetrics(), 2 * _PADDING + 4
        for column in range(1, len(_COLUMNS)):
            scored = [row for row in self._rows if row.n]
            texts = [text for row in scored for text in self._cells(row)[column].split("\n")]
            width = max([0, *map(metrics.horizontalAdvance, texts)])
            room = _ARROW if column == self._order else 0
            for line in _COLUMNS[column][0].split("\n"):
                width = max(width, metrics.horizontalAdvance(line) + room)
            self.table.setColumnWidth(column, width + padding)

    def _sorted(self) -> list[Row]:
        """Scored rows in the chosen order, then the others."""
        scored = [row for row in self._rows if row.n]
        if self._order == 0:
            scored.sort(key=lambda row: row.title.lower(), reverse=self._falls)
        else:
            scored.sort(key=_NUMBERS[self._order], reverse=self._falls)
        return [*scored, *(row for row in self._rows if not row.n)]

    def _cells(self, row: Row) -> Sequence[str]:
        if not row.n:
            return (row.title, row.reason.removeprefix(f"{row.title} "))
        spread = f" ± {number(100 * row.spread, 1)}" if row.n > 1 else ""
        return (
            row.title,
            number(100 * row.gain, 1) + spread,
            percent(row.genes_better),
            _in_lines(duration(row.seconds)),
            memory(row.memory),
        )

    # ---- the genes -----------------------------------------------------------------------------

    def _show_genes(self, comparison: Comparison, won: Wins) -> None:
        self._genes.setVisible(won.n_judged > 0)
        if not won.n_judged:
            return
        ranked = [row.title for row in self._rows if row.n]
        colors = dict(zip(ranked, categorical_palette(len(ranked)), strict=True))
        titles = {method.name: method.title for method in won.methods}
        self.bars.show_shares({titles[n]: share for n, share in won.shares.items()}, colors)
        places = [place for place, winner in enumerate(won.winner) if winner >= 0]
        self.dots.show_genes(
            Genes(
                [comparison.genes[place] for place in places],
                [won.methods[won.winner[place]].title for place in places],
                won.hidden[places],
                won.gain[places],
            ),
            colors,
        )
        self.genes_said.setText(_about_genes(won, len(comparison.genes)))


def _in_lines(time: str) -> str:
    """Minutes above seconds: a long time would leave no room for the names."""
    return time.replace(" min ", " min\n").replace(" h ", " h\n")


def _about_genes(won: Wins, n: int) -> str:
    steady = ""
    if won.n_seeds > 1:
        steady = f"In {percent(won.steady)} of them one method won every split. "
    return (
        f"{won.n_judged:,} of {n:,} genes have enough hidden molecules to be judged. {steady}"
        "Each is a dot below: the further right, the more hidden molecules; the higher, the "
        "better its winner predicts them."
    )


def _table() -> QTableWidget:
    table = QTableWidget(0, len(_COLUMNS))
    table.setHorizontalHeaderLabels([name for name, _ in _COLUMNS])
    for column, (_, sentences) in enumerate(_COLUMNS):
        item = table.horizontalHeaderItem(column)
        assert item is not None
        item.setToolTip(sentences)
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


def _item(text: str, column: int, row: Row) -> QTableWidgetItem:
    item = QTableWidgetItem(text)
    is_number = column > 0 and row.n > 0
    side = Qt.AlignmentFlag.AlignRight if is_number else Qt.AlignmentFlag.AlignLeft
    item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
    item.setToolTip(row.method.about if column == 0 else row.reason)
    return item
