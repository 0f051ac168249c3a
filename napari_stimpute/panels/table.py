"""Tables of genes and numbers: columns, order, filter, words of a cell, and saving as CSV."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from psygnal import Signal

from ..data.files import write_whole
from ..errors import StimputeError
from ..words import number, percent
from .message import Message, error, good

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


@dataclass(frozen=True)
class Cell:
    """What is written, by what it is sorted, and what is shown on hover."""

    text: str
    value: float | str | None = None
    help: str = ""


class Table:
    """A table by gene, some of its columns shown, in an order of its own.

    `changed` is emitted when other rows, or the same in another order, are to be listed.
    """

    changed = Signal()

    def __init__(self, name: str, columns: Sequence[Column]) -> None:
        self.name, self.columns = name, tuple(columns)
        self.frame = pd.DataFrame(columns=[c.name for c in columns])
        self.rows: NDArray[np.intp] = np.zeros(0, dtype=np.intp)
        """Places in the frame, in the order in which they are listed."""
        self._sorted = (-1, True)

    def show(self, frame: pd.DataFrame | None) -> None:
        """List another frame, whose index holds genes, in the order chosen last; None for none."""
        self.frame = self.frame.iloc[:0] if frame is None else frame
        self._order()

    def sort(self, column: int, *, ascending: bool = True) -> None:
        """Order by a column, 0 for the gene; −1 for the frame's own order. Equals keep theirs."""
        self._sorted = (column, ascending)
        self._order()

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
            return self.gene_at(row)
        wanted = self.columns[column - 1]
        return wanted.text(self.frame[wanted.name].iloc[self.rows[row]])

    def heading(self, column: int) -> tuple[str, str]:
        """Title and meaning of a column."""
        if column == 0:
            return "Gene", "Choose a row to see the gene on the tissue."
        return self.columns[column - 1].title, self.columns[column - 1].help

    def save(self, path: str | os.PathLike[str]) -> Message:
        """Write the listed rows as CSV, in their order; how that went, in words."""
        return save_csv(self.listed, path, "genes", index_label="gene")

    def _order(self) -> None:
        column, ascending = self._sorted
        if column < 0 or self.frame.empty:
            self.rows = np.arange(len(self.frame))
        else:
            if column == 0:
                values = pd.Series(self.frame.index.astype(str).str.casefold())
            else:
                values = self.frame[self.columns[column - 1].name].reset_index(drop=True)
            self.rows = values.sort_values(ascending=ascending, kind="stable").index.to_numpy()
        self.changed.emit()


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
