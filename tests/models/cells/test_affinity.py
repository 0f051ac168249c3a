"""The graph of closeness, against its formula written out in loops."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse.csgraph import connected_components

from napari_stimpute.models.cells.affinity import closeness_graph, n_neighbours


def scattered(n: int = 90) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, 3))


def test_weights_equal_the_formula() -> None:
    points, k = scattered(), 9
    distance = np.linalg.norm(points[:, None] - points[None], axis=-1)
    wanted = np.zeros((90, 90))
    for i in range(90):
        for j in np.argsort(distance[i])[1 : k + 1]:
            scale = np.sort(distance[i])[7] * np.sort(distance[j])[7]
            wanted[i, j] = wanted[j, i] = np.exp(-(distance[i, j] ** 2) / scale)
    assert n_neighbours(90) == k
    np.testing.assert_allclose(closeness_graph(points, 0).toarray(), wanted, rtol=1e-5)


@pytest.mark.parametrize(("n", "k"), [(1, 0), (3, 2), (30, 5), (90, 9), (5_000, 10)])
def test_few_spots_have_fewer_neighbours(n: int, k: int) -> None:
    assert n_neighbours(n) == k


def test_pieces_are_joined_where_they_come_nearest() -> None:
    here, there = scattered(40), scattered(40) + np.array([60, 0, 0])
    far = scattered(8) + np.array([0, 900, 0])
    points = np.vstack([here, there, far])
    graph = closeness_graph(points, 0)
    assert connected_components(graph)[0] == 1
    across = graph[:40, 40:80].toarray()
    gap = np.linalg.norm(here[:, None] - there[None], axis=-1)
    assert across[np.unravel_index(gap.argmin(), gap.shape)] > 0
    assert np.count_nonzero(across) <= 2
    assert graph[80:, :80].nnz >= 1


def test_large_pieces_are_joined_by_one_edge_from_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_stimpute.models.cells.affinity.MOST_INSIDE", 4)
    monkeypatch.setattr("napari_stimpute.models.cells.affinity.MOST_OUTSIDE", 6)
    here, there = scattered(40), scattered(60) + np.array([60, 0, 0])
    graph = closeness_graph(np.vstack([here, there]), 0)
    assert connected_components(graph)[0] == 1
    assert graph[:40, 40:].nnz == 1


def test_twins_and_outliers_give_finite_positive_weights() -> None:
    points = np.vstack([np.zeros((30, 2)), scattered(30)[:, :2], [[1e6, 1e6]]])
    graph = closeness_graph(points, 0)
    assert graph.data.min() > 0
    assert graph.data.max() <= 1
    assert not graph.diagonal().any()
    assert (graph != graph.T).nnz == 0


@pytest.mark.parametrize("n", [1, 2, 3])
def test_very_few_spots_have_a_graph(n: int) -> None:
    assert closeness_graph(scattered(n), 0).nnz == n * (n - 1)
    assert closeness_graph(np.zeros((n, 2)), 0).nnz == n * (n - 1)
