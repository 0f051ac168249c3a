"""Edited cells stay counts, keep what is theirs, and reach the mean that was asked."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import nbinom

from napari_stimpute.models.scdiffusion.landing import (
    Rates,
    counts_at,
    edited_counts,
    landed,
    mean_log,
    quantiles,
)

N, N_GENES, DEPTH = 400, 6, 60.0


@pytest.fixture
def rates() -> Rates:
    rng = np.random.default_rng(0)
    before = rng.gamma(2.0, [0.05, 0.2, 1.0, 3.0, 10.0, 60.0], (N, N_GENES)) + 1e-3
    after = before * [4.0, 0.3, 2.0, 1.0, 0.5, 1.5]
    return Rates(before, after, np.array([0.5, 1.0, 2.0, 5.0, 10.0, 50.0]))


@pytest.fixture
def counts(rates: Rates) -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.poisson(rng.gamma(rates.theta, rates.before / rates.theta)).astype(float)


def test_counts_at_quantiles_are_scipys(rates: Rates) -> None:
    place = np.random.default_rng(2).random(rates.before.shape)
    p = rates.theta / (rates.theta + rates.before)
    expected = nbinom.ppf(place, rates.theta, p)
    np.testing.assert_array_equal(counts_at(place, rates.before, rates.theta), expected)


def test_quantiles_are_even_where_the_model_is_true(rates: Rates, counts: np.ndarray) -> None:
    place = quantiles(counts, rates, seed=0)
    share = np.histogram(place, bins=10, range=(0, 1))[0] / place.size
    np.testing.assert_allclose(share, 0.1, atol=0.02)


def test_counts_come_back_from_their_quantiles(rates: Rates, counts: np.ndarray) -> None:
    place = quantiles(counts, rates, seed=0)
    np.testing.assert_array_equal(counts_at(place, rates.before, rates.theta), counts)


def test_no_strength_changes_nothing(rates: Rates, counts: np.ndarray) -> None:
    np.testing.assert_array_equal(edited_counts(counts, rates, strength=0.0), counts)
    target = mean_log(counts, DEPTH) + 1
    np.testing.assert_array_equal(landed(counts, rates, target, depth=DEPTH, strength=0.0), counts)


def test_counts_follow_their_rates_one_way(rates: Rates, counts: np.ndarray) -> None:
    steps = [edited_counts(counts, rates, strength=s) for s in (0.0, 0.25, 0.5, 1.0)]
    for weaker, stronger in pairwise(steps):
        change = stronger - weaker
        assert (change[:, [0, 2, 5]] >= 0).all()
        assert (change[:, [1, 4]] <= 0).all()
        assert (change[:, 3] == 0).all()


def test_edited_counts_have_the_mean_of_their_rates(rates: Rates, counts: np.ndarray) -> None:
    found = edited_counts(counts, rates).mean(axis=0) / rates.after.mean(axis=0)
    np.testing.assert_allclose(found[2:], 1, atol=0.15)


def test_a_target_is_reached_as_near_as_counts_allow(rates: Rates, counts: np.ndarray) -> None:
    target = mean_log(counts, DEPTH) * [1.5, 0.6, 1.1, 0.9, 1.05, 1.0]
    found = landed(counts, rates, target, depth=DEPTH)
    np.testing.assert_allclose(mean_log(found, DEPTH), target, atol=0.05)
    assert (found == np.round(found)).all()
    assert found.min() == 0
