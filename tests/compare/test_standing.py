"""What came out is stated plainly: who leads, who is level, and whether a model was worth it."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from napari_stimpute.compare.comparison import Score
from napari_stimpute.compare.methods import Kind, Method
from napari_stimpute.compare.standing import are_level, difference, rows, verdict, wins
from napari_stimpute.trust.recovery import Recovery

MEAN, PCA, MIX, MODEL, TOOL = (
    ("gene_mean", "Gene mean × depth", "simple"),
    ("pca", "PCA denoiser", "simple"),
    ("mixture", "Mixture", "simple"),
    ("gmm_vgae", "GMM-VGAE", "model"),
    ("magic", "MAGIC", "tool"),
)

Who = tuple[str, str, Kind]


def scores(who: Who, *gains: float, genes: list[list[float]] | None = None) -> list[Score]:
    """One score per seed, with these gains; per gene as given, or all alike."""
    method = Method(who[0], who[1], who[2], "")
    found = []
    for seed, gain in enumerate(gains):
        per_gene = np.array(genes[seed] if genes else [gain, gain])
        hidden = np.array([50.0, 19.0, 20.0])[: len(per_gene)]
        recovery = Recovery(1.0, gain, per_gene, hidden)
        found.append(Score(method, seed, recovery, seconds=seed + 1.0, memory=seed * 100))
    return found


def compared(*found: list[Score], complete: bool = True, **failures: str) -> SimpleNamespace:
    """What a comparison leaves behind."""
    methods = [s[0].method for s in found]
    methods += [Method(name, name.upper(), "tool", "") for name in failures]
    return SimpleNamespace(
        contenders=[SimpleNamespace(method=m) for m in methods],
        failures=failures,
        scores=[s for many in found for s in many],
        is_complete=complete,
        genes=["a", "b", "c"][: len(found[0][0].recovery.per_gene)],
        untried=[],
    )


# ---- rows --------------------------------------------------------------------------------------


def test_rows_stand_by_their_mean_and_failures_last() -> None:
    found = rows(compared(scores(PCA, 0.01, 0.03), scores(MODEL, 0.05), scvi="out of memory"))
    assert [row.title for row in found] == ["GMM-VGAE", "PCA denoiser", "SCVI"]
    assert found[1].gain == pytest.approx(0.02)
    assert found[1].spread == pytest.approx(math.sqrt(0.0002))
    assert (found[1].seconds, found[1].memory, found[1].n) == (1.5, 50.0, 2)
    assert math.isnan(found[0].spread)
    assert found[2].reason == "out of memory" and math.isnan(found[2].gain)


def test_a_method_that_was_not_reached_is_said_to_be() -> None:
    begun = compared(scores(PCA, 0.01), complete=False)
    begun.contenders.append(SimpleNamespace(method=Method("magic", "MAGIC", "tool", "")))
    assert rows(begun)[-1].reason == "Not reached before the comparison was stopped."


def test_difference_is_taken_seed_by_seed() -> None:
    a, b = rows(compared(scores(PCA, 0.10, 0.30, 0.20), scores(MODEL, 0.08, 0.27, 0.19)))
    mean, band = difference(a, b)
    assert mean == pytest.approx(0.02)
    assert band == pytest.approx(2 * 0.01 / math.sqrt(3))  # of 0.02, 0.03, 0.01
    assert not are_level(a, b)  # though each spreads by 0.1


def test_differences_that_jump_about_are_level() -> None:
    a, b = rows(compared(scores(PCA, 0.10, 0.02, 0.10), scores(MODEL, 0.05, 0.08, 0.05)))
    assert are_level(a, b)


# ---- the sentence ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mixture", "model", "words"),
    [
        (
            (0.05, 0.05),
            (0.08, 0.08),
            "Of the 3 methods compared, GMM-VGAE predicts the hidden molecules best: it explains",
        ),
        ((0.05, 0.05), (0.08, 0.08), "ahead of mixture at 5.0 %."),
        ((0.05, 0.05), (0.08, 0.08), "GMM-VGAE beats the mixture of simple methods by 3.0 points."),
        ((0.08, 0.08), (0.05, 0.05), "GMM-VGAE does not beat the mixture of simple methods"),
        ((0.08, 0.08), (0.05, 0.05), "simple methods: it is 3.0 points behind it."),
        (
            (0.050, 0.050),
            (0.051, 0.051),
            "Of the 3 methods compared, none alone predicts the hidden molecules best",
        ),
        ((0.050, 0.050), (0.051, 0.051), "level with mixture at 5.0 %."),
        ((0.050, 0.050), (0.051, 0.051), "GMM-VGAE does not beat the mixture"),
        ((0.050, 0.050), (0.051, 0.051), "is level with it."),
    ],
)
def test_verdict_says_plainly_who_is_best(
    mixture: tuple[float, ...], model: tuple[float, ...], words: str
) -> None:
    found = compared(scores(MEAN, 0, 0), scores(MIX, *mixture), scores(MODEL, *model))
    assert words in verdict(found)


@pytest.mark.parametrize("best", [-0.05, 0.0, 0.002])
def test_nothing_is_called_best_that_is_level_with_the_gene_mean(best: float) -> None:
    found = compared(scores(PCA, best, best), scores(MODEL, best - 0.1, best - 0.1))
    assert verdict(found).startswith(
        "None of the 2 methods compared (PCA denoiser, GMM-VGAE) predicts the hidden molecules "
        "clearly better than gene mean × depth"
    )


def test_nothing_is_said_of_what_was_not_tried_but_its_name() -> None:
    names = ("Mixture", "GMM-VGAE", "scZiva", "MAGIC")
    untried = [Method(name.lower(), name, "tool", "") for name in names]
    for best in (0.0, 0.05):
        found = compared(scores(MEAN, 0, 0), scores(PCA, best, best))
        found.untried = untried
        assert "2 methods compared" in verdict(found)
        assert verdict(found).endswith(" Not tried: mixture, GMM-VGAE, scZiva and 1 more.")
        found.untried = []
        assert "Not tried" not in verdict(found)


@pytest.mark.parametrize(
    ("gain", "words"),
    [
        (0.05, "Only PCA denoiser was compared: it explains 5.0 %"),
        (0.0, "The one method compared (PCA denoiser) does not predict the hidden molecules"),
    ],
)
def test_one_method_alone_is_not_called_best(gain: float, words: str) -> None:
    assert verdict(compared(scores(PCA, gain))).startswith(words)


def test_of_several_models_the_best_is_named_where_none_beats_the_mixture() -> None:
    other = ("scziva", "scZiva", "model")
    found = compared(scores(MIX, 0.05), scores(MODEL, 0.02), scores(other, 0.03))
    words = "No model compared beats the mixture of simple methods: the best, scZiva, is 2.0 points"
    assert words in verdict(found)


def test_without_a_mixture_the_best_simple_method_is_the_bar() -> None:
    found = compared(scores(MEAN, 0.0), scores(PCA, 0.04), scores(MODEL, 0.02))
    assert "GMM-VGAE does not beat the best simple method compared (PCA denoiser)" in verdict(found)


def test_another_tool_may_lead() -> None:
    text = verdict(compared(scores(TOOL, 0.09), scores(MIX, 0.05), scores(MODEL, 0.02)))
    assert text.startswith("Of the 3 methods compared, MAGIC predicts the hidden molecules best")
    assert "best: it explains 9.0 %" in text and "GMM-VGAE does not beat the mixture" in text


def test_verdict_tells_how_often_it_was_tried() -> None:
    text = verdict(compared(scores(PCA, 0.04, 0.06), scores(MEAN, 0.0, 0.0)))
    assert "5.0 ± 1.4 %" in text and "mean of 2 splits" in text


def test_verdict_of_nothing() -> None:
    nothing = compared(scores(PCA, 0.04))
    nothing.scores = []
    assert verdict(nothing) == "No method that was tried could be scored."


# ---- genes -------------------------------------------------------------------------------------


def test_a_gene_goes_to_who_predicts_it_best_over_the_seeds() -> None:
    pca = scores(PCA, 0.1, 0.1, genes=[[0.1, 0.9, 0.3], [0.3, 0.9, 0.2]])
    model = scores(MODEL, 0.1, 0.1, genes=[[0.3, 0.1, 0.1], [0.0, 0.1, 0.1]])
    won = wins(compared(pca, model))
    assert list(won.winner) == [0, -1, 0]  # the second gene has 19 hidden molecules
    np.testing.assert_allclose(won.gain, [0.2, np.nan, 0.25])
    assert won.shares == {"pca": 1.0, "gmm_vgae": 0.0}
    assert won.steady == 0.5  # the model won the first gene with seed 0
    assert (won.n_judged, won.n_seeds) == (2, 2)


def test_genes_are_won_on_the_seeds_that_all_have() -> None:
    pca = scores(PCA, 0.1, 0.1, genes=[[0.1], [0.9]])
    won = wins(compared(pca, scores(MODEL, 0.1, genes=[[0.3]])))
    assert list(won.winner) == [1] and won.n_seeds == 1


def test_without_scores_nobody_wins() -> None:
    nothing = compared(scores(PCA, 0.1))
    nothing.scores = []
    assert wins(nothing).n_judged == 0 and wins(nothing).shares == {}
