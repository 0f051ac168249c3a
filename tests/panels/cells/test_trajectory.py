"""Trajectories: where an order begins, what is written, and what cannot be reached."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_stimpute import keys
from napari_stimpute.panels.cells.trajectory import PICKED, TrajectoryPanel
from napari_stimpute.panels.figures import Drawn
from napari_stimpute.panels.groups import Groups
from napari_stimpute.session.session import Session

from ..waiting import until_done


@pytest.fixture
def trajectory(trained: Session, groups: Groups) -> TrajectoryPanel:
    return TrajectoryPanel(trained, groups)


def pseudotime(session: Session) -> np.ndarray:
    assert session.adata is not None
    return session.adata.obs["pca_pseudotime"].to_numpy()


def test_spots_are_ordered_from_a_group_and_shown(
    trained: Session, trajectory: TrajectoryPanel
) -> None:
    assert trajectory.now.run.chosen == "pca"
    assert [entry.name for entry in trajectory.now.run.entries] == ["pca", "counts"]
    until_done(trajectory.compute())
    assert trained.adata is not None
    first = trained.adata.obs["domain"].astype(str).iloc[int(np.nanargmin(pseudotime(trained)))]
    assert first == trajectory.now.root.chosen
    assert trained.display.column == "pca_pseudotime"
    assert "Written to obs as “pca_pseudotime”" in trajectory.now.found.text


def test_the_connections_of_groups_are_drawn(trajectory: TrajectoryPanel, tmp_path: Path) -> None:
    drawn: list[Drawn] = []
    trajectory.figures.drawn.connect(drawn.append)
    assert trajectory.picture() is None
    until_done(trajectory.compute())
    until_done(trajectory.picture())
    assert drawn[0].title == "Trajectory by domain"
    assert drawn[0].picture.startswith(b"\x89PNG")
    assert drawn[0].save(tmp_path / "figure.svg").tone == "good"


def test_the_order_can_begin_at_one_picked_spot(
    trained: Session, trajectory: TrajectoryPanel
) -> None:
    assert trajectory.now.root.entries[-1].title == "The picked spot"
    trajectory.choose_root(PICKED)
    assert "0 are picked" in trajectory.now.work.why_not.text
    spots = np.arange(len(trained.expression()))
    trained.display.pick(spots < 3)
    assert "3 are picked" in trajectory.now.work.why_not.text
    assert not trajectory.now.work.is_enabled
    trained.display.pick(spots == 17)
    assert trajectory.now.work.is_enabled
    until_done(trajectory.compute())
    assert pseudotime(trained)[17] == 0
    assert trajectory.now.has_answer
    trained.display.pick(spots == 18)
    assert not trajectory.now.has_answer


def test_an_order_from_another_beginning_is_put_away(trajectory: TrajectoryPanel) -> None:
    until_done(trajectory.compute())
    assert trajectory.now.has_answer
    trajectory.choose_root(trajectory.now.root.entries[1].name)
    assert not trajectory.now.has_answer and not trajectory.now.found


def test_an_order_by_other_likeness_is_put_away(trajectory: TrajectoryPanel) -> None:
    until_done(trajectory.compute())
    trajectory.choose_run("counts")
    assert not trajectory.now.has_answer


def test_columns_of_the_file_are_never_replaced(
    trained: Session, trajectory: TrajectoryPanel
) -> None:
    theirs = np.arange(len(trained.expression()), dtype=float)
    assert trained.adata is not None
    trained.adata.obs["pca_pseudotime"] = theirs
    until_done(trajectory.compute())
    np.testing.assert_array_equal(pseudotime(trained), theirs)
    assert trained.display.column == "pca_pseudotime_2"


def test_spots_that_cannot_be_reached_are_counted(
    trained: Session, trajectory: TrajectoryPanel, groups: Groups
) -> None:
    n = len(trained.expression())
    apart = np.arange(n) >= n - 40
    places = np.random.default_rng(0).normal(size=(n, 5)) + 1000 * apart[:, None]
    assert trained.adata is not None
    trained.adata.obsm[keys.embedding("pca")] = places.astype(np.float32)
    trained.write_column("side", pd.Categorical(np.where(apart, "far", "near")))
    groups.choose("side")
    trajectory.choose_root("near")
    until_done(trajectory.compute())
    assert f"40 of {n:,} have no pseudotime" in trajectory.now.lost.text
    assert np.array_equal(np.isnan(pseudotime(trained)), apart)
