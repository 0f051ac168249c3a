"""Depth of two groups of spots, and how to make it no difference between them."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

_QUANTILES = np.linspace(0, 1, 201)


def median_depths(counts: sp.csr_matrix, is_group: NDArray[np.bool_]) -> tuple[float, float]:
    """Median total of the group's spots, and of the others."""
    depth = _depth(counts)
    return float(np.median(depth[is_group])), float(np.median(depth[~is_group]))


def with_even_depth(
    counts: sp.csr_matrix, is_group: NDArray[np.bool_], generator: np.random.Generator
) -> sp.csr_matrix:
    """Thin deeper spots, until both groups have the same distribution of depths.

    Dividing by depth leaves fewer zeros where spots are deep, and rank tests take that for a
    difference. Each spot keeps each molecule with the chance that brings its depth to that of the
    spot of the same rank in the shallower group.

    Parameters
    ----------
    counts : (n_obs, n_vars), whole numbers
    is_group : (n_obs,), which spots are of one group; the others are of the other

    Returns
    -------
    (n_obs, n_vars), float32
    """
    depth, kept = _depth(counts), np.ones(counts.shape[0])
    sides = (is_group, ~is_group)
    wanted = np.min([np.quantile(depth[side], _QUANTILES) for side in sides], axis=0)
    for side in sides:
        rank = np.empty(side.sum())
        rank[np.argsort(depth[side], kind="stable")] = np.arange(len(rank)) + 0.5
        goal = np.interp(rank / len(rank), _QUANTILES, wanted)
        kept[side] = np.minimum(1.0, goal / np.maximum(depth[side], 1.0))
    whole = counts.data.astype(np.int64)
    left = generator.binomial(whole, np.repeat(kept, np.diff(counts.indptr))).astype(np.float32)
    thinned = sp.csr_matrix((left, counts.indices.copy(), counts.indptr.copy()), counts.shape)
    thinned.eliminate_zeros()
    return thinned


def _depth(counts: sp.csr_matrix) -> NDArray[np.float64]:
    return np.asarray(counts.sum(axis=1), dtype=np.float64).ravel()
