"""A graph of the nearest spots of a latent space, weighted by closeness, in one piece.

Weights tune themselves to how dense the spots lie (Zelnik-Manor and Perona, 2004). Pieces that
share no edge are joined where they come nearest, since spectral methods would otherwise tell pieces
apart and nothing else.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from ..simple.neighbours import nearest

_SCALE_NEIGHBOUR = 7
"""The distance to this neighbour is a spot's own unit of length."""

_LEAST = 1e-4
"""Weight that an edge has at least: that of a very far outlier would vanish in rounding."""

MOST_INSIDE, MOST_OUTSIDE = 2_000, 20_000
"""Spots of a piece, and of all others, among which the shortest edge between them is looked for;
all pairs would take time that grows with the square of the spots."""

Points = NDArray[np.floating]


def n_neighbours(n: int) -> int:
    """Neighbours of each of n spots: 10, or a tenth of the spots but 5, where there are few.

    More of them would bind rare types to common ones.
    """
    return max(0, min(10, max(5, n // 10), n - 1))


def closeness_graph(embedding: Points, seed: int) -> sp.csr_matrix:
    """Join each spot with its nearest, with weight exp(−d² / (σ_i σ_j)).

    Parameters
    ----------
    embedding : (n, d)
    seed : of the approximate search among more than 60,000 spots, and of samples of large pieces

    Returns
    -------
    (n, n), float64, symmetric, in (0, 1], zero diagonal, connected; σ_i is the distance to the
    7th neighbour
    """
    points = np.asarray(embedding, dtype=np.float64)
    n, k = len(points), n_neighbours(len(points))
    order = nearest(points, k + 1, seed)[:, 1:]
    rows, columns = np.repeat(np.arange(n), k), order.ravel().astype(np.intp)
    distance = _lengths(points, rows, columns)
    scale = _scales(distance.reshape(n, k))
    rows, columns, distance = _in_one_piece(points, rows, columns, distance, seed)
    weights = np.exp(-(distance**2) / (scale[rows] * scale[columns]))
    graph = sp.csr_matrix((np.maximum(weights, _LEAST), (rows, columns)), shape=(n, n))
    return sp.csr_matrix(graph.maximum(graph.T))


def _lengths(
    points: NDArray[np.float64], rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> NDArray[np.float64]:
    square = np.zeros(len(rows))
    for axis in points.T:  # one dimension at a time, so that memory stays that of the edges
        square += (axis[rows] - axis[columns]) ** 2
    return np.sqrt(square)


def _scales(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each spot's unit of length, (n,); of twins, a small part of the usual one."""
    if not distance.size:
        return np.ones(len(distance))
    nth = min(_SCALE_NEIGHBOUR, distance.shape[1])
    scale = np.partition(distance, nth - 1, axis=1)[:, nth - 1]
    usual = float(np.median(scale[scale > 0])) if (scale > 0).any() else 1.0
    return np.maximum(scale, 1e-3 * usual)


def _in_one_piece(
    points: NDArray[np.float64],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    distance: NDArray[np.float64],
    seed: int,
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """The edges, and from each smaller piece the shortest one to elsewhere, until one is left."""
    n, rng = len(points), np.random.default_rng(seed)
    while True:
        graph = sp.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(n, n))
        n_pieces, piece = connected_components(graph, directed=False)
        if n_pieces < 2:
            return rows, columns, distance
        largest = np.bincount(piece).argmax()
        joints = [
            _joint(points, piece == other, rng)
            for other in np.setdiff1d(np.arange(n_pieces), [largest])
        ]
        ends = np.array(joints, dtype=np.intp)
        rows, columns = np.append(rows, ends[:, 0]), np.append(columns, ends[:, 1])
        distance = np.append(distance, _lengths(points, ends[:, 0], ends[:, 1]))


def _joint(
    points: NDArray[np.float64], is_inside: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[int, int]:
    """Where a piece and the rest come nearest; among a sample of both where they are large."""
    from sklearn.neighbors import NearestNeighbors

    inside, outside = np.flatnonzero(is_inside), np.flatnonzero(~is_inside)
    inside, outside = _some(inside, MOST_INSIDE, rng), _some(outside, MOST_OUTSIDE, rng)
    search = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(points[outside])
    gap, place = search.kneighbors(points[inside])
    at = int(gap.argmin())
    return int(inside[at]), int(outside[int(place[at, 0])])


def _some(places: NDArray[np.intp], most: int, rng: np.random.Generator) -> NDArray[np.intp]:
    return places if len(places) <= most else rng.choice(places, most, replace=False)
