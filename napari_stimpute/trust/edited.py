"""Whether the change of a gene in edited cells can be believed: a verdict for each, in plain words.

Groups of cells whose change was measured are left out in turn, and predicted as an edited group is.
A gene is *reliable* where its predicted change is so much larger than the errors made on left-out
groups that of such changes at least 95 % had the right direction in every one of them, and where
the prediction is no worse than the simplest ones. It should *not be used* where predicting no
change would have been as good, or most directions were wrong; and *cannot be judged* where no
left-out group showed a change that is clear of noise. *Use with care*: in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from ..words import percent
from .verdict import VERDICTS, Verdict

Array = NDArray[np.float64]

FEWEST_GROUPS = 3
"""Left-out groups from which anything can be told."""

_RIGHT = 0.95
"""Share of reliable changes with the right direction in each left-out group."""
_RIGHT_OF_ALL = 0.97
"""The same over all groups together: a new group may be harder than any of these."""
_FEWEST_CHANGES = 30
"""Changes of a group from which that share can be told."""
_CLEAR = 2.0
"""Standard errors from which a measured change is clear of noise."""
_FEWEST_CLEAR = 2
_MOST_BEHIND = 0.1
"""Share of the measured changes that the best simple prediction may explain beyond this one."""
_PRIOR_GROUPS = 4.0
"""Groups that what is usual counts for, beside a gene's own errors."""
_GRID = 200
_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class LeftOutChanges:
    """Changes of groups that were left out in turn, (groups, genes) each.

    Attributes
    ----------
    predicted, measured : of mean log values
    noise : sampling variance of the measured ones
    noise_before : sampling variance of the means without the condition
    simple : by the simplest predictions, by name
    halves : (2, groups, genes), measured on two halves of the cells
    """

    predicted: Array
    measured: Array
    noise: Array
    noise_before: Array
    simple: Mapping[str, Array]
    halves: Array


@dataclass(frozen=True, eq=False)
class EditTrust:
    """What left-out groups say of each gene's predicted change; arrays (genes,).

    Attributes
    ----------
    codes : place of the verdict in `trust.verdict.VERDICTS`
    n_clear, n_right : left-out groups with a clear change; those predicted in its direction
    explained, simple, ceiling : share of the squared measured changes that is explained by the
        prediction, by the best simple one, and by half of the real cells for the other half
    n_groups : left-out groups
    """

    codes: NDArray[np.int8]
    n_clear: NDArray[np.int64]
    n_right: NDArray[np.int64]
    explained: Array
    simple: Array
    ceiling: Array
    n_groups: int

    @property
    def counts(self) -> dict[str, int]:
        """Genes per verdict, in the order of `VERDICTS`."""
        each = np.bincount(self.codes, minlength=len(VERDICTS))
        return {verdict: int(n) for verdict, n in zip(VERDICTS, each, strict=True)}

    def verdict(self, place: int) -> Verdict:
        """Of the gene at a place."""
        return VERDICTS[int(self.codes[place])]

    def sentence(self, place: int) -> str:
        """The verdict and why, for someone who hovers over it."""
        verdict, n = self.verdict(place), int(self.n_clear[place])
        if not n:
            return (
                f"{verdict.capitalize()}: none of {self.n_groups} groups that were left out in "
                "turn showed a change of this gene that is clear of noise."
            )
        return (
            f"{verdict.capitalize()}: of {self.n_groups} groups left out in turn, {n} showed a "
            f"clear change, {self.n_right[place]} of them in the predicted direction; the "
            f"prediction explains {_share(self.explained[place])} of the measured changes (best "
            f"simple one {_share(self.simple[place])}, half of the real cells "
            f"{_share(self.ceiling[place])})."
        )


def judge_changes(tried: LeftOutChanges, predicted: Array, noise_before: Array) -> EditTrust:
    """Judge the change of every gene in edited groups.

    Parameters
    ----------
    tried : at least `FEWEST_GROUPS` left-out groups
    predicted : (edited groups, genes), changes to judge; a gene is as reliable as in the group
        where it is least so
    noise_before : (edited groups, genes), sampling variance of the means before the edit
    """
    threshold = _threshold(tried)
    errors = _errors(tried, np.arange(len(tried.measured)))
    size = np.min([errors.size_of(p, v) for p, v in zip(predicted, noise_before, strict=True)], 0)
    is_clear = np.abs(tried.measured) > _CLEAR * np.sqrt(tried.noise)
    is_right = is_clear & (np.sign(tried.predicted) == np.sign(tried.measured))
    n_clear, n_right = is_clear.sum(axis=0), is_right.sum(axis=0)
    explained = _explained(tried.measured, tried.predicted)
    simple = np.max([_explained(tried.measured, p) for p in tried.simple.values()], axis=0)
    good = (size >= threshold) & (n_clear >= _FEWEST_CLEAR) & (explained > 0)
    good &= (explained >= simple - _MOST_BEHIND) & (2 * n_right > n_clear)
    bad = (explained <= 0) | (2 * n_right < n_clear)
    codes = np.select([n_clear == 0, bad, good], [3, 2, 0], default=1)
    return EditTrust(
        codes.astype(np.int8),
        n_clear,
        n_right,
        explained,
        simple,
        _explained(tried.halves[0], tried.halves[1]),
        len(tried.measured),
    )


@dataclass(frozen=True, eq=False)
class _Errors:
    """Squared errors of predictions beyond noise: of each gene in some groups, and what is usual.

    Attributes
    ----------
    own : (genes,), sums over groups
    n : groups
    usual : of a change c it is usual[0] + usual[1]·c²
    """

    own: Array
    n: int
    usual: Array

    def size_of(self, change: Array, noise_before: Array) -> Array:
        """A predicted change in standard errors of what would be measured of it, (genes,)."""
        prior = self.usual[0] + self.usual[1] * change**2
        squared = (np.maximum(self.own, 0) + _PRIOR_GROUPS * prior) / (self.n + _PRIOR_GROUPS)
        found: Array = np.abs(change) / np.sqrt(squared + 2 * noise_before + _TINY)
        return found


def _errors(tried: LeftOutChanges, groups: NDArray[np.intp]) -> _Errors:
    predicted, measured = tried.predicted[groups], tried.measured[groups]
    beyond = np.square(measured - predicted) - tried.noise[groups]
    squares = predicted.ravel() ** 2
    design = np.column_stack([np.ones_like(squares), squares])
    usual = nnls(design.T @ design, design.T @ beyond.ravel())[0]
    return _Errors(beyond.sum(axis=0), len(groups), usual)


def _threshold(tried: LeftOutChanges) -> float:
    """Least size at which, and beyond which, left-out groups had the right directions; or ∞."""
    n = len(tried.measured)
    sizes = np.array(
        [
            _errors(tried, np.delete(np.arange(n), k)).size_of(
                tried.predicted[k], tried.noise_before[k]
            )
            for k in range(n)
        ]
    )
    right = np.sign(tried.predicted) == np.sign(tried.measured)
    least = np.inf
    for size in np.quantile(sizes, np.linspace(1, 0, _GRID)):
        taken = sizes >= size
        n_taken = taken.sum(axis=1)
        told = n_taken >= _FEWEST_CHANGES
        if told.sum() < min(FEWEST_GROUPS, n):
            continue
        shares = (right & taken).sum(axis=1)[told] / n_taken[told]
        if shares.min() < _RIGHT or right[taken].mean() < _RIGHT_OF_ALL:
            break
        least = float(size)
    return least


def _explained(measured: Array, predicted: Array) -> Array:
    """Share of squared changes over groups (groups, genes) that a prediction explains, (genes,)."""
    whole = np.square(measured).sum(axis=0)
    missed = np.square(measured - predicted).sum(axis=0)
    return np.where(whole > 0, 1 - missed / np.maximum(whole, _TINY), 0.0)


def _share(share: float) -> str:
    return percent(share) if share > 0 else "nothing"
