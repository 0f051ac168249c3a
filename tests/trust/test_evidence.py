"""Gains on hidden molecules agree with Poisson probabilities; shrinking brings them nearer."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import scipy.sparse as sp
import scipy.special
import scipy.stats

from napari_stimpute.data.holdout import thin
from napari_stimpute.trust.evidence import Evidence, gene_sums, shrunken
from napari_stimpute.trust.recovery import recovery
from napari_stimpute.trust.verdict import Trust, judge

Split = tuple[sp.csr_matrix, sp.csr_matrix, np.ndarray]


@pytest.fixture
def split() -> Split:
    """Kept and hidden counts of 60 spots × 25 genes, and the rates they came from."""
    rng = np.random.default_rng(0)
    rates = rng.gamma(3.0, 1.0, (60, 1)) * rng.gamma(3.0, 2.0, (1, 25))
    rates = rates * rng.choice([0.5, 2.0], (60, 25))
    kept, hidden = thin(sp.csr_matrix(rng.poisson(rates).astype(np.float32)), 0.2, seed=1)
    return kept, hidden, rates


def at_hidden_depth(kept: sp.csr_matrix, hidden: sp.csr_matrix, prediction: np.ndarray):
    """Prediction and gene mean × depth as expected hidden counts, dense."""
    depth = kept.toarray().sum(axis=1, keepdims=True) * hidden.sum() / kept.sum()
    share = kept.toarray().sum(axis=0) / kept.sum()
    return prediction / prediction.sum(axis=1, keepdims=True) * depth, depth * share


# ---- formulas ----------------------------------------------------------------------------------


def test_gain_is_the_difference_of_poisson_log_probabilities(split: Split) -> None:
    kept, hidden, rates = split
    made, mean = at_hidden_depth(kept, hidden, rates)
    y = hidden.toarray()
    log_ratio = scipy.stats.poisson.logpmf(y, made) - scipy.stats.poisson.logpmf(y, mean)
    found = gene_sums(kept, hidden, rates, rates).over_mean
    np.testing.assert_allclose(found.gain, log_ratio.sum(axis=0), atol=1e-3)  # 1e-6 in each log


def test_predicted_gain_and_its_variance_are_those_of_poisson_counts(split: Split) -> None:
    kept, hidden, rates = split
    made, mean = at_hidden_depth(kept, hidden, rates)
    expected, variance = np.zeros((2, kept.shape[1]))
    for y in range(120):  # every count that has any probability
        p = scipy.stats.poisson.pmf(y, made)
        ratio = scipy.stats.poisson.logpmf(y, made) - scipy.stats.poisson.logpmf(y, mean)
        expected += (p * ratio).sum(axis=0)
    for spot, gene in np.ndindex(made.shape):
        y = np.arange(120)
        p = scipy.stats.poisson.pmf(y, made[spot, gene])
        ratio = y * np.log(made[spot, gene] / mean[spot, gene])
        variance[gene] += (p * ratio**2).sum() - (p * ratio).sum() ** 2
    found = gene_sums(kept, hidden, rates, rates).over_mean
    np.testing.assert_allclose(found.predicted, expected, rtol=1e-3)
    np.testing.assert_allclose(found.predicted_variance, variance, rtol=1e-3)


def test_variance_of_a_gain_is_what_repeated_counts_show(split: Split) -> None:
    kept, hidden, rates = split
    expected = rates * hidden.sum() / rates.sum()
    draws = np.random.default_rng(2).poisson(expected, (400, *expected.shape))
    made, mean = at_hidden_depth(kept, hidden, rates)
    gains = (draws * np.log(made / mean)).sum(axis=1) - (made - mean).sum(axis=0)
    claimed = gene_sums(kept, hidden, rates, rates).over_mean.variance
    ratio = claimed / gains.var(axis=0)
    assert 0.85 < np.median(ratio) < 1.15  # of 25 variances from 400 draws each, ± 7 %


def test_gain_as_a_share_is_the_deviance_explained(split: Split) -> None:
    kept, hidden, rates = split
    found = gene_sums(kept, hidden, rates, rates)
    explained = recovery(kept, hidden, rates)
    np.testing.assert_allclose(found.over_mean.gain / found.deviance, explained.per_gene)
    whole = judge(kept, hidden, rates, rates)
    assert whole.total_gain == pytest.approx(explained.deviance_explained)


def test_gain_over_a_baseline_is_the_difference_of_two_gains(split: Split) -> None:
    kept, hidden, rates = split
    rival = np.sqrt(rates)
    both = gene_sums(kept, hidden, rates, rival)
    alone = gene_sums(kept, hidden, rival, rates).over_mean.gain
    np.testing.assert_allclose(both.over_baseline.gain, both.over_mean.gain - alone)
    equal = judge(kept, hidden, rates, rates)
    assert equal.total_over_baseline == 0 and not equal.over_baseline.any()


def test_usual_deviance_is_within_15_percent_of_the_poisson_sum() -> None:
    y = np.arange(400)
    for mean in np.geomspace(1e-4, 100, 60):
        kept = sp.csr_matrix(np.full((1, 1), mean))
        claimed = gene_sums(kept, kept, np.ones((1, 1)), np.ones((1, 1))).usual_deviance[0]
        half_deviance = scipy.special.xlogy(y, np.maximum(y, 1) / mean) - y + mean
        average = (scipy.stats.poisson.pmf(y, mean) * half_deviance).sum()
        assert claimed == pytest.approx(average, rel=0.15)


def test_blocks_of_spots_made_on_demand_give_the_same(
    split: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, hidden, rates = split
    whole = judge(kept, hidden, rates, np.sqrt(rates))
    monkeypatch.setattr("napari_stimpute.data.counts.ROW_BLOCK", 60)  # two spots at a time
    parts = judge(kept, hidden, lambda rows: rates[rows], lambda rows: np.sqrt(rates[rows]))
    for field in fields(Trust):
        np.testing.assert_allclose(getattr(parts, field.name), getattr(whole, field.name))


# ---- shrinkage ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def world() -> tuple[Evidence, np.ndarray]:
    """Evidence of 3,000 genes whose true gains follow the law that is assumed, and these gains."""
    rng = np.random.default_rng(3)
    predicted = np.exp(rng.normal(-0.5, 1.5, 3_000))
    noise = 0.5 * predicted / (predicted + 0.5)
    true = 1.5 * (predicted - noise) - noise + rng.normal(0, 0.7 * predicted)
    variance = 2 * predicted
    return Evidence(true + rng.normal(0, np.sqrt(variance)), variance, predicted, variance), true


def test_shrunken_gains_are_nearer_the_truth_and_know_how_near(world) -> None:
    evidence, true = world
    gain, error = shrunken(evidence, np.full(len(true), 50.0))
    off = gain - true
    assert np.square(off).mean() < 0.6 * np.square(evidence.gain - true).mean()
    assert (off / error).std() == pytest.approx(1, abs=0.1)
    assert abs(np.mean(off / error)) < 0.1


def test_more_gain_seen_is_more_gain_believed(world) -> None:
    evidence, _ = world
    expected = np.full(len(evidence.gain), 50.0)
    for gene in (0, 7, 42):
        believed = []
        for more in (-2.0, 0.0, 2.0, 4.0):
            seen = evidence.gain.copy()
            seen[gene] += more
            believed.append(shrunken(replace(evidence, gain=seen), expected)[0][gene])
        assert (np.diff(believed) > 0).all()


def test_many_molecules_speak_for_themselves(world) -> None:
    evidence, _ = world
    times = np.ones_like(evidence.gain)
    times[0] = 1e4  # as if gene 0 had 10,000 times the molecules
    more = Evidence(*(getattr(evidence, field.name) * times for field in fields(Evidence)))
    gain, error = shrunken(more, np.full(len(times), 50.0))
    assert gain[0] == pytest.approx(more.gain[0], rel=0.02)
    assert error[0] == pytest.approx(np.sqrt(more.variance[0]), rel=0.02)


def test_a_few_absurd_genes_do_not_decide_for_the_rest(world) -> None:
    evidence, _ = world
    expected = np.full(len(evidence.gain), 50.0)
    absurd = evidence.gain.copy()
    absurd[:15] = -500
    before, after = (
        shrunken(e, expected)[0][15:] for e in (evidence, replace(evidence, gain=absurd))
    )
    assert np.abs(after - before).max() < 0.1 * before.std()


@pytest.mark.parametrize("n_genes", [1, 2, 5])
def test_few_genes_are_enough_for_finite_gains(world, n_genes: int) -> None:
    evidence, _ = world
    few = Evidence(*(getattr(evidence, field.name)[:n_genes] for field in fields(Evidence)))
    for expected in (0.0, 50.0):  # none, or all, are rich enough to learn from
        found = shrunken(few, np.full(n_genes, expected))
        assert np.isfinite(found).all() and (found[1] > 0).all()
