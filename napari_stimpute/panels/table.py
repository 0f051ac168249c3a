"""Tables of genes and numbers: columns, order, filter, words of a cell, and saving as CSV."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from psygnal import Signal

from ..data.files import write_whole
from ..errors import StimputeError
from ..words import number, percent
from .message import SILENT, Message, error, good

SIGNIFICANT = 0.05
"""Adjusted p below which a gene counts as different."""


@dataclass(frozen=True)
class Column:
    """A column of a table: its name there, its title, what it means, and how a value is written."""

    name: str
    title: str
    help: str
    text: Callable[[Any], str]
    widest: str = "−0.000"
    """The widest value that is to be expected."""
    kind: Literal["number", "verdict"] = "number"
    """How it is drawn: a number, or a verdict with its sign and colour."""


@dataclass(frozen=True)
class Cell:
    """What is written, by what it is sorted, and what is shown on hover."""

    text: str
    value: float | str | None = None
    help: str = ""


class Table:
    """A table by gene, some of its columns shown, in an order of its own.

    A gene is written as ``titles()`` calls it, and found by that and by its name in the data.
    `changed` is emitted when other rows, or the same in another order, are to be listed.
    """

    changed = Signal()

    def __init__(
        self,
        name: str,
        columns: Sequence[Column],
        *,
        help: str = "Choose a row to see the gene on the tissue.",
        order: tuple[int, bool] = (-1, True),
        titles: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self.name, self.columns, self.help = name, tuple(columns), help
        self.file_name, self.export_title = f"{name.lower().replace(' ', '_')}.csv", "Export table"
        self.frame = pd.DataFrame(columns=[c.name for c in columns])
        self.rows: NDArray[np.intp] = np.zeros(0, dtype=np.intp)
        """Places in the frame, in the order in which they are listed."""
        self._find_titles, self._titles = titles, dict[str, str]()
        self.order = order
        """Number of the column by which rows are ordered, and whether upwards: see `sort`."""
        self._folded = self._names = pd.Series(dtype=object)
        self._text, self._values = "", dict[str, object]()
        self.saved = SILENT
        """How saving what is listed went; nothing once other rows are."""

    def show(self, frame: pd.DataFrame | None) -> None:
        """List another frame, whose index holds genes, in the order chosen last; None for none."""
        self.frame, self.saved = self.frame.iloc[:0] if frame is None else frame, SILENT
        self._titles = dict(self._find_titles())
        genes = [str(gene) for gene in self.frame.index]
        self._folded = _folded([self._titles.get(gene, gene) for gene in genes])
        self._names = _folded(genes)
        self._arrange()

    def filter(self, text: str = "", **values: object) -> None:
        """List only genes whose name holds a text, and whose columns have these values."""
        self._text, self._values = text.strip().casefold(), values
        self._arrange()

    def sort(self, column: int, *, ascending: bool = True) -> None:
        """Order by a column, 0 for the gene; −1 for the frame's own order. Equals keep theirs."""
        self.order = (column, ascending)
        self._arrange()

    @property
    def listed(self) -> pd.DataFrame:
        """The listed rows, in their order."""
        return self.frame.iloc[self.rows]

    def gene_at(self, row: int) -> str:
        """Gene of a listed row."""
        return str(self.frame.index[self.rows[row]])

    def row_of(self, gene: str) -> int:
        """Listed row of a gene; −1 if it is not listed."""
        places = np.flatnonzero(self.frame.index[self.rows] == gene)
        return int(places[0]) if len(places) else -1

    def text_at(self, row: int, column: int) -> str:
        """What is written in a cell; column 0 holds the gene."""
        if column == 0:
            return self._titles.get(self.gene_at(row), self.gene_at(row))
        wanted = self.columns[column - 1]
        return wanted.text(self.frame[wanted.name].iloc[self.rows[row]])

    def heading(self, column: int) -> tuple[str, str]:
        """Title and meaning of a column."""
        if column == 0:
            return "Gene", self.help
        return self.columns[column - 1].title, self.columns[column - 1].help

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the listed rows as CSV, in their order; how that went is said in `saved`."""
        listed = self.listed
        if self._titles:
            symbols = [self._titles.get(str(gene), "") for gene in listed.index]
            listed = listed.assign(symbol=symbols)
        self.saved = save_csv(listed, path, "genes", index_label="gene")

    def _arrange(self) -> None:
        is_listed = np.zeros(len(self.frame), dtype=bool)
        for names in (self._folded, self._names):
            is_listed |= names.str.contains(self._text, regex=False).to_numpy(dtype=bool)
        for name, value in self._values.items():
            is_listed &= (self.frame[name] == value).to_numpy()
        self.rows = np.flatnonzero(is_listed)
        column, ascending = self.order
        if column >= 0:
            by_gene = column == 0
            values = self._folded if by_gene else self.frame[self.columns[column - 1].name]
            listed = values.reset_index(drop=True).iloc[self.rows]
            self.rows = listed.sort_values(ascending=ascending, kind="stable").index.to_numpy()
        self.changed.emit()


def _folded(names: list[str]) -> pd.Series:
    return pd.Series([name.casefold() for name in names], dtype=object)


def save_csv(
    frame: pd.DataFrame, path: str | os.PathLike[str], things: str = "rows", index_label: str = ""
) -> Message:
    """Write a table as CSV: whole or not at all; how that went, in words.

    Parameters
    ----------
    things : what a row is, in the plural
    index_label : title of the index; "" leaves it out
    """
    try:
        text = frame.to_csv(
            index=bool(index_label), index_label=index_label or None, lineterminator="\n"
        )
        return good(f"{len(frame):,} {things} saved to {write_whole(path, text.encode())}.")
    except StimputeError as problem:
        return error(problem)


def p_value(p: float) -> str:
    """0.012, or 3.1e−08 where that is short of three decimals."""
    if p < 1e-300:
        return "< 1e−300"
    return number(p) if p >= 0.001 else f"{p:.1e}".replace("-", "−")


DIFFERENCE = (
    Column(
        "log2_fold_change",
        "log₂ fold",
        "How often the molecules double from the others to the group; below 0, fewer.",
        partial(number, decimals=2),
    ),
    Column(
        "p_adjusted",
        "Adj. p",
        "p adjusted for testing many genes at once.",
        p_value,
        widest="8.8e−188",
    ),
    Column("share_group", "Group", "Share of the group in which the gene was counted.", percent),
)
"""Columns on one gene in a group and in others."""
