"""The consensus of many clusterings, against co-association by all pairs."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from napari_stimpute.models.cells.consensus import Consensus, consensus


def cells(sizes: list[int], apart: float = 4.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 10) around as many centres as there are sizes, and the centre of each."""
    rng = np.random.default_rng(seed)
    kind = np.repeat(np.arange(len(sizes)), sizes)
    centres = rng.normal(0, apart, (len(sizes), 10))
    return (centres[kind] + rng.normal(size=(len(kind), 10))).astype(np.float32), kind


def co_association(found: Consensus) -> np.ndarray:
    """How often each pair of cells is together, (n, n)."""
    return np.mean([groups[:, None] == groups for groups in found.clusterings.T], axis=0)


def test_the_tree_merges_those_that_are_together_most_on_average_over_pairs() -> None:
    z, _ = cells([30, 20, 20, 10, 5], apart=1.0)
    found = consensus(z, 0)
    near = co_association(found)
    for k in range(12, 1, -1):
        member = np.eye(k)[found.labels(k)]
        means = member.T @ near @ member / np.outer(member.sum(axis=0), member.sum(axis=0))
        np.fill_diagonal(means, 0)
        assert found.together[-(k - 1)] == pytest.approx(means.max())
        merged = found.labels(k - 1)
        first, second = (np.flatnonzero(member[:, c])[0] for c in divmod(means.argmax(), k))
        assert merged[first] == merged[second] or np.isclose(means, means.max()).sum() > 2


def test_together_and_within_are_means_over_pairs_of_the_groups() -> None:
    z, _ = cells([200, 100, 60, 40], apart=1.5)
    found = consensus(z, 1)
    near, last = co_association(found), found.labels(2)
    inside = [near[np.ix_(last == c, last == c)].mean() for c in (0, 1)]
    assert found.together[-1] == pytest.approx(near[np.ix_(last == 0, last == 1)].mean())
    assert found.within[-1] == pytest.approx(min(inside))


def test_stability_is_the_share_of_companions_that_are_in_the_same_cluster() -> None:
    z, _ = cells([80, 60, 60], apart=1.0)
    found = consensus(z, 0)
    labels = found.labels(3)
    fine = [g for t, g in enumerate(found.clusterings.T) if g.max() >= 2 or t >= 20]
    by_hand = np.mean(
        [[(labels[g == g[i]] == labels[i]).mean() for i in range(200)] for g in fine], axis=0
    )
    np.testing.assert_allclose(found.stability(labels), by_hand, rtol=1e-5)


@pytest.mark.parametrize("k", [4, 8, 12])
def test_groups_that_lie_apart_are_counted_and_found(k: int) -> None:
    z, kind = cells([90] * k)
    found = consensus(z, 0)
    assert found.number() == pytest.approx(k, abs=k // 10)
    fewest, most = found.number_range()
    assert fewest <= k <= most
    assert adjusted_rand_score(kind, found.labels(k)) == 1
    assert np.median(found.stability(found.labels(k))) > 0.99


def test_a_rare_type_stands_beside_common_ones() -> None:
    z, kind = cells([500, 400, 300, 8])
    assert adjusted_rand_score(kind, consensus(z, 0).labels(4)) == 1


def test_without_groups_cells_are_not_settled_in_any() -> None:
    z = np.random.default_rng(0).normal(size=(400, 10)).astype(np.float32)
    found = consensus(z, 0)
    fewest, most = found.number_range()
    assert most > 5 * fewest  # no number stands out
    assert np.median(found.stability(found.labels(6))) < 0.8


def test_same_seed_same_consensus() -> None:
    z, _ = cells([60, 60, 60], apart=1.0)
    one, same = consensus(z, 3), consensus(z, 3)
    np.testing.assert_array_equal(one.clusterings, same.clusterings)
    np.testing.assert_array_equal(one.labels(7), same.labels(7))


def test_many_clusters_can_be_asked_for() -> None:
    z, _ = cells([10] * 50)
    assert len(set(consensus(z, 0, at_least=50).labels(50))) == 50
