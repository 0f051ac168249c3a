"""A comparison hides molecules from every contender alike, and says plainly who is best."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stimpute.data.counts import counts_of
from napari_stimpute.data.simulate import TRUE_RATE, simulate_section
from napari_stimpute.evaluate.comparison import Comparison, Contender, Score, verdict
from napari_stimpute.evaluate.recovery import Recovery
from napari_stimpute.models.configs import GeneMeanConfig, NeighbourMeanConfig, PCADenoiserConfig
from napari_stimpute.progress import StopEarly, drain

MEAN = Contender("Gene mean × depth", "gene_mean", GeneMeanConfig())
SIMILAR = Contender("Neighbour mean", "neighbour_mean", NeighbourMeanConfig())
PCA = Contender("PCA denoiser", "pca", PCADenoiserConfig())


@pytest.fixture(scope="module")
def section():
    return simulate_section(n_rows=15, n_genes=100)


@pytest.fixture(scope="module")
def finished(section) -> Comparison:
    comparison = Comparison(section, [MEAN, SIMILAR, PCA], truth=section.layers[TRUE_RATE])
    drain(comparison.steps())
    return comparison


def test_gene_mean_is_the_zero_of_the_scale(finished: Comparison) -> None:
    assert finished.scores[0].gain == pytest.approx(0.0, abs=1e-6)  # float32 shares


def test_kept_and_hidden_molecules_are_all_the_molecules(section, finished: Comparison) -> None:
    both = (finished.kept + finished.hidden).toarray()
    np.testing.assert_array_equal(both, counts_of(section, "X").toarray())


def test_contenders_are_given_nothing_but_the_kept_molecules(finished: Comparison) -> None:
    given = finished._adata
    assert (finished.kept != given.X).nnz == 0
    assert given.raw is None
    assert not given.layers


def test_input_is_unchanged(section) -> None:
    before = section.copy()
    drain(Comparison(section, [SIMILAR]).steps())
    assert (before.X != section.X).nnz == 0
    assert list(before.obs) == list(section.obs)


def test_counts_themselves_predict_worse_than_any_mean(finished: Comparison) -> None:
    finished.score_counts("Counts as they are")
    assert finished.scores.pop().gain < 0


def test_known_truth_is_correlated_only_where_there_is_one(section, finished: Comparison) -> None:
    assert finished.scores[0].truth == 0.0  # the gene mean has no pattern
    assert finished.scores[1].truth > 0.1
    without = Comparison(section, [MEAN])
    drain(without.steps())
    assert np.isnan(without.scores[0].truth)


def test_steps_count_up_over_all_contenders(section) -> None:
    steps = list(Comparison(section, [MEAN, SIMILAR, PCA]).steps())
    assert [p.step for p in steps] == sorted(p.step for p in steps)
    assert steps[-1].step == steps[-1].n_steps == 3


def test_stopping_keeps_the_contenders_that_were_done(section) -> None:
    comparison = Comparison(section, [MEAN, SIMILAR, PCA])
    steps = comparison.steps()
    next(steps)
    next(steps)
    with pytest.raises(StopIteration):
        steps.throw(StopEarly())
    assert [s.title for s in comparison.scores] == ["Gene mean × depth", "Neighbour mean"]


def score(title: str, gain: float) -> Score:
    return Score(title, Recovery(1.0, 1.0, gain, np.array([gain]), np.array([9.0])), 1.0)


@pytest.mark.parametrize(
    ("ours", "baseline", "said"),
    [
        (0.12, 0.05, "predicts the hidden molecules best"),
        (0.052, 0.050, "are level"),
        (0.050, 0.052, "are level"),
        (0.05, 0.12, "prefer it for imputed values"),
        (-0.05, -0.01, "Nothing predicts the hidden molecules better than gene mean"),
    ],
)
def test_verdict_says_plainly_who_is_best(ours: float, baseline: float, said: str) -> None:
    text = verdict([score("GMM-VGAE", ours), score("Neighbour mean", baseline)], "GMM-VGAE")
    assert said in text


def test_verdict_names_numbers_of_both() -> None:
    text = verdict([score("GMM-VGAE", 0.12), score("PCA denoiser", 0.05)], "GMM-VGAE")
    assert "12.0 %" in text and "5.0 %" in text and "PCA denoiser" in text
