from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from napari.layers import Image, Points

from napari_stimpute.plugin.canvas import spots
from napari_stimpute.plugin.canvas.spots import colour_bar_of, limits_of
from napari_stimpute.plugin.panel import StimputePanel
from napari_stimpute.scene.colours import colours_of_values
from napari_stimpute.session.contents import COUNTS, LOG


def viewer_of(panel: StimputePanel) -> Any:
    return panel.view.viewer


def test_spots_lie_on_the_image_at_their_true_size(opened: StimputePanel) -> None:
    layer, session = opened.view.layer, opened.session
    assert isinstance(layer, Points)
    np.testing.assert_allclose(layer.data, session.adata.obsm["spatial"][:, ::-1])
    np.testing.assert_allclose(layer.size, session.contents.spot_diameter)
    image = opened.view.stage.image
    np.testing.assert_allclose(image.scale, 1 / session.contents.image.scale)
    # one pixel of the image per (row, column) = (y, x) · scale: every spot lies within it
    places = np.array([image.world_to_data(p) for p in layer.data])
    assert (places >= 0).all()
    assert (places < image.data.shape[:2]).all()


def test_choosing_a_gene_recolours_the_same_layer(opened: StimputePanel) -> None:
    view, session = opened.view, opened.session
    layer = view.layer
    gene = next(
        g
        for g in session.contents.genes
        if session.expression(g).std() > 0 and g != session.display.gene
    )
    session.display.gene = gene
    expected = colours_of_values(session.expression(), session.limits(), "viridis")
    assert view.layer is layer
    np.testing.assert_allclose(layer.face_color, expected, atol=1e-6)


@pytest.mark.parametrize("source", [COUNTS, LOG, "gene_mean"])
def test_colour_bars_show_the_limits_of_the_canvas(opened: StimputePanel, source: str) -> None:
    opened.session.train("gene_mean").wait(60)
    opened.session.display.source = source
    limits = opened.session.limits()
    assert opened.genes.legend.bar.limits == pytest.approx(limits)
    assert limits_of(opened.view.layer) == pytest.approx(limits)
    assert colour_bar_of(opened.view.layer).visible
    assert opened.view.layer.face_colormap.name == opened.session.display.colormap


def test_counts_and_imputed_share_one_scale(opened: StimputePanel) -> None:
    opened.session.train("pca").wait(60)
    imputed = limits_of(opened.view.layer)
    opened.session.display.source = COUNTS
    assert limits_of(opened.view.layer) == pytest.approx(imputed)


def test_percentiles_move_the_limits_of_canvas_and_bar(opened: StimputePanel) -> None:
    before = limits_of(opened.view.layer)
    opened.genes.high.setValue(60)
    after = limits_of(opened.view.layer)
    assert after[1] < before[1]
    assert opened.genes.legend.bar.limits == pytest.approx(after)


def test_a_sparse_gene_is_never_blank(opened: StimputePanel) -> None:
    session = opened.session
    means = {g: session.expression(g).mean() for g in session.contents.genes}
    sparse = min((g for g in means if means[g] > 0), key=means.__getitem__)
    session.display.gene = sparse
    colours = np.unique(np.asarray(opened.view.layer.face_color), axis=0)
    assert len(colours) > 1


def test_categories_take_the_palette_of_the_data(opened: StimputePanel) -> None:
    session = opened.session
    session.display.column = "domain"
    names = list(session.adata.obs["domain"].cat.categories)
    assert opened.genes.legend.swatches.names == names
    assert not colour_bar_of(opened.view.layer).visible
    stored = session.adata.uns["domain_colors"][0]
    of_first = np.asarray(session.adata.obs["domain"] == names[0])
    first = np.asarray(opened.view.layer.face_color)[of_first][0]
    np.testing.assert_allclose(first[:3], [int(stored[i : i + 2], 16) / 255 for i in (1, 3, 5)])


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


def test_a_gene_that_was_not_modelled_shows_counts(opened: StimputePanel) -> None:
    session = opened.session
    session.open(session.adata, genes="hvg:20", counts="raw")
    session.train("gene_mean").wait(60)
    left_out = next(g for g in session.contents.genes if not session.contents.is_modelled(g))
    session.display.gene = left_out
    assert "Counts" in opened.view.shown.caption
    assert opened.genes.source.currentData() == COUNTS


def test_a_removed_layer_comes_back_with_the_next_gene(opened: StimputePanel) -> None:
    viewer = viewer_of(opened)
    viewer.layers.remove(opened.view.layer)
    opened.session.display.gene = opened.session.contents.genes[3]
    assert opened.view.layer in viewer.layers


def test_opening_other_data_replaces_the_layers(opened: StimputePanel, section: Any) -> None:
    viewer = viewer_of(opened)
    mine = viewer.add_points(np.zeros((1, 2)), name="my own")
    opened.session.open(section[:60].copy())
    assert [layer.name for layer in viewer.layers] == ["my own", "Tissue image", "Spots"]
    assert mine in viewer.layers
    assert len(opened.view.layer.data) == 60


def test_side_by_side_shows_counts_and_imputed_and_goes_away(opened: StimputePanel) -> None:
    opened.session.train("pca").wait(60)
    viewer, view = viewer_of(opened), opened.view
    before = len(viewer.layers)
    opened.genes.both.setChecked(True)
    left, right = view.layer, view.stage.second
    assert viewer.canvas.grid.enabled
    assert "Counts" in left.name
    assert "PCA" in right.name
    assert limits_of(left) == pytest.approx(limits_of(right))
    assert not np.allclose(left.face_color, right.face_color)
    imputed = np.asarray(right.face_color)
    opened.genes.both.setChecked(False)
    assert not viewer.canvas.grid.enabled
    np.testing.assert_array_equal(view.layer.face_color, imputed)
    assert "PCA" in viewer.canvas.overlays.text.text
    assert len(viewer.layers) == before


def test_many_spots_are_drawn_as_one_picture(
    panel: StimputePanel, section: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spots, "MOST_POINTS", 100)
    panel.session.open(section)
    layer, session = panel.view.layer, panel.session
    assert isinstance(layer, Image)
    assert limits_of(layer) == pytest.approx(session.limits())
    assert layer.colorbar.visible
    seen = np.unique(layer.data[np.isfinite(layer.data)])
    assert set(seen) <= set(session.expression())
    y, x = session.adata.obsm["spatial"][5, ::-1]
    assert panel.view.stage.spot_at((y, x)) == 5
    session.display.column = "domain"
    assert not layer.colorbar.visible
    assert panel.genes.legend.swatches.names


def test_the_spot_under_the_mouse_is_described(opened: StimputePanel) -> None:
    opened.session.train("gene_mean").wait(60)
    x, y = opened.session.adata.obsm["spatial"][7]
    radius = opened.session.contents.spot_diameter / 2
    assert opened.view.stage.spot_at((y, x + 0.9 * radius)) == 7
    assert opened.view.stage.spot_at((y, x - 1e6)) == -1
    opened.view.hovered.emit(7)
    words = opened.genes.spot.text()
    assert opened.session.adata.obs_names[7] in words
    assert "imputed" in words
    assert "a second measurement" in words
    assert "domain" in words
