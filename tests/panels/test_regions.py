"""Regions in files: what lies in them is picked and named, and what is picked is written."""

from __future__ import annotations

import json
from pathlib import Path

import anndata as ad
import numpy as np
import pytest
from anndata import AnnData
from shapely import Polygon, box

from napari_stimpute.panels.regions import RegionsPanel
from napari_stimpute.scene.scene import Scene
from napari_stimpute.session.session import Session
from napari_stimpute.spatial.geojson import read_regions, write_regions
from napari_stimpute.spatial.regions import MICRONS, Region

from .waiting import until_done


@pytest.fixture
def panel(opened: Session) -> RegionsPanel:
    return RegionsPanel(Scene(opened))


def draw(panel: RegionsPanel, low: float, high: float, how: str = "new") -> None:
    """Draw around the spots of a band, of these shares of the height of the tissue."""
    places = panel.scene.places
    assert places is not None
    points = places.points[np.isfinite(places.points).all(axis=1)]
    (top, left), (bottom, right) = points.min(axis=0), points.max(axis=0)
    y0, y1 = (top + share * (bottom - top) for share in (low, high))
    outline = np.array([(y0, left - 1), (y1, left - 1), (y1, right + 1), (y0, right + 1)])
    panel.scene.picks.pick_within(places, outline, how)  # type: ignore[arg-type]


def test_what_was_drawn_is_written_as_drawn_and_picks_the_same_when_read(
    panel: RegionsPanel, tmp_path: Path
) -> None:
    draw(panel, -0.1, 0.3)
    draw(panel, 0.6, 1.1, "add")
    draw(panel, 0.7, 0.8, "remove")
    picked = panel.session.display.picked.copy()
    until_done(panel.save(tmp_path / "cortex.geojson"))
    assert panel.now.outcome.tone == "good"
    (region,) = read_regions(tmp_path / "cortex.geojson").found
    assert region.name == "cortex" and len(region.area.geoms) == 3
    panel.scene.picks.clear()
    until_done(panel.read(tmp_path / "cortex.geojson"))
    np.testing.assert_array_equal(panel.session.display.picked, picked)
    np.testing.assert_array_equal(panel.session.adata.obs["regions"] == "cortex", picked)
    assert panel.session.display.column == "regions"
    assert "regions" in panel.session.unsaved


def test_a_file_has_a_name_while_a_gene_is_shown(panel: RegionsPanel) -> None:
    panel.session.display.gene = panel.session.adata.var_names[0]
    assert panel.file_name == "picked.geojson"


def test_undo_brings_back_the_line_too(panel: RegionsPanel) -> None:
    draw(panel, -0.1, 0.3)
    strokes = panel.session.display.strokes
    draw(panel, 0.5, 0.8)
    assert panel.session.display.strokes != strokes
    panel.scene.picks.undo()
    assert panel.session.display.strokes == strokes
    panel.scene.picks.clear()
    assert panel.session.display.strokes == ()


def test_what_was_not_all_drawn_on_the_tissue_is_written_by_its_spots(
    panel: RegionsPanel, tmp_path: Path
) -> None:
    draw(panel, -0.1, 0.3)
    panel.scene.picks.pick(np.arange(134) == 133, "add")  # as on a map
    picked = panel.session.display.picked.copy()
    assert panel.session.display.strokes == ()
    until_done(panel.save(tmp_path / "a.geojson"))
    until_done(panel.read(tmp_path / "a.geojson"))
    np.testing.assert_array_equal(panel.session.display.picked, picked)


def test_a_line_that_crosses_itself_picks_the_same_when_read(
    panel: RegionsPanel, tmp_path: Path
) -> None:
    places = panel.scene.places
    angle = np.arange(5) * 4 * np.pi / 5  # a star
    middle, size = places.points.mean(axis=0), np.ptp(places.points, axis=0) / 2
    star = middle + size * np.column_stack([np.cos(angle), np.sin(angle)])
    panel.scene.picks.pick_within(places, star)
    picked = panel.session.display.picked.copy()
    until_done(panel.save(tmp_path / "a.geojson"))
    until_done(panel.read(tmp_path / "a.geojson"))
    np.testing.assert_array_equal(panel.session.display.picked, picked)


def test_without_a_pick_the_groups_that_are_shown_are_written(
    panel: RegionsPanel, tmp_path: Path
) -> None:
    assert "colour by a column of groups" in panel.now.no_saving
    panel.session.display.column = "domain"
    assert panel.now.no_saving == "" and "each group of “domain”" in panel.now.save_help
    assert panel.file_name == "domain.geojson"
    until_done(panel.save(tmp_path / "a.geojson"))
    names = {region.name for region in read_regions(tmp_path / "a.geojson").found}
    assert names == set(panel.session.adata.obs["domain"])


def test_in_microns_a_file_is_as_large_as_the_tissue(panel: RegionsPanel, tmp_path: Path) -> None:
    draw(panel, -0.1, 0.5)
    assert panel.now.unit is not None
    panel.choose_unit(MICRONS)
    until_done(panel.save(tmp_path / "a.geojson"))
    area = read_regions(tmp_path / "a.geojson").found[0].area
    right = area.bounds[2]
    assert right == pytest.approx(panel.scene.places.points[:, 1].max() + 1, abs=0.01)
    assert json.loads((tmp_path / "a.geojson").read_text())["unit"] == MICRONS
    panel.choose_unit("")
    until_done(panel.read(tmp_path / "a.geojson"))  # the file says what it is in
    assert panel.now.outcome.tone == "good"


def test_what_is_wrong_is_said_and_nothing_is_changed(panel: RegionsPanel, tmp_path: Path) -> None:
    before = list(panel.session.adata.obs.columns)
    until_done(panel.read(tmp_path / "none.geojson"))
    assert "no such file" in panel.now.outcome.text
    far = write_regions(tmp_path / "far.geojson", [Region("a", box(-9, -9, -8, -8))])
    until_done(panel.read(far))
    assert panel.now.outcome.tone == "error" and "x -9 to -8" in panel.now.outcome.text
    draw(panel, -0.1, 0.3)
    until_done(panel.save(tmp_path / "missing" / "a.geojson"))
    assert "folder is missing" in panel.now.outcome.text
    assert list(panel.session.adata.obs.columns) == before


def test_a_second_file_gets_a_column_of_its_own(panel: RegionsPanel, tmp_path: Path) -> None:
    x, y = panel.session.adata.obsm["spatial"][0]
    near = Polygon([(x - 9, y - 9), (x + 9, y - 9), (x + 9, y + 9), (x - 9, y + 9)])
    for name in ("one", "two"):
        path = write_regions(tmp_path / f"{name}.geojson", [Region(name, near)])
        until_done(panel.read(path))
    obs = panel.session.adata.obs
    assert set(obs["regions"]) == {"one", "other"} and set(obs["regions_2"]) == {"two", "other"}


def test_without_places_nothing_can_be_read_or_written(session: Session, section: AnnData) -> None:
    del section.obsm["spatial"]
    session.open(section)
    panel = RegionsPanel(Scene(session))
    assert "no places on a tissue" in panel.now.no_reading
    assert "no places on a tissue" in panel.now.no_saving


def test_of_two_sections_each_keeps_what_was_drawn_on_it_alone(
    session: Session, section: AnnData, tmp_path: Path
) -> None:
    both = ad.concat({"a": section, "b": section}, label="library_id", index_unique="-")
    session.open(both)
    panel = RegionsPanel(Scene(session))
    for name in ("a", "b"):
        session.display.section = name
        draw(panel, -0.1, 0.3)
    draw(panel, -0.1, 0.5)  # anew on b; what is picked on a stays
    picked = session.display.picked.copy()
    assert 0 < picked[:134].sum() < picked[134:].sum()
    until_done(panel.save(tmp_path / "a.geojson"))
    found = read_regions(tmp_path / "a.geojson").found
    assert sorted(region.section for region in found) == ["a", "b"]
    session.display.section = ""
    panel.scene.picks.clear()
    until_done(panel.read(tmp_path / "a.geojson"))
    np.testing.assert_array_equal(session.display.picked, picked)


def test_what_is_saved_is_what_was_picked_when_saving_began(
    panel: RegionsPanel, tmp_path: Path
) -> None:
    draw(panel, -0.1, 0.3)
    picked = panel.session.display.picked.copy()
    job = panel.save(tmp_path / "a.geojson")
    draw(panel, 0.7, 1.1)
    until_done(job)
    until_done(panel.read(tmp_path / "a.geojson"))
    np.testing.assert_array_equal(panel.session.display.picked, picked)
