"""One condition that edited cells are to have: a label to choose, or a number to enter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..session.session import Session
from ..words import counted
from .menu import Choice, Entry, Menu

if TYPE_CHECKING:
    from ..models.scdiffusion.conditions import ConditionTable

NOTHING = Entry("Nothing else", "", "One condition alone is changed.")


@dataclass(frozen=True)
class GoalState:
    """As it is to be drawn.

    ``column`` has no entries where there is no such condition; ``target`` has none where none is
    chosen, and where it is a number (``is_number``).
    """

    column: Menu
    target: Menu
    is_number: bool
    number: float
    number_help: str


class Goal:
    """Keeps a condition, and the label or number that was chosen for it."""

    def __init__(self, help: str) -> None:
        self.column = Choice(help)
        self.target = Choice("What the cells are to become.")
        self._numbers = dict[str, float]()
        self._table: ConditionTable | None = None

    def offer(
        self,
        session: Session,
        table: ConditionTable,
        mask: NDArray[np.bool_] | None,
        columns: Iterable[Entry],
        usual: str = "",
    ) -> None:
        """Offer conditions, and labels of the chosen one; usually not what most cells are already.

        Parameters
        ----------
        mask : (n_obs,), the cells that are to be edited; None for none
        """
        self._table = table
        self.column.offer(columns, usual)
        adata, column = session.adata, self.column.name
        assert adata is not None
        known = table.labels.get(column, ())
        named = adata.obs[column].astype(str) if column in adata.obs and known else None
        sizes = {} if named is None else named.value_counts().to_dict()
        now = {} if named is None or mask is None else named[mask].value_counts().to_dict()
        most = max(now, key=lambda label: now[label], default="")
        place = session.place
        self.target.offer(
            (Entry(f"{label} ({counted(sizes.get(label, 0), place)})", label) for label in known),
            next((label for label in known if label != most), ""),
        )

    def enter(self, number: float) -> None:
        """Ask for a number, where the condition is one."""
        self._numbers[self.column.name] = number

    def forget(self) -> None:
        """Numbers that were entered are about other data."""
        self._numbers.clear()

    @property
    def wish(self) -> tuple[tuple[str, str | float], ...]:
        """The condition and what it is to be; nothing where none is chosen."""
        column = self.column.name
        return ((column, self.number if self.is_number else self.target.name),) if column else ()

    @property
    def is_number(self) -> bool:
        """Whether the condition is a number."""
        return self._table is not None and self.column.name in self._table.values

    @property
    def number(self) -> float:
        """The number that was entered; else the mean in training."""
        if self._table is None or not self.is_number:
            return 0.0
        usual = round(self._table.values[self.column.name][0], 3)
        return self._numbers.get(self.column.name, usual)

    def state(self, why_not: str) -> GoalState:
        """As it is to be drawn; ``why_not`` says why nothing can be chosen now."""
        column, target = self.column.menu(why_not), self.target.menu(why_not)
        return GoalState(column, target, self.is_number, self.number, self._help())

    def _help(self) -> str:
        if self._table is None or not self.is_number:
            return ""
        from ..models.scdiffusion.standing import WINDOW  # torch: there is a model, so it is here

        mean, spread = self._table.values[self.column.name]
        return (
            f"In training {mean:.3g} ± {spread:.2g}. Cells that differ from the number by at most "
            f"{WINDOW * spread:.2g} stand for it."
        )
