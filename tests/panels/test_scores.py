"""What is shown of a comparison: sentence, rows in order, bars and dots; also while it runs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from anndata import AnnData

from napari_stimpute.compare.comparison import Comparison
from napari_stimpute.compare.contenders import comparison_of
from napari_stimpute.compare.methods import Method, methods
from napari_stimpute.compare.standing import rows, wins
from napari_stimpute.compare.trial import Contender, Predicting, raw
from napari_stimpute.panels.scores import (
    COLUMNS,
    Scores,
    genes_table,
    in_order,
    scores_of,
    won_by,
)
from napari_stimpute.progress import Progress, drain
from napari_stimpute.words import percent

NAMES = ["raw", "gene_mean", "pca"]
RAW = Contender(methods()["raw"], raw)


@pytest.fixture(scope="module")
def comparison(pristine: AnnData) -> Comparison:
    found = comparison_of(pristine, NAMES, seeds=[0, 1])
    drain(found.steps())
    return found


@pytest.fixture(scope="module")
def scores(comparison: Comparison) -> Scores:
    return scores_of(comparison, ended=True)


def column(scores: Scores, place: int, order: int = 1, *, falls: bool = True) -> list[str]:
    return [row[place].text for row in in_order(scores.rows, order, falls=falls)]


def failing(what: Callable[[], None]) -> Contender:
    """A method that does not predict."""

    def predict(kept: AnnData, seed: int) -> Predicting:
        yield Progress("prepare", 0, 1)
        what()
        return np.zeros(kept.shape)

    return Contender(Method("odd", "Odd one", "simple", "Now and then."), predict)


def not_today() -> None:
    raise ValueError("not today")


# ---- the table ---------------------------------------------------------------------------------


def test_every_method_has_a_row_with_its_spread(scores: Scores) -> None:
    assert set(column(scores, 0)) == {"Counts as they are", "Gene mean × depth", "PCA denoiser"}
    assert all("±" in text for text in column(scores, 1))
    assert all(len(row) == len(COLUMNS) for row in scores.rows)


def test_one_split_has_no_spread(pristine: AnnData) -> None:
    once = comparison_of(pristine, ["raw"])
    drain(once.steps())
    assert column(scores_of(once, ended=True), 1)[0].count("±") == 0


def test_rows_are_ordered_by_their_numbers_or_names(scores: Scores, comparison: Comparison) -> None:
    by_score = [row.title for row in sorted(rows(comparison), key=lambda row: -row.gain)]
    assert column(scores, 0) == by_score
    assert column(scores, 0, falls=False) == by_score[::-1]
    by_time = [row.title for row in sorted(rows(comparison), key=lambda row: row.seconds)]
    assert column(scores, 0, order=3, falls=False) == by_time
    names = ["Counts as they are", "Gene mean × depth", "PCA denoiser"]
    assert column(scores, 0, order=0, falls=False) == names
    assert column(scores, 0, order=0) == names[::-1]


def test_a_failing_method_has_a_row_that_says_what_went_wrong(pristine: AnnData) -> None:
    comparison = Comparison(pristine, [failing(not_today), RAW])
    drain(comparison.steps())
    for falls in (True, False):
        first, last = in_order(scores_of(comparison, ended=True).rows, 1, falls=falls)
        assert first[0].text == "Counts as they are"
        assert len(last) == 2 and last[0].text == "Odd one"
        assert "ValueError: not today" in last[1].text


def test_if_nothing_could_be_scored_that_is_said(pristine: AnnData) -> None:
    comparison = Comparison(pristine, [failing(not_today)])
    drain(comparison.steps())
    scores = scores_of(comparison, ended=True)
    assert scores.sentence.text.startswith("No method that was tried could be scored.")
    assert scores.sentence.tone == "warning"
    assert not scores.bars and not scores.dots and not scores.about_genes


# ---- while it runs -----------------------------------------------------------------------------


def test_while_it_runs_rows_appear_and_the_sentence_waits(pristine: AnnData) -> None:
    comparison = comparison_of(pristine, NAMES, seeds=[0, 1])
    assert scores_of(comparison, ended=False) == Scores()
    steps = comparison.steps()
    while not comparison.scores:
        next(steps)
    scores = scores_of(comparison, ended=False)
    assert column(scores, 0) == ["Counts as they are"] and not scores.sentence
    steps.close()


def test_a_comparison_that_was_stopped_says_so(pristine: AnnData) -> None:
    comparison = comparison_of(pristine, NAMES)
    steps = comparison.steps()
    while not comparison.scores:
        next(steps)
    steps.close()
    scores = scores_of(comparison, ended=True)
    assert scores.sentence.text.startswith("Stopped early: this comparison is incomplete.")
    assert scores.sentence.tone == "warning"
    assert column(scores, 1)[1:] == 2 * ["Not reached before the comparison was stopped."]


# ---- the genes ---------------------------------------------------------------------------------


def test_bars_share_the_judged_genes_the_most_first(scores: Scores) -> None:
    shares = [bar.share for bar in scores.bars]
    assert sum(shares) == pytest.approx(1) and shares == sorted(shares, reverse=True)
    assert {bar.title for bar in scores.bars} == set(column(scores, 0))
    assert len({bar.colour for bar in scores.bars}) == len(scores.bars)


def test_every_judged_gene_is_a_dot_of_its_winner(scores: Scores, comparison: Comparison) -> None:
    won = wins(comparison)
    assert len(scores.dots) == won.n_judged > 0
    for dot in scores.dots:
        place = comparison.genes.index(dot.gene)
        assert dot.winner == won.methods[won.winner[place]].title
        assert (dot.hidden, dot.gain) == (won.hidden[place], won.gain[place])
    assert scores.about_genes.startswith(f"{won.n_judged} of 100 genes have at least 20 hidden")
    assert "one method won every split" in scores.about_genes


def test_the_table_of_genes_holds_what_the_dots_do(scores: Scores) -> None:
    table = genes_table()
    table.show(won_by(scores))
    best = max(scores.dots, key=lambda dot: dot.gain)
    assert len(table.rows) == len(scores.dots)
    shown = [table.text_at(0, place) for place in range(4)]
    assert shown == [best.gene, best.winner, percent(best.gain), f"{best.hidden:,.0f}"]
