"""Tests of groups of spots against the others: one ranking of each gene serves every group."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy import special

from ..data.on_disk import by_column, gene_totals, made_of, summed, with_values
from ..progress import Progress

Method = Literal["wilcoxon", "t-test"]
Values = sp.csr_matrix | sp.csc_matrix | NDArray[np.float32]

FEWEST = 3
"""Spots that each group needs."""

_HALF_A_MOLECULE = 0.5

BLOCK = 8_000_000
"""Values that are tested in one go, zeros included: about a second's work where few are zero."""

_ROUNDING = 1e-9
"""Variance, as a share of the mean square, that is rounding and not variance."""


@dataclass(frozen=True, eq=False)
class Contrast:
    """Each group against all other spots, gene by gene; every array (n_groups, n_genes) float64.

    ``score`` is the test's z or t, positive where the group is higher; ``p`` two-sided, 1 for a
    constant gene.
    """

    score: NDArray[np.float64]
    p: NDArray[np.float64]


def contrast_steps(
    values: Values, groups: NDArray[np.intp], method: Method
) -> Generator[Progress, None, Contrast]:
    """Test each gene in each group against all other spots, in blocks of genes.

    Parameters
    ----------
    values : (n_obs, n_genes), log-normalised, ≥ 0
    groups : (n_obs,), from 0; spots at −1 are in no group, but among the others of every group
    method : Wilcoxon's rank-sum test (normal approximation, corrected for ties), or Welch's t-test

    Notes
    -----
    Ranks need no more than the positive values to be sorted, once for all groups.
    """
    test = _wilcoxon if method == "wilcoxon" else _welch
    members = membership(groups)
    matrix = by_column(values) if sp.issparse(values) else values
    n_obs, n_genes = values.shape
    size = max(1, BLOCK // n_obs)
    n_blocks = max(1, math.ceil(n_genes / size))
    found = []
    for block in range(n_blocks):
        yield Progress("test", block, n_blocks, message="Testing genes")
        some = sp.csc_matrix(matrix[:, block * size : (block + 1) * size], dtype=np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):  # a constant gene
            found.append(test(some, members))
    yield Progress("test", n_blocks, n_blocks)
    score, p = (np.concatenate(parts, axis=1) for parts in zip(*found, strict=True))
    is_known = np.isfinite(p)
    return Contrast(np.where(is_known, score, 0.0), np.where(is_known, p, 1.0))


def membership(groups: NDArray[np.intp]) -> sp.csr_matrix:
    """1 where a spot (column) is of a group (row), (n_groups, n_obs) float64; −1 is of none."""
    spots = np.flatnonzero(groups >= 0)
    shape = (int(groups.max(initial=0)) + 1, len(groups))
    return sp.csr_matrix((np.ones(len(spots)), (groups[spots], spots)), shape)


def sizes_of(members: sp.csr_matrix) -> NDArray[np.float64]:
    """Spots of each group, (n_groups, 1)."""
    return np.diff(members.indptr).astype(np.float64)[:, None]


def means(
    values: Values, members: sp.csr_matrix
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean of each gene in each group, and in all other spots, (n_groups, n_genes) each."""
    size = sizes_of(members)
    inside, total = summed(members, values), gene_totals(values).astype(np.float64)
    return inside / size, (total - inside) / (members.shape[1] - size)


def shares(
    counts: sp.csr_matrix, members: sp.csr_matrix
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Share of spots with molecules, in each group and in all other spots."""
    seen = made_of(counts, lambda _, part: with_values(part, np.ones_like(part.data)))
    return means(seen, members)


def log2_fold_changes(values: Values, members: sp.csr_matrix) -> NDArray[np.float64]:
    """Base-2 logarithm of each group's mean level over the others', (n_groups, n_genes).

    Half a molecule is added in the smaller of the two, so that it is finite.
    """
    if isinstance(values, np.ndarray):
        level: Values = np.expm1(values)
    else:
        level = made_of(sp.csr_matrix(values), lambda _, part: part.expm1())
    size = sizes_of(members)
    added = _HALF_A_MOLECULE / np.minimum(size, members.shape[1] - size)
    inside, others = means(level, members)
    return np.asarray(np.log2((inside + added) / (np.maximum(others, 0) + added)))


def _wilcoxon(
    values: sp.csc_matrix, members: sp.csr_matrix
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    ranks, of_zero, ties = _ranks(values)
    n, size = float(members.shape[1]), sizes_of(members)
    sums = dense(members @ ranks) + size * of_zero
    spread = np.sqrt(ties * size * (n - size) * (n + 1) / 12)
    z = (sums - size * (n + 1) / 2) / spread
    return z, 2 * special.ndtr(-np.abs(z))


def _ranks(
    values: sp.csc_matrix,
) -> tuple[sp.csc_matrix, NDArray[np.float64], NDArray[np.float64]]:
    """Ranks within each gene beyond that of a zero, the rank of a zero, and the tie correction."""
    values.eliminate_zeros()
    n = float(values.shape[0])
    n_positive = np.diff(values.indptr)
    gene = np.repeat(np.arange(values.shape[1]), n_positive)
    order = np.lexsort((values.data, gene))
    ordered = values.data[order]
    is_new = np.ones(len(order), dtype=bool)
    is_new[1:] = (ordered[1:] != ordered[:-1]) | (gene[1:] != gene[:-1])
    start = np.flatnonzero(is_new)
    size = np.diff(np.append(start, len(order))).astype(np.float64)
    n_zero = n - n_positive
    owner = gene[start]
    of_zero = (n_zero + 1) / 2
    beyond = n_zero[owner] + start - values.indptr[owner] + (size + 1) / 2 - of_zero[owner]
    ranks = np.empty(len(order))
    ranks[order] = beyond[np.cumsum(is_new) - 1]
    tied = np.bincount(owner, weights=size**3 - size, minlength=len(n_zero)) + n_zero**3 - n_zero
    matrix = sp.csc_matrix((ranks, values.indices, values.indptr), values.shape)
    return matrix, of_zero, 1 - tied / (n**3 - n)


def _welch(
    values: sp.csc_matrix, members: sp.csr_matrix
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    size = sizes_of(members)
    sizes = (size, members.shape[1] - size)
    mean, square = means(values, members), means(values.power(2), members)
    error = []  # squared standard error of each side's mean
    for m, s, n in zip(mean, square, sizes, strict=True):
        variance = (s - m**2) * n / (n - 1)
        error.append(np.where(variance <= _ROUNDING * s, 0.0, variance) / n)
    t = (mean[0] - mean[1]) / np.sqrt(error[0] + error[1])
    freedom = (error[0] + error[1]) ** 2 / sum(
        e**2 / (n - 1) for e, n in zip(error, sizes, strict=True)
    )
    return t, 2 * special.stdtr(freedom, -np.abs(t))


def dense(matrix: Any) -> NDArray[np.float64]:
    """Product of a sparse matrix, which is sparse or not as the other factor was."""
    return np.asarray(getattr(matrix, "toarray", lambda: matrix)(), dtype=np.float64)
