"""Graded neighbour graphs against the dense formulas."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from napari_stimpute.data import ppmi as module
from napari_stimpute.data.ppmi import balanced_neighbours, knn_adjacency, ppmi_graph


def nearest(points: np.ndarray, k: int) -> np.ndarray:
    distance = np.linalg.norm(points[:, None] - points[None], axis=-1)
    return np.argsort(distance, axis=1)[:, :k].astype(np.int32)


def graph(n: int = 60, k: int = 6) -> sp.csr_matrix:
    """Neighbours of scattered points; the last spot is alone."""
    points = np.random.default_rng(0).normal(size=(n - 1, 3))
    return sp.csr_matrix(sp.block_diag([knn_adjacency(nearest(points, k)), [[0]]]), dtype="f4")


def dense_surfing(adjacency: np.ndarray, steps: int, alpha: float) -> np.ndarray:
    step, total = np.eye(len(adjacency)), np.zeros_like(adjacency, dtype=float)
    for _ in range(steps):
        step = alpha * step @ adjacency + (1 - alpha) * np.eye(len(adjacency))
        total += step
    return total


def dense_ppmi(surfed: np.ndarray, top: int) -> np.ndarray:
    """Loop over rows, as one would write it on paper."""
    row, column = surfed.sum(axis=1), surfed.sum(axis=0)
    kept = np.zeros_like(surfed)
    for i in range(len(surfed)):
        values = np.zeros(len(surfed))
        for j in np.flatnonzero(surfed[i]):
            if i != j:
                values[j] = max(0, np.log(surfed.sum() * surfed[i, j] / (row[i] * column[j])))
        least = np.sort(values.round(9))[::-1][top - 1]  # those equal to it are kept too
        kept[i] = np.where(values.round(9) >= least, values, 0)
    both = np.maximum(kept, kept.T)
    strongest = both.max(axis=1)
    scale = np.sqrt(np.outer(strongest, strongest))
    return np.clip(np.divide(both, scale, out=np.zeros_like(both), where=scale > 0), 0, 1)


def test_the_graph_does_not_depend_on_the_order_of_the_spots() -> None:
    """Walks of few steps on a 0/1 graph make many edges equally strong."""
    rng = np.random.default_rng(0)
    whole = graph()
    n, order = whole.shape[0], rng.permutation(whole.shape[0])
    for top in (2, 4, 8):
        found = ppmi_graph(whole, top=top)
        moved = ppmi_graph(sp.csr_matrix(whole[order][:, order]), top=top)
        difference = found[order][:, order] - moved
        assert abs(difference).max() < 1e-5
        assert found.nnz > n


def test_neighbours_are_joined_in_both_directions() -> None:
    order = np.array([[0, 1], [1, 2], [2, 1]], dtype=np.int32)
    found = knn_adjacency(order)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found.toarray(), [[0, 1, 0], [1, 0, 1], [0, 1, 0]])


@pytest.mark.parametrize("steps", [1, 2, 3])
@pytest.mark.parametrize("top", [4, 60])
def test_edges_equal_the_dense_formula(steps: int, top: int) -> None:
    found = ppmi_graph(graph(), steps=steps, keep=60, top=top)
    assert found.dtype == np.float32
    assert found.nnz > 0
    wanted = dense_ppmi(dense_surfing(graph().toarray(), steps, 0.98), top)
    np.testing.assert_allclose(found.toarray(), wanted, atol=2e-6)


def test_long_walks_follow_the_strongest_only() -> None:
    few, many, whole = (ppmi_graph(graph(), steps=3, keep=n, top=60) for n in (5, 50, 60))
    assert few.nnz < many.nnz <= whole.nnz


def test_information_is_symmetric_without_loops_between_zero_and_one() -> None:
    found = ppmi_graph(graph(), top=5)
    assert (found != found.T).nnz == 0
    assert not found.diagonal().any()
    assert found.data.min() > 0
    assert found.data.max() <= 1
    assert np.diff(found.indptr)[:-1].min() >= 5


def test_spots_without_edges_stay_alone_and_finite() -> None:
    found = ppmi_graph(graph())
    assert np.isfinite(found.data).all()
    assert found[-1].nnz == 0
    assert ppmi_graph(sp.csr_matrix((3, 3), dtype=np.float32)).nnz == 0


def test_pairs_apart_are_joined_by_the_strongest_edge_there_is() -> None:
    adjacency = knn_adjacency(np.array([[0, 1], [1, 0], [2, 3], [3, 2]], dtype=np.int32))
    np.testing.assert_allclose(ppmi_graph(adjacency).toarray(), adjacency.toarray())


def test_nothing_goes_beyond_chance_where_all_are_joined() -> None:
    everyone = sp.csr_matrix(np.ones((6, 6)) - np.eye(6), dtype=np.float32)
    assert ppmi_graph(everyone, alpha=0.9).nnz == 0


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_blocks_change_nothing(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = ppmi_graph(graph(), steps=steps, keep=8, top=7)
    monkeypatch.setattr(module, "BLOCK", 7)
    found = ppmi_graph(graph(), steps=steps, keep=8, top=7)
    np.testing.assert_allclose(found.toarray(), whole.toarray(), atol=2e-6)


def test_edges_stay_few_however_many_spots() -> None:
    n = 20_000  # all pairs of spots would take 1.6 GB
    ring = np.arange(n)
    order = np.stack([(ring + step) % n for step in (0, 1, -1, 2, -2, 3, -3)], axis=1)
    assert ppmi_graph(knn_adjacency(order), top=10).nnz <= 20 * n


def batches() -> tuple[np.ndarray, np.ndarray]:
    points = np.random.default_rng(1).normal(size=(50, 4))
    return points, np.array(["a"] * 30 + ["b"] * 19 + ["c"])


def test_neighbours_come_from_every_batch() -> None:
    points, batch = batches()
    found = balanced_neighbours(points, batch, k_per_batch=3, seed=0)
    distance = np.linalg.norm(points[:, None] - points[None], axis=-1)
    np.fill_diagonal(distance, np.inf)
    wanted = np.zeros((50, 50), dtype=bool)
    for name in "abc":
        members = np.flatnonzero(batch == name)
        for spot in range(50):
            others = members[members != spot]
            wanted[spot, others[np.argsort(distance[spot, others])[:3]]] = True
    np.testing.assert_array_equal(found.toarray() > 0, wanted | wanted.T)
    assert set(np.unique(found.data)) == {1.0}
    assert not found.diagonal().any()


def test_a_batch_of_one_spot_is_joined_with_its_nearest_only() -> None:
    points = np.random.default_rng(2).normal(size=(400, 2))
    batch = np.array([0] * 399 + [1])
    found = balanced_neighbours(points, batch, k_per_batch=3, seed=0)
    alone = found[399].toarray().ravel() > 0
    distance = np.linalg.norm(points - points[399], axis=1)
    distance[399] = np.inf
    assert alone[np.argsort(distance)[:50]].all()
    assert alone.sum() == 50


def test_one_batch_gives_the_plain_neighbours() -> None:
    points, _ = batches()
    found = balanced_neighbours(points, np.zeros(50), k_per_batch=4, seed=0)
    np.testing.assert_array_equal(found.toarray(), knn_adjacency(nearest(points, 5)).toarray())


def test_twins_do_not_hide_that_a_spot_is_itself() -> None:
    found = balanced_neighbours(np.zeros((12, 3)), np.zeros(12), k_per_batch=4, seed=0)
    assert not found.diagonal().any()
    assert np.diff(found.indptr).min() >= 4
