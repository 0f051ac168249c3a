"""Which map of the cells is chosen, and what is said while there is none."""

from __future__ import annotations

import numpy as np
import pytest
from anndata import AnnData

from napari_stimpute import keys
from napari_stimpute.panels.map import MapChoice
from napari_stimpute.scene import maps
from napari_stimpute.scene.maps import MapOf, Maps
from napari_stimpute.session.contents import COUNTS
from napari_stimpute.session.session import Session


def test_without_data_nothing_can_be_chosen(session: Session) -> None:
    now = MapChoice(Maps(session)).now
    assert now.key.why_not == now.kind.why_not == now.work.tooltip == "Open data first."
    assert "Open data first" in now.nothing


@pytest.mark.usefixtures("drawn")
def test_a_map_is_drawn_by_its_button_and_then_explained(opened: Session) -> None:
    panel = MapChoice(Maps(opened))
    assert "not drawn yet: press “Draw map”" in panel.now.nothing
    assert panel.now.work.tooltip == "Draw the UMAP of the counts in the background."
    panel.work.press()
    assert "being drawn" in panel.now.nothing
    assert panel.now.work.is_running and panel.now.work.button == "Cancel"
    opened.job.wait(60)
    now = panel.now
    assert now.is_there and not now.work.is_running
    assert "near means similar expression" in now.explained


@pytest.mark.usefixtures("drawn")
def test_why_a_map_could_not_be_drawn_is_said(session: Session, section: AnnData) -> None:
    session.open(section[:4].copy())
    panel = MapChoice(Maps(session))
    panel.work.press()
    session.job.wait(60)
    assert "five spots" in panel.now.problem.text
    assert panel.now.problem.tone == "error"
    assert panel.now.nothing == "There is no UMAP of the counts."


def test_many_spots_are_said_to_take_a_while(
    opened: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_stimpute.panels.map.MOST_BY_ITSELF", 100)
    monkeypatch.setattr(maps, "MOST_BY_ITSELF", 100)
    panel = MapChoice(Maps(opened))
    assert "134 spots take a while" in panel.now.nothing


def test_runs_are_offered_and_the_newest_is_followed(opened: Session) -> None:
    panel, heard = MapChoice(Maps(opened)), []
    panel.chosen.connect(heard.append)
    assert [e.title for e in panel.now.key.entries] == ["Counts"]
    opened.train("pca", blend=False, judged=False).wait(60)
    assert [e.name for e in panel.now.key.entries] == [COUNTS, "pca"]
    panel.follow_runs()
    assert panel.wanted == MapOf("pca")
    panel.choose_key(COUNTS)
    panel.choose_kind("pca")
    panel.follow_runs()  # there is no other run
    assert panel.wanted == MapOf(COUNTS, "pca")
    assert heard == [MapOf(COUNTS), MapOf(COUNTS, "pca")]  # what was chosen by hand


def test_a_choice_made_elsewhere_is_taken_over(opened: Session) -> None:
    panel = MapChoice(Maps(opened))
    panel.show(MapOf(kind="pca"))
    assert panel.now.kind.chosen == "pca"
    assert "directions" in panel.now.kind.help


def test_what_was_chosen_of_data_that_are_closed_is_forgotten(
    opened: Session, section: AnnData
) -> None:
    opened.train("pca", blend=False, judged=False).wait(60)
    panel = MapChoice(Maps(opened))
    panel.choose_key("pca")
    panel.choose_kind("pca")
    opened.open(section[:60].copy())
    assert panel.wanted == MapOf(COUNTS, "pca")


def test_a_map_that_is_stored_needs_no_button(opened: Session) -> None:
    opened.adata.obsm[keys.space(COUNTS, "umap")] = np.zeros((134, 2))
    assert MapChoice(Maps(opened)).now.is_there
