"""Answers of the tab of cells go away as soon as what they are about has changed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pytestqt.qtbot import QtBot

from napari_stimpute.models import model_info
from napari_stimpute.plugin.cells.panel import CELL_TITLES, CellsPanel
from napari_stimpute.plugin.panel import StimputePanel
from napari_stimpute.progress import Progress

from .hands import choose, until_idle


def train_clusters(panel: StimputePanel, n_domains: int) -> None:
    config: Any = model_info("gmm_vgae").config
    settings = config.checked(config.PRESETS["tiny"] | {"n_domains": n_domains})
    panel.session.train("gmm_vgae", settings, blend=False, judged=False).wait(120)
    assert panel.session.problem == ""


def write_lists(panel: StimputePanel, folder: Path) -> str:
    """Two lists of genes, which need not fit: some name is suggested."""
    genes = panel.session.adata.var_names[:8]
    rows = {"type": ["A"] * 4 + ["B"] * 4, "subtype": "", "gene": genes}
    pd.DataFrame(rows).to_csv(folder / "lists.csv", index=False)
    return str(folder / "lists.csv")


def shuffled(panel: StimputePanel, column: str) -> pd.Categorical:
    """The names of a column, given to other spots."""
    values = panel.session.adata.obs[column].astype(str).to_numpy()
    return pd.Categorical(np.random.default_rng(0).permutation(values))


def next_second(qtbot: QtBot) -> None:
    """Runs are told apart by the second in which they began."""
    began = datetime.now(UTC).isoformat(timespec="seconds")
    qtbot.waitUntil(lambda: datetime.now(UTC).isoformat(timespec="seconds") > began, timeout=5_000)


# ---- after training again ------------------------------------------------------------------------


def test_answers_about_clusters_go_away_when_clusters_are_found_anew(
    opened: StimputePanel, qtbot: QtBot, tmp_path: Path
) -> None:
    train_clusters(opened, 3)
    cells, differences = opened.cells, opened.statistics.groups
    assert cells.groups.column == "gmm_vgae_cluster"
    choose(differences.column, "gmm_vgae_cluster")
    cells.names.path.setText(write_lists(opened, tmp_path))
    sections: list[Any] = [cells.markers, cells.names, cells.trajectory, differences]
    for begin in (cells.markers.test, cells.names.suggest, cells.trajectory.compute):
        begin()
        until_idle(qtbot, opened)
    differences.test()
    until_idle(qtbot, opened)
    assert [some.answer.isHidden() for some in sections] == 4 * [False]
    train_clusters(opened, 4)
    assert [some.answer.isHidden() for some in sections] == 4 * [True]
    assert [some.result for some in sections] == 4 * [None]
    seen_steps = [
        cells.trajectory.root.itemText(i) for i in range(cells.trajectory.root.count() - 1)
    ]
    assert seen_steps == [f"{name} ({n:,} spots)" for name, n in cells.groups.sizes().items()]


def test_an_order_goes_away_when_its_run_is_trained_again(
    opened: StimputePanel, qtbot: QtBot
) -> None:
    trajectory, session = opened.cells.trajectory, opened.session
    session.train("pca", blend=False, judged=False).wait(120)
    choose(opened.cells.groups.combo, "domain")
    trajectory.compute()
    until_idle(qtbot, opened)
    assert not trajectory.answer.isHidden()
    next_second(qtbot)
    session.train("pca", blend=False, judged=False).wait(120)
    assert trajectory.answer.isHidden() and trajectory.result is None


def test_communities_go_away_when_their_run_is_trained_again(
    with_communities: StimputePanel, qtbot: QtBot
) -> None:
    communities, session = with_communities.cells.communities, with_communities.session
    choose(with_communities.cells.groups.combo, "domain")
    communities.compare()
    until_idle(qtbot, with_communities)
    assert not communities.answer.isHidden()
    next_second(qtbot)
    config: Any = model_info("scimta").config
    settings = config(**config.PRESETS["tiny"])
    session.train("scimta", settings, blend=False, judged=False).wait(240)
    assert communities.answer.isHidden() and communities.result is None


def test_scores_go_away_when_the_batches_are_others(opened: StimputePanel, qtbot: QtBot) -> None:
    batches, session = opened.cells.batches, opened.session
    session.train("pca", blend=False, judged=False).wait(120)
    session.write_column("batch", pd.Categorical(np.arange(session.adata.n_obs) % 2))
    batches.compute()
    until_idle(qtbot, opened)
    assert not batches.answer.isHidden()
    session.write_column("more", pd.Categorical(np.arange(session.adata.n_obs) % 3))
    assert not batches.answer.isHidden()
    session.write_column("batch", shuffled(opened, "batch"))
    assert batches.answer.isHidden() and batches.result is None


# ---- while something runs ------------------------------------------------------------------------


def test_groups_are_chosen_only_while_nothing_runs(opened: StimputePanel, qtbot: QtBot) -> None:
    combo, work = opened.cells.groups.combo, opened.cells.markers.work
    usual = combo.toolTip()

    def waiting() -> Any:
        for step in range(10**6):
            yield Progress("wait", step, 10**6)

    work.run(waiting(), CELL_TITLES[0], lambda _nothing: None)
    assert not combo.isEnabled()
    assert combo.toolTip() == "Wait: “Finding markers” is at work."
    work.button.click()
    until_idle(qtbot, opened)
    assert combo.isEnabled() and combo.toolTip() == usual


@pytest.mark.parametrize("name", ["markers", "names", "trajectory", "batches", "communities"])
def test_an_answer_about_groups_that_changed_meanwhile_is_dropped(
    with_communities: StimputePanel, qtbot: QtBot, tmp_path: Path, name: str
) -> None:
    panel, session = with_communities, with_communities.session
    cells: CellsPanel = panel.cells
    session.write_column("batch", pd.Categorical(np.arange(session.adata.n_obs) % 2))
    cells.names.path.setText(write_lists(panel, tmp_path))
    choose(cells.groups.combo, "domain")
    begin = {
        "markers": cells.markers.test,
        "names": cells.names.suggest,
        "trajectory": cells.trajectory.compute,
        "batches": cells.batches.compute,
        "communities": cells.communities.compare,
    }
    section: Any = getattr(cells, name)
    assert begin[name]() is not None
    session.write_column("domain", shuffled(panel, "domain"))
    until_idle(qtbot, panel)
    assert section.result is None and section.answer.isHidden()
    assert "changed meanwhile" in section.work.words.text()
    assert "scimta_pseudotime" not in session.adata.obs


def test_an_answer_is_not_shown_under_another_column(opened: StimputePanel, qtbot: QtBot) -> None:
    trajectory, session = opened.cells.trajectory, opened.session
    session.write_column("other", pd.Categorical(np.arange(session.adata.n_obs) % 2))
    choose(opened.cells.groups.combo, "domain")
    trajectory.compute()
    choose(opened.cells.groups.combo, "other")
    until_idle(qtbot, opened)
    assert trajectory.result is None
    assert trajectory.picture() is None
