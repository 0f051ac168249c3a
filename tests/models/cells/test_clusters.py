"""Clusters that are kept: others join by their nearest, and their number is said."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stimpute.models.cells import clusters as cell_clusters
from napari_stimpute.models.cells.clusters import Array, CellClusters, Found, clusters_of


def blobs(n: int = 60, k: int = 3, seed: int = 0) -> tuple[Array, np.ndarray]:
    """Points around k corners of a cube ten apart, and the corner of each."""
    rng = np.random.default_rng(seed)
    corner = np.arange(n) % k
    places = 10 * np.eye(5)[corner] + rng.normal(0, 0.5, (n, 5))
    return places.astype(np.float32), corner


def found(z: Array, k: int, seed: int = 0) -> tuple[CellClusters, str]:
    """Clusters, kept."""
    it = clusters_of(z, k, "consensus", seed)
    return CellClusters.around(z, it, seed), it.text


def of_labels(labels: np.ndarray) -> Found:
    """Clusters that are all settled."""
    return Found(labels, np.ones(len(labels), np.float32), "")


def test_a_given_number_is_found_and_said() -> None:
    z, corner = blobs()
    clusters, text = found(z, 3)
    assert text.startswith("Clusters: 3, as set. Of the cells, 0 % lie between clusters")
    assert clusters.n_clusters == 3
    assert len(set(zip(corner, clusters.labels, strict=True))) == 3


def test_an_estimated_number_is_said_with_its_range() -> None:
    z, corner = blobs(600, 5)
    clusters, text = found(z, 0)
    assert clusters.n_clusters == 5 and len(set(clusters.labels)) == 5
    assert text.startswith("Clusters: 5, by how often 30 clusterings put cells together; 5")
    assert len(set(zip(corner, clusters.labels, strict=True))) == 5


def test_cells_keep_their_cluster_and_others_join_the_nearest() -> None:
    z, _ = blobs()
    clusters, _ = found(z, 3)
    np.testing.assert_array_equal(clusters.probabilities(z).argmax(axis=1), clusters.labels)
    other, corner = blobs(seed=1)
    probability = clusters.probabilities(other)
    assert probability.shape == (60, 3) and probability.dtype == np.float32
    np.testing.assert_allclose(probability.sum(axis=1), 1, rtol=1e-5)
    joined = probability.argmax(axis=1)
    np.testing.assert_array_equal(joined, [clusters.labels[corner == c][0] for c in corner])


def test_between_two_clusters_a_cell_is_of_both() -> None:
    z = np.float32([[0, 0]] * 5 + [[2, 0]] * 5)
    z += np.random.default_rng(0).normal(0, 0.01, z.shape).astype(np.float32)
    clusters = CellClusters.around(z, of_labels(np.repeat([0, 1], 5)), 0)
    middle, near = clusters.probabilities(np.float32([[1, 0], [0.4, 0]]))
    np.testing.assert_allclose(middle, 0.5, atol=0.05)
    assert near[0] > 0.8


def test_arrays_bring_it_back() -> None:
    z, _ = blobs()
    clusters, _ = found(z, 3)
    again = CellClusters.of_arrays(clusters.arrays())
    np.testing.assert_array_equal(again.probabilities(z), clusters.probabilities(z))
    np.testing.assert_array_equal(again.stabilities(z), clusters.stabilities(z))
    assert again.n_clusters == 3 and again.labels.dtype == np.int64


def test_of_many_cells_a_seeded_sample_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cell_clusters, "MOST_ANCHORS", 40)
    z, _ = blobs(90)
    one, same, other = (found(z, 3, seed)[0] for seed in (0, 0, 1))
    assert len(one.anchors) == len(one.labels) == 40
    np.testing.assert_array_equal(one.anchors, same.anchors)
    assert not np.array_equal(one.anchors, other.anchors)
    assert set(map(tuple, one.anchors)) <= set(map(tuple, z))


@pytest.mark.parametrize("n", [1, 2, 5])
def test_as_many_clusters_as_cells_is_possible(n: int) -> None:
    z, _ = blobs(n)
    clusters, _ = found(z, n)
    np.testing.assert_array_equal(clusters.probabilities(z).argmax(axis=1), clusters.labels)
    assert len(set(clusters.labels)) == n


def test_equal_cells_are_finite() -> None:
    z = np.zeros((30, 4), dtype=np.float32)
    clusters, _ = found(z, 0)
    assert np.isfinite(clusters.probabilities(z)).all()


def test_a_cell_between_clusters_is_less_settled_than_others() -> None:
    z, corner = blobs(300)
    bridge = np.linspace(z[corner == 0].mean(axis=0), z[corner == 1].mean(axis=0), 9)[4:5]
    clusters, _ = found(np.vstack([z, bridge]).astype(np.float32), 3)
    settled = clusters.stabilities(clusters.anchors)
    np.testing.assert_array_equal(settled, clusters.stability)
    assert settled[-1] < np.percentile(settled[:-1], 5)
    new = clusters.stabilities(np.vstack([z[corner == 2].mean(axis=0), bridge + 0.2]))
    assert new[0] > 0.9 > new[1]


@pytest.mark.parametrize("method", ["consensus", "mixture", "spectral"])
def test_a_mixture_finds_what_lies_apart(method: str) -> None:
    z, corner = blobs(90)
    labels = clusters_of(z, 3, method, 0).labels
    assert len(set(zip(corner, labels, strict=True))) == 3


def test_a_cluster_of_one_cell_keeps_it() -> None:
    z, _ = blobs(61)
    labels = np.append(np.arange(60) % 3, 3)
    clusters = CellClusters.around(z, of_labels(labels), 0)
    probability = clusters.probabilities(z)
    np.testing.assert_array_equal(probability.argmax(axis=1), labels)
    assert 0.5 < probability[-1, 3] < 0.6


def test_fewer_clusters_than_asked_for_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    z, corner = blobs(60, 2)
    monkeypatch.setattr(cell_clusters, "mixture_clusters", lambda *_: corner)
    text = clusters_of(z, 3, "mixture", 0).text
    assert "3, as set. Only 2 of 3 have cells: the others are too much alike." in text


def test_of_many_cells_some_are_clustered_and_all_get_a_cluster(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cell_clusters, "MOST_ANCHORS", 150)
    z, corner = blobs(400)
    it = clusters_of(z, 3, "consensus", 0)
    assert len(set(zip(corner, it.labels, strict=True))) == 3
    assert it.stability.shape == (400,) and it.stability.min() > 0.5
    assert "Of 400 cells, 150 drawn by chance were clustered" in it.text
