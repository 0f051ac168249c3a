"""The most variable genes, from counts that are looked at part by part.

The ranking of Seurat v3 (Stuart et al., Cell 2019), as `scanpy.pp.highly_variable_genes` computes
it with ``flavor="seurat_v3"``. scanpy wants all counts in memory; here two passes over parts of
them are enough, so that a file may be larger than memory.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from typing import NamedTuple, Protocol

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ..progress import Progress
from .counts import BLOCK

Floats = NDArray[np.float64]

_SPANS = (0.3, 0.5, 0.8, 1.0)
"""Shares of the genes that a point of the curve is fitted to; the next where one is too small."""


class Part(NamedTuple):
    """Counts of some spots and some genes, (rows, columns), of all there are."""

    rows: slice
    columns: slice
    counts: sp.csr_matrix


class Parts(Protocol):
    """All counts, part by part, as often as they are asked for; each spot and gene meet in one."""

    @property
    def shape(self) -> tuple[int, int]:
        """(n_obs, n_vars)."""
        ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Part]: ...


class InMemory:
    """Parts of counts that are in memory: rows with some millions of values."""

    def __init__(self, counts: sp.csr_matrix) -> None:
        self._counts = counts
        n_parts = max(1, math.ceil(counts.nnz / BLOCK))
        self._step = max(1, math.ceil(counts.shape[0] / n_parts))

    @property
    def shape(self) -> tuple[int, int]:
        """(n_obs, n_vars)."""
        return int(self._counts.shape[0]), int(self._counts.shape[1])

    def __len__(self) -> int:
        return math.ceil(self.shape[0] / self._step)

    def __iter__(self) -> Iterator[Part]:
        for start in range(0, self.shape[0], self._step):
            rows = slice(start, min(start + self._step, self.shape[0]))
            yield Part(rows, slice(0, self.shape[1]), _rows_of(self._counts, rows))


def _rows_of(counts: sp.csr_matrix, rows: slice) -> sp.csr_matrix:
    """Rows without a copy of their values, which scipy would make with a look at each column."""
    starts = counts.indptr[rows.start : rows.stop + 1]
    held = slice(starts[0], starts[-1])
    parts = counts.data[held], counts.indices[held], starts - starts[0]
    return sp.csr_matrix(parts, shape=(rows.stop - rows.start, counts.shape[1]))


def most_variable(
    parts: Parts, n_wanted: int
) -> Generator[Progress, None, NDArray[np.bool_] | None]:
    """Mark the most variable genes; None where spots or genes are too few for a ranking.

    Parameters
    ----------
    parts : of the counts, (n_obs, n_vars); gone through twice
    n_wanted : genes to mark, fewer than have counts

    Returns
    -------
    (n_vars,), True for the genes with the largest variance of their standardised, clipped counts;
    of genes with the same variance those that come first
    """
    n_obs, n_vars = parts.shape
    mean, variance = yield from _moments(parts)
    varies = variance > 0
    if n_obs < 3 or n_wanted >= (mean > 0).sum():
        return None
    expected = _expected_variance(mean[varies], variance[varies])
    if expected is None:
        return None
    spread = np.ones(n_vars)
    spread[varies] = np.sqrt(expected)
    clipped = yield from _clipped_variance(parts, mean, spread)
    marked = np.zeros(n_vars, dtype=bool)
    score = np.where(mean > 0, clipped, -np.inf)
    marked[np.argsort(-score, kind="stable")[:n_wanted]] = True
    return marked


def _moments(parts: Parts) -> Generator[Progress, None, tuple[Floats, Floats]]:
    """Mean and unbiased variance of each gene, (n_vars,)."""
    n_obs, n_vars = parts.shape
    total, squares = np.zeros(n_vars), np.zeros(n_vars)
    for n, (_rows, columns, counts) in enumerate(parts, 1):
        total[columns] += _sums(counts, counts.data)
        squares[columns] += _sums(counts, np.square(counts.data, dtype=np.float64))
        yield _step(n, parts)
    mean = total / n_obs
    variance = np.maximum(squares / n_obs - mean**2, 0) * n_obs / max(1, n_obs - 1)
    return mean, variance


def _expected_variance(mean: Floats, variance: Floats) -> Floats | None:
    """Variance that genes of such a mean have, by a loess of the logarithms; None without one."""
    from skmisc.loess import loess

    for span in _SPANS:
        fit = loess(np.log10(mean), np.log10(variance), span=span, degree=2)
        try:
            fit.fit()
        except ValueError:  # too few points lie within the span
            continue
        fitted: Floats = 10 ** np.asarray(fit.outputs.fitted_values)
        if np.isfinite(fitted).all():
            return fitted
    return None


def _clipped_variance(
    parts: Parts, mean: Floats, spread: Floats
) -> Generator[Progress, None, Floats]:
    """Variance of (count − mean) / spread, counts clipped at √n_obs spreads above the mean."""
    n_obs = parts.shape[0]
    highest = spread * np.sqrt(n_obs) + mean
    total, squares = np.zeros(len(mean)), np.zeros(len(mean))
    for n, (_rows, columns, counts) in enumerate(parts, 1):
        clipped = np.minimum(counts.data, highest[columns][counts.indices])
        total[columns] += _sums(counts, clipped)
        squares[columns] += _sums(counts, clipped**2)
        yield _step(len(parts) + n, parts)
    found: Floats = (n_obs * mean**2 + squares - 2 * total * mean) / ((n_obs - 1) * spread**2)
    return found


def _step(n: int, parts: Parts) -> Progress:
    return Progress("genes", n, 2 * len(parts), message="Ranking genes by variability")


def _sums(counts: sp.csr_matrix, values: NDArray[np.floating]) -> Floats:
    """Sums by column of values that stand where the counts do."""
    return np.bincount(counts.indices, values, minlength=counts.shape[1]).astype(np.float64)
