"""Edited cells that stay counts: each count keeps its place in its distribution, which is moved.

A count's quantile under the rate before the edit is looked up under the rate after it, so an edit
of strength 0 returns the counts, and what made a cell unlike others stays. Means over cells are
brought to a wished log value by a factor per gene.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.stats import nbinom

_EDGE = 1e-9
_SMALL_COUNTS = 40
"""Up to here counts are looked up step by step; beyond by scipy, which is slower for many."""
_ROUNDS = 9
_WIDEST = 4.0
"""Largest logarithm of a gene's factor."""
_LEAST_RATE = 1e-9
_BLOCK = 512
"""Cells that are looked up at a time; each block has random numbers of its own."""


@dataclass(frozen=True)
class Rates:
    """Expected counts before and after an edit, and inverse dispersions.

    Attributes
    ----------
    before, after : (n, n_genes), > 0
    theta : (n_genes,), > 0
    on_line : (n_genes,) bool, genes whose rates follow a strength in proportion; others do so on
        the log scale. None for none
    """

    before: np.ndarray
    after: np.ndarray
    theta: np.ndarray
    on_line: np.ndarray | None = None

    def at(self, strength: float, factor: np.ndarray | float = 1.0) -> np.ndarray:
        """Rates of an edit of some strength (0 to 1 and beyond), (n, n_genes)."""
        after = np.maximum(self.after * factor, _LEAST_RATE)
        found: np.ndarray = self.before * (after / self.before) ** strength
        if self.on_line is None:
            return found
        straight = np.maximum(self.before + strength * (after - self.before), _LEAST_RATE)
        return np.where(self.on_line, straight, found)


RatesOf = Callable[[slice], Rates]


@dataclass(frozen=True, eq=False)
class Landing:
    """How counts of some cells are moved: quick to ask for one strength after another.

    Attributes
    ----------
    counts : (n, n_genes), whole, ≥ 0
    rates : of a block of the same cells; asked for as needed, so that not all must fit in memory
    factor : (n_genes,), on the rates after the edit
    seed : of the places within equal counts
    """

    counts: sp.csr_matrix
    rates: RatesOf
    factor: np.ndarray
    seed: int = 0

    @classmethod
    def on(
        cls,
        counts: sp.csr_matrix,
        rates: RatesOf,
        target: np.ndarray,
        *,
        depth: float,
        seed: int = 0,
    ) -> Landing:
        """One whose mean log value per gene comes as near a target as counts allow.

        A factor per gene is found by bisection, with the same places in each round; the nearest of
        all rounds is kept.

        Parameters
        ----------
        counts, rates, seed : see above
        target : (n_genes,), mean of log(1 + count / size factor); below zero counts as zero
        depth : molecules that a size factor of 1 stands for
        """
        n_genes = counts.shape[1]
        factor, low, high = np.zeros(n_genes), np.full(n_genes, -_WIDEST), np.full(n_genes, _WIDEST)
        best, missed_by = factor, np.full(n_genes, np.inf)
        places = list(_places(counts, rates, seed))
        for number in range(_ROUNDS):
            total = np.zeros(n_genes)
            for part, place in places:
                found = counts_at(place, part.at(1.0, np.exp(factor)), part.theta)
                total += len(found) * mean_log(found, depth)
            missed = total / counts.shape[0] - np.maximum(target, 0)
            nearer = np.abs(missed) < missed_by
            best = np.where(nearer, factor, best)
            missed_by = np.where(nearer, np.abs(missed), missed_by)
            low, high = np.where(missed < 0, factor, low), np.where(missed < 0, high, factor)
            factor = (low + high) / 2 if number else np.where(missed < 0, 1.0, -1.0)
        return cls(counts, rates, np.exp(best), seed)

    def at(self, strength: float) -> sp.csr_matrix:
        """Edited counts, (n, n_genes); of strength 0 those that went in.

        Parameters
        ----------
        strength : how far rates go from before to after, on the log scale
        """
        if strength == 0:
            return self.counts.copy()
        found = [
            sp.csr_matrix(counts_at(place, rates.at(strength, self.factor), rates.theta))
            for rates, place in _places(self.counts, self.rates, self.seed)
        ]
        return sp.csr_matrix(sp.vstack(found, format="csr"), dtype=self.counts.dtype)


def _places(counts: sp.csr_matrix, rates: RatesOf, seed: int) -> Iterator[tuple[Rates, np.ndarray]]:
    """Rates and quantiles of one block of cells after the other."""
    for number, start in enumerate(range(0, counts.shape[0], _BLOCK)):
        rows = slice(start, start + _BLOCK)
        rng, part = np.random.default_rng([seed, number]), rates(rows)
        yield part, quantiles(counts[rows].toarray(), part, rng)


def quantiles(counts: np.ndarray, rates: Rates, rng: np.random.Generator) -> np.ndarray:
    """Place of each count in its distribution before the edit, in (0, 1), (n, n_genes).

    Between the probability of fewer molecules and that of as many or fewer, at random: one number
    per entry, which depends on the generator and the shape alone.
    """
    p = rates.theta / (rates.theta + rates.before)
    lowest, there = np.zeros(counts.shape), p**rates.theta
    rows, columns = counts.nonzero()
    seen, theta, chance = counts[rows, columns], rates.theta[columns], p[rows, columns]
    lowest[rows, columns] = nbinom.cdf(seen - 1, theta, chance)
    there[rows, columns] = nbinom.pmf(seen, theta, chance)
    within = rng.random(counts.shape) * (1 - 1e-6) + 5e-7
    found: np.ndarray = np.clip(lowest + within * there, _EDGE, 1 - _EDGE)
    return found


def counts_at(place: np.ndarray, mean: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Counts at quantiles of negative binomials.

    Parameters
    ----------
    place : (n, n_genes), in (0, 1)
    mean : (n, n_genes), > 0
    theta : (n_genes,), inverse dispersion, > 0

    Returns
    -------
    (n, n_genes), float64: the smallest count whose cumulative probability reaches the place
    """
    theta = np.broadcast_to(theta, mean.shape).ravel()
    p, wanted = theta / (theta + mean.ravel()), place.ravel()
    counts, term = np.zeros(mean.size), p**theta
    reached = term.copy()
    left = np.flatnonzero(reached < wanted)
    for k in range(_SMALL_COUNTS):
        if not len(left):
            break
        term[left] *= (k + theta[left]) / (k + 1) * (1 - p[left])
        reached[left] += term[left]
        counts[left] += 1
        left = left[reached[left] < wanted[left]]
    if len(left):
        counts[left] = nbinom.ppf(wanted[left], theta[left], p[left])
    return counts.reshape(mean.shape)


def mean_log(counts: np.ndarray, depth: float) -> np.ndarray:
    """Mean over cells of log(1 + count · depth / total) per gene, (n_genes,)."""
    totals = np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    found: np.ndarray = np.log1p(counts * (depth / totals)).mean(axis=0)
    return found
