"""A table of genes and numbers, a page at a time, however long it is."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from ...panels.saving import with_ending
from ...panels.table import Cell, Table
from . import markup
from .controls import Button, row
from .grid import Grid
from .loop import Home
from .saving import SaveBox
from .words import Words, show

PAGE = 12
"""Rows that are shown at once."""


class TableView:
    """Draws a `Table`; a press on a name passes on the gene, one on a heading orders the rows.

    Parameters
    ----------
    choose : called with the gene whose row is pressed
    save : called with the path where the listed rows are to be written; the table's own saving,
        whose answer appears below, if there is none
    search : called with the text that names are to hold; without it the table itself is asked
    """

    def __init__(
        self,
        table: Table,
        home: Home,
        choose: Callable[[str], object],
        *,
        save: Callable[[str], object] | None = None,
        search: Callable[[str], object] | None = None,
    ) -> None:
        self.table, self.home, self._first, self._marked = table, home, 0, ""
        headings = [table.heading(place) for place in range(len(table.columns) + 1)]
        verdicts = [i for i, c in enumerate(table.columns, start=1) if c.kind == "verdict"]
        self.grid = Grid(
            headings,
            home,
            choose=lambda place: choose(table.gene_at(self._first + place)),
            sort=self._sort,
            verdicts=verdicts,
        )
        self.text = widgets.Text(placeholder="Part of a name", tooltip="List only genes like this.")
        self.text.layout.width = "180px"
        home.observe(self.text, lambda: (search or table.filter)(self.text.value))
        self.back = Button("‹", lambda: self._turn(-1), home, "The rows before.")
        self.on = Button("›", lambda: self._turn(1), home, "The rows after.")
        for button in (self.back, self.on):
            button.widget.layout.min_width, button.widget.layout.width = "0", "36px"
        self.where = widgets.HTML()
        self.saved, self._saves_itself = Words("good"), save is None
        self.export = SaveBox(
            "Export as CSV",
            lambda: table.file_name,
            save or self._save,
            with_ending,
            home,
            "Write the listed genes to a file, in this order.",
        )
        pager = row(self.text, self.back.widget, self.where, self.on.widget)
        parts = [pager, self.grid.widget, self.export.widget, self.saved.widget]
        self.widget = widgets.VBox(parts)
        table.changed.connect(self._begin)
        self._begin()

    @property
    def genes(self) -> list[str]:
        """Genes of the rows that are shown."""
        return [row[0].text for row in self.grid.rows]

    def mark(self, gene: str) -> None:
        """Mark the row of a gene, "" for none, and turn to its page if it is another one."""
        place = self.table.row_of(gene) if gene else -1
        if gene != self._marked:
            self._marked = gene
            if place >= 0:
                self._first = place - place % PAGE
        self._draw()

    def _begin(self) -> None:
        """Other rows are listed, or the same in another order."""
        self._first = 0
        self._draw()

    def _turn(self, pages: int) -> None:
        last = max(0, len(self.table.rows) - 1)
        self._first = min(max(0, self._first + pages * PAGE), last - last % PAGE)
        self._draw()

    def _sort(self, column: int) -> None:
        before, ascending = self.table.order
        self.table.sort(column, ascending=not ascending if column == before else True)

    def _save(self, path: str) -> None:
        self.table.save(path)
        self.saved.draw(self.table.saved)

    def _draw(self) -> None:
        table, n = self.table, len(self.table.rows)
        shown = range(self._first, min(self._first + PAGE, n))
        marked = table.row_of(self._marked) if self._marked else -1
        self.grid.draw(
            [self._cells(place) for place in shown],
            order=table.order,
            chosen=marked - self._first if marked in shown else -1,
        )
        where = f"{shown.start + 1:,}–{shown.stop:,} of {n:,}" if n else "No gene matches."
        self.where.value = markup.faint(where)
        self.back.enable("" if self._first else "These are the first.")
        self.on.enable("" if shown.stop < n else "These are the last.")
        for button in (self.back, self.on):
            show(button.widget, n > PAGE)
        self.export.enable("" if n else "No gene is listed.")
        if self._saves_itself:
            self.saved.draw(table.saved)

    def _cells(self, place: int) -> list[Cell]:
        columns = self.table.columns
        cells = [Cell(self.table.text_at(place, 0))]
        for number, column in enumerate(columns, start=1):
            value = 0.0 if column.kind == "number" else None  # a number stands on the right
            cells.append(Cell(self.table.text_at(place, number), value))
        return cells
