"""The layers on the canvas: where they lie, in which colours, and when they are others."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from anndata import AnnData
from napari.layers import Image, Points
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from scipy.spatial import cKDTree

from napari_stimpute.panels.legend import HIDE, RECOLOUR
from napari_stimpute.plugin.canvas import spots
from napari_stimpute.plugin.canvas.spots import colour_bar_of, paint
from napari_stimpute.plugin.canvas.view import SpotsView
from napari_stimpute.plugin.panel import StimputePanel
from napari_stimpute.scene.colours import DIVERGING, colours_of_values, table
from napari_stimpute.scene.shown import Style, Values
from napari_stimpute.session.contents import COUNTS

from ..judged import give_runs
from .limits import limits_of


def test_spots_lie_on_the_image_at_their_true_size(canvas: SpotsView) -> None:
    layer, session = canvas.layer, canvas.session
    assert isinstance(layer, Points)
    microns = session.contents.layout.microns_per_unit  # the section is known to be Visium
    np.testing.assert_allclose(layer.data, session.adata.obsm["spatial"][:, ::-1] * microns)
    np.testing.assert_allclose(layer.size, session.contents.layout.spot_diameter * microns)
    (image,) = canvas.stage.images
    np.testing.assert_allclose(image.scale, microns / session.contents.layout.images[0].scale)
    # one pixel of the image per (row, column) = (y, x) · scale: every spot lies within it
    places = np.array([image.world_to_data(p) for p in layer.data])
    assert (places >= 0).all()
    assert (places < image.data.shape[:2]).all()


def test_spots_as_pale_as_the_tissue_are_outlined_where_they_have_a_value(
    canvas: SpotsView,
) -> None:
    layer, values = canvas.layer, np.linspace(-1, 1, canvas.session.adata.n_obs)
    values[:3] = np.nan
    shown = Values(values.astype(np.float32), (-1, 1), DIVERGING, "Change", is_pale=True)
    paint(layer, shown, Style(canvas.scene.places.diameter))
    assert np.flatnonzero(layer.border_width == 0).tolist() == [0, 1, 2]
    picked = np.arange(len(values)) < 5
    paint(layer, replace(shown, picked=picked), Style(canvas.scene.places.diameter))
    assert np.flatnonzero(layer.border_width).tolist() == [3, 4]


@pytest.mark.parametrize("most", [50_000, 10])
def test_a_spot_without_a_place_is_not_drawn_and_the_others_are(
    canvas: SpotsView, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(spots, "MOST_POINTS", most)
    adata = canvas.session.adata.copy()
    where = canvas.scene.places.points.copy()
    adata.obsm["spatial"][3] = np.nan
    canvas.session.open(adata)
    layer = canvas.layer
    if isinstance(layer, Points):
        assert np.flatnonzero(~layer.shown).tolist() == [3]
        assert not layer.face_color[3, 3] and not layer.border_width[3]  # napari draws it too
    assert np.isfinite(layer.extent.world).all()
    assert canvas.stage.spot_at(where[3]) == -1
    assert canvas.stage.spot_at(where[7]) == 7


def test_it_is_said_that_spots_share_pixels_until_one_zooms_in(
    canvas: SpotsView, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, viewer = canvas.session, canvas.viewer
    text = viewer.canvas.overlays.text
    viewer.scene.camera.zoom = 0.5 / canvas.scene.places.diameter
    assert "in each pixel" not in text.text  # points are drawn one by one
    monkeypatch.setattr(spots, "MOST_POINTS", 10)
    session.open(session.adata.copy())
    viewer.scene.camera.zoom = 0.5 / canvas.scene.places.diameter
    assert text.text.endswith("mean of the spots in each pixel")
    session.display.column = "domain"
    assert text.text.endswith("what most spots in each pixel are")
    viewer.scene.camera.zoom = 3 / canvas.scene.places.diameter
    assert "in each pixel" not in text.text


def test_choosing_a_gene_recolours_the_same_layer_and_is_announced_once(canvas: SpotsView) -> None:
    layer, session, heard = canvas.layer, canvas.session, Counter[str]()
    canvas.changed.connect(lambda shown: heard.update([shown.headline or shown.title]))
    gene = next(
        g
        for g in session.contents.genes
        if session.expression(g).std() > 0 and g != session.display.gene
    )
    session.display.show_gene(gene)
    assert canvas.layer is layer
    expected = colours_of_values(session.expression(), session.limits(), "viridis")
    np.testing.assert_allclose(layer.face_color, expected, atol=1e-6)
    assert heard == {f"{gene} · Soft": 1}


def test_the_colour_bar_shows_the_limits_and_colours_of_the_canvas(canvas: SpotsView) -> None:
    session = canvas.session
    session.display.source = "soft"
    session.display.percentiles, session.display.colormap = (0, 60), "magma"
    limits = session.limits(high=60)
    assert limits[1] < session.limits()[1]
    assert limits_of(canvas.layer) == pytest.approx(limits)
    assert colour_bar_of(canvas.layer).visible
    np.testing.assert_allclose(canvas.layer.face_colormap.colors, table("magma"))


def test_categories_take_the_palette_of_the_data(canvas: SpotsView) -> None:
    session = canvas.session
    session.display.column = "domain"
    assert not colour_bar_of(canvas.layer).visible
    stored = session.adata.uns["domain_colors"][0]
    names = session.adata.obs["domain"].cat.categories
    of_first = np.asarray(session.adata.obs["domain"] == names[0])
    first = np.asarray(canvas.layer.face_color)[of_first][0]
    np.testing.assert_allclose(first[:3], [int(stored[i : i + 2], 16) / 255 for i in (1, 3, 5)])


def test_the_legend_shows_what_the_canvas_shows(opened: StimputePanel) -> None:
    legend, session = opened.genes.legend, opened.session
    session.display.percentiles = (0, 60)
    assert legend.bar.limits == pytest.approx(limits_of(opened.view.layer))
    session.display.column = "domain"
    assert legend.swatches.names == list(session.adata.obs["domain"].cat.categories)


def test_a_column_of_numbers_has_a_bar_and_a_caption(opened: StimputePanel) -> None:
    session, legend = opened.session, opened.genes.legend
    session.write_column("pseudotime", np.linspace(-3, 5, session.adata.n_obs, dtype=np.float32))
    session.display.column = "pseudotime"
    assert legend.bar.isVisibleTo(opened) and legend.bar.title == opened.view.shown.caption
    assert "pseudotime" in opened.view.shown.caption
    assert legend.bar.limits == pytest.approx(limits_of(opened.view.layer))
    assert legend.bar.limits[0] == pytest.approx(-3)


@pytest.mark.parametrize("n", [4, 60])
def test_the_legend_stays_in_sight_on_every_tab_however_long_it_is(
    opened: StimputePanel, n: int
) -> None:
    session = opened.session
    many = [f"type {i % n}" for i in range(session.adata.n_obs)]
    session.adata.obs["many"] = many
    session.display.column = "many"
    opened.resize(390, 600)
    for tab in range(opened.tabs.count()):
        opened.tabs.setCurrentIndex(tab)
        assert opened.genes.legend.isVisibleTo(opened)
    legend = opened.genes.legend
    assert len(legend.swatches.names) == n
    needed = legend.swatches.sizeHint().height()
    assert needed <= legend.height() <= needed + 4 if n == 4 else legend.height() == 170


def test_a_removed_layer_comes_back_with_the_next_gene(canvas: SpotsView) -> None:
    layers = canvas.viewer.layers
    layers.remove(canvas.layer)
    canvas.session.display.gene = canvas.session.contents.genes[3]
    assert canvas.layer in layers


def test_opening_other_data_replaces_the_layers(canvas: SpotsView, section: AnnData) -> None:
    viewer = canvas.viewer
    mine = viewer.add_points(np.zeros((1, 2)), name="my own")
    canvas.session.open(section[:60].copy())
    assert [layer.name for layer in viewer.layers] == ["my own", "Tissue image", "Spots"]
    assert mine in viewer.layers
    assert len(canvas.layer.data) == 60


def test_side_by_side_shows_counts_and_imputed_and_goes_away(canvas: SpotsView) -> None:
    viewer = canvas.viewer
    canvas.session.display.source = "soft"
    before = len(viewer.layers)
    canvas.set_mode("side by side")
    left, right = canvas.layer, canvas.stage.second
    assert viewer.canvas.grid.enabled
    assert "Counts" in left.name
    assert "Soft" in right.name
    assert limits_of(left) == pytest.approx(limits_of(right))
    assert not np.allclose(left.face_color, right.face_color)
    imputed = np.asarray(right.face_color)
    canvas.set_mode("one map")
    assert not viewer.canvas.grid.enabled
    np.testing.assert_array_equal(canvas.layer.face_color, imputed)
    assert "Soft" in viewer.canvas.overlays.text.text
    assert len(viewer.layers) == before


def test_opacity_is_that_of_all_maps(canvas: SpotsView) -> None:
    canvas.set_mode("side by side")
    canvas.stage.set_opacity(0.4)
    assert canvas.layer.opacity == canvas.stage.second.opacity == 0.4
    canvas.set_mode("wipe")
    assert canvas.stage.second.opacity == 0.4


def test_many_spots_are_drawn_as_one_picture(
    view: SpotsView, section: AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spots, "MOST_POINTS", 100)
    session = view.session
    session.open(section)
    layer = view.layer
    assert isinstance(layer, Image)
    assert limits_of(layer) == pytest.approx(session.limits())
    assert layer.colorbar.visible
    picture = layer.data[0][:, :]
    seen = np.unique(picture[np.isfinite(picture)])
    assert set(seen) <= set(session.expression())
    y, x = view.scene.places.points[5]
    assert view.stage.spot_at((y, x)) == 5
    session.display.column = "domain"
    assert not layer.colorbar.visible


def test_the_spot_at_a_place_is_found_within_its_radius(canvas: SpotsView) -> None:
    y, x = canvas.scene.places.points[7]
    radius = canvas.scene.places.diameter / 2
    assert canvas.stage.spot_at((y, x + 0.9 * radius)) == 7
    assert canvas.stage.spot_at((y, x - 1e6)) == -1


def test_the_spot_under_the_mouse_is_described(opened: StimputePanel) -> None:
    opened.view.hovered.emit(7)
    text = opened.genes.spot.text()
    assert opened.session.adata.obs_names[7] in text
    assert "Counts" in text
    assert "domain" in text


def test_a_gene_that_was_not_modelled_shows_counts(opened: StimputePanel) -> None:
    session = opened.session
    session.open(session.adata, genes="hvg:20", counts="raw")
    give_runs(session.adata)
    session.look_again()
    session.display.source = "soft"
    left_out = next(g for g in session.contents.genes if not session.contents.is_modelled(g))
    session.display.gene = left_out
    assert "Counts" in opened.view.shown.caption
    assert opened.genes.source.currentData() == COUNTS


def test_the_image_is_dimmed_to_paper_and_a_scale_bar_tells_micrometres(canvas: SpotsView) -> None:
    (image,), display = canvas.stage.images, canvas.session.display
    assert image.opacity == pytest.approx(0.35)
    assert canvas.viewer.canvas.background_color[:3].tolist() == [1, 1, 1]  # under a light image
    display.image_opacity = 0.8
    assert image.opacity == pytest.approx(0.8)
    assert canvas.viewer.canvas.overlays.scale_bar.visible
    assert {str(unit) for unit in canvas.viewer.layers.units} == {"micrometer"}
    spacing = cKDTree(canvas.layer.data).query(canvas.layer.data, 2)[0][:, 1]
    assert np.median(spacing) == pytest.approx(100, rel=0.01)  # Visium, from centre to centre


def test_without_a_known_scale_or_an_image_there_is_no_scale_bar_and_no_paper(
    canvas: SpotsView,
) -> None:
    cells = canvas.session.adata.copy()
    del cells.uns["spatial"]
    cells.obsm["spatial"] = np.random.default_rng(0).uniform(0, 900, (cells.n_obs, 2))
    canvas.session.open(cells)
    assert not canvas.viewer.canvas.overlays.scale_bar.visible
    assert canvas.viewer.canvas.background_color_override is None


def test_spots_have_the_size_and_outline_that_is_wanted(canvas: SpotsView) -> None:
    display, diameter = canvas.session.display, canvas.scene.places.diameter
    display.spot_size, display.outline = 0.5, 0.2
    assert canvas.layer.size[0] == pytest.approx(diameter / 2)
    assert canvas.layer.border_width[0] == pytest.approx(0.2)
    canvas.scene.picks.pick(np.arange(canvas.session.adata.n_obs) < 4)
    assert canvas.layer.border_width[0] == 0  # an outline would bring back what is to recede
    others = np.asarray(canvas.layer.face_color)[4:]
    assert (others[:, 3] == 1).all() and others[:, :3].min() > 0.6  # light, and not into the tissue


def test_the_panel_sets_how_spots_and_image_are_drawn(opened: StimputePanel) -> None:
    look, display = opened.genes.look, opened.session.display
    look.diameter.setValue(150)
    look.outline.setValue(5)
    look.image.setValue(60)
    assert (display.spot_size, display.outline, display.image_opacity) == (1.5, 0.05, 0.6)
    display.image_opacity = 0.2  # for example in a notebook
    assert look.image.value() == 20 and look.image.isEnabled()


def test_a_click_in_the_legend_shows_a_group_alone_and_ctrl_click_hides_it(
    opened: StimputePanel, qtbot: QtBot
) -> None:
    session, swatches = opened.session, opened.genes.legend.swatches
    session.display.column = "domain"
    groups = np.asarray(session.adata.obs["domain"])
    first = swatches.entries[0]
    counted = int((groups == swatches.names[0]).sum())
    assert first.accessibleName() == f"{swatches.names[0]}: {counted} spots"
    qtbot.keyClick(first, Qt.Key.Key_Space)
    np.testing.assert_array_equal(opened.view.layer.shown, groups == swatches.names[0])
    assert swatches.all.isVisibleTo(opened) and "hidden" in swatches.entries[1].accessibleName()
    swatches.all.click()
    assert opened.view.layer.shown.all()
    menu = {action.text(): action for action in first.menu().actions()}
    menu[HIDE].trigger()
    np.testing.assert_array_equal(opened.view.layer.shown, groups != swatches.names[0])
    assert menu[RECOLOUR].isEnabled()


def test_spots_of_a_few_pixels_have_no_outline(canvas: SpotsView) -> None:
    canvas.session.display.column = "domain"
    camera, layer, outline = canvas.viewer.scene.camera, canvas.layer, canvas.scene.style.outline
    diameter = canvas.scene.style.diameter
    for pixels, expected in ((20, outline), (3, 0.0), (20, outline)):
        camera.zoom = pixels / diameter
        np.testing.assert_allclose(layer.border_width, expected, rtol=1e-6)
    assert outline > 0
