"""Rows under headings: a click on a heading orders them, one on a name chooses it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import ipywidgets as widgets

from ...panels.table import Cell
from . import markup
from .loop import Home

_NAME, _VERDICT, _NUMBER = "minmax(88px, 1.5fr)", "minmax(146px, 1fr)", "minmax(62px, 1fr)"
_CHOSEN, _RIGHT = "stimpute-chosen", "stimpute-right"
Row = Sequence[Cell]


class Grid:
    """A table as a page shows it: a button for each name, and one HTML for each other column.

    Parameters
    ----------
    columns : title and meaning of each; the first holds the name
    choose : called with the place of the row that is pressed; None where rows cannot be chosen
    sort : called with the column whose heading is pressed; None where the order is fixed
    verdicts : columns of verdicts, drawn with their colours
    """

    def __init__(
        self,
        columns: Sequence[tuple[str, str]],
        home: Home,
        *,
        choose: Callable[[int], object] | None = None,
        sort: Callable[[int], object] | None = None,
        verdicts: Sequence[int] = (),
    ) -> None:
        self.columns, self.home, self._choose, self._verdicts = columns, home, choose, verdicts
        self.rows: tuple[Row, ...] = ()
        self.heads = [self._head(place, sort) for place in range(len(columns))]
        self.names = widgets.VBox() if choose else widgets.HTML()
        self.rest = [widgets.HTML() for _ in columns[1:]]
        for part in (*self.heads, self.names, *self.rest):
            part.layout.margin, part.layout.width = "0", "auto"
        self.names.layout.overflow = "hidden"
        others = [_VERDICT if i in verdicts else _NUMBER for i in range(1, len(columns))]
        widths = " ".join([_NAME, *others])
        layout = widgets.Layout(grid_template_columns=widths, grid_gap="0", width="100%")
        self.widget = widgets.GridBox([*self.heads, self.names, *self.rest], layout=layout)

    def draw(
        self, rows: Sequence[Row], *, order: tuple[int, bool] = (-1, True), chosen: int = -1
    ) -> None:
        """List rows; one with fewer cells than there are columns has a reason in place of numbers.

        Parameters
        ----------
        order : column by which they are ordered, −1 for none, and whether upwards
        chosen : place of the row that is marked; −1 for none
        """
        self.rows = tuple(rows)
        for place, (head, (title, _help)) in enumerate(zip(self.heads, self.columns, strict=True)):
            if isinstance(head, widgets.Button):
                arrow = (" ▲" if order[1] else " ▼") if place == order[0] else ""
                head.description = title.replace("\n", " ") + arrow
        if isinstance(self.names, widgets.HTML):
            self.names.value = markup.column([row[0] for row in rows], chosen=chosen)
        else:
            self._draw_names([row[0] for row in rows], chosen)
        for place, part in enumerate(self.rest, start=1):
            cells = [row[place] if place < len(row) else None for row in rows]
            part.value = markup.column(cells, chosen=chosen, are_verdicts=place in self._verdicts)

    def _head(self, place: int, sort: Callable[[int], object] | None) -> widgets.DOMWidget:
        """A button where a press orders the rows; else the title, as bold."""
        title, help = self.columns[place]
        is_right = bool(place) and place not in self._verdicts
        if sort is None:
            return widgets.HTML(markup.head(title, help, is_right=is_right))
        head = widgets.Button(description=title, tooltip=help)
        head.add_class(markup.HEAD)
        if is_right:
            head.add_class(_RIGHT)
        head.on_click(lambda _button: self.home.run(partial(sort, place)))
        return head

    def _draw_names(self, names: Sequence[Cell], chosen: int) -> None:
        """A button for each name; those that are there are used again."""
        buttons = list(self.names.children)
        while len(buttons) < len(names):
            buttons.append(self._name_button(len(buttons)))
        for place, (button, cell) in enumerate(zip(buttons, names, strict=False)):
            button.description, button.tooltip = cell.text, cell.help or cell.text
            (button.add_class if place == chosen else button.remove_class)(_CHOSEN)
        if len(self.names.children) != len(names):
            self.names.children = buttons[: len(names)]

    def _name_button(self, place: int) -> widgets.Button:
        button = widgets.Button()
        button.add_class(markup.NAME)
        choose = self._choose
        assert choose is not None
        button.on_click(lambda _button: self.home.run(partial(choose, place)))
        return button
