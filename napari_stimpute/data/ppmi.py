"""Neighbour graphs with graded edges: who is reached from whom in a few steps, beyond chance.

A random walk of a few steps from each spot, with restarts, is compared with what the sizes of its
ends alone would give (positive pointwise mutual information). Two spots that share many neighbours
get a strong edge, two that met by chance a weak one or none. The same serves genes.

Rows are worked on in blocks and all but the strongest edges of each are dropped at once, so memory
grows with spots × edges kept. Deviations from the public code of the graph model, which does this
with dense matrices: neighbours are made mutual first, so that the result is symmetric (theirs is
said to be, and is not); edges are scaled by both ends' strongest edge, not by the row's.

Source: Cao et al. (2016) for random surfing and its mutual information; scMGCA and scIMTA for its
use on spots.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

BLOCK = 4_096
"""Rows worked on in one go."""

_ROUNDING = 1e-5
"""Share of its value by which an edge may be weaker than another and still equal it."""

MOST_EXACT = 60_000
"""Spots of a batch up to which all distances are computed."""

_MOST_INCOMING = 50
"""Spots that may choose the same one in another batch; beyond, the nearest of them."""


def knn_adjacency(order: NDArray[np.integer]) -> sp.csr_matrix:
    """Join each spot with its listed neighbours, in both directions.

    Parameters
    ----------
    order : (n, k), places of the nearest spots, itself first

    Returns
    -------
    (n, n), float32, 0/1, symmetric, zero diagonal
    """
    n, k = order.shape
    return _joined(np.repeat(np.arange(n), k - 1), order[:, 1:].ravel(), n)


def balanced_neighbours(
    places: NDArray[np.floating], batch: ArrayLike, *, k_per_batch: int, seed: int
) -> sp.csr_matrix:
    """Join each spot with its nearest in every batch, so that no batch is a world of its own.

    Parameters
    ----------
    places : (n, p)
    batch : (n,), names or codes
    k_per_batch : neighbours in each batch, its own included; fewer where a batch has fewer
    seed : of the approximate search among more than 60,000 spots of a batch

    Returns
    -------
    (n, n), float32, 0/1, symmetric, zero diagonal

    Notes
    -----
    After BBKNN (Polański et al., 2020). A spot of a very small batch would be everyone's neighbour;
    it stays that of the 50 nearest who choose it, so that the graph stays sparse.
    """
    points = np.ascontiguousarray(places, dtype=np.float32)
    names, codes = np.unique(np.asarray(batch), return_inverse=True)
    rows, columns = [], []
    for code in range(len(names)):
        members = np.flatnonzero(codes == code)
        chooser, chosen = _choices(points, members, k_per_batch, seed)
        rows.append(chooser)
        columns.append(chosen)
    return _joined(np.concatenate(rows), np.concatenate(columns), len(points))


def ppmi_graph(
    adjacency: sp.csr_matrix, *, steps: int = 2, alpha: float = 0.98, keep: int = 50, top: int = 30
) -> sp.csr_matrix:
    """Join those that meet on short random walks more often than by chance.

    Parameters
    ----------
    adjacency : (n, n), symmetric, ≥ 0, zero diagonal
    steps : of the walk, ≥ 1
    alpha : chance to walk on rather than start again
    keep : largest entries per row of the second, third … step that are followed further; up to two
        steps nothing is left out
    top : strongest edges kept per row, and those equal to the last, before rows are made mutual

    Returns
    -------
    (n, n), float32, symmetric, in (0, 1], zero diagonal; max(0, log(ΣS S_ij / (row_i col_j))) over
    √(strongest_i strongest_j), at most 1. A spot without edges has none, and where everyone is
    joined with everyone nothing goes beyond chance

    Notes
    -----
    Meetings are S = Σ_h P_h with P_h = α P_{h−1} A + (1 − α) I and P_0 = I, never held all at once.
    """
    walked = _steps_before_last(adjacency, steps, alpha, keep)
    sums = [np.asarray(walk.sum(axis=0, dtype=np.float64)).ravel() for walk in walked]
    last = alpha * (adjacency.T @ sums[-1]) + (1 - alpha)  # sums of the step never held whole
    column_sums = np.sum([*sums[1:], last], axis=0)
    return _information(_surfed_blocks(adjacency, walked, alpha), column_sums, top)


def _steps_before_last(
    adjacency: sp.csr_matrix, steps: int, alpha: float, keep: int
) -> list[sp.csr_matrix]:
    """P_0 … P_{steps − 1}; P_1 is the graph itself and stays whole."""
    restart = sp.eye(adjacency.shape[0], format="csr", dtype=np.float32)
    walked = [restart]
    for step in range(1, steps):
        walk = _csr(alpha * (walked[-1] @ adjacency) + (1 - alpha) * restart)
        walked.append(walk if step == 1 else _strongest(walk, keep))
    return walked


def _surfed_blocks(
    adjacency: sp.csr_matrix, walked: list[sp.csr_matrix], alpha: float
) -> Iterator[sp.csr_matrix]:
    """Blocks of rows of P_1 + … + P_steps."""
    for start in range(0, adjacency.shape[0], BLOCK):
        rows = slice(start, start + BLOCK)
        surfed = alpha * (walked[-1][rows] @ adjacency) + (1 - alpha) * walked[0][rows]
        for walk in walked[1:]:
            surfed = surfed + walk[rows]
        yield _csr(surfed)


def _information(
    blocks: Iterator[sp.csr_matrix], column_sums: NDArray[np.float64], top: int
) -> sp.csr_matrix:
    total, start, kept = column_sums.sum(), 0, []
    for block in blocks:
        entries = block.tocoo()
        rows, columns = entries.row, entries.col
        row_sums = np.bincount(rows, entries.data.astype(np.float64), block.shape[0])
        values = np.log(total * entries.data / (row_sums[rows] * column_sums[columns]))
        is_edge = (values > 0) & (columns != rows + start)
        edges = (values[is_edge].astype(np.float32), (rows[is_edge], columns[is_edge]))
        kept.append(_strongest(sp.csr_matrix(edges, shape=block.shape), top))
        start += block.shape[0]
    return _scaled(sp.csr_matrix(sp.vstack(kept, format="csr")))


def _scaled(graph: sp.csr_matrix) -> sp.csr_matrix:
    both = _csr(graph.maximum(graph.T))
    strongest = both.max(axis=1).toarray().ravel()  # of a row without edges never looked at
    rows = np.repeat(np.arange(both.shape[0]), np.diff(both.indptr))
    both.data = np.minimum(both.data / np.sqrt(strongest[rows] * strongest[both.indices]), 1)
    return both


def _strongest(matrix: sp.csr_matrix, n: int) -> sp.csr_matrix:
    """The n largest entries of each row, and those equal to the last of them.

    Which of equal ones are kept would else depend on the order of the spots.
    """
    lengths = np.diff(matrix.indptr)
    rows = np.repeat(np.arange(matrix.shape[0]), lengths)
    order = np.lexsort((-matrix.data, rows))
    rank = np.arange(len(order)) - np.repeat(matrix.indptr[:-1], lengths)
    least = np.full(matrix.shape[0], -np.inf)
    last = order[rank == n - 1]
    least[rows[last]] = matrix.data[last] * (1 - _ROUNDING)
    kept = matrix.data >= least[rows]
    return sp.csr_matrix((matrix.data[kept], (rows[kept], matrix.indices[kept])), matrix.shape)


def _choices(
    points: NDArray[np.float32], members: NDArray[np.intp], k: int, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Who chooses whom among the members of one batch: each spot its k nearest but itself."""
    near, distance = _nearest_in(points[members], points, min(k + 1, len(members)), seed)
    chosen = members[near]
    distance[chosen == np.arange(len(points))[:, None]] = np.inf
    order = np.argsort(distance, axis=1, kind="stable")[:, :k]
    chooser = np.repeat(np.arange(len(points)), order.shape[1])
    chosen = np.take_along_axis(chosen, order, axis=1).ravel()
    distance = np.take_along_axis(distance, order, axis=1).ravel()
    is_other = np.isfinite(distance)
    chooser, chosen, distance = chooser[is_other], chosen[is_other], distance[is_other]
    by_chosen = np.lexsort((chooser, distance, chosen))
    counts = np.bincount(chosen, minlength=len(points))
    rank = np.arange(len(chosen)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept = by_chosen[rank < max(_MOST_INCOMING, k)]
    return chooser[kept], chosen[kept]


def _nearest_in(
    members: NDArray[np.float32], points: NDArray[np.float32], k: int, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Indices and distances of the k nearest members of each point, (n, k) each."""
    if len(members) <= MOST_EXACT:
        from sklearn.neighbors import NearestNeighbors

        search = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(members)
        distance, near = search.kneighbors(points)
    else:
        from pynndescent import NNDescent

        near, distance = NNDescent(members, n_neighbors=max(k, 15), random_state=seed).query(
            points, k=k
        )
    return np.asarray(near, dtype=np.intp), np.asarray(distance, dtype=np.float64)


def _joined(rows: NDArray[np.integer], columns: NDArray[np.integer], n: int) -> sp.csr_matrix:
    """0/1 graph of these edges in both directions, without loops."""
    is_edge = rows != columns
    a, b = rows[is_edge], columns[is_edge]
    ends = (np.concatenate([a, b]), np.concatenate([b, a]))
    graph = sp.csr_matrix((np.ones(2 * len(a), np.float32), ends), shape=(n, n))
    graph.data[:] = 1
    return graph


def _csr(matrix: Any) -> sp.csr_matrix:
    return sp.csr_matrix(matrix, dtype=np.float32)
