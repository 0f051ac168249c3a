"""Several sections in one file: apart on the canvas, with all that can be done there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from anndata import AnnData
from napari.layers import Image
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_stimpute import keys
from napari_stimpute.data.results import Results, write_results
from napari_stimpute.plugin import view_of
from napari_stimpute.plugin.canvas import spots
from napari_stimpute.plugin.canvas.spots import mark_of
from napari_stimpute.plugin.canvas.view import SpotsView
from napari_stimpute.plugin.panel import StimputePanel
from napari_stimpute.plugin.reader import read_layers
from napari_stimpute.scene.figure import gene_figure, pair_figure
from napari_stimpute.scene.picks import within

from ..overlaid import hexagonal, overlaid
from ..records import record_of

N = len(hexagonal())


@pytest.fixture
def both() -> AnnData:
    """Two sections, with a run whose values are twice the counts."""
    adata = overlaid()
    imputed = 2 * adata.X.toarray()
    write_results(adata, Results(record_of("mixture", adata.shape), imputed))
    return adata


@pytest.fixture
def view(view: SpotsView, both: AnnData) -> SpotsView:
    """They are on the canvas, with their counts."""
    view.session.open(both)
    return view


def of_role(view: SpotsView, role: str) -> list[Any]:
    marks = [(layer, mark_of(layer)) for layer in view.viewer.layers]
    return [layer for layer, mark in marks if mark is not None and mark.role == role]


@pytest.mark.parametrize("most", [50_000, 10], ids=["points", "picture"])
def test_each_section_lies_on_its_own_image_and_under_its_name(
    view: SpotsView, both: AnnData, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(spots, "MOST_POINTS", most)
    view.session.open(both.copy())
    places = view.scene.places.points
    images = of_role(view, "image")
    assert [image.name for image in images] == [
        "Tissue image, B (hires)",
        "Tissue image, A (hires)",
    ]
    for image, own, colour in zip(images, (places[:N], places[N:]), (180, 220), strict=True):
        at = np.array([image.world_to_data(place) for place in own])
        assert ((at >= 0) & (at < image.data.shape[:2])).all()
        assert image.data[0, 0, 0] == colour
    (titles,) = of_role(view, "titles")
    assert list(titles.features["title"]) == ["B", "A"]
    assert isinstance(view.layer, Image) == (most == 10)


def test_the_mouse_finds_the_spot_of_each_section(view: SpotsView) -> None:
    places = view.scene.places.points
    assert [view.stage.spot_at(places[i]) for i in (3, N + 3)] == [3, N + 3]


def test_what_is_drawn_around_one_section_picks_none_of_the_other(view: SpotsView) -> None:
    places, diameter = view.scene.places.points, view.scene.places.diameter
    low, high = places[N:].min(axis=0) - diameter, places[N:].max(axis=0) + diameter
    outline = np.array([low, (low[0], high[1]), high, (high[0], low[1])])
    view.lasso.picks.pick(within(places, outline))
    assert np.array_equal(view.session.display.picked, np.repeat([False, True], N))


def test_side_by_side_both_halves_have_all_images(view: SpotsView) -> None:
    view.session.display.source = "mixture"
    view.set_mode("side by side")
    assert len(of_role(view, "image")) == 4 and len(of_role(view, "titles")) == 2
    grid = view.viewer.canvas.grid
    assert (grid.stride, grid.shape) == (4, (1, 2))
    assert len(view.viewer.layers) == 8
    np.testing.assert_array_equal(view.stage.second.data, view.layer.data)
    view.set_mode("one map")
    assert len(of_role(view, "image")) == 2 and len(of_role(view, "titles")) == 1


def test_the_divider_crosses_both_sections(view: SpotsView) -> None:
    view.session.display.source = "mixture"
    view.set_mode("wipe")
    places = view.scene.places.points
    frame = view.stage.divider
    assert frame is not None and view.wipe.is_split
    assert places[:N, 1].max() < view.wipe.x < places[N:, 1].min()


def test_figures_have_the_sections_apart_with_image_and_name(view: SpotsView) -> None:
    view.session.display.source = "mixture"
    divider = float(view.scene.places.points[0, 1])
    for figure in (gene_figure(view.scene).draw(), pair_figure(view.scene, divider)):
        axes = figure.axes[0]
        assert len(axes.images) == 2
        assert {"B", "A"} <= {text.get_text() for text in axes.texts}
        (offsets,) = [c.get_offsets() for c in axes.collections if len(c.get_offsets()) == 2 * N]
        assert np.ptp(np.asarray(offsets)[:, 0]) > 2 * np.ptp(hexagonal()[:, 0])


def test_a_file_that_is_dropped_has_them_too(both: AnnData, tmp_path: Path) -> None:
    both.write_h5ad(tmp_path / "both.h5ad")
    layers = read_layers(str(tmp_path / "both.h5ad"))
    assert [kind for _, _, kind in layers] == ["image", "image", "points", "points"]


def in_sight(view: SpotsView, role: str) -> list[Any]:
    return [layer for layer in of_role(view, role) if layer.visible]


@pytest.mark.parametrize("mode", ["one map", "side by side", "wipe"])
def test_a_section_alone_has_its_image_and_the_mode_stays(view: SpotsView, mode: Any) -> None:
    view.session.display.source = "mixture"
    view.set_mode(mode)
    zoom = view.viewer.scene.camera.zoom
    view.session.display.section = "A"
    assert view.mode == mode and view.viewer.scene.camera.zoom > zoom
    images = in_sight(view, "image")
    assert len(images) == (2 if mode == "side by side" else 1)
    assert {int(image.data[0, 0, 0]) for image in images} == {220}
    (titles, *_more) = of_role(view, "titles")
    assert list(titles.features["title"]) == ["", "A"]
    drawn = (view.layer.face_color[:, 3] > 0) | (view.layer.border_width > 0)
    assert np.array_equal(drawn, np.repeat([False, True], N))
    places = view.scene.places.points
    assert view.stage.spot_at(places[N + 3]) == N + 3
    np.testing.assert_allclose(view.layer.data[N:], places[N:])
    view.session.display.section = ""
    assert view.mode == mode and (view.layer.face_color[:, 3] > 0).all()
    assert list(titles.features["title"]) == ["B", "A"]
    assert view.viewer.scene.camera.zoom == pytest.approx(zoom, rel=0.05)
    assert len(in_sight(view, "image")) == len(of_role(view, "image"))


def test_home_fits_the_section_that_is_shown_alone(view: SpotsView) -> None:
    view.session.display.section = "A"
    camera = view.viewer.scene.camera
    zoom, camera.zoom = camera.zoom, 0.01
    view.viewer.reset_view()
    assert camera.zoom == pytest.approx(zoom)


def test_a_picture_of_many_spots_shows_a_section_alone_too(
    view: SpotsView, both: AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spots, "MOST_POINTS", 10)
    view.session.open(both.copy())
    before = view.layer.extent.world
    view.session.display.section = "A"
    assert isinstance(view.layer, Image)
    left = view.layer.extent.world[0, 1]
    assert left > before[:, 1].mean() and len(in_sight(view, "image")) == 1
    view.session.display.section = ""
    np.testing.assert_allclose(view.layer.extent.world, before)


def test_the_menu_stands_for_several_sections_alone(
    panel: StimputePanel, both: AnnData, section: AnnData
) -> None:
    box = panel.genes.section
    panel.session.open(section)
    assert box.isHidden()
    panel.session.open(both)
    assert not box.isHidden() and box.grid.isChecked()
    box.grid.click()
    assert box.menu.currentText() == "B (64 spots)" and not box.grid.isChecked()
    QTest.keyClick(box.menu, Qt.Key.Key_Down)
    assert panel.session.display.section == "A"
    box.grid.click()
    assert panel.session.display.section == ""


def test_what_is_seen_is_where_it_should_be(make_viewer: Callable[..., Any], both: AnnData) -> None:
    view = view_of(make_viewer(show=True))  # a window of its own: pixels are looked at
    view.session.open(both)
    QApplication.processEvents()
    picture = view.viewer.screenshot(canvas_only=True, flash=False)
    camera, middle = view.viewer.scene.camera, np.array(picture.shape[:2]) / 2
    for image, colour in zip(view.stage.images, (180, 220), strict=True):
        edge = np.asarray(image.data_to_world((image.data.shape[0] // 2, 6)))  # left of all spots
        row, column = np.floor((edge - camera.center[-2:]) * camera.zoom + middle).astype(int)
        share = view.session.display.image_opacity
        ground = 255 if view.scene.ground else 0
        expected = share * colour + (1 - share) * ground
        assert abs(int(picture[row, column, 0]) - expected) < 12


@pytest.mark.parametrize("most_points", [spots.MOST_POINTS, 10])
def test_a_section_without_places_is_drawn_as_none(
    view: SpotsView, both: AnnData, most_points: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spots, "MOST_POINTS", most_points)
    lost = both.copy()
    lost.uns[keys.SECTIONS] = "library_id"
    lost.obsm["spatial"][lost.obs["library_id"] == "B"] = np.nan
    view.session.open(lost)
    view.session.display.section = "B"
    (layer,) = of_role(view, "spots")
    assert np.isfinite(layer.extent.world).all() and np.isfinite(view.viewer.camera.center).all()
    view.session.display.section = "A"
    assert np.isfinite(view.viewer.camera.zoom)
