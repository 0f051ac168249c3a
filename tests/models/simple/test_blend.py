"""Blending: weights against an independent optimiser, and what hidden molecules decide."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import minimize

from napari_stimpute.data.holdout import thin
from napari_stimpute.models.simple.blend import (
    apply_blend,
    best_part,
    blend_blocks,
    blend_gene,
    fit_blend,
)
from napari_stimpute.models.simple.common_weights import common_weights
from napari_stimpute.models.simple.parts import OWN, Parts, at_depth, depth_of
from napari_stimpute.models.simple.weights import posterior_mean
from napari_stimpute.trust.recovery import deviance_explained


@pytest.fixture(scope="module")
def tissue() -> tuple[sp.csr_matrix, np.ndarray]:
    """Counts of two kinds of spots, and their true rates."""
    rng = np.random.default_rng(3)
    profiles = rng.gamma(0.7, 2.0, size=(2, 60))
    rates = profiles[np.repeat([0, 1], 200)] * rng.gamma(8.0, 1 / 8, size=(400, 1))
    return sp.csr_matrix(rng.poisson(rates).astype(np.float32)), rates.astype(np.float32)


def split(counts: sp.csr_matrix, seed: int) -> tuple[sp.csr_matrix, ...]:
    rest, test = thin(counts, 0.1, seed)
    kept, hidden = thin(rest, 0.1, seed + 100)
    return kept, hidden, rest, test


def test_common_weights_are_those_of_an_independent_optimiser() -> None:
    rng = np.random.default_rng(0)
    values = rng.gamma(2.0, size=(4000, 3)).astype(np.float32)
    hidden = rng.poisson(values @ [0.7, 0.2, 0.1]) + 1.0

    even = 3e-4 * hidden.sum()  # between 1 and 10

    def loss(free: np.ndarray) -> float:
        w = np.exp(free) / np.exp(free).sum()
        return -(hidden @ np.log(values @ w)) - even * np.log(w).sum()

    free = minimize(loss, np.zeros(3), method="Nelder-Mead", options={"fatol": 1e-10}).x
    expected = np.exp(free) / np.exp(free).sum()
    np.testing.assert_allclose(common_weights(values, hidden), expected, atol=2e-3)


def test_next_to_nothing_decides_next_to_nothing() -> None:
    values = np.array([[1.0, 2.0], [2.0, 1.0]], dtype=np.float32)
    weights = common_weights(values, np.array([1.0, 0.0]))
    np.testing.assert_allclose(weights, 0.5, atol=0.15)


def test_posterior_mean_is_that_of_a_gamma_prior() -> None:
    rng = np.random.default_rng(0)
    mu, theta = 2.0, 3.0
    rates = rng.gamma(theta, mu / theta, size=1_000_000)
    seen = rng.poisson(rates)
    for x in (0, 2, 5):
        found = posterior_mean(np.float32(mu), np.float32(x), np.float32(theta))
        assert found == pytest.approx(rates[seen == x].mean(), rel=0.01)


def test_a_perfect_model_takes_nearly_all(tissue: tuple[sp.csr_matrix, np.ndarray]) -> None:
    counts, rates = tissue
    kept, hidden, _, _ = split(counts, 0)
    parts = Parts.of(kept, None, 0).with_model("Truth", rates)
    blend = fit_blend(parts, hidden)
    assert blend.weights.mean(axis=0)[0] > 0.6
    assert blend.weights.mean(axis=0)[blend.titles.index(OWN)] < 0.05


def test_a_useless_model_takes_next_to_nothing(tissue: tuple[sp.csr_matrix, np.ndarray]) -> None:
    counts, rates = tissue
    kept, hidden, _, _ = split(counts, 0)
    shuffled = np.random.default_rng(0).permutation(rates, axis=1)
    blend = fit_blend(Parts.of(kept, None, 0).with_model("Nonsense", shuffled), hidden)
    assert blend.weights.mean(axis=0)[0] < 0.02


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_blend_is_no_worse_than_its_best_part(
    tissue: tuple[sp.csr_matrix, np.ndarray], seed: int
) -> None:
    counts, _ = tissue
    kept, hidden, rest, test = split(counts, seed)
    blend = fit_blend(Parts.of(kept, None, 0), hidden)
    parts = Parts.of(rest, None, 0)
    each = [deviance_explained(rest, test, part) for part in parts.rows(slice(0, 400))]
    blended = deviance_explained(rest, test, apply_blend(parts, blend))
    assert blended > max(each) - 0.003


def test_the_best_part_needs_no_weights(tissue: tuple[sp.csr_matrix, np.ndarray]) -> None:
    kept, hidden, _, _ = split(tissue[0], 0)
    parts = Parts.of(kept, None, 0)
    assert best_part(parts, hidden) == fit_blend(parts, hidden).best_part


def test_weights_are_shares_and_totals_are_restored(
    tissue: tuple[sp.csr_matrix, np.ndarray],
) -> None:
    counts, _ = tissue
    kept, hidden, rest, _ = split(counts, 0)
    blend = fit_blend(Parts.of(kept, None, 0), hidden)
    assert (blend.weights >= 0).all()
    np.testing.assert_allclose(blend.weights.sum(axis=1), 1.0, rtol=1e-5)
    blended = apply_blend(Parts.of(rest, None, 0), blend)
    np.testing.assert_allclose(blended.sum(axis=0), rest.toarray().sum(axis=0), rtol=1e-3)


def test_weights_say_what_the_blend_does_to_a_spot() -> None:
    """Without posterior (θ → ∞ takes nothing from own counts), weights are those that are mixed."""
    rng = np.random.default_rng(0)
    counts = sp.csr_matrix(rng.poisson(3.0, size=(80, 20)).astype(np.float32))
    kept, hidden = thin(counts, 0.2, 0)
    parts = Parts.of(kept, None, 0)
    blend = fit_blend(parts, hidden)
    made = parts.rows(slice(0, 80))
    linear = np.einsum("kbg,gk->bg", made, blend.weights)
    mixed, _ = blend.uncorrected(made)
    assert np.corrcoef(linear.ravel(), mixed.ravel())[0, 1] > 0.99


def test_real_differences_between_spots_lower_theta() -> None:
    rng = np.random.default_rng(0)
    level = np.full((300, 120), 4.0)
    same = sp.csr_matrix(rng.poisson(level).astype(np.float32))
    differing = sp.csr_matrix(
        rng.poisson(level * rng.gamma(2.0, 0.5, level.shape)).astype(np.float32)
    )
    thetas = []
    for counts in (same, differing):
        kept, hidden = thin(counts, 0.1, 0)
        thetas.append(np.median(fit_blend(Parts.of(kept, None, 0), hidden).theta))
    assert thetas[0] > 20
    assert thetas[1] < 6


def test_a_gene_without_hidden_molecules_follows_the_rest(
    tissue: tuple[sp.csr_matrix, np.ndarray],
) -> None:
    counts, _ = tissue
    dense = counts.toarray()
    dense[:, 7] = 0
    dense[:3, 7] = 1
    kept, hidden, rest, _ = split(sp.csr_matrix(dense), 4)
    hidden = hidden.tolil()
    hidden[:, 7] = 0
    blend = fit_blend(Parts.of(kept, None, 0), sp.csr_matrix(hidden))
    assert np.isfinite(blend.weights).all()
    assert np.isfinite(apply_blend(Parts.of(rest, None, 0), blend)).all()


def test_blocks_are_what_a_whole_prediction_is_blended_to(
    tissue: tuple[sp.csr_matrix, np.ndarray],
) -> None:
    kept, hidden, rest, _ = split(tissue[0], 0)
    rates = tissue[1]
    blend = fit_blend(Parts.of(kept, None, 0).with_model("Mine", rates.copy()), hidden)
    parts = Parts.of(rest, None, 0)
    whole = apply_blend(parts.with_model("Mine", rates.copy()), blend)
    made = np.concatenate([b for _, b in blend_blocks(parts, blend, np.array_split(rates, 7))])
    scale = rest.toarray().sum(axis=0) / made.sum(axis=0)
    np.testing.assert_allclose(made * scale, whole, rtol=1e-5)


def test_one_gene_alone_is_blended_as_among_all(tissue: tuple[sp.csr_matrix, np.ndarray]) -> None:
    kept, hidden, rest, _ = split(tissue[0], 0)
    rates = tissue[1]
    made = Parts.of(kept, None, 0)
    whole, simple = Parts.of(rest, None, 0), fit_blend(made, hidden)
    expected = apply_blend(whole, simple)
    with_model = fit_blend(made.with_model("Mine", rates.copy()), hidden)
    blended = apply_blend(whole.with_model("Mine", rates.copy()), with_model)
    predicted = at_depth(rates, depth_of(rest))
    for gene in range(60):
        alone = blend_gene(whole, simple, gene)
        np.testing.assert_allclose(alone, expected[:, gene], rtol=1e-5)
        alone = blend_gene(whole, with_model, gene, predicted[:, gene])
        np.testing.assert_allclose(alone, blended[:, gene], rtol=1e-5)
