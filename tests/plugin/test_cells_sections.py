"""The tab of cells in the real window: order, batches, gene communities, and the small table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt

from napari_stimpute import keys
from napari_stimpute.analysis.communities import community_map, network
from napari_stimpute.analysis.mixing import Mixing, mixing
from napari_stimpute.analysis.sources import representation
from napari_stimpute.plugin.cells.batches import Scores, verdict
from napari_stimpute.plugin.panel import StimputePanel
from napari_stimpute.plugin.widgets.fact_table import Cell, FactTable

from .hands import choose, until_idle


@pytest.fixture
def trained(opened: StimputePanel) -> StimputePanel:
    """With genes imputed by principal components alone."""
    opened.session.train("pca", blend=False, judged=False).wait(120)
    return opened


def listed(table: FactTable, column: int = 0) -> list[str]:
    return [table.text_at(row, column) for row in range(table.rowCount())]


# ---- trajectory ----------------------------------------------------------------------------------


def test_spots_are_ordered_from_a_group_and_shown(trained: StimputePanel, qtbot: QtBot) -> None:
    trajectory, session = trained.cells.trajectory, trained.session
    choose(trained.cells.groups.combo, "domain")
    assert trajectory.run.currentData() == "pca"
    trajectory.compute()
    until_idle(qtbot, trained)
    times = session.adata.obs["pca_pseudotime"].to_numpy()
    group = str(trajectory.root.currentData())
    assert session.adata.obs["domain"].astype(str).iloc[int(np.nanargmin(times))] == group
    assert session.display.column == "pca_pseudotime"
    trajectory.figure.click()
    until_idle(qtbot, trained)
    assert trajectory.window_of_figures is not None and trajectory.window_of_figures.isVisible()
    trajectory.window_of_figures.close()


def test_the_order_can_begin_at_one_picked_spot(trained: StimputePanel, qtbot: QtBot) -> None:
    trajectory, session = trained.cells.trajectory, trained.session
    trajectory.root.setCurrentIndex(trajectory.root.count() - 1)
    trajectory.root.activated.emit(trajectory.root.currentIndex())
    assert trajectory.root.currentText() == "The picked spot"
    assert "0 are picked" in trajectory.work.why_not.text()
    spots = np.arange(session.adata.n_obs)
    session.display.pick(spots < 3)
    assert "3 are picked" in trajectory.work.why_not.text()
    assert not trajectory.work.button.isEnabled()
    session.display.pick(spots == 17)
    assert trajectory.work.button.isEnabled()
    trajectory.compute()
    until_idle(qtbot, trained)
    assert session.adata.obs["pca_pseudotime"].to_numpy()[17] == 0


def test_an_order_from_another_beginning_is_put_away(trained: StimputePanel, qtbot: QtBot) -> None:
    trajectory = trained.cells.trajectory
    choose(trained.cells.groups.combo, "domain")
    trajectory.compute()
    until_idle(qtbot, trained)
    assert not trajectory.answer.isHidden()
    choose(trajectory.root, trajectory.root.itemData(1))
    assert trajectory.answer.isHidden() and trajectory.result is None


def test_columns_of_the_file_are_never_replaced(trained: StimputePanel, qtbot: QtBot) -> None:
    trajectory, session = trained.cells.trajectory, trained.session
    theirs = np.arange(session.adata.n_obs, dtype=float)
    session.adata.obs["pca_pseudotime"] = theirs
    choose(trained.cells.groups.combo, "domain")
    trajectory.compute()
    until_idle(qtbot, trained)
    np.testing.assert_array_equal(session.adata.obs["pca_pseudotime"], theirs)
    assert session.display.column == "pca_pseudotime_2"


def test_spots_that_cannot_be_reached_are_counted(trained: StimputePanel, qtbot: QtBot) -> None:
    trajectory, session = trained.cells.trajectory, trained.session
    n = session.adata.n_obs
    apart = np.arange(n) >= n - 40
    places = np.random.default_rng(0).normal(size=(n, 5)) + 1000 * apart[:, None]
    session.adata.obsm[keys.embedding("pca")] = places.astype(np.float32)
    session.write_column("side", pd.Categorical(np.where(apart, "far", "near")))
    choose(trained.cells.groups.combo, "side")
    choose(trajectory.root, "near")
    trajectory.compute()
    until_idle(qtbot, trained)
    assert f"40 of {n:,} have no pseudotime" in trajectory.lost.text()
    assert np.array_equal(np.isnan(session.adata.obs["pca_pseudotime"]), apart)


# ---- batches -------------------------------------------------------------------------------------


def test_batches_are_scored_before_and_after(trained: StimputePanel, qtbot: QtBot) -> None:
    batches, session = trained.cells.batches, trained.session
    assert "Choose the column that names the batches" in batches.work.why_not.text()
    assert batches.compute() is None
    names = pd.Categorical(np.arange(session.adata.n_obs) % 2)
    session.write_column("batch", names)
    choose(batches.batch, "batch")
    choose(trained.cells.groups.combo, "domain")
    batches.compute()
    until_idle(qtbot, trained)
    counts, run = (representation(session.adata, key, 0) for key in ("counts", "pca"))
    groups = session.adata.obs["domain"].to_numpy()
    labels = names.astype(str)
    expected = Scores(
        mixing(counts, np.asarray(labels), groups),
        mixing(run, np.asarray(labels), groups, reference=counts),
    )
    assert batches.result is not None
    for mine, theirs in zip(batches.result, expected, strict=True):
        assert np.allclose(list(vars(mine).values()), list(vars(theirs).values()), equal_nan=True)
    assert batches.table.rowCount() == 6
    assert batches.verdict.text() == verdict(expected)[0]
    assert batches.doubt.text() == ""


def test_a_usual_batch_column_is_chosen(panel: StimputePanel, section: AnnData) -> None:
    section.obs["Donor_id"] = pd.Categorical(np.arange(section.n_obs) % 3)
    panel.session.open(section)
    assert panel.cells.batches.batch.currentData() == "Donor_id"


def test_own_clusters_are_no_fair_measure(with_communities: StimputePanel, qtbot: QtBot) -> None:
    panel = with_communities
    codes = pd.Categorical(np.arange(panel.session.adata.n_obs) % 2)
    panel.session.write_column("batch", codes)
    choose(panel.cells.batches.batch, "batch")
    panel.cells.batches.compute()
    until_idle(qtbot, panel)
    assert "own clusters" in panel.cells.batches.doubt.text()


@pytest.mark.parametrize(
    ("mixed", "groups", "words", "tone"),
    [
        (0.3, 0.0, ("better mixed", ", and groups are as far apart"), "good"),
        (
            0.3,
            -0.3,
            ("better mixed", ", but groups are less apart, so biology was lost"),
            "warning",
        ),
        (-0.3, 0.2, ("less mixed", ", but groups stand further apart"), "warning"),
        (0.0, 0.0, ("as mixed as", "as far apart"), "note"),
        (0.3, float("nan"), ("better mixed", "not scored"), "note"),
    ],
)
def test_the_verdict_weighs_mixing_against_biology(
    mixed: float, groups: float, words: tuple[str, ...], tone: str
) -> None:
    before = Mixing(0.5, 0.5, 0.5, 0.5, 0.5)
    after = Mixing(0.5 + mixed, 0.5 + mixed, 0.5 + mixed, 0.5 + groups, 0.5 + groups)
    sentence, found = verdict(Scores(before, after))
    assert all(part in sentence for part in words)
    assert found == tone


# ---- gene communities ----------------------------------------------------------------------------


def test_runs_without_communities_are_not_offered(trained: StimputePanel) -> None:
    communities = trained.cells.communities
    assert communities.work.why_not.text() == "Train scIMTA with gene communities."
    assert communities.run.count() == 0


def test_communities_are_listed_drawn_and_shown(
    with_communities: StimputePanel, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel, session = with_communities, with_communities.session
    communities = panel.cells.communities
    communities.compare()
    until_idle(qtbot, panel)
    expected = community_map(session.adata, "scimta", column="scimta_cluster")
    table = communities.table
    assert listed(table) == list(expected.communities)
    assert listed(table, 1) == expected.facts["cluster"].tolist()
    assert listed(table, 2) == [f"{n:,}" for n in expected.facts["n_genes"]]
    assert not communities.show_button.isEnabled()

    table.selectRow(1)
    until_idle(qtbot, panel)
    name = expected.communities[1]
    assert expected.facts.loc[name, "hub_genes"] in communities.seen_steps.text()
    window = communities.window_of_figures
    assert window is not None and window.windowTitle() == f"Community {name} of scimta"

    communities.show_button.click()
    until_idle(qtbot, panel)
    column = f"scimta_community_{name}_activity"
    assert session.display.column == column
    activity = network(session.adata, "scimta", name).activity
    assert np.allclose(session.adata.obs[column], activity)

    communities.map_button.click()
    until_idle(qtbot, panel)
    assert window.windowTitle() == "Gene communities by scimta_cluster"
    window.close()

    place = tmp_path / "communities.csv"
    monkeypatch.setattr(
        "qtpy.QtWidgets.QFileDialog.getSaveFileName", lambda *_args, **_more: (str(place), "")
    )
    communities.export.click()
    assert len(pd.read_csv(place)) == len(expected.clusters) * len(expected.communities)


def test_communities_of_data_that_were_closed_are_put_away(
    with_communities: StimputePanel, section: AnnData, qtbot: QtBot
) -> None:
    communities: Any = with_communities.cells.communities
    communities.compare()
    until_idle(qtbot, with_communities)
    assert not communities.answer.isHidden()
    with_communities.session.open(section)
    assert communities.answer.isHidden() and communities.result is None


# ---- the small table -----------------------------------------------------------------------------


def test_facts_are_sorted_as_numbers_and_told_apart_by_name(qtbot: QtBot) -> None:
    table, chosen = FactTable("Facts", (("Name", "Its name."), ("n", "Number."))), list[str]()
    qtbot.addWidget(table)
    table.chosen.connect(chosen.append)
    table.fill([[Cell(n), Cell(str(v), v)] for n, v in (("b", 9.0), ("C", 10.0), ("a", 2.0))])
    assert listed(table) == ["b", "C", "a"]
    table.sortItems(1, Qt.SortOrder.AscendingOrder)
    assert listed(table) == ["a", "b", "C"]
    table.selectRow(2)
    assert chosen == ["C"] and table.name == "C"
    assert table.row_of("b") == 1 and table.row_of("x") == -1
