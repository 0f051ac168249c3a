"""Test of groups of spots on counts: could as many spots, drawn at random, differ as much?"""

from __future__ import annotations

import math
from collections.abc import Generator

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy import special

from ..data.on_disk import by_column, let_go
from ..progress import Progress
from . import own_depth
from .contrast import Contrast, dense, membership, sizes_of
from .saddlepoint import two_sided
from .scores import Scores, chance_of_zero, depth_bins, score

BLOCK = 2_000_000
"""Counts that are tested in one go, zeros included."""

_TERMS = 200_000
"""Scores whose draws are worked on in one go."""

_NEAR = 2.0
"""Standard deviations from the mean, up to which sums of a draw are taken for normal."""

_SMALL, _OFTEN, _MANY = 0.01, 0.1, 100.0
"""The group's own depths are asked too where p is below the first, and more than a share like the
second of the group is likely to lack the gene, but fewer spots than the third to show it."""

_SMALLEST = 1e-300


def draw_steps(
    counts: sp.csr_matrix, groups: NDArray[np.intp]
) -> Generator[Progress, None, Contrast]:
    """Test each gene in each group against all other spots, in blocks of genes.

    Parameters
    ----------
    counts : (n_obs, n_genes), whole numbers, of all genes that make up the depth
    groups : (n_obs,), from 0; spots at −1 are in no group, but among the others of every group

    Notes
    -----
    Counts are scored at the depth of their spot (see `scores`), and the group's sum is compared
    with those of draws of as many spots from all, without replacement: by their exact mean and
    variance as a normal one within two standard deviations, by the saddlepoint approximation (see
    `saddlepoint`) beyond. p is two-sided, the chance of a sum as far from the mean on either side,
    and never below the normal one, nor, for a gene that the group may well lack, below that of
    spots of the group's own depths (see `own_depth`). ``score`` is the standard normal value of p.
    """
    bins, members = depth_bins(counts), membership(groups)
    by_gene = by_column(counts)
    n_obs, n_genes = counts.shape
    size = max(1, BLOCK // n_obs)
    n_blocks = max(1, math.ceil(n_genes / size))
    in_bins = dense(members @ sp.csr_matrix((np.ones(n_obs), (np.arange(n_obs), bins.of))))
    found = []
    for block in range(n_blocks):
        yield Progress("test", block, n_blocks, message="Testing genes")
        scores = score(by_gene[:, block * size : (block + 1) * size], bins)
        found.append(_tested(scores, members, in_bins))
        let_go(by_gene)
    yield Progress("test", n_blocks, n_blocks)
    z, p = (np.concatenate(parts, axis=1) for parts in zip(*found, strict=True))
    return Contrast(z, p)


def _tested(
    scores: Scores, members: sp.csr_matrix, in_bins: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    sums = dense(members @ scores.beyond) + in_bins @ scores.of_zero.T
    size, n_obs = sizes_of(members), members.shape[1]
    z = sums / np.sqrt(size * (n_obs - size) / (n_obs - 1))
    normal = 2 * special.ndtr(-np.abs(z))
    p = normal.copy()
    for group, n_drawn in enumerate(size.ravel().astype(int)):
        far = np.flatnonzero(np.abs(z[group]) > _NEAR)
        for genes in _parts(far, np.diff(scores.pool.start)[far]):
            drawn = two_sided(scores.pool.of(genes), n_drawn, sums[group, genes])
            p[group, genes] = np.maximum(drawn, normal[group, genes])
        p[group] = np.maximum(
            p[group], _at_own_depth(scores, in_bins[group], n_obs, z[group], p[group])
        )
    is_told = p > _SMALLEST
    return np.where(is_told, -np.sign(z) * special.ndtri(np.maximum(p, _SMALLEST) / 2), z), p


def _at_own_depth(
    scores: Scores,
    in_bins: NDArray[np.float64],
    n_obs: int,
    z: NDArray[np.float64],
    p: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Chances of z in a group of these depths, where they may differ from p; 0 elsewhere."""
    depths = np.flatnonzero(in_bins)
    sizes, mu, theta = in_bins[depths], scores.mu[:, depths], scores.theta
    lack = chance_of_zero(mu, theta[:, None]) @ sizes
    is_rare = (lack > _OFTEN * sizes.sum()) & (sizes.sum() - lack < _MANY)
    rare, found = np.flatnonzero(is_rare & (p < _SMALL)), np.zeros_like(p)
    for genes in _parts(rare, np.full(len(rare), own_depth.N_COUNTS * len(depths))):
        found[genes] = own_depth.two_sided(mu[genes], theta[genes], sizes, n_obs, z[genes])
    return found


def _parts(genes: NDArray[np.intp], terms: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Genes in parts of about as many terms as are worked on in one go."""
    return np.array_split(genes, math.ceil(terms.sum() / _TERMS)) if len(genes) else []
