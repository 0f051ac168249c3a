"""Communities of a graph by the Leiden method.

Modularity, as Traag, Waltman and van Eck (2019) maximise it and igraph computes it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .affinity import Points, closeness_graph

_ROUNDS = 5
"""Of moving, refining and aggregating; more change next to nothing on graphs of neighbours."""


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
