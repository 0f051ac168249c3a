"""The rows of the gene list: judged genes, sorted and filtered in numpy.

A proxy model asks Python for every single comparison; here 20,000 genes are sorted in one call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QAbstractTableModel, QModelIndex, QRectF, Qt
from qtpy.QtGui import QFontMetrics, QPainter
from qtpy.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from ...words import percent
from .chip import LOOKS, chip_height, chip_width, draw_chip

if TYPE_CHECKING:
    import pandas as pd

VERDICT = 1
"""Number of the column that is drawn as a chip."""

_NOWHERE = QModelIndex()
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def _gain(share: float) -> str:
    """4.6 %, or 74 %: as many digits as a narrow column holds."""
    return percent(share, 0 if abs(share) >= 0.0995 else 1)


@dataclass(frozen=True)
class Column:
    """One column: its name in the table of verdicts, its title and what it means."""

    name: str
    title: str
    help: str
    text: Callable[[Any], str]


COLUMNS = (
    Column("gene", "Gene", "Every gene that the model imputed.", str),
    Column("verdict", "Verdict", "Whether the imputed gene can be believed.", str.capitalize),
    Column(
        "gain",
        "Gain",
        "Share of the differences, which gene mean × depth leaves open, that is "
        "explained on hidden molecules.",
        _gain,
    ),
    Column("hidden", "Hidden", "Molecules hidden before training, to judge by.", "{:,}".format),
    Column("model_weight", "Model", "Share of the model in the blend that is shown.", percent),
)


def column_widths(metrics: QFontMetrics) -> list[int]:
    """Width of each column, in pixels; 0 for the name, which takes what is left."""
    verdict = max(chip_width(metrics, verdict) for verdict in LOOKS) + 8
    numbers = [metrics.horizontalAdvance(c.title + "0") + 12 for c in COLUMNS[VERDICT + 1 :]]
    return [0, verdict, *numbers]


class GeneModel(QAbstractTableModel):
    """A view of the table of verdicts: some of its rows, in some order."""

    def __init__(self) -> None:
        super().__init__()
        self.genes: list[str] = []
        self.rows: NDArray[np.int_] = np.zeros(0, dtype=int)
        """Places in `genes` of the rows that are listed, in their order."""
        self._folded: list[str] = []
        self._places: dict[str, int] = {}
        self._columns: dict[str, NDArray[Any]] = {}
        self._kept = ("", "")
        self._sorted = (VERDICT, Qt.SortOrder.AscendingOrder)

    def take(self, table: pd.DataFrame | None) -> None:
        """Show another table, as `trust_table` gives it; None for no gene at all."""
        self.beginResetModel()
        self.genes = [] if table is None else [str(gene) for gene in table.index]
        self._folded = [gene.casefold() for gene in self.genes]
        self._places = {gene: place for place, gene in enumerate(self.genes)}
        self._columns = {}
        if table is not None:
            order = {verdict: place for place, verdict in enumerate(LOOKS)}
            numbers = {c.name: table[c.name].to_numpy() for c in COLUMNS[VERDICT + 1 :]}
            codes = np.array([order[str(verdict)] for verdict in table["verdict"]], dtype=int)
            self._columns = {"verdict": codes, **numbers}
        self._arrange()
        self.endResetModel()

    def counts(self) -> dict[str, int]:
        """Genes per verdict, whatever is listed."""
        codes = self._columns.get("verdict", np.zeros(0, dtype=int))
        return dict(zip(LOOKS, np.bincount(codes, minlength=len(LOOKS)).tolist(), strict=True))

    def keep(self, text: str, verdict: str) -> None:
        """List only genes whose name holds the text, and of one verdict ("" for any)."""
        self.beginResetModel()
        self._kept = (text.strip().casefold(), verdict)
        self._arrange()
        self.endResetModel()

    def gene_at(self, row: int) -> str:
        """The gene of a row that is listed."""
        return self.genes[int(self.rows[row])]

    def row_of(self, gene: str) -> int:
        """Row where a gene is listed; −1 if it is not."""
        found = np.flatnonzero(self.rows == self._places.get(gene, -1))
        return int(found[0]) if len(found) else -1

    # ---- what Qt asks for ----------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex = _NOWHERE) -> int:
        """Genes that are listed."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex = _NOWHERE) -> int:
        """What is said of each."""
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Say one cell."""
        column = index.column()
        if role == Qt.ItemDataRole.TextAlignmentRole and column > VERDICT:
            return _RIGHT
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        place = self.rows[index.row()]
        if column == 0:
            return self.genes[place]
        value = self._columns[COLUMNS[column].name][place]
        return COLUMNS[column].text(list(LOOKS)[value] if column == VERDICT else value)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Title and meaning of a column."""
        if orientation == Qt.Orientation.Vertical:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole and section > VERDICT:
            return _RIGHT
        roles = {Qt.ItemDataRole.DisplayRole: COLUMNS[section].title}
        roles[Qt.ItemDataRole.ToolTipRole] = COLUMNS[section].help
        return roles.get(Qt.ItemDataRole(role))

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order by a column; among equals the larger gain comes first."""
        self.beginResetModel()
        self._sorted = (column, order)
        self._arrange()
        self.endResetModel()

    def _arrange(self) -> None:
        text, verdict = self._kept
        rows = np.arange(len(self.genes))
        if verdict:
            rows = rows[self._columns["verdict"] == list(LOOKS).index(verdict)]
        if text:
            rows = np.array([i for i in rows if text in self._folded[i]], dtype=int)
        self.rows = rows[self._order(rows)] if len(rows) else rows

    def _order(self, rows: NDArray[np.int_]) -> NDArray[np.int_]:
        column, order = self._sorted
        if column == 0:
            names = sorted(range(len(rows)), key=lambda i: self._folded[rows[i]])
            first = np.array(names, dtype=int)
            return first if order == Qt.SortOrder.AscendingOrder else first[::-1]
        values = self._columns[COLUMNS[column].name][rows].astype(float)
        sign = 1 if order == Qt.SortOrder.AscendingOrder else -1
        return np.lexsort((-self._columns["gain"][rows], sign * values))


class ChipDelegate(QStyledItemDelegate):
    """Draws a verdict as the chip that stands beside the gene."""

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Draw the row's ground, and the chip on it."""
        assert painter is not None
        self.initStyleOption(option, index)
        verdict, option.text = str(index.data()).lower(), ""
        style = option.widget.style() if option.widget is not None else QApplication.style()
        assert style is not None
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, option.widget)
        painter.save()
        painter.setFont(option.font)
        height = chip_height(option.fontMetrics) - 2
        middle = option.rect.center().y() + 0.5
        place = QRectF(option.rect.left() + 3, middle - height / 2, option.rect.width(), height)
        draw_chip(painter, place, verdict)
        painter.restore()
