"""Moran's I: how much more alike neighbouring spots are than any two, for many genes at once.

Moran (1950), Biometrika 37:17; as PySAL and squidpy compute it. Sums are kept per part of the
tissue, so that what is computed from all genes has an error that knows of co-expression.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from ..data.counts import size_factors
from ..data.graph import Points, spatial_graph

Numbers = NDArray[np.float64]
Values = sp.csr_matrix | NDArray[np.floating]

BLOCK = 4_000_000
"""Dense values held at a time."""

_FLAT = 1e-5
"""A gene that varies by less than this share of its mean is constant but for rounding."""

_FEWEST_PER_PART, _MOST_HALVINGS = 5, 4


@dataclass(frozen=True, eq=False)
class Autocorrelation:
    """What Moran's I of each gene is made of, by part of the tissue.

    Attributes
    ----------
    cross : (n_parts, n_vars), sums of own deviation × mean deviation of the neighbours
    square : (n_parts, n_vars), sums of squared deviations
    """

    cross: Numbers
    square: Numbers

    @property
    def morans_i(self) -> Numbers:
        """Moran's I over the whole tissue, (n_vars,); 0 for a constant gene."""
        return _ratio(self.cross.sum(axis=0), self.square.sum(axis=0))

    def of(self, genes: NDArray[np.intp]) -> Autocorrelation:
        """Keep these genes, by place."""
        return Autocorrelation(self.cross[:, genes], self.square[:, genes])

    def error(self, number: Callable[[Numbers], float]) -> float:
        """Standard error of a number that is computed from the Moran's I of all genes.

        Jackknife over the parts of the tissue: genes that vary together are not taken for
        independent ones, as a binomial error would take them.
        """
        cross, square = self.cross.sum(axis=0), self.square.sum(axis=0)
        parts = zip(self.cross, self.square, strict=True)
        left_out = np.array([number(_ratio(cross - c, square - s)) for c, s in parts])
        return float(np.sqrt((len(left_out) - 1) * left_out.var()))


def morans_i(values: Values, weights: sp.csr_matrix) -> Numbers:
    """Moran's I of each gene: near 1 where neighbours agree, near 0 where they do not.

    Parameters
    ----------
    values : (n_obs, n_vars), sparse or dense; taken as they are
    weights : (n_obs, n_obs), of each pair of neighbours, zero on the diagonal

    Returns
    -------
    (n_vars,), 0 for a constant gene

    Notes
    -----
    I = n / Σwᵢⱼ · Σwᵢⱼ zᵢ zⱼ / Σzᵢ², z the deviation from the gene's mean. Genes are taken in
    blocks: neither n² numbers nor a dense copy of a sparse matrix are ever held.
    """
    return _sums(values, weights, np.zeros(values.shape[0], np.intp), lambda block: block).morans_i


def autocorrelation(values: Values, coords: Points, weights: sp.csr_matrix) -> Autocorrelation:
    """Moran's I of log(1 + x) at one common depth, so that depth makes no pattern.

    Parameters
    ----------
    values : (n_obs, n_vars), counts or expected counts, each spot at its own depth
    coords : (n_obs, 2), by which the tissue is parted
    weights : (n_obs, n_obs), as of `neighbour_weights`
    """
    depth = size_factors(values)[:, None]  # type: ignore[arg-type]  # it needs no more than sums
    return _sums(values, weights, _parts(coords), lambda block: np.log1p(block / depth))


def neighbour_weights(coords: Points, sections: ArrayLike | None = None) -> sp.csr_matrix:
    """Weigh the nearest six spots alike, adding up to 1 for each spot (squidpy's default)."""
    graph = spatial_graph(coords, sections=sections)
    degree = np.asarray(graph.sum(axis=1)).ravel()
    return sp.csr_matrix(sp.diags(1 / np.maximum(degree, 1.0)) @ graph)


def _sums(
    values: Values,
    weights: sp.csr_matrix,
    parts: NDArray[np.intp],
    level: Callable[[Numbers], Numbers],
) -> Autocorrelation:
    n_obs, n_vars = values.shape
    columns = values.tocsc() if sp.issparse(values) else values
    members = sp.csr_matrix((np.ones(n_obs), (parts, np.arange(n_obs))))  # (n_parts, n_obs)
    scale = n_obs / max(float(weights.sum()), 1e-12)
    step = max(1, BLOCK // n_obs)
    cross, square = [], []
    for start in range(0, n_vars, step):
        block = columns[:, start : start + step]
        dense = block.toarray() if sp.issparse(block) else block
        z = _deviations(level(np.asarray(dense, dtype=np.float64)))
        cross.append(np.asarray(members @ (z * (weights @ z))) * scale)
        square.append(np.asarray(members @ z**2))
    return Autocorrelation(np.hstack(cross), np.hstack(square))


def _deviations(values: Numbers) -> Numbers:
    mean = values.mean(axis=0)
    z: Numbers = values - mean
    z[:, z.std(axis=0) <= _FLAT * np.abs(mean)] = 0.0
    return z


def _ratio(cross: Numbers, square: Numbers) -> Numbers:
    return np.divide(cross, square, out=np.zeros_like(cross), where=square > 0)


def _parts(coords: Points) -> NDArray[np.intp]:
    """Halve the tissue up to four times, across its longer side: at most 16 parts, alike in size.

    Returns
    -------
    (n_obs,), part of each spot, from 0
    """
    codes = np.zeros(len(coords), dtype=np.intp)
    n_halvings = min(_MOST_HALVINGS, int(np.log2(max(1.0, len(coords) / _FEWEST_PER_PART))))
    for _ in range(n_halvings):
        halved = codes * 2
        for code in np.unique(codes):
            spots = np.flatnonzero(codes == code)
            side = int(np.argmax(np.ptp(coords[spots], axis=0)))
            ordered = spots[np.argsort(coords[spots, side], kind="stable")]
            halved[ordered[len(ordered) // 2 :]] += 1
        codes = halved
    return codes
