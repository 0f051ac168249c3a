"""What hidden molecules say of each gene's prediction, and how far that can be believed.

A gene's gain is by how much its hidden molecules are likelier under the prediction than under a
reference, in natural logarithms: Σ y log(ŷ/b) − (ŷ − b) over spots, which is half of the deviance
explained. Given the true rates λ, hidden counts are independent Poisson, so that its variance is
Σ λ log²(ŷ/b). Most genes have so few hidden molecules that this noise exceeds the gain; `shrunken`
therefore combines each gene's own gain with what genes of the same predicted gain reach (empirical
Bayes; Efron & Morris 1973). Only hidden molecules and predictions are used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from itertools import product

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.special import xlogy

from ..data.counts import depth_of, row_blocks
from .recovery import EPSILON, at_depth, dense_rows, require_molecules

Array = NDArray[np.float64]
Prediction = NDArray[np.floating] | Callable[[slice], NDArray[np.floating]]
"""Expected counts (n_obs, n_genes), or what makes a block of rows of them."""

_ENOUGH_TO_LEARN = 10.0
"""Expected hidden molecules from which on a gene helps to learn how genes gain."""

_COSTS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 2.0)
_USUAL_COST = 0.3
"""Of costs and spreads, these are the likeliest beforehand."""

_SPREADS = (0.5, 0.6, 0.7, 0.85, 1.0, 1.25, 1.6, 2.0)
"""Never below 0.5: no gene is believed for its likeness to others alone."""

_USUAL_SPREAD = 1.0
_SLOPE_CERTAINTY = 4.0
"""1 ÷ variance of what is known of the slope beforehand: 1 ± 0.5."""

_OUTLYING = 2.5
"""Standard errors up to which differences are normal; beyond, their density is a power law."""

_ROUNDS = 8
_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class Evidence:
    """How much better than a reference a prediction is, for each gene; natural logarithms.

    Parameters
    ----------
    gain : (genes,), seen on the hidden molecules
    variance : (genes,), of the gain, given the true rates; these are taken to lie half-way
        between prediction and count, so that a gene with few molecules has a variance too
    predicted : (genes,), ≥ 0, what the gain would be if the prediction were the truth
    predicted_variance : (genes,), of the gain, likewise
    """

    gain: Array
    variance: Array
    predicted: Array
    predicted_variance: Array

    @property
    def z(self) -> Array:
        """Own gain in standard errors; 0 where prediction and reference agree."""
        error = np.sqrt(self.variance)
        return np.divide(self.gain, error, out=np.zeros_like(error), where=error > 0)


@dataclass(frozen=True, eq=False)
class GeneSums:
    """Sums over all spots, for each gene.

    Parameters
    ----------
    over_mean, over_baseline : evidence for the prediction against gene mean × depth, and against
        a baseline
    hidden, expected : (genes,), hidden molecules counted, and as expected from the kept ones
    deviance : (genes,), half the deviance of gene mean × depth
    usual_deviance : (genes,), the same as it would be on average if gene mean × depth were true
    """

    over_mean: Evidence
    over_baseline: Evidence
    hidden: Array
    expected: Array
    deviance: Array
    usual_deviance: Array


def gene_sums(
    kept: sp.csr_matrix, hidden: sp.csr_matrix, imputed: Prediction, baseline: Prediction
) -> GeneSums:
    """Compare predictions on hidden molecules, spot by spot, each at the depth expected there.

    Raises
    ------
    Diverged : a prediction holds NaN or infinite values
    TooSmall : no molecules were kept, or none hidden
    """
    depth = depth_of(kept)
    require_molecules(depth.sum(), float(hidden.sum()))
    share = np.asarray(kept.sum(axis=0), np.float64).ravel() / depth.sum()
    depth *= float(hidden.sum()) / depth.sum()
    over_mean, over_baseline = _no_evidence(len(share)), _no_evidence(len(share))
    deviance, usual_deviance = np.zeros((2, len(share)))
    for rows in row_blocks(kept.shape):
        y, mean = dense_rows(hidden, rows), _Rates.of(depth[rows, None] * share)
        blocks = (p(rows) if callable(p) else p[rows] for p in (imputed, baseline))
        made, rival = (_Rates.of(at_depth(b, depth[rows], mean.values)) for b in blocks)
        _add(over_mean, y, made, mean)
        _add(over_baseline, y, made, rival)
        deviance += mean.total - _product(y, mean.log) + (xlogy(y, y) - y).sum(axis=0)
        usual_deviance += _usual_deviance(mean)
    found = np.asarray(hidden.sum(axis=0), np.float64).ravel()
    return GeneSums(over_mean, over_baseline, found, share * depth.sum(), deviance, usual_deviance)


def shrunken(evidence: Evidence, expected: Array) -> tuple[Array, Array]:
    """Estimate each gene's gain from its own molecules and from genes of like predicted gain.

    Parameters
    ----------
    evidence : of all genes
    expected : (genes,), hidden molecules expected of each

    Returns
    -------
    gain, error : (genes,) each, mean and standard deviation of the posterior, finite

    Notes
    -----
    A predicted gain p holds noise that the prediction took for pattern, n = c p / (p + c), at most
    c: it is not gained, and costs as much again. Genes gain s (p − n) − n on average, and differ
    from that by t p. The slope s is fitted for each cost c and spread t of a grid; the posteriors
    are averaged over the grid by likelihood, so that what the data leave open widens the error.
    """
    learns = expected >= _ENOUGH_TO_LEARN
    laws = [_Law.fit(evidence, learns, cost, spread) for cost, spread in product(_COSTS, _SPREADS)]
    loss = np.array([law.loss for law in laws])
    likely = np.exp(loss.min() - loss)
    gain, square = np.zeros((2, len(expected)))
    for law, share in zip(laws, likely / likely.sum(), strict=True):
        mean, variance = law.posterior(evidence)
        gain += share * mean
        square += share * (variance + np.square(mean))
    return gain, np.sqrt(np.maximum(square - np.square(gain), 0))


@dataclass(frozen=True)
class _Law:
    """How genes gain for their predicted gain; see `shrunken`."""

    cost: float
    spread: float
    slope: float
    slope_variance: float
    loss: float

    @classmethod
    def fit(cls, evidence: Evidence, learns: NDArray[np.bool_], cost: float, spread: float) -> _Law:
        """Fit the slope, drawn towards 1; the tails are heavy, so that odd genes do not decide."""
        predicted = evidence.predicted[learns]
        noise = _noise(predicted, cost)
        x, y = predicted - noise, evidence.gain[learns] + noise
        error = np.sqrt(evidence.predicted_variance[learns] + np.square(spread * predicted) + _TINY)
        slope, certainty = 1.0, _SLOPE_CERTAINTY
        for _ in range(_ROUNDS):
            off = np.maximum(np.abs(y - slope * x) / error, _TINY)
            weight = np.square(np.minimum(1, _OUTLYING / off) / error)
            certainty = _SLOPE_CERTAINTY + float((weight * x * x).sum())
            slope = max(0.0, (_SLOPE_CERTAINTY + float((weight * x * y).sum())) / certainty)
        off = np.abs(y - slope * x) / error
        tail = np.log(np.maximum(off / _OUTLYING, 1))
        far = np.square(np.minimum(off, _OUTLYING)) / 2 + _OUTLYING**2 * tail
        prior = _SLOPE_CERTAINTY * (slope - 1) ** 2
        prior += np.log(cost / _USUAL_COST) ** 2 + np.log(spread / _USUAL_SPREAD) ** 2
        loss = float((far + np.log(error)).sum()) + float(prior) / 2
        return cls(cost, spread, slope, 1 / certainty, loss)

    def posterior(self, evidence: Evidence) -> tuple[Array, Array]:
        """Mean and variance of each gene's gain, (genes,) each."""
        noise = _noise(evidence.predicted, self.cost)
        x = evidence.predicted - noise
        between = np.square(self.spread * evidence.predicted)
        own = evidence.variance + _TINY
        weight = own / (own + between)
        mean = weight * (self.slope * x - noise) + (1 - weight) * evidence.gain
        return mean, weight * between + np.square(weight * x) * self.slope_variance


def _noise(predicted: Array, cost: float) -> Array:
    return cost * predicted / (predicted + cost)


@dataclass(frozen=True, eq=False)
class _Rates:
    """Expected counts of a block of spots, their logarithms, and each gene's total."""

    values: Array
    log: Array
    total: Array

    @classmethod
    def of(cls, values: Array) -> _Rates:
        return cls(values, np.log(values + EPSILON), values.sum(axis=0))


def _no_evidence(n_genes: int) -> Evidence:
    return Evidence(*(np.zeros(n_genes) for _ in fields(Evidence)))


def _add(evidence: Evidence, y: Array, made: _Rates, reference: _Rates) -> None:
    ratio = made.log - reference.log
    more = made.total - reference.total
    evidence.gain[:] += _product(y, ratio) - more
    evidence.predicted[:] += _product(made.values, ratio) - more
    np.square(ratio, out=ratio)
    predicted = _product(made.values, ratio)
    evidence.predicted_variance[:] += predicted
    evidence.variance[:] += (predicted + _product(y, ratio)) / 2


def _product(a: Array, b: Array) -> Array:
    total: Array = np.einsum("ij,ij->j", a, b)
    return total


def _usual_deviance(mean: _Rates) -> Array:
    """Half the deviance (genes,) that chance alone gives, on average: E[y log(y/m) − y + m].

    To second order m (m log 2 − log m) for a Poisson count of small mean m, and a half for a large
    one; within 15 % of the sum over the Poisson distribution.
    """
    each = mean.values * (mean.values * np.log(2) - mean.log)
    total: Array = np.minimum(each, 0.5).sum(axis=0)
    return total
