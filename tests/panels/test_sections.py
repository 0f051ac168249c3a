"""The menu of sections: what it offers, and what is drawn of one section alone."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stimpute.errors import UnknownName
from napari_stimpute.panels.legend import LegendPanel
from napari_stimpute.panels.sections import SectionsPanel
from napari_stimpute.scene.figure import gene_figure
from napari_stimpute.scene.picks import picked_in_words
from napari_stimpute.scene.scene import Scene
from napari_stimpute.scene.spot import spot_rows
from napari_stimpute.session.session import Session

from ..overlaid import hexagonal, overlaid, section

N = len(hexagonal())


@pytest.fixture
def scene() -> Scene:
    session = Session()
    session.open(overlaid())
    return Scene(session)


@pytest.fixture
def panel(scene: Scene) -> SectionsPanel:
    return SectionsPanel(scene)


def test_all_sections_and_each_are_offered_with_their_spots(panel: SectionsPanel) -> None:
    now = panel.now
    assert now.is_offered and now.is_grid and now.menu.chosen == ""
    titles = [entry.title for entry in now.menu.entries]
    assert titles == ["All sections (128 spots)", "—", "B (64 spots)", "A (64 spots)"]


def test_a_single_section_has_no_menu(panel: SectionsPanel) -> None:
    panel.session.open(section(0, hexagonal()))
    assert not panel.now.is_offered


def test_a_section_alone_is_where_it_was_with_its_own_image(
    panel: SectionsPanel, scene: Scene
) -> None:
    before = scene.places
    assert before is not None and scene.shown is not None
    limits = scene.shown.limits
    panel.choose("A")
    places = scene.places
    assert places is not None and places.section == "A" and not panel.now.is_grid
    assert np.isnan(places.points[:N]).all()
    np.testing.assert_array_equal(places.points[N:], before.points[N:])
    assert [int(image.pixels[0, 0, 0]) for image in places.images] == [220]
    assert [title.text for title in places.titles] == ["A"]
    assert scene.shown.limits == limits  # of all, so that sections can be compared
    assert len(gene_figure(scene).section.images) == 1


def test_one_press_leads_to_the_grid_and_back_to_the_same_section(panel: SectionsPanel) -> None:
    panel.set_grid(False)
    assert panel.now.menu.chosen == "B"  # the first
    panel.step()
    assert panel.now.menu.chosen == "A"
    panel.set_grid(True)
    assert panel.now.is_grid
    panel.set_grid(False)
    assert panel.now.menu.chosen == "A"
    panel.step()
    assert panel.now.is_grid
    panel.step(-1)
    assert panel.now.menu.chosen == "A"


def test_the_legend_counts_what_is_in_sight(panel: SectionsPanel, scene: Scene) -> None:
    legend = LegendPanel(scene)
    panel.session.display.column = "library_id"
    assert {entry.name: entry.count for entry in legend.now.entries} == {"A": N, "B": N}
    panel.choose("A")
    assert {entry.name: entry.count for entry in legend.now.entries} == {"A": N, "B": 0}


def test_picks_of_one_section_outlive_those_of_another(panel: SectionsPanel, scene: Scene) -> None:
    panel.choose("B")
    assert scene.places is not None
    scene.picks.pick(np.arange(2 * N) < 5, in_sight=scene.places.in_sight)
    panel.choose("A")
    assert picked_in_words(scene.session).startswith("5 of 128 spots picked, 0 of them in A.")
    scene.picks.pick(np.arange(2 * N) >= 2 * N - 3, in_sight=scene.places.in_sight)
    assert picked_in_words(scene.session).startswith("8 of 128 spots picked, 3 of them in A.")


def test_a_spot_is_said_to_be_of_its_section(scene: Scene) -> None:
    assert ("Section", "A") in spot_rows(scene, N) and ("Section", "B") in spot_rows(scene, 0)
    assert [name for name, _ in spot_rows(scene, 0)].count("library_id") == 0


def test_other_data_are_shown_whole(panel: SectionsPanel, scene: Scene) -> None:
    panel.choose("A")
    panel.session.open(overlaid(shift=2.0))
    assert panel.now.is_grid and scene.places is not None
    assert np.isfinite(scene.places.points).all()


def test_a_section_that_there_is_not_is_said(scene: Scene) -> None:
    with pytest.raises(UnknownName, match="section"):
        scene.session.contents.layout.alone("C")
