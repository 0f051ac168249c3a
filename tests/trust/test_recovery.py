"""Scores on hidden molecules agree with an independent dense formula, and with what they mean."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
import scipy.sparse as sp
import scipy.stats

from napari_stimpute.data.holdout import thin
from napari_stimpute.errors import Diverged, TooSmall
from napari_stimpute.trust import recovery as module
from napari_stimpute.trust import verdict
from napari_stimpute.trust.recovery import (
    MIN_HIDDEN,
    Recovery,
    deviance_explained,
    pattern_correlation,
    recovery,
)


@pytest.fixture
def split() -> tuple[sp.csr_matrix, sp.csr_matrix, np.ndarray]:
    """Kept and hidden counts of 40 spots × 25 genes, and the rates they came from."""
    rng = np.random.default_rng(0)
    rates = rng.gamma(0.7, 2.0, (40, 1)) * rng.gamma(0.5, 3.0, (1, 25))
    rates = rates * rng.choice([0.2, 3.0], (40, 25))
    counts = sp.csr_matrix(rng.poisson(rates).astype(np.float32))
    kept, hidden = thin(counts, 0.2, seed=1)
    return kept, hidden, rates


def dense_score(kept: np.ndarray, hidden: np.ndarray, prediction: np.ndarray) -> float:
    """Deviance explained, written out spot by spot with scipy's Poisson."""
    ratio = hidden.sum() / kept.sum()
    log_p = {"model": 0.0, "mean": 0.0, "perfect": 0.0}
    for spot in range(len(kept)):
        depth = kept[spot].sum() * ratio
        mean = depth * kept.sum(axis=0) / kept.sum()
        model = prediction[spot] / prediction[spot].sum() * depth
        for name, rate in (("model", model), ("mean", mean), ("perfect", hidden[spot])):
            # the definition adds 1e-6 inside the logarithm only; scipy's log is of the rate itself
            epsilon = 0.0 if name == "perfect" else 1e-6
            log_p[name] += scipy.stats.poisson.logpmf(hidden[spot], rate + epsilon).sum()
            log_p[name] += epsilon * len(rate)
    return 1 - (log_p["perfect"] - log_p["model"]) / (log_p["perfect"] - log_p["mean"])


def test_deviance_explained_agrees_with_scipy_poisson(split) -> None:
    kept, hidden, rates = split
    expected = dense_score(*(m.toarray().astype(float) for m in (kept, hidden)), rates)
    assert expected > 0.1  # the true rates do explain something
    assert deviance_explained(kept, hidden, rates) == pytest.approx(expected, abs=1e-9)


def test_example_holds() -> None:
    found = doctest.testmod(module)
    assert (found.attempted > 0, found.failed) == (True, 0)


def test_gene_mean_times_depth_scores_exactly_zero(split) -> None:
    kept, hidden, _ = split
    mean = np.outer(kept.sum(axis=1), kept.sum(axis=0))
    assert deviance_explained(kept, hidden, mean) == pytest.approx(0.0, abs=1e-12)


def test_hidden_counts_themselves_are_near_perfect(split) -> None:
    kept, hidden, _ = split
    scaled = hidden.toarray() * 1.0  # its depth per spot is put at the kept one, so not exactly 1
    assert deviance_explained(kept, hidden, scaled) > 0.9


def test_scale_of_a_spot_does_not_matter(split) -> None:
    kept, hidden, rates = split
    scaled = rates * np.linspace(0.01, 50, len(rates))[:, None]
    assert deviance_explained(kept, hidden, scaled) == pytest.approx(
        deviance_explained(kept, hidden, rates), abs=1e-9
    )


def test_per_gene_scores_add_up_to_the_whole(split) -> None:
    kept, hidden, rates = split
    found = recovery(kept, hidden, rates)
    whole = deviance_explained(kept, hidden, rates)
    alone = [recovery_of_gene(kept, hidden, rates, g) for g in range(kept.shape[1])]
    model, mean = np.sum(alone, axis=0)
    assert 1 - model / mean == pytest.approx(whole, abs=1e-9)
    finite = np.isfinite(found.per_gene)
    by_hand = np.array([1 - m / b if b > 0 else np.nan for m, b in alone])
    np.testing.assert_allclose(found.per_gene[finite], by_hand[finite], atol=1e-9)


def recovery_of_gene(kept, hidden, rates, gene: int) -> tuple[float, float]:
    """Deviance of one gene under the prediction and under its mean, densely."""
    k, every = kept.toarray().astype(float), hidden.toarray().astype(float)
    y = every[:, gene]
    depth = k.sum(axis=1) * every.sum() / k.sum()
    model = rates[:, gene] / rates.sum(axis=1) * depth
    mean = depth * k[:, gene].sum() / k.sum()
    best = np.where(y > 0, y * np.log(np.where(y > 0, y, 1)) - y, 0.0)
    losses = [float((r - y * np.log(r + 1e-6) + best).sum()) for r in (model, mean)]
    return losses[0], losses[1]


def test_a_gene_is_judged_from_twenty_hidden_molecules_on_as_for_a_verdict() -> None:
    found = Recovery(1.0, 0.1, np.array([-1.0, 0.5, 0.3]), np.array([19.0, 20.0, 21.0]))
    assert (found.share_better, found.gene_median) == (1.0, pytest.approx(0.4))
    assert verdict.MIN_HIDDEN == MIN_HIDDEN == 20


def test_where_no_gene_has_enough_hidden_molecules_none_is_counted() -> None:
    found = Recovery(1.0, 0.1, np.array([-1.0, 0.5]), np.array([19.0, 5.0]))
    assert np.isnan([found.share_better, found.gene_median]).all()


def test_block_size_does_not_change_the_score(split, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, hidden, rates = split
    whole = recovery(kept, hidden, rates)
    monkeypatch.setattr("napari_stimpute.data.counts.ROW_BLOCK", 60)  # two or three spots at a time
    parts = recovery(kept, hidden, rates)
    assert parts.nll == pytest.approx(whole.nll, abs=1e-12)
    assert parts.deviance_explained == pytest.approx(whole.deviance_explained, abs=1e-12)


def test_spot_without_prediction_is_given_the_gene_mean(split) -> None:
    kept, hidden, rates = split
    silent = rates.copy()
    silent[3] = 0.0
    instead = rates.copy()
    instead[3] = kept.toarray().sum(axis=0)
    assert deviance_explained(kept, hidden, silent) == pytest.approx(
        deviance_explained(kept, hidden, instead), abs=1e-12
    )


def test_nll_is_the_mean_poisson_loss_of_the_entries(split) -> None:
    kept, hidden, rates = split
    y, k = hidden.toarray().astype(float), kept.toarray().astype(float)
    depth = k.sum(axis=1, keepdims=True) * y.sum() / k.sum()
    expected = rates / rates.sum(axis=1, keepdims=True) * depth
    loss = float((expected - y * np.log(expected + 1e-6)).mean())
    assert recovery(kept, hidden, rates).nll == pytest.approx(loss, abs=1e-9)


def test_predicting_zero_for_a_molecule_is_worse_than_any_guess() -> None:
    kept, hidden = (sp.csr_matrix(np.array([row])) for row in ([2.0, 2.0], [1.0, 0.0]))
    none, little = np.array([[0.0, 1.0]]), np.array([[0.01, 5.0]])
    assert recovery(kept, hidden, none).nll > recovery(kept, hidden, little).nll


def test_nan_in_a_prediction_is_refused_in_words(split) -> None:
    kept, hidden, rates = split
    rates[0, 0] = np.nan
    with pytest.raises(Diverged, match="NaN or infinite values"):
        recovery(kept, hidden, rates)


def test_nothing_hidden_is_refused_in_words(split) -> None:
    kept, hidden, rates = split
    with pytest.raises(TooSmall, match="0 hidden"):
        recovery(kept, hidden * 0, rates)


def test_gene_without_molecules_has_no_score_and_spoils_none(split) -> None:
    kept, hidden, rates = split
    kept, hidden = kept.tolil(), hidden.tolil()
    kept[:, 4] = hidden[:, 4] = 0
    found = recovery(kept.tocsr(), hidden.tocsr(), rates)
    assert np.isnan(found.per_gene[4])
    assert np.isfinite([found.gene_median, found.share_better, found.deviance_explained]).all()


def test_pattern_correlation_takes_depth_out() -> None:
    rng = np.random.default_rng(0)
    truth = rng.gamma(2.0, 1.0, (300, 6))
    depth = rng.gamma(1.0, 5.0, (300, 1))
    only_depth = np.ones_like(truth) * depth
    assert np.abs(pattern_correlation(only_depth, truth)).max() == 0.0
    np.testing.assert_allclose(pattern_correlation(truth * depth, truth), 1.0, atol=1e-9)


def test_pattern_correlation_agrees_with_pearson() -> None:
    rng = np.random.default_rng(1)
    truth, noisy = rng.gamma(2.0, 1.0, (2, 80, 5))
    a, b = (x / x.sum(axis=1, keepdims=True) for x in (noisy, truth))
    expected = [scipy.stats.pearsonr(a[:, g], b[:, g])[0] for g in range(5)]
    np.testing.assert_allclose(pattern_correlation(noisy, truth), expected, atol=1e-9)
