"""Tell zeros that are real from zeros that were missed, in a low-rank reconstruction (ALRA).

Expression varies along few directions. A reconstruction from those alone scatters around zero where
a gene is truly silent, as far below as above. So what lies above the depth of a gene's lowest
values was expressed, and all else is set to zero again. Use it where zeros should stay zero; where
expected values are wanted, the reconstruction itself predicts hidden molecules better.

After adaptively thresholded low-rank approximation (Linderman et al., 2022). Deviations: the
reconstruction may come from a network's linear decoder rather than a singular-value decomposition;
beyond 20,000 spots, a seeded sample of them decides and the rest follow in blocks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ...data.on_disk import parts_of

MOST_DECIDING = 20_000
"""Spots that thresholds and scales are taken from."""

QUANTILE = 0.001
"""Share of spots in which a silent gene's reconstruction lies lower than its threshold is high."""

_ROUNDING = 1e-6
"""Part of a gene's largest value that is rounding, and not expression."""

_RIDGE = 1e-3
_FEWEST = 2
"""Non-zero values that a gene needs for its scale to be known."""


@dataclass(frozen=True)
class ZeroRule:
    """What a reconstruction is turned into, gene by gene; fitted once, applied to any spots.

    Attributes
    ----------
    threshold : (n_vars,), log scale; values that are not above become zero
    factor, offset : (n_vars,), what the others are multiplied by, and what is added
    """

    threshold: NDArray[np.float32]
    factor: NDArray[np.float32]
    offset: NDArray[np.float32]

    def of(self, columns: NDArray[np.integer]) -> ZeroRule:
        """The rule of some genes."""
        return ZeroRule(self.threshold[columns], self.factor[columns], self.offset[columns])

    @classmethod
    def fit(
        cls,
        reconstruction: NDArray[np.floating],
        observed: sp.csr_matrix,
        quantile: float = QUANTILE,
    ) -> ZeroRule:
        """Decide from the spots of `deciding_spots`.

        Parameters
        ----------
        reconstruction : (n, n_vars), log scale, with negative values
        observed : (n, n_vars), log-normalised counts of the same spots
        quantile : as `zero_threshold`
        """
        threshold = zero_threshold(reconstruction, quantile)
        mean, sd = _moments(np.where(reconstruction > threshold, reconstruction, 0))
        wanted_mean, wanted_sd = _moments(observed)
        with np.errstate(invalid="ignore", divide="ignore"):
            factor = wanted_sd / sd
        is_known = np.isfinite(factor) & (factor > 0)
        factor = np.where(is_known, factor, 1)
        offset = np.where(is_known, wanted_mean - mean * factor, 0)
        return cls(threshold, factor.astype(np.float32), offset.astype(np.float32))

    def apply(
        self, reconstruction: NDArray[np.floating], observed: sp.csr_matrix
    ) -> NDArray[np.float32]:
        """Values of a block of spots, (n, n_vars) float32, log scale, ≥ 0.

        Parameters
        ----------
        reconstruction, observed : as in `fit`, of any spots

        Returns
        -------
        (n, n_vars); where molecules were counted but zero would come out, the observed value
        """
        scaled = np.maximum(reconstruction * self.factor + self.offset, 0)
        is_above = reconstruction > self.threshold
        values: NDArray[np.float32] = np.where(is_above, scaled, 0).astype(np.float32)
        rows = np.repeat(np.arange(observed.shape[0]), np.diff(observed.indptr))
        is_lost = (values[rows, observed.indices] == 0) & (observed.data > 0)
        values[rows[is_lost], observed.indices[is_lost]] = observed.data[is_lost]
        return values


def regressed(z: NDArray[np.floating], logged: sp.csr_matrix) -> NDArray[np.float32]:
    """Log values regressed on the latent space, by least squares with a little ridge.

    Parameters
    ----------
    z : (n, n_latent)
    logged : (n, n_vars), log-normalised counts

    Returns
    -------
    (n_latent + 1, n_vars), coefficients; the last row is the constant
    """
    wide = _with_one(z).astype(np.float64)
    gram = wide.T @ wide + _RIDGE * np.eye(wide.shape[1])
    products = np.zeros((logged.shape[1], wide.shape[1]))
    for rows, part in parts_of(logged):
        products += part.T @ wide[rows]
    return np.asarray(np.linalg.solve(gram, products.T), dtype=np.float32)


def reconstructed(
    z: NDArray[np.floating], coefficients: NDArray[np.float32]
) -> NDArray[np.floating]:
    """Log values (n, n_vars) of latent points (n, n_latent), by what `regressed` found."""
    return np.asarray(_with_one(z) @ coefficients)


def zero_threshold(
    reconstruction: NDArray[np.floating], quantile: float = QUANTILE
) -> NDArray[np.float32]:
    """How far a gene's reconstruction strays from zero where it is silent.

    Parameters
    ----------
    reconstruction : (n, n_vars), log scale, with negative values
    quantile : share of the lowest values that are left out as too extreme

    Returns
    -------
    (n_vars,), size of that quantile of each gene, and more than rounding
    """
    low = np.abs(np.quantile(reconstruction, quantile, axis=0))
    rounding = _ROUNDING * np.abs(reconstruction).max(axis=0)
    return np.asarray(np.maximum(low, rounding), dtype=np.float32)


def deciding_spots(n_obs: int, seed: int) -> NDArray[np.intp]:
    """At most 20,000 places of spots, ascending, drawn without replacement."""
    if n_obs <= MOST_DECIDING:
        return np.arange(n_obs)
    drawn = np.random.default_rng(seed).choice(n_obs, MOST_DECIDING, replace=False)
    return np.asarray(np.sort(drawn), dtype=np.intp)


def _with_one(z: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.column_stack([z, np.ones(len(z), dtype=np.float32)])


def _moments(
    values: NDArray[np.floating] | sp.csr_matrix,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of each gene's non-zero values; NaN if fewer than two."""
    stored = sp.csc_matrix(values, dtype=np.float64)
    stored.eliminate_zeros()
    n = np.diff(stored.indptr)
    gene = np.repeat(np.arange(stored.shape[1]), n)
    is_enough = n >= _FEWEST
    total = np.bincount(gene, stored.data, stored.shape[1])
    mean = np.divide(total, n, out=np.full(len(n), np.nan), where=is_enough)
    spread = np.bincount(gene, (stored.data - mean[gene]) ** 2, stored.shape[1])
    variance = np.divide(spread, n - 1, out=np.full(len(n), np.nan), where=is_enough)
    return mean, np.sqrt(variance)
