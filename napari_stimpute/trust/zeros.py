"""What a zero may mean: would a molecule have shown, had the spot been measured deeper?

A zero is called technical if a measurement five times as deep would probably show the gene, and
biological if it would probably not. Nothing is assumed of zero inflation: both kinds follow from
the expected count and its scatter (`trust.calibration`).

At zeros the expected count is not right on average even where it is over all spots: it was weighed
to predict strong genes, which are seldom zero. So it is corrected by what was hidden at the zeros
of the kept counts: with g the gene's mean at the spot's depth, μ the expected count and b = log g,

    log E[count | zero] = log g + c₀ + c₃·b + (c₁ + c₂·b)·(log μ − log g),

a Poisson regression with four coefficients. Weak genes mostly keep their mean (c₂ > 0), since what
sets their spots apart is noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ..data.blocks import RowBlocks, kept_or_filled
from ..data.counts import depth_of, row_blocks
from ..data.records import read_records
from ..errors import TooSmall
from .calibration import Array, Calibration
from .intervals import calibration_of, expected_counts

if TYPE_CHECKING:
    from anndata import AnnData

DEPTH_FACTOR = 5.0
"""How many times as deep the measurement is that a zero is held against."""

DEFAULT_THRESHOLD = 0.7
"""How sure a zero must be to be called technical or biological."""

Filling = Callable[[slice, NDArray[np.float32]], NDArray[np.float32]]
"""Of rows, and expected counts there (block, n_vars): what is kept or filled."""

COUNTED, TECHNICAL, BIOLOGICAL, UNSURE = -1, 0, 1, 2

_UNCORRECTED = (0.0, 1.0, 0.0, 0.0)
_TRUST = 10.0
"""Molecules at zeros that each uncorrected coefficient counts for."""

_LEVELS, _DEPARTURES = (-9.0, 9.0), (-5.0, 5.0)
_STEP = 0.2
"""Bounds and bins of log g, and of log μ − log g."""

_STEEPEST = 2.0


@dataclass(frozen=True, eq=False)
class ZeroMap:
    """What the zeros of one gene may mean.

    Parameters
    ----------
    probability : (n_obs,), chance that five times the depth would show a molecule; NaN where one
        was counted
    """

    probability: NDArray[np.float32]

    def classes(self, threshold: float = DEFAULT_THRESHOLD) -> NDArray[np.int8]:
        """Code of each spot: −1 counted, 0 likely technical, 1 likely biological, 2 unsure.

        Technical from `threshold` on, biological up to 1 − `threshold`; at 0.5, where both hold,
        technical.
        """
        p = self.probability
        kinds = [np.isnan(p), p >= np.float32(threshold), p <= np.float32(1 - threshold)]
        codes = np.select(kinds, [COUNTED, TECHNICAL, BIOLOGICAL], UNSURE)
        return codes.astype(np.int8)

    def shares(self, threshold: float = DEFAULT_THRESHOLD) -> tuple[float, float, float]:
        """Shares of technical, biological and unsure among the zeros; all 0 without zeros."""
        codes = self.classes(threshold)
        n_zeros = max(1, int((codes != COUNTED).sum()))
        technical, biological, unsure = (
            int((codes == kind).sum()) / n_zeros for kind in (TECHNICAL, BIOLOGICAL, UNSURE)
        )
        return technical, biological, unsure


@dataclass(frozen=True)
class ZeroCalibration:
    """Chance that a zero hides a molecule, from expected counts.

    Parameters
    ----------
    coefficients : c₀ to c₃ of the correction
    scatter : of a second measurement
    """

    coefficients: tuple[float, ...]
    scatter: Calibration

    def expected(self, imputed: NDArray[np.floating], average: NDArray[np.floating]) -> Array:
        """Expected count at the present depth of a spot that showed none.

        Parameters
        ----------
        imputed : expected counts, any shape
        average : the gene's share of all molecules × the spot's depth, of the same shape
        """
        level, departure = _features(imputed, average)
        constant, slope, slope_by_level, by_level = self.coefficients
        steepness = np.clip(slope + slope_by_level * level, 0, _STEEPEST)
        corrected = np.exp(level + constant + by_level * level + steepness * departure)
        return np.where(average > 0, corrected, 0.0)

    def probability(
        self, imputed: NDArray[np.floating], average: NDArray[np.floating]
    ) -> NDArray[np.float32]:
        """Chance that `DEPTH_FACTOR` times the depth would show a molecule at a zero.

        Notes
        -----
        The molecules to come are negative binomial with mean (f − 1)·μ₀ and size μ₀ ÷ φ, so that
        none comes with chance (1 + (f − 1)·φ)^(−μ₀ ÷ φ).
        """
        spread = self.scatter.spread(imputed)
        none = -self.expected(imputed, average) / spread * np.log1p((DEPTH_FACTOR - 1) * spread)
        return np.asarray(-np.expm1(none), dtype=np.float32)


def calibrate_zeros(kept: sp.csr_matrix, mean: RowBlocks, hidden: sp.csr_matrix) -> list[float]:
    """Learn how expected counts are to be corrected at zeros, from what was hidden there.

    Parameters
    ----------
    kept, hidden : (n_obs, n_vars), counts
    mean : (n_obs, n_vars), expected counts at the depth of the kept ones, made from them

    Returns
    -------
    Four coefficients, drawn to those of no correction, (0, 1, 0, 0), where little was hidden

    Raises
    ------
    TooSmall : nothing was kept

    Notes
    -----
    One pass over `mean`, in which zeros are gathered by bins of log g and log μ − log g.
    """
    exposure, level, departure, molecules = _gather(kept, mean, hidden)
    share = float(hidden.sum()) / float(kept.sum())
    ones = np.ones_like(level)
    features = np.stack([ones, departure, departure * level, level], axis=1)
    start = np.array(_UNCORRECTED)
    offset = np.log(exposure * max(share, 1e-12))
    found = start.copy()
    for _ in range(50):
        rate = np.exp(np.clip(features @ found + offset, -50, 50))
        slope = features.T @ (molecules - rate) - _TRUST * (found - start)
        curvature = (features * rate[:, None]).T @ features + _TRUST * np.eye(len(start))
        step = np.linalg.solve(curvature, slope)
        found += step
        if np.abs(step).max() < 1e-8:
            break
    return [float(c) for c in found]


def zero_map(
    adata: AnnData, key: str, gene: str, values: NDArray[np.float32] | None = None
) -> ZeroMap | None:
    """What each zero of a gene may mean, by a run's expected counts.

    Parameters
    ----------
    adata : with the counts in X, as runs leave it
    key : of the run
    gene : one of ``adata.var_names``
    values : (n_obs,), what the run imputed of it; None for those of its layer

    Returns
    -------
    None where the run calibrated nothing or lacks the gene
    """
    known = zero_calibration_of(adata, key)
    imputed = expected_counts(adata, key, gene) if values is None else values
    if known is None or imputed is None:
        return None
    depth = depth_of(adata.X)
    column = adata.X[:, [adata.var_names.get_loc(gene)]]
    counts = np.asarray(column.sum(axis=1), dtype=np.float64).ravel()
    average = depth * (counts.sum() / max(depth.sum(), 1.0))
    probability = known.probability(imputed, average)
    probability[counts > 0] = np.nan
    return ZeroMap(probability)


def zero_filling(counts: sp.csr_matrix, known: ZeroCalibration, threshold: float) -> Filling:
    """What keeps counts, and puts the expected count only where a zero is likely technical.

    Parameters
    ----------
    counts : (n_obs, n_vars)
    threshold : probability from which a zero is filled

    Returns
    -------
    of a block of expected counts, which is overwritten: counts bit for bit where there are any,
    expected counts at likely technical zeros, 0 at the others
    """
    share, depth = _share_and_depth(counts)

    def filled(rows: slice, block: NDArray[np.float32]) -> NDArray[np.float32]:
        probability = known.probability(block, depth[rows, None] * share)
        return kept_or_filled(block, counts[rows], probability >= np.float32(threshold))

    return filled


def zero_calibration_of(adata: AnnData, key: str) -> ZeroCalibration | None:
    """What a run learned about zeros; None if it learned nothing."""
    scatter, record = calibration_of(adata, key), read_records(adata).get(key)
    if scatter is None or record is None or record.trust is None or not record.trust.zero_levels:
        return None
    return ZeroCalibration(tuple(record.trust.zero_levels[0]), scatter)


def _gather(
    kept: sp.csr_matrix, mean: RowBlocks, hidden: sp.csr_matrix
) -> tuple[Array, Array, Array, Array]:
    """Zeros by bins: Σ g, mean log g, mean log μ − log g (both weighted by g), hidden molecules."""
    share, depth = _share_and_depth(kept)
    widths = [round((b - a) / _STEP) + 1 for a, b in (_LEVELS, _DEPARTURES)]
    sums = np.zeros((4, widths[0] * widths[1]))
    for rows in row_blocks(kept.shape):
        average = depth[rows, None] * share
        is_zero = (kept[rows].toarray() == 0) & (average > 0)
        g, y = average[is_zero], hidden[rows].toarray()[is_zero]
        level, departure = _features(np.asarray(mean[rows])[is_zero], g)
        places = [
            ((x - low) / _STEP).round().astype(np.intp)
            for x, (low, _) in ((level, _LEVELS), (departure, _DEPARTURES))
        ]
        place = places[0] * widths[1] + places[1]
        for row, values in zip(sums, (g, g * level, g * departure, y), strict=True):
            row += np.bincount(place, values, minlength=sums.shape[1])
    g, level, departure, y = sums[:, sums[0] > 0]
    return g, level / g, departure / g, y


def _features(imputed: NDArray[np.floating], average: NDArray[np.floating]) -> tuple[Array, Array]:
    """Log g and log μ − log g, both within their bounds."""
    tiny = np.exp(2 * _LEVELS[0])
    level = np.log(np.maximum(average, tiny, dtype=np.float64))
    departure = np.log(np.maximum(imputed, tiny, dtype=np.float64)) - level
    return np.clip(level, *_LEVELS), np.clip(departure, *_DEPARTURES)


def _share_and_depth(counts: sp.csr_matrix) -> tuple[Array, Array]:
    """Each gene's share of all molecules, and the molecules of each spot."""
    depth = depth_of(counts)
    if depth.sum() <= 0:
        raise TooSmall(
            expected="counted molecules",
            found="none",
            remedy="Use deeper data, or more spots.",
        )
    return np.asarray(counts.sum(axis=0), dtype=np.float64).ravel() / depth.sum(), depth
