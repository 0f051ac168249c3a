"""What a search says it gained: never chance, and never nothing where there is something."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_stimpute.config import ModelConfig
from napari_stimpute.models.configs import GMMVGAEConfig, PCADenoiserConfig
from napari_stimpute.tune.outcome import Outcome, TrialResult
from napari_stimpute.tune.score import Measures

N_FITS = 3


def measured(score: float, spread: float) -> Measures:
    return Measures(score, spread, score, None, None, None, None, None, 1.0, N_FITS)


def outcome_of(*scores: tuple[float, float]) -> Outcome:
    """Trials with these scores and spreads."""
    trials = [
        TrialResult(i, {"n_components": 20 + i}, "done", measured(score, spread))
        for i, (score, spread) in enumerate(scores)
    ]
    return Outcome("pca", PCADenoiserConfig(), tuple(trials), len(trials), True)


def searched(fits: np.ndarray) -> Outcome:
    """Trials with fits that scored so, (n_trials, n_fits)."""
    spreads = fits.std(axis=1, ddof=1)
    return outcome_of(*zip(fits.mean(axis=1).tolist(), spreads.tolist(), strict=True))


# ---- gain or chance ----------------------------------------------------------------------------


@pytest.mark.parametrize("uneven", [0.0, 1.0], ids=["one noise", "noise of each its own"])
@pytest.mark.parametrize("n_trials", [2, 5, 20, 60])
def test_the_best_of_equal_settings_is_rarely_called_better(n_trials: int, uneven: float) -> None:
    generator = np.random.default_rng(n_trials)
    noise = np.exp(uneven * generator.normal(size=(500, n_trials, 1)))
    scores = 0.3 + 0.01 * noise * generator.normal(size=(500, n_trials, N_FITS))
    # 5 % by design; 10 % leaves room for noise that differs tenfold, and for 500 draws
    assert np.mean([searched(fits).is_better for fits in scores]) <= 0.1


@pytest.mark.parametrize("n_trials", [2, 5, 20, 60])
def test_a_clear_gain_is_called_one(n_trials: int) -> None:
    generator = np.random.default_rng(n_trials)
    scores = 0.3 + 0.01 * generator.normal(size=(200, n_trials, N_FITS))
    scores[:, -1] += 0.06  # six times the spread of fits
    assert np.mean([searched(fits).is_better for fits in scores]) > 0.95


def test_the_more_was_tried_the_larger_a_gain_has_to_be() -> None:
    few, more = [outcome_of((0.3, 0.01), (0.32, 0.01), *[(0.3, 0.01)] * n) for n in (0, 30)]
    assert few.gain == more.gain and few.margin < more.margin


def test_trials_that_were_given_up_count_as_tried_and_failed_ones_do_not() -> None:
    done = outcome_of((0.3, 0.01), (0.32, 0.01))
    pruned = TrialResult(2, {}, "pruned", replace(measured(0.1, 0.0), spread=None, n_fits=1), "x")
    failed = TrialResult(2, {}, "failed", None, "x")
    assert replace(done, trials=(*done.trials, pruned)).margin > done.margin
    assert replace(done, trials=(*done.trials, failed)).margin == done.margin


# ---- what is said ------------------------------------------------------------------------------


def test_a_gain_within_chance_means_that_the_defaults_may_be_as_good() -> None:
    outcome = outcome_of((0.30, 0.05), (0.32, 0.01))
    assert not outcome.is_better
    assert outcome.verdict.endswith("the default settings may be as good.")


def test_a_gain_beyond_chance_is_stated_with_the_rule() -> None:
    outcome = outcome_of((0.30, 0.01), (0.34, 0.02))
    assert outcome.is_better and outcome.gain == pytest.approx(0.04)
    # 95 % point of Student's t with 4 degrees of freedom, 2.132, × √(0.00025 · 2 / 3)
    assert outcome.margin == pytest.approx(2.132 * np.sqrt(0.00025 * 2 / 3), rel=1e-3)
    assert outcome.verdict.endswith(
        "a gain of 0.040. Of 2 equally good settings, the best would gain up to 0.028 by chance "
        "in 95 % of searches: this gain is more."
    )


def test_a_search_that_finds_nothing_better_says_so() -> None:
    outcome = outcome_of((0.30, 0.01), (0.2, 0.0))
    assert not outcome.is_better
    assert outcome.verdict == (
        "Nothing that was tried scored higher than the default settings (0.300)."
    )


def test_settings_of_a_trial_are_those_it_began_with_but_for_what_was_searched() -> None:
    outcome = outcome_of((0.1, 0.0), (0.2, 0.0))
    config: ModelConfig = outcome.config_of(outcome.trials[1])
    assert config == PCADenoiserConfig(n_components=21)
    assert outcome.changes(outcome.trials[1]) == {"n_components": 21}
    assert np.isfinite(outcome.best.score or np.nan) if outcome.best else False


def test_trials_compared_with_another_column_are_not_said_to_be_compared_with_this_one() -> None:
    with_layer = replace(measured(0.3, 0.01), n_clusters=3.0, labels=0.8, labels_column="layer")
    trials = (TrialResult(0, {}, "done", with_layer),)
    outcome = Outcome("gmm_vgae", GMMVGAEConfig(), trials, 1, True, labels="layer")
    assert "it chose nothing" in outcome.notes[-1]
    other = replace(outcome, labels="batch")
    assert other.notes[-1] == "1 of the trials was not compared with 'batch'."
