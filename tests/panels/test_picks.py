"""What is said of picked spots, and how they are kept."""

from __future__ import annotations

import numpy as np

from napari_stimpute.panels.genes import GenesPanel
from napari_stimpute.panels.groups import Groups
from napari_stimpute.panels.picks import PicksPanel
from napari_stimpute.scene.picks import Picks
from napari_stimpute.scene.scene import Scene
from napari_stimpute.session.session import Session

from .waiting import endless


def test_it_is_said_how_many_are_picked_and_that_it_can_be_taken_back(opened: Session) -> None:
    panel = PicksPanel(Picks(opened))
    assert panel.now.picked == "" and not panel.now.can_undo
    panel.picks.pick(np.arange(134) < 40)
    assert "40 of 134 spots picked" in panel.now.picked
    assert panel.now.can_undo
    panel.picks.undo()
    assert panel.now.picked == "" and not panel.now.can_undo


def test_a_pick_is_kept_under_a_name_that_is_free_or_its_own(opened: Session) -> None:
    panel, mask = PicksPanel(Picks(opened)), np.arange(134) < 20
    opened.display.pick(mask)
    panel.keep("domain")
    assert "already" in panel.now.outcome.text
    assert panel.now.outcome.tone == "error"
    panel.keep(" edge ")
    assert panel.now.outcome.tone == "good"
    np.testing.assert_array_equal(opened.adata.obs["edge"] == "selected", mask)
    assert "edge" in opened.contents.columns
    opened.display.pick(~mask)
    assert not panel.now.outcome
    PicksPanel(panel.picks).keep("edge")  # of another panel on the same picks
    np.testing.assert_array_equal(opened.adata.obs["edge"] == "selected", ~mask)


def test_nothing_is_kept_while_work_reads_the_columns(opened: Session) -> None:
    panel = PicksPanel(Picks(opened))
    panel.picks.pick(np.arange(134) < 20)
    before = list(opened.adata.obs.columns)
    job = opened.work_later(endless(), "Waiting")
    assert panel.now.no_keeping == "Wait: “Waiting” is at work."
    panel.keep("edge")
    assert "nothing else running" in panel.now.outcome.text
    assert list(opened.adata.obs.columns) == before
    job.cancel()
    job.wait(60)
    assert not panel.now.no_keeping
    panel.keep("edge")
    assert "edge" in opened.adata.obs


def test_without_a_name_the_proposed_one_is_taken(opened: Session) -> None:
    panel = PicksPanel(Picks(opened))
    opened.display.pick(np.arange(134) < 20)
    panel.keep("")
    assert "picked" in opened.contents.columns


def test_a_kept_pick_can_colour_the_spots_and_be_compared(opened: Session) -> None:
    genes, groups = GenesPanel(Scene(opened)), Groups(opened)
    opened.display.pick(np.arange(134) < 20)
    PicksPanel(Picks(opened)).keep("edge")
    assert "edge" in [entry.name for entry in genes.now.column.entries]
    assert "edge" in [entry.name for entry in groups.now.menu.entries]
    groups.choose("edge")
    assert [entry.title for entry in groups.titled()] == [
        "selected (20 spots)",
        "other (114 spots)",
    ]


def test_nothing_picked_is_said_and_a_bad_name_too(opened: Session) -> None:
    panel = PicksPanel(Picks(opened))
    panel.keep("edge")
    assert "Draw around some" in panel.now.outcome.text
    opened.display.pick(np.arange(134) < 20)
    panel.keep("a/b")
    assert panel.now.outcome.tone == "error"
    assert "a/b" not in opened.adata.obs
