"""Clusters that are kept: others join by their nearest, and their number is said."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from napari_stimpute.models.cells import clusters as cell_clusters
from napari_stimpute.models.cells.clusters import Array, CellClusters, clusters_of, predictive_gain
from napari_stimpute.models.training import Split


def blobs(n: int = 60, k: int = 3, seed: int = 0) -> tuple[Array, np.ndarray]:
    """Points around k corners of a cube ten apart, and the corner of each."""
    rng = np.random.default_rng(seed)
    corner = np.arange(n) % k
    places = 10 * np.eye(5)[corner] + rng.normal(0, 0.5, (n, 5))
    return places.astype(np.float32), corner


def molecules(z: Array) -> sp.csr_matrix:
    """Counts of six genes, the first of which follow the places; Poisson, about 60 a cell."""
    share = np.exp(0.3 * z @ np.eye(z.shape[1], 6))
    rate = 60 * share / share.sum(axis=1, keepdims=True)
    return sp.csr_matrix(np.random.default_rng(3).poisson(rate).astype(np.float32))


def halves(z: Array) -> Split:
    """Their molecules, a tenth of them hidden."""
    return Split.of(molecules(z), 0.1, 0)


def found(z: Array, k: int, seed: int = 0) -> tuple[CellClusters, str]:
    """Spectral clusters, kept."""
    labels, text = clusters_of(z, halves(z), k, "spectral", seed)
    return CellClusters.around(z, labels, seed), text


def test_a_given_number_is_found_and_said() -> None:
    z, corner = blobs()
    clusters, text = found(z, 3)
    assert text == "Clusters: 3, as set."
    assert clusters.n_clusters == 3
    assert len(set(zip(corner, clusters.labels, strict=True))) == 3


def test_an_estimated_number_is_said_with_both_opinions() -> None:
    z, corner = blobs(200, 4)
    clusters, text = found(z, 0)
    assert clusters.n_clusters == 4 and len(set(clusters.labels)) == 4
    assert text.startswith("Clusters: 4, as many as Leiden communities (resolution 0.8)")
    assert text.endswith("the largest gap between eigenvalues would say 4.")
    assert len(set(zip(corner, clusters.labels, strict=True))) == 4


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
    clusters = CellClusters(z, np.repeat([0, 1], 5), 2)
    middle, near = clusters.probabilities(np.float32([[1, 0], [0.4, 0]]))
    np.testing.assert_allclose(middle, 0.5, atol=0.05)
    assert near[0] > 0.8


def test_arrays_bring_it_back() -> None:
    z, _ = blobs()
    clusters, _ = found(z, 3)
    again = CellClusters.of_arrays(clusters.arrays())
    np.testing.assert_array_equal(again.probabilities(z), clusters.probabilities(z))
    assert again.n_clusters == 3 and again.labels.dtype == np.int64


def test_of_many_cells_a_seeded_sample_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cell_clusters, "MOST_ANCHORS", 40)
    z, _ = blobs(90)
    one, same, other = (found(z, 3, seed)[0] for seed in (0, 0, 1))
    assert len(one.anchors) == len(one.labels) == 40
    np.testing.assert_array_equal(one.anchors, same.anchors)
    assert not np.array_equal(one.anchors, other.anchors)
    everyone = CellClusters(z, np.zeros(90, dtype=np.int64), 1)
    assert set(map(tuple, one.anchors)) <= set(map(tuple, everyone.anchors))


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


def test_hidden_molecules_decide_between_the_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    z, corner = blobs(120)
    shuffled = np.random.default_rng(5).permutation(corner)
    titles = {"spectral": "spectral clustering", "mixture": "a mixture of normal distributions"}
    for wrong, right in (("spectral", "mixture"), ("mixture", "spectral")):
        ways = {wrong: shuffled, right: corner}
        for name, labels in ways.items():
            monkeypatch.setattr(cell_clusters, f"{name}_clusters", lambda *_, it=labels: it)
        labels, text = clusters_of(z, halves(z), 3, "auto", 0)
        np.testing.assert_array_equal(labels, corner)
        assert f"Found by {titles[right]}" in text


def test_predictive_gain_is_the_likelihood_of_what_was_left_out() -> None:
    z, corner = blobs(40)
    split = halves(z)
    kept, hidden = split.kept.toarray(), split.hidden.toarray()
    overall = kept.sum(axis=0) / kept.sum()
    total, n = 0.0, 0.0
    for cell in range(40):
        profile = kept[corner == corner[cell]].sum(axis=0) + 100 * overall
        profile = profile / profile.sum()
        for gene in range(6):
            total += hidden[cell, gene] * np.log(profile[gene] / overall[gene])
            n += hidden[cell, gene]
    assert predictive_gain(corner, split) == pytest.approx(total / n, rel=1e-4)
    assert predictive_gain(corner, split) > predictive_gain(np.zeros(40, dtype=int), split)
    assert predictive_gain(np.zeros(40, dtype=int), split) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("method", ["auto", "mixture"])
def test_a_mixture_finds_what_lies_apart(method: str) -> None:
    z, corner = blobs(90)
    labels, _ = clusters_of(z, halves(z), 3, method, 0)
    assert len(set(zip(corner, labels, strict=True))) == 3


def test_a_cluster_of_one_cell_keeps_it() -> None:
    z, _ = blobs(61)
    labels = np.append(np.arange(60) % 3, 3)
    clusters = CellClusters.around(z, labels, 0)
    probability = clusters.probabilities(z)
    np.testing.assert_array_equal(probability.argmax(axis=1), labels)
    assert 0.5 < probability[-1, 3] < 0.6


def test_fewer_clusters_than_asked_for_and_samples_are_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    z, corner = blobs(60, 2)
    monkeypatch.setattr(cell_clusters, "mixture_clusters", lambda *_: corner)
    text = clusters_of(z, halves(z), 3, "mixture", 0)[1]
    assert text == ("Clusters: 3, as set. Only 2 of 3 have cells: the others are too much alike.")
    monkeypatch.setattr(cell_clusters, "MOST_WHOLE", 50)
    text = clusters_of(z, halves(z), 2, "mixture", 0)[1]
    assert text.startswith("Clusters: 2, as set. Of 60 cells, spectral clustering sees 2,000 land")
