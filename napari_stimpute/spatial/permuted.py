"""The same data with its patterns taken away: spots put elsewhere, or single genes dealt anew."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ..data.counts import depth_of
from ..data.graph import Points


def permuted_coordinates(
    coords: Points, sections: NDArray[np.intp], generator: np.random.Generator
) -> Points:
    """Give every spot the place of another one of its section, by chance.

    Parameters
    ----------
    coords : (n_obs, 2)
    sections : (n_obs,), section of each spot

    Returns
    -------
    (n_obs, 2), the same places
    """
    spots = np.argsort(sections, kind="stable")
    exchanged = np.empty_like(spots)
    exchanged[spots] = np.argsort(sections + generator.random(len(sections)), kind="stable")
    return coords[exchanged]


def without_pattern(
    counts: sp.csr_matrix, genes: NDArray[np.intp], generator: np.random.Generator
) -> sp.csr_matrix:
    """Deal the molecules of some genes anew, each gene for itself, and leave the others alone.

    A gene keeps its total and how unevenly it is spread, and every spot is dealt molecules in
    proportion to its depth; so neither the tissue nor another gene says anything about it. Merely
    exchanging counts would not do: between spots of different depth it undoes depth, between
    shares of the depth it leaves no whole numbers, and among spots of equal depth it keeps the
    pattern of every gene that is richer where spots are deep.

    Parameters
    ----------
    counts : (n_obs, n_vars)
    genes : columns to deal anew

    Returns
    -------
    (n_obs, n_vars), float32

    Notes
    -----
    Multinomial with weights depth × Γ(1/v, v): v is the gene's squared coefficient of variation
    beyond Poisson, by moments around gene share × depth.
    """
    depth = depth_of(counts)
    columns, n_vars = counts.tocsc(), counts.shape[1]
    dealt = [_dealt(columns[:, [g]].toarray().ravel(), depth, generator) for g in genes]
    rows = [np.flatnonzero(x) for x in dealt]
    values = np.concatenate([x[spots] for x, spots in zip(dealt, rows, strict=True)])
    places = (np.concatenate(rows), np.repeat(genes, [len(spots) for spots in rows]))
    others = counts @ sp.diags(1.0 - np.isin(np.arange(n_vars), genes))
    changed = sp.csr_matrix(
        others + sp.csr_matrix((values, places), counts.shape), dtype=np.float32
    )
    changed.eliminate_zeros()
    return changed


def _dealt(
    x: NDArray[np.floating], depth: NDArray[np.float64], generator: np.random.Generator
) -> NDArray[np.int64]:
    """As many molecules, dealt in proportion to depth and as unevenly as before."""
    expected = x.sum() * depth / depth.sum()
    beyond_poisson = ((x - expected) ** 2 - expected).sum() / max((expected**2).sum(), 1e-12)
    v = max(float(beyond_poisson), 1e-6)
    weights = depth * (generator.gamma(1 / v, v, len(x)) + 1e-12)  # never all zero
    return generator.multinomial(round(float(x.sum())), weights / weights.sum())
