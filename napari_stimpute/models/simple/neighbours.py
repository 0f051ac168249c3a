"""The nearest spots in a space of a few dimensions."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

MOST_EXACT = 60_000
"""Spots up to which all distances are computed; beyond, neighbours are found approximately."""


def nearest(places: NDArray[np.floating], k: int, seed: int) -> NDArray[np.int32]:
    """The k nearest places of each place, itself first, (n, k), nearest first.

    Exact up to 60,000 places, where comparing all pairs in blocks is quickest; approximate beyond
    (nearest-neighbour descent: Dong et al., 2011), so that time grows almost linearly.
    """
    places = np.ascontiguousarray(places, dtype=np.float32)
    k = min(k, len(places))
    every = np.arange(len(places))
    if len(places) <= MOST_EXACT:
        return nearest_of(every, places, k)
    from pynndescent import NNDescent

    found = NNDescent(places, n_neighbors=k, random_state=seed).neighbor_graph[0]
    return _itself_first(np.asarray(found, dtype=np.int32), every)


def nearest_of(at: NDArray[np.integer], places: NDArray[np.floating], k: int) -> NDArray[np.int32]:
    """The k nearest among all places of those `at` some rows, themselves first, (len(at), k).

    Exact: time grows with the number of these rows times that of all.
    """
    from sklearn.neighbors import NearestNeighbors

    places = np.ascontiguousarray(places, dtype=np.float32)
    search = NearestNeighbors(n_neighbors=min(k, len(places)), algorithm="brute").fit(places)
    found = search.kneighbors(places[at], return_distance=False)
    return _itself_first(np.asarray(found, dtype=np.int32), at)


def members(order: NDArray[np.int32], n: int) -> sp.csr_matrix:
    """0/1 matrix (rows, n) with a one for each listed neighbour of n; `order` is (rows, k)."""
    n_rows, k = order.shape
    pointers, ones = np.arange(0, n_rows * k + 1, k), np.ones(n_rows * k, np.float32)
    return sp.csr_matrix((ones, order.ravel(), pointers), shape=(n_rows, n))


def pool(places: NDArray[np.floating], k: int, seed: int) -> sp.csr_matrix:
    """0/1 matrix (n, n) of each place's k nearest, itself included; one that is NaN has itself."""
    is_placed = ~np.isnan(places).any(axis=1)
    if is_placed.all():
        return members(nearest(places, k, seed), len(places))
    at = np.flatnonzero(is_placed)
    found = members(nearest(places[at], k, seed), len(at)).tocoo()
    alone = np.flatnonzero(~is_placed)
    rows, columns = np.append(at[found.row], alone), np.append(at[found.col], alone)
    values = np.ones(len(rows), dtype=np.float32)
    return sp.csr_matrix((values, (rows, columns)), shape=(len(places), len(places)))


def pool_within(
    places: NDArray[np.floating], sections: NDArray[np.integer], k: int, seed: int
) -> sp.csr_matrix:
    """As `pool`, each section by itself; ``sections`` is (n,), codes."""
    rows, columns = [], []
    for code in np.unique(sections):
        own = np.flatnonzero(sections == code)
        found = pool(places[own], k, seed).tocoo()
        rows.append(own[found.row])
        columns.append(own[found.col])
    ends = (np.concatenate(rows), np.concatenate(columns))
    return sp.csr_matrix((np.ones(len(ends[0]), np.float32), ends), (len(places), len(places)))


def _itself_first(found: NDArray[np.int32], at: NDArray[np.integer]) -> NDArray[np.int32]:
    """Put each place at the head of its own neighbours; twins at distance 0 may hide it."""
    own = at.astype(np.int32)[:, None]
    is_own = found == own
    is_own[~is_own.any(axis=1), -1] = True  # hidden by twins: it takes the last one's place
    others = found[~is_own].reshape(len(found), -1)
    return np.hstack([own, others])
