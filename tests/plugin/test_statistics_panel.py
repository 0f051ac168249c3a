"""Statistics in the window: what is spatial is checked, and counts are tested unless agreed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtWidgets import QComboBox, QPushButton

from napari_stimpute.analysis import differential_expression
from napari_stimpute.plugin.panel import StimputePanel
from napari_stimpute.plugin.statistics.differences import GroupsSection
from napari_stimpute.plugin.statistics.patterns import SpatialSection

from .hands import choose, until_idle


@pytest.fixture
def trained(opened: StimputePanel) -> StimputePanel:
    """With genes imputed by principal components alone."""
    opened.session.train("pca", blend=False, judged=False).wait(120)
    return opened


@pytest.fixture
def spatial(trained: StimputePanel) -> SpatialSection:
    return trained.statistics.spatial


@pytest.fixture
def groups(opened: StimputePanel) -> GroupsSection:
    return opened.statistics.groups


# ---- spatial patterns ----------------------------------------------------------------------------


def test_what_is_missing_for_a_check_is_said(panel: StimputePanel, section: Any) -> None:
    spatial = panel.statistics.spatial
    assert spatial.why_not.text() == "Open data first."
    panel.session.open(section)
    assert "Train a model first" in spatial.why_not.text()
    assert not spatial.button.isEnabled()
    del section.obsm["spatial"]
    panel.session.open(section)
    assert "no coordinates" in spatial.why_not.text()


def test_a_check_says_how_long_it_takes(spatial: SpatialSection) -> None:
    assert spatial.button.isEnabled()
    assert "three more times: about" in spatial.forecast.text()


def test_a_check_lists_genes_and_says_how_it_was_controlled(
    trained: StimputePanel, spatial: SpatialSection, qtbot: QtBot
) -> None:
    spatial.check()
    assert spatial.button.text() == "Cancel"
    until_idle(qtbot, trained)
    result = spatial.result
    assert result is not None
    assert spatial.found.text() == result.notes[0]
    assert spatial.control.text() == result.notes[1]
    model = spatial.table.model
    assert model.rowCount() == 100
    choose_listed(spatial, "Only after imputing")
    listed = [model.gene_at(row) for row in range(model.rowCount())]
    assert listed == list(result.only_after_imputing)


def choose_listed(spatial: SpatialSection, text: str) -> None:
    spatial.listed.setCurrentText(text)
    spatial.listed.activated.emit(spatial.listed.currentIndex())


def test_choosing_a_row_shows_the_gene(
    trained: StimputePanel, spatial: SpatialSection, qtbot: QtBot
) -> None:
    spatial.check()
    until_idle(qtbot, trained)
    trained.session.display.column = "domain"
    spatial.table.view.selectRow(3)
    assert trained.session.display.gene == spatial.table.model.gene_at(3)
    assert trained.session.display.column == ""


def test_a_cancelled_check_keeps_nothing_and_says_so(
    trained: StimputePanel, spatial: SpatialSection, qtbot: QtBot
) -> None:
    spatial.check()
    spatial.button.click()
    until_idle(qtbot, trained)
    assert spatial.result is None
    assert "nothing is kept" in spatial.words.text()
    assert spatial.answer.isHidden()


def test_a_check_is_forgotten_when_the_model_is_trained_again(
    trained: StimputePanel, spatial: SpatialSection, qtbot: QtBot
) -> None:
    spatial.check()
    until_idle(qtbot, trained)
    assert not spatial.answer.isHidden()
    began = trained.session.contents.record("pca").started
    qtbot.waitUntil(lambda: now() > began, timeout=5_000)  # told apart by the second
    trained.session.train("pca", blend=False, judged=False).wait(120)
    assert spatial.result is None
    assert spatial.answer.isHidden()


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


# ---- differences between groups ------------------------------------------------------------------


def test_counts_are_tested_by_default(
    opened: StimputePanel, groups: GroupsSection, qtbot: QtBot
) -> None:
    choose(groups.column, "domain")
    group = groups.group.currentData()
    groups.test()
    until_idle(qtbot, opened)
    expected = differential_expression(opened.session.adata, "domain", group)
    pd.testing.assert_frame_equal(groups.result, expected)
    assert "tested on the counts" in groups.summary.text()
    assert groups.table.model.gene_at(0) == expected.index[0]


def test_imputed_values_are_tested_only_when_agreed_to_and_asked_once(
    trained: StimputePanel, qtbot: QtBot
) -> None:
    groups = trained.statistics.groups
    choose(groups.column, "domain")
    choose(groups.values, "pca")
    assert "⚠" in groups.values.currentText()
    groups.test()
    assert not trained.session.is_busy
    assert not groups.question.isHidden()
    groups.no.click()
    assert groups.values.currentData() == "counts"
    choose(groups.values, "pca")
    groups.test()
    groups.yes.click()
    until_idle(qtbot, trained)
    assert "tested on imputed values" in groups.summary.text()
    assert "ranking" in groups.doubt.text()
    groups.test()
    assert groups.question.isHidden()
    until_idle(qtbot, trained)


def test_a_group_is_not_offered_against_itself(groups: GroupsSection) -> None:
    choose(groups.column, "domain")
    choose(groups.reference, groups.group.currentData())
    assert not groups.button.isEnabled()
    assert groups.why_not.text() == "Choose two different groups."


def test_data_without_groups_say_what_to_do(panel: StimputePanel, section: Any) -> None:
    section.obs = section.obs[[]]
    panel.session.open(section)
    groups = panel.statistics.groups
    assert not groups.button.isEnabled()
    assert "No column names groups" in groups.why_not.text()


def test_what_goes_wrong_is_said_beside_the_button(
    opened: StimputePanel, groups: GroupsSection, qtbot: QtBot
) -> None:
    adata = opened.session.adata
    assert adata is not None
    adata.obs["side"] = np.where(np.arange(adata.n_obs) < 2, "few", "many")
    groups._follow()
    choose(groups.column, "side")
    groups.test()
    until_idle(qtbot, opened)
    assert "at least 3 spots" in groups.words.text()
    assert groups.answer.isHidden()


def test_results_of_other_data_are_taken_away(
    opened: StimputePanel, groups: GroupsSection, section: Any, qtbot: QtBot
) -> None:
    groups.test()
    until_idle(qtbot, opened)
    assert not groups.answer.isHidden()
    opened.session.open(section)
    assert groups.answer.isHidden() and groups.result is None


def test_differences_between_groups_that_changed_are_taken_away(
    opened: StimputePanel, groups: GroupsSection, qtbot: QtBot
) -> None:
    choose(groups.column, "domain")
    groups.test()
    until_idle(qtbot, opened)
    halves = pd.Categorical(np.arange(opened.session.adata.n_obs) % 2)
    opened.session.write_column("unrelated", halves)
    assert not groups.answer.isHidden()
    opened.session.write_column("domain", halves)
    assert groups.answer.isHidden() and groups.result is None


def test_differences_between_groups_that_change_meanwhile_are_dropped(
    opened: StimputePanel, groups: GroupsSection, qtbot: QtBot
) -> None:
    choose(groups.column, "domain")
    groups.test()
    names = opened.session.adata.obs["domain"].astype(str).to_numpy()
    opened.session.write_column("domain", pd.Categorical(np.roll(names, 5)))
    until_idle(qtbot, opened)
    assert groups.answer.isHidden() and groups.result is None
    assert "changed meanwhile" in groups.words.text()


def test_differences_of_imputed_values_are_taken_away_when_they_are_imputed_anew(
    trained: StimputePanel, qtbot: QtBot
) -> None:
    groups = trained.statistics.groups
    choose(groups.column, "domain")
    choose(groups.values, "pca")
    groups.accept()
    until_idle(qtbot, trained)
    assert not groups.answer.isHidden()
    began = trained.session.contents.record("pca").started
    qtbot.waitUntil(lambda: now() > began, timeout=5_000)  # told apart by the second
    trained.session.train("pca", blend=False, judged=False).wait(120)
    assert groups.answer.isHidden() and groups.result is None


def test_every_control_has_a_tooltip(opened: StimputePanel) -> None:
    sections = (opened.statistics.spatial, opened.statistics.groups)
    controls = [w for s in sections for w in s.findChildren((QComboBox, QPushButton))]
    assert len(controls) == 12
    assert not [w for w in controls if not w.toolTip()]
