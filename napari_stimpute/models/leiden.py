"""Communities of a graph by the Leiden method, at a resolution or in a given number.

Modularity, as Traag, Waltman and van Eck (2019) maximise it and igraph computes it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .affinity import Points, closeness_graph

_ROUNDS = 5
"""Of moving, refining and aggregating; more change next to nothing on graphs of neighbours."""

_TRIES = 25
_LOWEST, _HIGHEST = 1e-3, 1e3


@dataclass(frozen=True)
class Leiden:
    """Communities, and how their number was reached.

    Attributes
    ----------
    labels : (n,), 0 for the largest community
    resolution : larger gives more communities
    message : a sentence where the number asked for was not found as such, else ""
    """

    labels: NDArray[np.intp]
    resolution: float
    message: str = ""


def leiden_clusters(
    graph: sp.csr_matrix | Points, resolution: float, seed: int
) -> NDArray[np.intp]:
    """Communities of a weighted graph, or of the neighbours in a space; 0 is the largest.

    Parameters
    ----------
    graph : (n, n), symmetric, ≥ 0; or an embedding (n, d), of which `closeness_graph` makes one
    resolution : 1 is plain modularity; larger gives more communities
    seed : of the order in which spots are moved

    Returns
    -------
    (n,), 0 … number of communities − 1
    """
    import igraph

    if not sp.issparse(graph):
        graph = closeness_graph(graph, seed)
    upper = sp.triu(graph, 1).tocoo()
    network = igraph.Graph(graph.shape[0], np.column_stack([upper.row, upper.col]))
    with _seeded(seed):
        found = network.community_leiden(
            "modularity", weights=upper.data, resolution=resolution, n_iterations=_ROUNDS
        )
    return _largest_first(np.asarray(found.membership, dtype=np.intp))


def leiden_with(embedding: Points, k: int, seed: int) -> Leiden:
    """As many communities as asked for, by halving the range of the resolution.

    Parameters
    ----------
    embedding : (n, d)
    k : communities wanted, ≥ 1
    seed : of the order in which spots are moved

    Returns
    -------
    Leiden; where no resolution gives k, the nearest larger number, whose best connected communities
    were joined until k were left; fewer if there are not so many spots. Both are said
    """
    return leiden_number(closeness_graph(embedding, seed), k, seed)


def leiden_number(graph: sp.csr_matrix, k: int, seed: int) -> Leiden:
    """As `leiden_with`, on a graph (n, n)."""
    low, high = np.log(_LOWEST), np.log(_HIGHEST)
    nearest, n_nearest, resolution = np.arange(graph.shape[0]), graph.shape[0], _HIGHEST
    for _ in range(_TRIES):
        tried = float(np.exp((low + high) / 2))
        labels = leiden_clusters(graph, tried, seed)
        n_found = int(labels.max()) + 1
        if n_found == k:
            return Leiden(labels, tried)
        if k < n_found <= n_nearest:
            nearest, n_nearest, resolution = labels, n_found, tried
        low, high = (low, np.log(tried)) if n_found > k else (np.log(tried), high)
    if n_nearest <= k:
        said = f"Leiden found {n_nearest} communities instead of {k}: there are no more spots."
        return Leiden(nearest, resolution, said if n_nearest < k else "")
    joined = _joined(graph, nearest, k)
    said = (
        f"No resolution gave {k} communities; {n_nearest} were found, and those best connected "
        "were joined."
    )
    return Leiden(joined, resolution, said)


def _joined(graph: sp.csr_matrix, labels: NDArray[np.intp], k: int) -> NDArray[np.intp]:
    """Join two communities at a time, those with most edges beyond chance per size."""
    labels = labels.copy()
    while int(labels.max()) + 1 > k:
        n, m = len(labels), int(labels.max()) + 1
        member = sp.csr_matrix((np.ones(n), (labels, np.arange(n))), shape=(m, n))
        between = (member @ graph @ member.T).toarray()
        degree = between.sum(axis=1)
        gain = between / np.outer(degree, degree).clip(1e-300)
        np.fill_diagonal(gain, -1)
        a, b = sorted(np.unravel_index(int(gain.argmax()), gain.shape))
        labels[labels == b] = a
        labels = np.unique(labels, return_inverse=True)[1]
    return _largest_first(labels)


def _largest_first(labels: NDArray[np.intp]) -> NDArray[np.intp]:
    sizes = np.bincount(labels)
    rank = np.empty(len(sizes), dtype=np.intp)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    return np.asarray(rank[labels])


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Give igraph its own source of randomness, and the usual one afterwards."""
    import igraph

    igraph.set_random_number_generator(random.Random(seed))
    try:
        yield
    finally:
        igraph.set_random_number_generator(random)
