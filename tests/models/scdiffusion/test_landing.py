"""Edited cells stay counts, keep what is theirs, and reach the mean that was asked."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.stats import nbinom

from napari_stimpute.models.scdiffusion.landing import (
    Landing,
    Rates,
    counts_at,
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
    place = quantiles(counts, rates, np.random.default_rng(0))
    share = np.histogram(place, bins=10, range=(0, 1))[0] / place.size
    np.testing.assert_allclose(share, 0.1, atol=0.02)


def test_counts_come_back_from_their_quantiles(rates: Rates, counts: np.ndarray) -> None:
    place = quantiles(counts, rates, np.random.default_rng(0))
    np.testing.assert_array_equal(counts_at(place, rates.before, rates.theta), counts)


def blocks_of(rates: Rates) -> Callable[[slice], Rates]:
    return lambda rows: replace(rates, before=rates.before[rows], after=rates.after[rows])


def moved(counts: np.ndarray, rates: Rates) -> Landing:
    return Landing(sp.csr_matrix(counts), blocks_of(rates), np.ones(N_GENES))


def test_no_strength_changes_nothing(rates: Rates, counts: np.ndarray) -> None:
    np.testing.assert_array_equal(moved(counts, rates).at(0.0).toarray(), counts)


def test_counts_follow_their_rates_one_way(rates: Rates, counts: np.ndarray) -> None:
    landing = moved(counts, rates)
    steps = [landing.at(strength).toarray() for strength in (0.0, 0.25, 0.5, 1.0)]
    for weaker, stronger in pairwise(steps):
        change = stronger - weaker
        assert (change[:, [0, 2, 5]] >= 0).all()
        assert (change[:, [1, 4]] <= 0).all()
        assert (change[:, 3] == 0).all()


def test_edited_counts_have_the_mean_of_their_rates(rates: Rates, counts: np.ndarray) -> None:
    found = moved(counts, rates).at(1.0).toarray().mean(axis=0) / rates.after.mean(axis=0)
    np.testing.assert_allclose(found[2:], 1, atol=0.15)


def test_a_target_is_reached_as_near_as_counts_allow(rates: Rates, counts: np.ndarray) -> None:
    target = mean_log(counts, DEPTH) * [1.5, 0.6, 1.1, 0.9, 1.05, 1.0]
    landing = Landing.on(sp.csr_matrix(counts), blocks_of(rates), target, depth=DEPTH)
    found = landing.at(1.0).toarray()
    np.testing.assert_allclose(mean_log(found, DEPTH), target, atol=0.05)
    assert (found == np.round(found)).all()
    assert found.min() == 0


def test_more_cells_than_a_block_are_moved_alike(rates: Rates, counts: np.ndarray) -> None:
    twice = Rates(*(np.vstack([r, r]) for r in (rates.before, rates.after)), rates.theta)
    found = moved(np.vstack([counts, counts]), twice).at(1.0).toarray()
    assert found.shape == (2 * N, N_GENES)
    np.testing.assert_allclose(found[:N].mean(axis=0)[2:], found[N:].mean(axis=0)[2:], rtol=0.1)


def test_half_a_knock_out_halves_the_rate(rates: Rates, counts: np.ndarray) -> None:
    gone = rates.after.copy()
    gone[:, 4] = 0.0
    on_line = np.arange(N_GENES) == 4
    landing = moved(counts, Rates(rates.before, gone, rates.theta, on_line))
    half, whole = (landing.at(strength).toarray()[:, 4] for strength in (0.5, 1.0))
    assert not whole.any()
    assert half.mean() == pytest.approx(counts[:, 4].mean() / 2, rel=0.1)
