"""Intervals for a second measurement, and whether they hold what they promise.

The interval of a spot and gene says where a second measurement of the spot at the same depth would
lie nine times in ten. How it is learned: `trust.calibration`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .. import keys
from ..data.blocks import RowBlocks
from ..data.counts import row_blocks
from ..data.records import read_records
from .calibration import N_BINS, Array, Calibration, Tally, bins_of, stretch

if TYPE_CHECKING:
    from anndata import AnnData

Ends = tuple[NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True)
class Coverage:
    """Share of counts in their 90 % interval, by (expected) randomised place.

    Parameters
    ----------
    overall : of all entries (spots × genes)
    by_gene : of the entries of the third of genes with fewest, middling, most expected molecules
    by_level : of the third of entries with lowest, middling, highest expected counts
    highest : of the hundredth of entries with the highest expected counts
    """

    overall: float
    by_gene: tuple[float, ...]
    by_level: tuple[float, ...]
    highest: float


def interval(
    adata: AnnData, key: str, gene: str, values: NDArray[np.float32] | None = None
) -> Ends | None:
    """Range in which a second measurement of each spot would lie nine times in ten, whole counts.

    Parameters
    ----------
    key : of the run
    gene : one of ``adata.var_names``
    values : (n_obs,), what the run imputed of it; None for those of its layer

    Returns
    -------
    lower, upper : (n_obs,) each; None where the run calibrated nothing or lacks the gene
    """
    known = calibration_of(adata, key)
    expected = expected_counts(adata, key, gene) if values is None else values
    return None if known is None or expected is None else known.interval(expected)


def certainty(lower: NDArray[np.floating], upper: NDArray[np.floating]) -> NDArray[np.float32]:
    """How closely each spot's interval pins its gene down, from 0 to 1, to be drawn as opacity.

    1 is an interval of a single count, 0 one that spans all that the intervals of all spots reach.
    Taken on the square-root scale, where counting noise is alike at low and high counts: a spot is
    not called unsure for being high.

    Parameters
    ----------
    lower, upper : (n_obs,), ends of the intervals of one gene
    """
    low, high = np.sqrt(lower, dtype=np.float64), np.sqrt(upper, dtype=np.float64)
    reach = float(high.max() - low.min()) if high.size else 0.0
    return np.asarray(1 - (high - low) / (reach or 1.0), dtype=np.float32)


def coverage(mean: RowBlocks, hidden: sp.csr_matrix, calibration: Calibration) -> Coverage:
    """Share of counts that lie in their interval, on molecules that calibrated nothing.

    Parameters
    ----------
    mean : (n_obs, n_vars), expected counts
    hidden : (n_obs, n_vars), a second measurement, at the depth of `mean` or another

    Raises
    ------
    TooSmall : nothing is hidden, or nothing expected
    """
    tally, n_vars = Tally.of(mean, hidden), hidden.shape[1]
    total, covered = np.zeros(N_BINS * n_vars), np.zeros(N_BINS * n_vars)
    for rows in row_blocks(hidden.shape):
        expected = np.asarray(mean[rows], dtype=np.float64)
        share = _share_inside(hidden[rows], expected, calibration, tally.share)
        places = (bins_of(expected) * n_vars + np.arange(n_vars)).ravel()
        total += np.bincount(places, minlength=len(total))
        covered += np.bincount(places, share.ravel(), minlength=len(covered))
    seen, inside = total.reshape(N_BINS, n_vars), covered.reshape(N_BINS, n_vars)
    thirds = np.array_split(np.argsort(tally.per_gene, kind="stable"), min(3, n_vars))
    by_level = seen.sum(axis=1), inside.sum(axis=1)
    return Coverage(
        overall=float(inside.sum() / seen.sum()),
        by_gene=tuple(float(inside[:, g].sum() / seen[:, g].sum()) for g in thirds),
        by_level=tuple(_between(*by_level, i / 3, (i + 1) / 3) for i in range(3)),
        highest=_between(*by_level, 0.99, 1.0),
    )


def calibration_of(adata: AnnData, key: str) -> Calibration | None:
    """What a run learned about the scatter of its expected counts; None if nothing."""
    record = read_records(adata).get(key)
    trust = None if record is None else record.trust
    return Calibration(trust.interval_levels) if trust and trust.interval_levels else None


def expected_counts(adata: AnnData, key: str, gene: str) -> NDArray[np.float32] | None:
    """Imputed values of one gene, (n_obs,); None where the run or the gene is not there."""
    if keys.imputed(key) not in adata.layers or gene not in adata.var_names:
        return None
    column = adata.layers[keys.imputed(key)][:, adata.var_names.get_loc(gene)]
    return np.asarray(column, dtype=np.float32).ravel()


def _share_inside(
    hidden: sp.csr_matrix, expected: Array, known: Calibration, share: float
) -> Array:
    """How much of the stretch of each count lies between the points of its interval."""
    low, high = known.points(expected)
    spread, begin = known.spread(expected), np.zeros_like(expected)
    end = np.exp(-expected / spread * np.log1p(share * spread))  # F(0)
    at = hidden.tocoo()
    place = (at.row, at.col)
    begin[place], end[place] = stretch(at.data.astype(np.float64), expected[place], known, share)
    inside = np.minimum(high, end) - np.maximum(low, begin)
    return np.asarray(np.clip(inside, 0, None) / (end - begin), dtype=np.float64)


def _between(seen: Array, inside: Array, begin: float, end: float) -> float:
    """Coverage of the entries between two quantiles of the expected count, from bins."""
    upto = np.cumsum(seen) / seen.sum()
    taken = np.clip(np.minimum(upto, end) - np.maximum(upto - seen / seen.sum(), begin), 0, None)
    rate = np.divide(inside, seen, out=np.zeros_like(inside), where=seen > 0)
    return float(taken @ rate / taken.sum())
