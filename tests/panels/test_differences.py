"""Differences between groups: counts unless agreed, and answers that go away when groups change."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from napari_stimpute.analysis import differential_expression
from napari_stimpute.panels.differences import Differences, DifferencesPanel
from napari_stimpute.session.session import Session

from .waiting import until_done, until_next_second, write_from_outside


@pytest.fixture
def panel(trained: Session) -> DifferencesPanel:
    made = DifferencesPanel(trained)
    made.choose_column("domain")
    return made


def answered(panel: DifferencesPanel) -> Differences:
    until_done(panel.test())
    assert panel.answer.value is not None, panel.now.work.outcome
    return panel.answer.value


def halves(session: Session) -> pd.Categorical:
    """Every other spot."""
    assert session.adata is not None
    return pd.Categorical(np.arange(session.adata.n_obs) % 2)


# ---- what is tested ----------------------------------------------------------------------------


def test_counts_are_tested_by_default(panel: DifferencesPanel) -> None:
    group = panel.now.group.chosen
    found = answered(panel)
    expected = differential_expression(panel.session.adata, "domain", group)
    pd.testing.assert_frame_equal(found.table, expected)
    assert f"differ between {group} and all other spots" in panel.now.summary.text
    assert "tested on the counts" in panel.now.summary.text
    assert panel.table.gene_at(0) == expected.index[0]


def test_genes_that_are_not_modelled_are_listed_and_a_click_shows_their_counts(
    session: Session, section: AnnData
) -> None:
    part = section[:, ::2].copy()
    part.raw = section
    session.open(part)
    panel = DifferencesPanel(session)
    panel.choose_column("domain")
    answered(panel)
    gene = next(gene for gene in panel.table.listed.index if gene not in part.var_names)
    session.display.show_gene(gene)
    np.testing.assert_array_equal(session.expression(), section[:, [gene]].X.toarray().ravel())


def test_two_groups_are_tested_against_each_other(panel: DifferencesPanel) -> None:
    first, second = [entry.name for entry in panel.now.group.entries][:2]
    panel.choose_group(second)
    panel.choose_against(first)
    expected = differential_expression(panel.session.adata, "domain", second, reference=first)
    pd.testing.assert_frame_equal(answered(panel).table, expected)
    assert f"differ between {second} and {first} " in panel.now.summary.text


def test_imputed_values_are_tested_only_when_agreed_to_and_asked_once(
    panel: DifferencesPanel,
) -> None:
    panel.choose_values("pca")
    assert "⚠" in panel.now.values.title
    assert panel.test() is None
    assert panel.now.is_asking and not panel.session.is_busy
    panel.decline()
    assert panel.now.values.chosen == "counts" and not panel.now.is_asking
    panel.choose_values("pca")
    assert panel.test() is None
    panel.accept()
    assert not panel.now.is_asking
    until_done(panel.session.job)
    assert "tested on imputed values" in panel.now.summary.text
    assert "ranking" in panel.now.doubt.text
    until_done(panel.test())
    assert not panel.now.is_asking


def test_other_values_take_the_question_away(panel: DifferencesPanel) -> None:
    panel.choose_values("pca")
    panel.test()
    panel.choose_values("counts")
    assert not panel.now.is_asking


# ---- what cannot be tested ---------------------------------------------------------------------


def test_without_data_it_says_what_to_do(session: Session) -> None:
    panel = DifferencesPanel(session)
    assert panel.now.work.why_not.text == "Open data first."
    assert panel.test() is None


def test_a_group_is_not_offered_against_itself(panel: DifferencesPanel) -> None:
    panel.choose_against(panel.now.group.chosen)
    assert not panel.now.work.is_enabled
    assert panel.now.work.why_not.text == "Choose two different groups."
    assert not panel.now.against.why_not  # so that another can be chosen


def test_data_without_groups_say_what_to_do(session: Session, section: AnnData) -> None:
    section.obs = section.obs[[]]
    session.open(section)
    panel = DifferencesPanel(session)
    assert not panel.now.work.is_enabled
    assert "No column names groups" in panel.now.work.why_not.text
    assert panel.now.column.why_not == panel.now.work.why_not.text


def test_what_goes_wrong_is_said_beside_the_button(panel: DifferencesPanel) -> None:
    session = panel.session
    assert session.adata is not None
    few = np.where(np.arange(session.adata.n_obs) < 2, "few", "many")
    session.write_column("side", pd.Categorical(few))
    panel.choose_column("side")
    until_done(panel.test())
    assert "at least 3 spots" in panel.now.work.outcome.text
    assert not panel.now.has_answer


def test_a_cancelled_test_says_so(panel: DifferencesPanel) -> None:
    job = panel.test()
    assert panel.now.work.button == "Cancel" and panel.now.work.tooltip == "Stop."
    panel.work.press()
    until_done(job)
    assert not panel.now.has_answer
    assert panel.now.work.outcome.text == "Cancelled."


# ---- when an answer goes away ------------------------------------------------------------------


def test_other_choices_leave_the_answer(panel: DifferencesPanel) -> None:
    found, summary = answered(panel), panel.now.summary
    panel.session.write_column("halves", halves(panel.session))
    panel.choose_column("halves")
    panel.choose_values("pca")
    assert panel.answer.value is found and panel.now.summary == summary


def test_results_of_other_data_are_taken_away(panel: DifferencesPanel, section: AnnData) -> None:
    panel.choose_values("pca")
    panel.accept()
    until_done(panel.session.job)
    assert panel.now.has_answer
    panel.session.open(section)  # has no such run
    assert not panel.now.has_answer and not len(panel.table.rows)
    assert panel.now.values.chosen == "counts"


def test_differences_between_groups_that_changed_are_taken_away(panel: DifferencesPanel) -> None:
    answered(panel)
    panel.session.write_column("unrelated", halves(panel.session))
    assert panel.now.has_answer
    panel.session.write_column("domain", halves(panel.session))
    assert not panel.now.has_answer and panel.answer.value is None


def test_differences_between_groups_that_change_meanwhile_are_dropped(
    panel: DifferencesPanel,
) -> None:
    job, adata = panel.test(), panel.session.adata
    assert adata is not None
    names = adata.obs["domain"].astype(str).to_numpy()
    write_from_outside(panel.session, "domain", pd.Categorical(np.roll(names, 5)))
    until_done(job)
    assert not panel.now.has_answer and panel.answer.value is None
    assert "changed meanwhile" in panel.now.work.outcome.text


def test_differences_of_imputed_values_are_taken_away_when_they_are_imputed_anew(
    panel: DifferencesPanel,
) -> None:
    panel.choose_values("pca")
    panel.accept()
    until_done(panel.session.job)
    assert panel.now.has_answer
    until_next_second()
    panel.session.train("pca", blend=False, judged=False).wait(120)
    assert not panel.now.has_answer and panel.answer.value is None
