"""What cells can be asked for: names and numbers from columns of obs, as a network reads them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import torch

from ...errors import InvalidSetting, MissingKey, NotNumbers, TooSmall, UnknownName
from ...nn.denoising import Conditions
from ...words import did_you_mean

_FEWEST = 2
"""Cells of a label from which it can be learned at all."""

_HUGE = 1e30
"""Numbers beyond have no meaning in any unit, and no square in single precision."""

Wish = str | float
"""A label's name, or a number in the units of its column."""


@dataclass(frozen=True)
class ConditionTable:
    """Conditions by the columns they come from; labels first, then numbers.

    Attributes
    ----------
    labels : names of each column's categories
    values : mean and standard deviation of each column of numbers
    """

    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    values: dict[str, tuple[float, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, obs: pd.DataFrame, columns: Sequence[str]) -> ConditionTable:
        """Learn names, means and spreads; what is missing in a cell is asked of nobody.

        Raises
        ------
        MissingKey : a column is not there, or empty
        NotNumbers : a column of numbers that has infinite or huge ones
        TooSmall : a label that a single cell has
        """
        labels: dict[str, tuple[str, ...]] = {}
        values: dict[str, tuple[float, float]] = {}
        for column in columns:
            if column not in obs:
                raise MissingKey(
                    expected=f"a column {column!r} in obs to condition on",
                    found=f"columns {list(obs.columns)}",
                    remedy=did_you_mean(column, map(str, obs.columns))
                    or "Choose one of them, or none.",
                )
            found = obs[column].dropna()
            if found.empty:
                raise MissingKey(
                    expected=f"values in obs[{column!r}]",
                    found="none",
                    remedy="Choose another column.",
                )
            if found.dtype.kind in "iuf":
                numbers = _numbers(found, column)
                values[column] = (float(numbers.mean()), float(numbers.std()) or 1.0)
            else:
                labels[column] = _labels(found.astype(str), column)
        return cls(labels, values)

    def extended(self, obs: pd.DataFrame) -> ConditionTable:
        """The same conditions, with labels of further cells after those that were known.

        Raises
        ------
        as `of`
        """
        found = ConditionTable.of(obs, self.names).labels
        labels = {
            name: (*known, *(label for label in found.get(name, ()) if label not in known))
            for name, known in self.labels.items()
        }
        return ConditionTable(labels, self.values)

    @property
    def names(self) -> tuple[str, ...]:
        """Columns, in the order of the conditions."""
        return (*self.labels, *self.values)

    @property
    def n_categories(self) -> tuple[int, ...]:
        """Categories of each label."""
        return tuple(len(names) for names in self.labels.values())

    def of_cells(self, obs: pd.DataFrame) -> Conditions:
        """Conditions of cells, on the CPU; nothing is asked where a value is missing.

        Raises
        ------
        MissingKey, UnknownName : a column or a label that was not there in training
        NotNumbers : words, or infinite numbers, in a column that held numbers in training
        """
        n = len(obs)
        labels, values = np.full((n, len(self.labels)), -1), np.full((n, len(self.values)), np.nan)
        for name in self.names:
            if name not in obs:
                raise MissingKey(
                    expected=f"the column {name!r} in obs, which the model was trained on",
                    found=f"columns {list(obs.columns)}",
                    remedy="Add it, or train a model without it.",
                )
        for k, (name, known) in enumerate(self.labels.items()):
            found = obs[name].astype(object).where(obs[name].notna())
            there = found.notna().to_numpy()
            labels[there, k] = [self._code(name, str(v), known) for v in found[there]]
        for k, (name, (mean, spread)) in enumerate(self.values.items()):
            there = obs[name].notna().to_numpy()
            values[there, k] = (_numbers(obs[name][there], name) - mean) / spread
        return _conditions(labels, values)

    def asked(self, n: int, wishes: Mapping[str, Wish]) -> Conditions:
        """The same wishes for `n` cells; what is not named is left open.

        Raises
        ------
        UnknownName : a condition or a label that was not there in training
        InvalidSetting : something other than a number for one that is measured
        """
        for name in wishes:
            if name not in self.names:
                raise UnknownName.of("condition of this model", name, self.names)
        labels, values = np.full((n, len(self.labels)), -1), np.full((n, len(self.values)), np.nan)
        for k, (name, known) in enumerate(self.labels.items()):
            if name in wishes:
                labels[:, k] = self._code(name, str(wishes[name]), known)
        for k, (name, (mean, spread)) in enumerate(self.values.items()):
            if name in wishes:
                values[:, k] = (_number(name, wishes[name]) - mean) / spread
        return _conditions(labels, values)

    def as_columns(self, conditions: Conditions) -> pd.DataFrame:
        """Conditions as columns of obs, in the data's units; missing where nothing is asked."""
        columns: dict[str, object] = {}
        for k, (name, known) in enumerate(self.labels.items()):
            codes = conditions.labels[:, k].tolist()
            columns[name] = pd.Categorical.from_codes(codes, pd.Index(known))
        for k, (name, (mean, spread)) in enumerate(self.values.items()):
            columns[name] = conditions.values[:, k].cpu().numpy() * spread + mean
        return pd.DataFrame(columns, index=range(len(conditions)))

    def as_tensor(self) -> torch.Tensor:
        """Itself as bytes, to be saved."""
        text = json.dumps({"labels": self.labels, "values": self.values}).encode()
        return torch.from_numpy(np.frombuffer(text, dtype=np.uint8).copy())

    @classmethod
    def of_tensor(cls, saved: torch.Tensor) -> ConditionTable:
        """What `as_tensor` saved; `ValueError` or `KeyError` for anything else."""
        found = json.loads(saved.numpy().tobytes().decode())
        labels = {str(k): tuple(str(name) for name in v) for k, v in found["labels"].items()}
        values = {str(k): (float(mean), float(sd)) for k, (mean, sd) in found["values"].items()}
        return cls(labels, values)

    @staticmethod
    def _code(column: str, name: str, known: tuple[str, ...]) -> int:
        if name not in known:
            raise UnknownName.of(f"label of {column!r} that was seen in training", name, known)
        return known.index(name)


def _labels(found: pd.Series, column: str) -> tuple[str, ...]:
    sizes = found.value_counts()
    few = sorted(sizes.index[sizes < _FEWEST])
    if few:
        raise TooSmall(
            expected=f"at least {_FEWEST} cells of each label in obs[{column!r}]",
            found=f"a single one of {', '.join(map(repr, few[:3]))}",
            remedy="Join it with another label, or leave its value empty: then it has none.",
        )
    return tuple(sorted(sizes.index))


def _numbers(found: pd.Series, column: str) -> np.ndarray:
    """The numbers of a column in which nothing is missing, (n,)."""
    numbers = pd.to_numeric(found.astype(object), errors="coerce").to_numpy(dtype=float)
    wrong = ~(np.abs(numbers) < _HUGE)
    if wrong.any():
        raise NotNumbers(
            expected=f"numbers below {_HUGE:g} in obs[{column!r}], or none",
            found=f"{found.iloc[int(wrong.argmax())]!r}, in {wrong.sum():,} cells",
            remedy="Correct these values, or leave them empty.",
        )
    return numbers


def _number(name: str, wish: Wish) -> float:
    try:
        number = float(wish)
    except ValueError:
        number = math.nan
    if not abs(number) < _HUGE:
        raise InvalidSetting(
            field=name,
            expected=f"a number below {_HUGE:g}",
            found=repr(wish),
            remedy="Give one, such as 0.5.",
        )
    return number


def _conditions(labels: np.ndarray, values: np.ndarray) -> Conditions:
    return Conditions(torch.from_numpy(labels.astype(np.int64)), torch.from_numpy(values).float())
