"""Variable genes: rankings before and after imputing, of the open data and of no others."""

from __future__ import annotations

import pandas as pd
import pytest
from anndata import AnnData

from napari_stimpute.analysis import VariableGenes, variable_genes
from napari_stimpute.errors import Busy
from napari_stimpute.panels.variable import VariablePanel
from napari_stimpute.session.session import Session

from .waiting import until_done, until_next_second


@pytest.fixture
def variable(trained: Session) -> VariablePanel:
    panel = VariablePanel(trained)
    panel.choose_n(12)
    return panel


def ranked(variable: VariablePanel) -> VariableGenes:
    until_done(variable.compute())
    found = variable.answer.value
    assert found is not None
    return found


def test_without_a_run_it_says_what_to_do(session: Session, section: AnnData) -> None:
    panel = VariablePanel(session)
    for why_not in ("Open data first.", "Train a model first: nothing is imputed yet."):
        assert not panel.now.work.is_enabled
        assert panel.now.work.why_not.text == panel.now.run.why_not == why_not
        assert panel.compute() is None
        session.open(section)


def test_genes_are_ranked_as_the_analysis_ranks_them(variable: VariablePanel) -> None:
    found = ranked(variable)
    assert found == variable_genes(variable.session.adata, "pca", 12)
    assert variable.now.has_answer and "12 most variable" in variable.now.summary
    listed = variable.table.listed
    assert list(listed.index[:12]) == list(found.after)
    assert set(listed.index) == {*found.before, *found.after}
    assert listed["before"].dropna().sort_values().index.tolist() == list(found.before)
    assert [variable.table.text_at(row, 2) for row in (0, 11, 12)] == ["1", "12", "–"]


def test_genes_are_listed_by_where_they_are_among_the_most_variable(
    variable: VariablePanel,
) -> None:
    found = ranked(variable)
    before, after = set(found.before), set(found.after)
    kinds = {"both": before & after, "only_after": after - before, "only_before": before - after}
    for name, genes in kinds.items():
        variable.choose_listed(name)
        assert genes and set(variable.table.listed.index) == genes
    assert len(kinds["both"]) == found.overlap


def test_without_a_number_it_is_chosen_by_the_data(variable: VariablePanel) -> None:
    variable.choose_n(0)
    assert len(ranked(variable).after) == 25  # a quarter of the genes


def test_genes_of_closed_data_are_never_listed(variable: VariablePanel, section: AnnData) -> None:
    job, other = variable.compute(), section
    other.var_names = [f"Other{i}" for i in range(other.n_vars)]
    with pytest.raises(Busy):
        variable.session.open(other)
    until_done(job)
    assert variable.now.has_answer
    variable.session.open(other)
    assert not variable.now.has_answer and not variable.now.summary
    assert not len(variable.table.rows)


def test_a_ranking_goes_away_when_its_run_is_trained_again(variable: VariablePanel) -> None:
    ranked(variable)
    until_next_second()
    variable.session.train("pca", blend=False, judged=False).wait(120)
    assert not variable.now.has_answer and not len(variable.table.rows)


def test_a_ranking_is_that_of_the_run_and_the_number_in_sight(variable: VariablePanel) -> None:
    variable.session.train("gene_mean", judged=False).wait(120)
    ranked(variable)
    variable.choose_run("gene_mean")
    assert not variable.now.has_answer and not len(variable.table.rows)
    ranked(variable)
    variable.choose_n(7)
    assert not variable.now.has_answer
    job = variable.compute()
    assert variable.now.run.why_not == "Wait: “Ranking genes” is at work."
    until_done(job)
    assert variable.now.has_answer and not variable.now.run.why_not


def test_a_cancelled_ranking_keeps_nothing_and_says_so(variable: VariablePanel) -> None:
    job = variable.compute()
    assert variable.now.work.button == "Cancel"
    variable.work.press()
    until_done(job)
    assert not variable.now.has_answer
    assert variable.now.work.outcome.text == "Cancelled: nothing was kept."


def test_what_goes_wrong_is_said(trained: Session) -> None:
    adata = trained.adata
    assert adata is not None
    few = adata[:2].copy()
    trained.open(few)
    panel = VariablePanel(trained)
    until_done(panel.compute())
    assert panel.now.work.outcome.text == trained.problem != ""
    assert not panel.now.has_answer


def test_ranks_are_sorted_as_numbers_with_none_last(variable: VariablePanel) -> None:
    ranked(variable)
    for ascending in (True, False):
        variable.table.sort(1, ascending=ascending)
        ranks = variable.table.listed["before"]
        known = ranks.dropna()
        pd.testing.assert_series_equal(ranks.iloc[: len(known)], known)
        assert known.is_monotonic_increasing == ascending
