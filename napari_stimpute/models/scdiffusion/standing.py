"""What each cell of a file is of the conditions that are asked for: labels, and numbers about one.

Cells about a number stand for it: those that differ by at most a quarter of its spread in training.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...errors import MissingKey
from .conditions import ConditionTable, Wish

UNNAMED = "unnamed"
"""Group of cells whose column is empty."""

WINDOW = 0.25
"""Of the standard deviation in training: so far a number may be off."""


@dataclass(frozen=True, eq=False)
class Standing:
    """Where cells stand with regard to what is asked for.

    Attributes
    ----------
    labels : (n_obs,), text; of several conditions, all of them
    target : label of the cells that are what is asked for
    windows : which cells stand for a number, a sentence for each
    """

    labels: np.ndarray
    target: str
    windows: tuple[str, ...]

    @property
    def is_there(self) -> np.ndarray:
        """Cells that are what is asked for, (n_obs,) bool."""
        found: np.ndarray = self.labels == self.target
        return found


def standing(
    to: Mapping[str, Wish], obs: pd.DataFrame, table: ConditionTable, rows: np.ndarray
) -> Standing:
    """Where every cell stands.

    Parameters
    ----------
    to : conditions of the model, and the label or number that each is to have
    obs : of the file
    rows : (n,), places of the cells that are to change; numbers are told apart by theirs

    Raises
    ------
    MissingKey : a column is not there
    """
    labels, targets, windows = [], [], []
    for column, wish in to.items():
        if column not in obs:
            raise MissingKey(
                expected=f"the column {column!r} in obs, which the model was trained on",
                found=f"columns {list(obs.columns)}",
                remedy="Open the data that the model was trained on.",
            )
        if column in table.labels:
            labels.append(text_of(obs[column]))
            targets.append(str(wish))
            continue
        values = obs[column].to_numpy(dtype=float, na_value=np.nan)
        goal, width = float(wish), WINDOW * table.values[column][1]
        labels.append(_about(column, values, goal, width, rows))
        targets.append(f"{column} {goal:g}")
        ends = f"from {goal - width:.3g} to {goal + width:.3g}"
        windows.append(f"Cells whose {column} is {ends} stand for {column} {goal:g}.")
    joined = [" · ".join(parts) for parts in zip(*labels, strict=True)]
    return Standing(np.array(joined, dtype=object), " · ".join(targets), tuple(windows))


def text_of(column: pd.Series) -> np.ndarray:
    """Labels of a column of obs as text, (n,); `UNNAMED` where there is none."""
    named = column.astype(object).where(column.notna(), UNNAMED)
    return np.array([str(name) for name in named], dtype=object)


def _about(
    column: str, values: np.ndarray, goal: float, width: float, rows: np.ndarray
) -> np.ndarray:
    """Cells about the goal, about the middle of the others that are to change, or neither."""
    found = np.full(len(values), f"another {column}", dtype=object)
    found[np.isnan(values)] = UNNAMED
    is_there = np.abs(values - goal) <= width
    own = values[rows][~is_there[rows] & np.isfinite(values[rows])]
    if len(own):
        middle = float(np.median(own))
        found[np.abs(values - middle) <= width] = f"{column} {middle:.3g}"
    found[is_there] = f"{column} {goal:g}"
    return found
