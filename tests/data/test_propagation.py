from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from napari_stimpute.data.counts import log_normalise, size_factors
from napari_stimpute.data.propagation import InputTransform, hop_features, prune_edges


def counts(n_obs: int = 30, n_vars: int = 12) -> sp.csr_matrix:
    rate = np.random.default_rng(0).gamma(1, 3, (n_obs, 1)) * np.linspace(0.1, 4, n_vars)
    return sp.csr_matrix(np.random.default_rng(1).poisson(rate).astype(np.float32))


def path(n: int) -> sp.csr_matrix:
    """Spots in a row, each joined to the next."""
    steps = sp.diags([np.ones(n - 1), np.ones(n - 1)], [-1, 1], format="csr")
    return sp.csr_matrix(steps, dtype=np.float32)


def test_the_leading_component_has_a_spread_of_three() -> None:
    values = counts()
    size = size_factors(values)
    scores = InputTransform.fit(values, size, 4, seed=0).scores(values, size)
    assert scores.shape == (30, 4)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores[:, 0].std(), 3, rtol=1e-4)
    assert (scores.std(axis=0)[1:] <= 3).all()


def test_scores_are_distances_between_log_values_up_to_the_unit() -> None:
    values = counts()
    size = size_factors(values)
    transform = InputTransform.fit(values, size, 11, seed=0)  # all there are: nothing is lost
    scores, logged = transform.scores(values, size), log_normalise(values, size).toarray()
    expected = transform.unit * np.linalg.norm(logged[3] - logged[8])
    np.testing.assert_allclose(np.linalg.norm(scores[3] - scores[8]), expected, rtol=1e-4)


def test_depth_alone_changes_no_score() -> None:
    values = counts()
    size = size_factors(values)
    transform = InputTransform.fit(values, size, 4, seed=0)
    twice = transform.scores(sp.csr_matrix(2 * values), 2 * size)
    np.testing.assert_allclose(twice, transform.scores(values, size), atol=1e-5)


def test_spots_that_are_all_equal_have_finite_scores() -> None:
    values = sp.csr_matrix(np.full((6, 4), 2, np.float32))
    size = size_factors(values)
    assert np.isfinite(InputTransform.fit(values, size, 3, seed=0).scores(values, size)).all()


@pytest.mark.parametrize("n_hops", [0, 1, 3])
def test_hops_equal_powers_of_the_dense_normalised_adjacency(n_hops: int) -> None:
    graph, scores = path(5), np.random.default_rng(0).random((5, 2)).astype(np.float32)
    with_self = graph.toarray() + np.eye(5)
    root = np.diag(1 / np.sqrt(with_self.sum(axis=1)))
    step = root @ with_self @ root
    expected = [np.linalg.matrix_power(step, h) @ scores for h in range(n_hops + 1)]
    found = hop_features(scores, graph, n_hops)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.stack(expected, axis=1), rtol=1e-5)


def test_a_spot_without_neighbours_keeps_its_own_scores() -> None:
    scores = np.array([[1.0], [2], [4]], np.float32)
    found = hop_features(scores, sp.csr_matrix((3, 3), dtype=np.float32), 2)
    np.testing.assert_array_equal(found[:, 2], scores)


def test_only_edges_between_confident_spots_of_different_labels_are_dropped() -> None:
    labels = np.array([0, 0, 1, 1, 0])
    confident = np.array([True, True, True, False, True])
    pruned = prune_edges(path(5), labels, confident)
    expected = np.zeros((5, 5))
    for a, b in [(0, 1), (2, 3), (3, 4)]:  # 1–2 is dropped; spot 3 is unsure
        expected[a, b] = expected[b, a] = 1
    np.testing.assert_array_equal(pruned.toarray(), expected)
    assert pruned.dtype == np.float32


def test_nothing_is_pruned_where_nobody_is_confident() -> None:
    pruned = prune_edges(path(4), np.arange(4), np.zeros(4, bool))
    np.testing.assert_array_equal(pruned.toarray(), path(4).toarray())
