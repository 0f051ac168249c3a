"""Scores of mixing know mixed from apart, and count as written out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.stats import chisquare
from sklearn.metrics import silhouette_score

from napari_stimpute.analysis import mixing as module
from napari_stimpute.analysis.mixing import mixing, mixing_in_words
from napari_stimpute.errors import TooSmall


def points(n: int = 300) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, 4))


def types(n: int = 300) -> np.ndarray:
    return np.arange(n) % 3


def with_types(n: int = 300) -> np.ndarray:
    """Three types far apart."""
    return points(n) + 12 * np.eye(4)[types(n)]


def by_chance(n: int = 300, share: float = 0.5) -> np.ndarray:
    return (np.random.default_rng(1).random(n) < share).astype(int)


def order(x: np.ndarray, k: int) -> np.ndarray:
    distance = np.linalg.norm(x[:, None] - x[None], axis=-1)
    return np.argsort(distance, axis=1)[:, 1 : k + 1]


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_batches_drawn_by_chance_are_fully_mixed_whatever_their_sizes(share: float) -> None:
    found = mixing(points(2_000), by_chance(2_000, share))
    assert found.diversity == pytest.approx(1, abs=0.02)
    assert found.accepted == pytest.approx(0.95, abs=0.03)
    assert found.batch_silhouette > 0.95


def test_batches_apart_are_not_mixed() -> None:
    batch = by_chance()
    found = mixing(points() + 30 * batch[:, None], batch)
    assert found.diversity == 0
    assert found.accepted == 0
    assert found.batch_silhouette < 0.2


def test_scores_count_as_by_hand() -> None:
    x, batch, k = points(60), by_chance(60), 10
    x[:, 0] += batch
    near, share = order(x, k), np.bincount(batch) / 60
    differing, accepted = [], []
    for row in near:
        pairs = [(a, b) for i, a in enumerate(row) for b in row[i + 1 :]]
        differing.append(np.mean([batch[a] != batch[b] for a, b in pairs]))
        accepted.append(chisquare(np.bincount(batch[row], minlength=2), k * share).pvalue > 0.05)
    overall = np.mean([batch[a] != batch[b] for a in range(60) for b in range(a)])
    found = mixing(x, batch, n_neighbours=k)
    assert found.diversity == pytest.approx(np.mean(differing) / overall)
    assert found.accepted == pytest.approx(np.mean(accepted))


def test_types_are_kept_where_they_are_and_lost_where_all_is_blurred() -> None:
    kept = mixing(with_types(), by_chance(), types(), reference=with_types())
    blurred = mixing(points(), by_chance(), types(), reference=with_types())
    assert kept.diversity > 0.95
    assert blurred.diversity > 0.95
    assert kept.purity > 0.99
    assert blurred.purity == pytest.approx(1 / 3, abs=0.05)
    assert kept.group_silhouette > 0.6
    assert kept.group_silhouette == pytest.approx(silhouette_score(with_types(), types()), rel=1e-5)
    assert blurred.group_silhouette < 0.05
    assert kept.kept_neighbours == 1


def test_neighbours_of_the_own_batch_are_compared() -> None:
    x, batch = points(40), np.repeat([0, 1], 20)
    y = x + np.random.default_rng(2).normal(0, 0.5, x.shape)
    shares = []
    for code in (0, 1):
        before, after = order(x[batch == code], 5), order(y[batch == code], 5)
        shares += [len(set(a) & set(b)) / 5 for a, b in zip(before, after, strict=True)]
    moved = y + 100 * batch[:, None]  # moving a whole batch changes nothing within it
    found = mixing(moved, batch, n_neighbours=5, reference=x)
    assert found.kept_neighbours == pytest.approx(np.mean(shares))
    assert 0.3 < found.kept_neighbours < 0.9


def test_batches_of_other_types_are_not_apart_within_types() -> None:
    batch = np.where(types() == 0, by_chance(), types() - 1)  # types 1 and 2 have a batch each
    assert mixing(with_types(), batch, types()).batch_silhouette > 0.95
    assert mixing(with_types(), batch).batch_silhouette < 0.8


def test_spots_without_a_type_are_left_out() -> None:
    named = np.array(["a", "b", "c"], dtype=object)[types()]
    some = named.copy()
    some[::7] = None
    found = mixing(with_types(), by_chance(), some)
    assert found.purity > 0.99
    keep = np.arange(300) % 7 != 0
    wanted = silhouette_score(with_types()[keep], types()[keep])
    assert found.group_silhouette == pytest.approx(wanted, rel=1e-5)


def test_without_types_and_reference_nothing_is_said_of_them() -> None:
    found = mixing(points(), by_chance())
    assert math.isnan(found.purity)
    assert math.isnan(found.group_silhouette)
    assert math.isnan(found.kept_neighbours)


def test_a_batch_of_one_spot_has_scores() -> None:
    found = mixing(points(50), [0] * 49 + [1], types(50), reference=points(50))
    assert 0 <= found.diversity <= 1
    assert 0 <= found.accepted <= 1
    assert found.kept_neighbours == 1


def test_one_batch_is_refused_in_words() -> None:
    with pytest.raises(TooSmall, match=r"at least two batches.*1 among 300"):
        mixing(points(), np.zeros(300))


def test_silhouettes_are_of_a_seeded_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = mixing(with_types(), by_chance(), types())
    monkeypatch.setattr(module, "MOST_COMPARED", 120)
    some = mixing(with_types(), by_chance(), types(), seed=3)
    again = mixing(with_types(), by_chance(), types(), seed=3)
    assert some.group_silhouette == again.group_silhouette
    assert some.group_silhouette != whole.group_silhouette
    assert some.group_silhouette == pytest.approx(whole.group_silhouette, abs=0.05)


def test_a_run_is_told_in_words_before_and_after() -> None:
    batch = np.where(by_chance() == 1, "b", "a")
    rate = np.where((batch == "a")[:, None], np.r_[np.full(10, 9.0), np.ones(10)], 3.0)
    counts = sp.csr_matrix(np.random.default_rng(2).poisson(rate).astype(np.float32))
    text = mixing_in_words(counts, points(), batch, "protocol", 0)
    before = mixing(
        module.principal_components(
            module.log_normalise(counts, module.size_factors(counts)), 30, 0
        ).scores,
        batch,
    )
    after = mixing(points(), batch)
    assert before.diversity < 0.1 < 0.9 < after.diversity
    assert text.startswith("Batches (protocol): mixing ")
    assert f"{before.diversity:.2f} in the counts, {after.diversity:.2f} in the embedding" in text
