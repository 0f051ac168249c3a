"""Spectral clusters find any shape, and eigenvalues are those of the dense Laplacian."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.sparse.csgraph import laplacian
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from napari_stimpute.errors import TooSmall
from napari_stimpute.models.cells import spectral
from napari_stimpute.models.cells.affinity import closeness_graph
from napari_stimpute.models.cells.spectral import (
    laplacian_vectors,
    spectral_clusters,
)


def rings(n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """A ring around another."""
    rng = np.random.default_rng(0)
    truth = np.arange(n) % 2
    angle, radius = rng.uniform(0, 2 * np.pi, n), 1 + 3 * truth + rng.normal(0, 0.1, n)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), truth


def blobs(n: int = 400, k: int = 5, apart: float = 8) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    truth = np.arange(n) % k
    return apart * np.eye(8)[truth] + rng.normal(size=(n, 8)), truth


def test_rings_are_told_apart_where_means_cannot() -> None:
    points, truth = rings()
    by_means = KMeans(2, n_init=5, random_state=0).fit_predict(points)
    assert adjusted_rand_score(truth, by_means) < 0.1
    assert adjusted_rand_score(truth, spectral_clusters(points, 2, 0)) == 1


@pytest.mark.parametrize("apart", [8, 1_000])
def test_blobs_are_found_also_where_they_share_no_edge(apart: float) -> None:
    points, truth = blobs(apart=apart)
    assert adjusted_rand_score(truth, spectral_clusters(points, 5, 0)) > 0.99


def test_eigenvalues_are_those_of_the_dense_laplacian(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spectral, "MOST_DENSE", 10)
    graph = closeness_graph(blobs(apart=3)[0], 0)
    dense = laplacian(graph.toarray(), normed=True)
    values, vectors = laplacian_vectors(graph, 12, 0)
    np.testing.assert_allclose(values, np.linalg.eigvalsh(dense)[:12], atol=1e-6)
    np.testing.assert_allclose(dense @ vectors, vectors * values, atol=1e-4)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(12), atol=1e-6)


def test_small_and_large_graphs_have_the_same_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = closeness_graph(blobs(200, apart=3)[0], 0)
    values, vectors = laplacian_vectors(graph, 4, 0)
    monkeypatch.setattr(spectral, "MOST_DENSE", 10)
    iterated = laplacian_vectors(graph, 4, 0)
    np.testing.assert_allclose(iterated[0], values, atol=1e-6)
    np.testing.assert_allclose(np.abs((iterated[1] * vectors).sum(axis=0)), 1, atol=1e-4)


def test_the_first_eigenvalue_is_zero_and_no_other_in_one_piece() -> None:
    values, _ = laplacian_vectors(closeness_graph(blobs(apart=50)[0], 0), 3, 0)
    assert values[0] == pytest.approx(0, abs=1e-9)
    assert values[1] > 1e-12


def test_same_seed_same_clusters() -> None:
    points = np.random.default_rng(0).normal(size=(400, 5)).astype(np.float32)
    np.testing.assert_array_equal(spectral_clusters(points, 6, 3), spectral_clusters(points, 6, 3))


@pytest.mark.parametrize("k", [1, 2, 7, 11, 12])
def test_every_number_that_fits_is_given(k: int) -> None:
    points = np.random.default_rng(0).normal(size=(12, 2))
    assert sorted(set(spectral_clusters(points, k, 0))) == list(range(k))


@pytest.mark.parametrize("k", [0, 13])
def test_more_clusters_than_spots_are_refused_in_words(k: int) -> None:
    with pytest.raises(TooSmall, match="12 spots"):
        spectral_clusters(np.random.default_rng(0).normal(size=(12, 2)), k, 0)


def test_spots_that_are_all_equal_get_labels() -> None:
    labels = spectral_clusters(np.zeros((40, 3)), 3, 0)
    assert labels.shape == (40,)
    assert labels.max() <= 2


def test_a_graph_is_never_made_dense_when_large() -> None:
    n = 30_000  # all pairs would take 7 GB
    path = sp.diags([np.ones(n - 1), np.ones(n - 1)], [-1, 1], format="csr")
    values, _ = laplacian_vectors(sp.csr_matrix(path), 1, 0)
    assert values[0] == pytest.approx(0, abs=1e-9)
