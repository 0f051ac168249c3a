"""Communities: known ones, in the number asked for, without touching anyone's randomness."""

from __future__ import annotations

import random

import numpy as np
import scipy.sparse as sp
from sklearn.metrics import adjusted_rand_score

from napari_stimpute.models.cells.affinity import closeness_graph
from napari_stimpute.models.cells.leiden import leiden_clusters


def blobs(n: int = 300, k: int = 4) -> tuple[np.ndarray, np.ndarray]:
    truth = np.arange(n) % k
    return 7 * np.eye(k)[truth] + np.random.default_rng(0).normal(size=(n, k)), truth


def cliques(n: int, size: int) -> sp.csr_matrix:
    """Groups in which all are joined, each joined with the next by one edge."""
    graph = sp.lil_matrix(sp.block_diag([np.ones((size, size)) - np.eye(size)] * n))
    for i in range(n - 1):
        graph[i * size, (i + 1) * size] = graph[(i + 1) * size, i * size] = 1
    return sp.csr_matrix(graph)


def test_cliques_are_communities() -> None:
    labels = leiden_clusters(cliques(6, 8), 0.8, 0)
    assert adjusted_rand_score(np.repeat(np.arange(6), 8), labels) == 1


def test_the_largest_community_is_the_first() -> None:
    points, truth = blobs()
    labels = leiden_clusters(closeness_graph(points[truth != 1], 0), 0.3, 0)
    assert (np.diff(np.bincount(labels)) <= 0).all()


def test_weights_count() -> None:
    """A ring of six in which every second edge is heavy falls into three pairs."""
    rows = np.arange(6)
    ring = sp.csr_matrix((np.where(rows % 2, 0.05, 5.0), (rows, (rows + 1) % 6)), shape=(6, 6))
    labels = leiden_clusters(sp.csr_matrix(ring + ring.T), 1.0, 0)
    assert adjusted_rand_score(labels, [0, 0, 1, 1, 2, 2]) == 1


def test_an_embedding_stands_for_its_graph() -> None:
    points, _ = blobs()
    by_graph = leiden_clusters(closeness_graph(points, 0), 0.8, 0)
    np.testing.assert_array_equal(leiden_clusters(points, 0.8, 0), by_graph)


def test_same_seed_same_communities_and_nobody_elses_randomness_is_touched() -> None:
    points = np.random.default_rng(0).normal(size=(300, 4))
    random.seed(5)
    state = random.getstate()
    labels = [leiden_clusters(points, 2.0, 3) for _ in range(2)]
    assert random.getstate() == state
    np.testing.assert_array_equal(*labels)


def test_one_spot_is_a_community() -> None:
    assert leiden_clusters(np.zeros((1, 2)), 0.8, 0).tolist() == [0]
