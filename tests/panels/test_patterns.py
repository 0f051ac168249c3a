"""Spatial patterns: what a check needs, tells and lists, and when its answer goes away."""

from __future__ import annotations

import numpy as np
import pytest
from anndata import AnnData

from napari_stimpute.panels.patterns import PatternsPanel
from napari_stimpute.session.session import Session
from napari_stimpute.spatial.moran import autocorrelation, neighbour_weights

from ..overlaid import overlaid
from .waiting import until_done, until_next_second


@pytest.fixture
def patterns(trained: Session) -> PatternsPanel:
    return PatternsPanel(trained)


@pytest.fixture
def checked(patterns: PatternsPanel) -> PatternsPanel:
    until_done(patterns.check())
    assert patterns.result is not None
    return patterns


def test_what_is_missing_for_a_check_is_said(session: Session, section: AnnData) -> None:
    panel = PatternsPanel(session)
    assert panel.now.work.why_not.text == "Open data first."
    session.open(section)
    assert "Train a model first" in panel.now.work.why_not.text
    assert not panel.now.work.is_enabled and panel.now.run.why_not
    del section.obsm["spatial"]
    session.open(section)
    assert "no coordinates" in panel.now.work.why_not.text
    assert panel.check() is None


def test_a_check_looks_for_neighbours_within_each_section(session: Session) -> None:
    both = overlaid()
    session.open(both)
    session.train("pca", blend=False, judged=False).wait(60)
    panel = PatternsPanel(session)
    until_done(panel.check())
    assert panel.result is not None
    places, codes = both.obsm["spatial"], np.repeat([0, 1], both.n_obs // 2)
    expected = autocorrelation(both.X, places, neighbour_weights(places, codes)).morans_i
    np.testing.assert_allclose(panel.result.raw.morans_i, expected, atol=1e-9)
    mixed = autocorrelation(both.X, places, neighbour_weights(places)).morans_i
    assert mixed[:10].mean() < 0.5 * expected[:10].mean()  # one section is turned


def test_a_check_says_how_long_it_takes(patterns: PatternsPanel) -> None:
    assert patterns.now.work.is_enabled
    assert "three more times: a" in patterns.now.forecast


def test_a_check_lists_genes_and_says_how_it_was_controlled(checked: PatternsPanel) -> None:
    result = checked.result
    assert result is not None and checked.now.has_answer
    assert checked.now.found.text == result.notes[0]
    assert checked.now.control.text == result.notes[1]
    assert checked.now.control.tone == ("good" if result.imputed.is_trusted else "error")
    assert "Spatial: I above" in checked.now.limits
    assert list(checked.table.listed.index) == list(result.table.index)


def test_genes_are_listed_by_what_calls_them_spatial(checked: PatternsPanel) -> None:
    result = checked.result
    assert result is not None
    table = result.table
    checked.choose_listed("only_after")
    assert list(checked.table.listed.index) == list(result.only_after_imputing)
    for name, column in (("after", "spatial_after_imputing"), ("counts", "spatial_by_counts")):
        checked.choose_listed(name)
        assert list(checked.table.listed.index) == list(table.index[table[column]])
        assert set(checked.table.listed["spatial"]) <= {"both", "only after", "by counts"}


def test_nothing_else_can_be_chosen_or_begun_while_it_runs(patterns: PatternsPanel) -> None:
    job = patterns.check()
    assert patterns.now.work.button == "Cancel" and not patterns.now.forecast
    assert patterns.now.run.why_not == "Wait: “Checking spatial patterns” is at work."
    patterns.work.press()
    until_done(job)


def test_a_cancelled_check_keeps_nothing_and_says_so(patterns: PatternsPanel) -> None:
    job = patterns.check()
    patterns.work.press()
    until_done(job)
    assert patterns.result is None and not patterns.now.has_answer
    said = patterns.now.work.outcome
    assert said.text == "Cancelled: it needs all repeats, so nothing is kept."
    assert said.tone == "note"


def test_what_is_wrong_is_said_before_it_begins(trained: Session) -> None:
    assert trained.adata is not None
    trained.open(trained.adata[:15].copy())
    panel = PatternsPanel(trained)
    assert panel.check() is None
    assert "20 spots" in panel.now.work.outcome.text
    assert panel.now.work.outcome.tone == "error"


def test_an_answer_stays_with_its_run(checked: PatternsPanel) -> None:
    checked.session.train("gene_mean", judged=False).wait(120)
    result = checked.result
    assert result is not None and checked.now.run.chosen == "pca"
    checked.choose_run("gene_mean")
    assert checked.result is None and not checked.now.has_answer
    assert not len(checked.table.rows)
    checked.choose_run("pca")
    assert checked.result is result and len(checked.table.rows) == len(result.genes)


def test_a_check_is_forgotten_when_the_model_is_trained_again(checked: PatternsPanel) -> None:
    until_next_second()
    checked.session.train("pca", blend=False, judged=False).wait(120)
    assert checked.result is None and not checked.now.has_answer


def test_results_of_other_data_are_taken_away(checked: PatternsPanel) -> None:
    assert checked.session.adata is not None
    checked.session.open(checked.session.adata)  # with a run of the same name and time
    assert checked.result is None and not len(checked.table.rows)
