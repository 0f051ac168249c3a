"""How a second measurement scatters about the expected count, learned on hidden molecules.

Expected counts are right on average, not for each spot: true rates scatter about them. Here the
rate is taken to be Gamma distributed, with the expected count μ as mean and φ·μ as variance, so
that a second measurement of the spot at the same depth is negative binomial with mean μ and
variance μ·(1 + φ). Molecules that the prediction has not seen are such a measurement at a share f
of the depth, with mean f·μ and variance f·μ·(1 + f·φ), and tell the *spread* φ.

φ depends on the level μ, and not on the gene. The expected count leans on the spot's own count with
some weight w, which alone gives every level a spread of w; where genes are strong, what the
prediction misses comes on top. A dispersion per gene instead (variance μ + μ²/θ, drawn to a trend)
predicted the second half of the molecules worse on all of five real sets that were tried; one per
gene beside a common φ worse on four of them, and better on one by 0.0001 nats a molecule.

What the negative binomial gets wrong is put right by conformal calibration: a 90 % interval runs
between those two points of the distribution that 5 % of the hidden counts lay below, and 5 % above.
A count y stands for the stretch from F(y − 1) to F(y), any place on it alike, as in the randomised
probability integral transform, of which the expectation is taken here (Czado, Gneiting and Held
2009): no random numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ..data.blocks import RowBlocks
from ..data.counts import row_blocks
from ..errors import TooSmall

Array = NDArray[np.float64]

TAIL = 0.05
"""Chance to lie below an interval, and chance to lie above it."""

_RANGE = (1e-4, 1e5)
_PER_FOLD = 40
"""Expected counts within this range are told apart, in so many bins per tenfold."""

_APART = np.log(10) / 2
_REACH = (0.01, 0.995)
"""Levels are so far apart in log μ, between these shares of the expected molecules."""

_USUAL, _LEEWAY = np.log(0.2), 1.5
"""Log φ at μ = 1 where nothing is known, and how far the mean of log φ may well be from that."""

_RISE, _RISE_LEEWAY, _BEND = 0.3, 0.3, 0.25
"""Usual rise of log φ with log μ, how far it may be from that, and change from level to level."""

_LOG_SPREADS = (np.log(1e-3), np.log(1e2))

_EVEN = 1_000
"""Entries added to each level that lie evenly between 0 and 1, so that few do not decide."""

_ROUNDING = 0.004
"""Steps of the logarithm of expected counts at which ends of intervals are computed."""


@dataclass(frozen=True)
class Calibration:
    """Scatter of a second measurement, by expected count.

    Parameters
    ----------
    levels : rows of expected count, spread φ, lower and upper point of the 90 % interval (between
        0 and 1), by rising expected count; log φ and the points are interpolated over its logarithm
    """

    levels: list[list[float]]

    def spread(self, expected: NDArray[np.floating]) -> Array:
        """φ at these expected counts: variance beyond counting noise ÷ expected count."""
        spread: Array = np.exp(self._at(expected, np.log(self._column(1))))
        return spread

    def points(self, expected: NDArray[np.floating]) -> tuple[Array, Array]:
        """Lower and upper point of the 90 % interval at these expected counts."""
        return self._at(expected, self._column(2)), self._at(expected, self._column(3))

    def interval(
        self, expected: NDArray[np.floating]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Lower and upper end, whole counts, between which a second measurement lies.

        Whole counts can but cover too much: at 0.01 expected molecules the interval is 0–0, and
        holds 99 %. Computed at expected counts within 0.2 % of the given ones.
        """
        from scipy.stats import nbinom

        steps, places = np.unique(
            np.round(_log(expected) / _ROUNDING).astype(int), return_inverse=True
        )
        mean = np.exp(steps * _ROUNDING)
        spread = self.spread(mean)
        lower, upper = (
            np.asarray(nbinom.ppf(p, mean / spread, 1 / (1 + spread)), dtype=np.float32)[places]
            for p in self.points(mean)
        )
        return lower, upper

    def _column(self, column: int) -> Array:
        return np.array([row[column] for row in self.levels], dtype=np.float64)

    def _at(self, expected: NDArray[np.floating], values: Array) -> Array:
        found: Array = np.interp(_log(expected), _log(self._column(0)), values)
        return found


def calibrate(mean: RowBlocks, hidden: sp.csr_matrix) -> Calibration:
    """Learn from hidden molecules how a second measurement scatters about the expected count.

    Parameters
    ----------
    mean : (n_obs, n_vars), expected counts at the depth of the kept molecules, made from them
    hidden : (n_obs, n_vars), molecules that the prediction has not seen, at any depth

    Raises
    ------
    TooSmall : nothing is hidden, or nothing expected

    Notes
    -----
    log φ is piecewise linear in log μ. It has the largest likelihood, with a prior that expects a
    power of μ, so that levels with few molecules follow the others. One pass over `mean`; what
    follows works on numbers of entries by bin of expected count and by hidden count.
    """
    tally = Tally.of(mean, hidden)
    centres = tally.centres()
    log_spreads = _log_spreads(tally, centres)
    rows = np.column_stack([np.exp(centres), np.exp(log_spreads)])
    plain = Calibration([[*row, TAIL, 1 - TAIL] for row in rows.tolist()])
    nearest = np.abs(np.subtract.outer(_log(MIDDLES), centres)).argmin(axis=1)
    points = [tally.points(nearest == i, plain) for i in range(len(centres))]
    return Calibration([[*row, *p] for row, p in zip(rows.tolist(), points, strict=True)])


def stretch(y: Array, mean: Array, known: Calibration, share: float) -> tuple[Array, Array]:
    """F(y − 1) and F(y) of a measurement at a share of the depth; never quite the same.

    Parameters
    ----------
    y, mean : (n,), counts and the expected counts at full depth
    """
    from scipy.stats import nbinom

    spread = known.spread(mean)
    size, chance = np.maximum(mean, _RANGE[0]) / spread, 1 / (1 + share * spread)
    begin, end = (np.asarray(nbinom.cdf(c, size, chance), dtype=np.float64) for c in (y - 1, y))
    return begin, np.maximum(end, begin + 1e-12)


@dataclass(frozen=True, eq=False)
class Tally:
    """Entries (spots × genes) gathered by bin of expected count, and by hidden count.

    ``expected`` and ``entries`` (bins,), sum of expected counts and number of entries; ``per_gene``
    (n_vars,) that sum by gene; ``share`` hidden ÷ expected molecules; ``bins``, ``hidden`` and
    ``number`` of entries with the same bin and hidden count, where that is not zero.
    """

    expected: Array
    entries: Array
    per_gene: Array
    share: float
    bins: NDArray[np.intp]
    hidden: Array
    number: Array

    @classmethod
    def of(cls, mean: RowBlocks, hidden: sp.csr_matrix) -> Tally:
        """Gather, in blocks of rows.

        Raises
        ------
        TooSmall : nothing is hidden, or nothing expected
        """
        expected, entries, per_gene = np.zeros(N_BINS), np.zeros(N_BINS), np.zeros(hidden.shape[1])
        found, pairs = hidden.tocsr(), [np.zeros(0, dtype=np.intp)]
        for rows in row_blocks(found.shape):
            block, part = np.asarray(mean[rows]), found[rows].tocoo()
            places = bins_of(block)
            expected += np.bincount(places.ravel(), block.ravel(), minlength=N_BINS)
            entries += np.bincount(places.ravel(), minlength=N_BINS)
            per_gene += block.sum(axis=0, dtype=np.float64)
            pairs.append(places[part.row, part.col] + N_BINS * part.data.astype(np.intp))
        share = _share_hidden(float(found.sum()), float(expected.sum()))
        kinds, number = np.unique(np.concatenate(pairs), return_counts=True)
        y, bins = np.divmod(kinds, N_BINS)
        hidden_, number_ = y.astype(np.float64), number.astype(np.float64)
        return cls(expected, entries, per_gene, share, bins, hidden_, number_)

    def centres(self) -> Array:
        """Logarithms of the expected counts at which the scatter is learned."""
        upto = np.cumsum(self.expected) / self.expected.sum()
        low, high = (np.log(MIDDLES[np.searchsorted(upto, q)]) for q in _REACH)
        return np.linspace(low, high, int((high - low) / _APART) + 1)

    def points(self, part: NDArray[np.bool_], known: Calibration) -> tuple[float, float]:
        """Places between 0 and 1 below and above which `TAIL` of the counts of some bins lie."""
        from scipy.optimize import brentq

        here = part[self.bins]
        begin, end = stretch(self.hidden[here], MIDDLES[self.bins[here]], known, self.share)
        counted = np.bincount(self.bins, self.number, minlength=N_BINS)
        zeros, number = (self.entries - counted)[part], self.number[here]
        top = stretch(np.zeros(len(zeros)), MIDDLES[part], known, self.share)[1]
        n_all = self.entries[part].sum() + _EVEN

        def surplus(place: float, wanted: float) -> float:
            below = number @ np.clip((place - begin) / (end - begin), 0, 1) + _EVEN * place
            return float((below + zeros @ np.minimum(place / top, 1)) / n_all - wanted)

        low, high = (brentq(surplus, 0.0, 1.0, args=(q,), xtol=1e-6) for q in (TAIL, 1 - TAIL))
        return float(low), float(high)


def bins_of(expected: NDArray[np.floating]) -> NDArray[np.intp]:
    """Bin of each expected count, 0 to `N_BINS` − 1."""
    places = (_log(expected) - np.log(_RANGE[0])) * (_PER_FOLD / np.log(10))
    return np.asarray(places, dtype=np.intp)


def _log_spreads(tally: Tally, centres: Array) -> Array:
    """Most probable log φ at each centre.

    With a size of μ/φ, the zeros and all but a rest of the others add up to Σ μ·log(1 + f·φ)/φ.
    """
    from scipy.optimize import minimize
    from scipy.special import digamma, gammaln

    hats = np.stack([np.interp(_log(MIDDLES), centres, e) for e in np.eye(len(centres))], axis=1)
    y, mean, n, f = tally.hidden, MIDDLES[tally.bins], tally.number, tally.share
    prior, wanted = _prior(centres)

    def loss(log_spreads: Array) -> tuple[float, Array]:
        spread = np.exp(hats @ log_spreads)  # (bins,)
        none, here = np.log1p(f * spread) / spread, spread[tally.bins]
        size, off = mean / here, prior @ log_spreads - wanted
        counted = gammaln(y + size) - gammaln(size) + y * np.log(f * here / (1 + f * here))
        slope = tally.expected * (f / (1 + f * spread) - none)
        per_pair = size * (digamma(y + size) - digamma(size)) - y / (1 + f * here)
        slope += np.bincount(tally.bins, n * per_pair, minlength=N_BINS)
        value = tally.expected @ none - n @ counted + off @ off / 2
        return float(value), hats.T @ slope + prior.T @ off

    start = np.clip(_USUAL + _RISE * centres, *_LOG_SPREADS)
    bounds = [_LOG_SPREADS] * len(centres)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x, dtype=np.float64)


def _prior(centres: Array) -> tuple[Array, Array]:
    """Rows and values that log φ should meet: its mean, mean rise, and rises that change little."""
    n = len(centres)
    rows, wanted = [np.full((1, n), 1 / n / _LEEWAY)], [(_USUAL + _RISE * centres.mean()) / _LEEWAY]
    if n > 1:
        rises = np.diff(np.eye(n), axis=0) / np.diff(centres)[:, None]
        rows += [rises.mean(axis=0, keepdims=True) / _RISE_LEEWAY, np.diff(rises, axis=0) / _BEND]
        wanted += [_RISE / _RISE_LEEWAY, *np.zeros(n - 2)]
    return np.concatenate(rows), np.array(wanted)


def _log(expected: NDArray[np.floating]) -> Array:
    logarithm: Array = np.log(np.clip(expected, *_RANGE, dtype=np.float64))
    return logarithm


def _share_hidden(hidden: float, expected: float) -> float:
    if hidden <= 0 or expected <= 0:
        raise TooSmall(
            expected="hidden molecules to learn from, and a prediction of some",
            found=f"{hidden:,.0f} hidden and {expected:,.0f} expected",
            remedy="Use deeper data or more genes, or hide a larger share.",
        )
    return hidden / expected


N_BINS = int(np.log10(_RANGE[1] / _RANGE[0]) * _PER_FOLD) + 1
MIDDLES: Array = _RANGE[0] * 10 ** ((np.arange(N_BINS) + 0.5) / _PER_FOLD)
"""Expected count in the middle of each bin."""
