"""The common curve: what a second measurement shows, against Bayes' rule in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import poisson

from napari_stimpute.models.simple.response import SHAPE, cell_of, no_response, response, tallied

LOW, HIGH = 0.2, 6.0
"""Rates of a gene that is either off or on, which no gamma prior has."""


def one_block(
    own: np.ndarray, hidden: np.ndarray, predicted: np.ndarray, expected: np.ndarray
) -> np.ndarray:
    places = cell_of(own.astype(np.float32), expected.astype(np.float32))
    shown = hidden > 0
    return response(tallied(places[shown], hidden[shown]), tallied(places, predicted))


def test_what_is_off_or_on_is_corrected_as_bayes_rule_says() -> None:
    rng = np.random.default_rng(0)
    rate = np.where(rng.random(400_000) < 0.3, HIGH, LOW)
    own, hidden = rng.poisson(rate), rng.poisson(rate)
    mean = 0.3 * HIGH + 0.7 * LOW
    factors = one_block(own, hidden, np.full(len(rate), mean), np.full(len(rate), mean))
    for x in (0, 1, 2, 3):
        on, off = 0.3 * poisson.pmf(x, HIGH), 0.7 * poisson.pmf(x, LOW)
        truth = (on * HIGH + off * LOW) / (on + off)
        at = cell_of(np.float32([x]), np.float32([mean]))[0]
        assert factors.ravel()[at] * mean == pytest.approx(truth, rel=0.05)


def test_a_right_prediction_is_left_as_it_is() -> None:
    rng = np.random.default_rng(1)
    rate = rng.gamma(1.0, 2.0, 300_000)
    own, hidden = rng.poisson(rate), rng.poisson(0.1 * rate)  # a tenth, as in a hold-out
    factors = one_block(own, hidden, rate, rate)
    assert np.abs(factors - 1).max() < 0.2  # chance: a cell of the table holds 100 molecules or so
    changed = rate * factors.ravel()[cell_of(own.astype(np.float32), rate.astype(np.float32))]
    assert np.abs(changed - rate).sum() < 0.03 * rate.sum()


def test_few_hidden_molecules_change_next_to_nothing() -> None:
    own, expected = np.array([0, 5]), np.array([0.5, 0.5])
    factors = one_block(own, np.array([0, 3]), expected, expected)
    assert factors.shape == SHAPE
    assert np.abs(factors - 1).max() < 0.05
    nothing = one_block(own, np.zeros(2), expected, expected)
    np.testing.assert_array_equal(nothing, no_response())
