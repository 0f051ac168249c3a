"""Sequencing depth of groups of spots, and how to even it out."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ..data.counts import depth_of

_QUANTILES = np.linspace(0, 1, 201)

UNEVEN = 1.2
"""Ratio of median depths from which depth is evened out before testing."""


def with_even_depth(
    counts: sp.csr_matrix,
    groups: NDArray[np.bool_] | NDArray[np.intp],
    generator: np.random.Generator,
    *,
    least: float = 0.0,
) -> sp.csr_matrix:
    """Thin deeper spots, until all groups have the same distribution of depths.

    Dividing by depth leaves fewer zeros where spots are deep, and tests of the logarithm take that
    for a difference. Each spot keeps each molecule with the chance that brings its depth to that of
    the spot of the same rank in the shallowest group.

    Parameters
    ----------
    counts : (n_obs, n_vars), whole numbers
    groups : (n_obs,), which group each spot is of; those below 0 are thinned, but set no depth
    least : share of the depth of all spots, below which no group pulls the others; it stays
        shallower than they are

    Returns
    -------
    (n_obs, n_vars), float32
    """
    depth, kept = depth_of(counts), np.ones(counts.shape[0])
    sides = {int(name): groups == name for name in np.unique(groups)}
    quantiles = [np.quantile(depth[side], _QUANTILES) for at, side in sides.items() if at >= 0]
    wanted = np.maximum(np.min(quantiles, axis=0), least * np.quantile(depth, _QUANTILES))
    for side in sides.values():
        rank = np.empty(side.sum())
        rank[np.argsort(depth[side], kind="stable")] = np.arange(len(rank)) + 0.5
        goal = np.interp(rank / len(rank), _QUANTILES, wanted)
        kept[side] = np.minimum(1.0, goal / np.maximum(depth[side], 1.0))
    whole = counts.data.astype(np.int64)
    left = generator.binomial(whole, np.repeat(kept, np.diff(counts.indptr))).astype(np.float32)
    thinned = sp.csr_matrix((left, counts.indices.copy(), counts.indptr.copy()), counts.shape)
    thinned.eliminate_zeros()
    return thinned
