"""Gene programs: counts as a sum of few profiles, each as often in a spot as it explains best.

Non-negative matrix factorisation under Poisson noise, counts ≈ weights × profiles, which minimises
the Kullback–Leibler divergence (Lee and Seung 2001). Its multiplicative updates are those of
expectation–maximisation, as in probabilistic latent semantic analysis (Hofmann 1999): each molecule
is shared out among the programs, and the divergence never rises. They are ended early, which keeps
sparse counts from being fitted too closely.

Profiles are learned from at most 8,000 spots; every spot then gets its weights from its own counts
alone, block by block. Time grows with the spots, memory with spots and with genes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ...data.counts import depth_of, row_blocks
from ...data.on_disk import gene_totals, let_go, rows_at

Array = NDArray[np.float32]

N_PROGRAMS = 20
MOST_FITTED = 8_000
_BLOCK = 2_000_000
"""Values (spots × genes) that are expected at once."""

_TINY = 1e-12


def fit_profiles(counts: sp.csr_matrix, seed: int, *, rounds: int = 40) -> Array:
    """Profiles of gene programs, (programs, n_vars); each sums to one.

    Parameters
    ----------
    counts : (n_obs, n_vars), in memory or on disk
    seed : of the start, and of which spots are taken where there are more than 8,000
    rounds : more fit closer, and hardly change a blend
    """
    rng = np.random.default_rng(seed)
    n = counts.shape[0]
    at = np.sort(rng.permutation(n)[:MOST_FITTED])
    counts = counts if n <= MOST_FITTED else rows_at(counts, at)
    total = gene_totals(counts).astype(np.float32) + np.float32(_TINY)
    profiles = _to_one(total * rng.gamma(4.0, 0.25, (N_PROGRAMS, len(total))).astype(np.float32))
    weights = _even_weights(counts)
    for _ in range(rounds):
        found = np.zeros_like(profiles)
        for rows, ratio in _ratios(counts, weights, profiles):
            found += (ratio.T @ weights[rows]).T
            weights[rows] *= ratio @ profiles.T
        profiles = _to_one(profiles * found)
    return profiles


def weights_of(counts: sp.csr_matrix, profiles: Array, *, rounds: int = 15) -> Array:
    """Molecules of each program in each spot, (n_obs, programs).

    Parameters
    ----------
    counts : (n_obs, n_vars), in memory or on disk
    profiles : (programs, n_vars), each sums to one
    rounds : more fit closer, and hardly change a blend
    """
    weights = _even_weights(counts)
    for rows in row_blocks(counts.shape, _BLOCK):
        part, own = counts[rows], weights[rows]
        for _ in range(rounds):
            for inner, ratio in _ratios(part, own, profiles):
                own[inner] *= ratio @ profiles.T
    let_go(counts)
    return weights


def _even_weights(counts: sp.csr_matrix) -> Array:
    depth = depth_of(counts).astype(np.float32)
    return np.repeat(depth[:, None] / N_PROGRAMS, N_PROGRAMS, axis=1)


def _to_one(profiles: Array) -> Array:
    sums: Array = np.maximum(profiles.sum(axis=1, keepdims=True), np.float32(_TINY))
    return profiles / sums


def _ratios(
    counts: sp.csr_matrix, weights: Array, profiles: Array
) -> Iterator[tuple[slice, sp.csr_matrix]]:
    """Blocks of rows, and how many times each count is what is expected there, sparse."""
    for rows in row_blocks(counts.shape, _BLOCK):
        part = counts[rows]
        expected = weights[rows] @ profiles
        spots = np.repeat(np.arange(part.shape[0]), np.diff(part.indptr))
        ratio = part.data / np.maximum(expected[spots, part.indices], _TINY)
        yield rows, sp.csr_matrix((ratio, part.indices, part.indptr), part.shape)
