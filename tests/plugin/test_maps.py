"""Maps of the cells: which are drawn, and on the canvas of data without coordinates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from anndata import AnnData
from pytestqt.qtbot import QtBot

from napari_stimpute import keys
from napari_stimpute.plugin import session_of
from napari_stimpute.plugin.panel import StimputePanel
from napari_stimpute.scene.maps import MAPPING, MapOf, Maps
from napari_stimpute.session.contents import COUNTS
from napari_stimpute.session.session import Session

UMAP = keys.space(COUNTS, "umap")

pytestmark = pytest.mark.usefixtures("drawn")


@pytest.fixture
def cells(section: AnnData) -> AnnData:
    """The section without coordinates and image."""
    del section.obsm["spatial"], section.uns["spatial"]
    return section


def on_canvas(panel: StimputePanel, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: panel.view.layer is not None, timeout=20_000)


# ---- the canvas of data without coordinates --------------------------------------------------


def test_cells_without_coordinates_are_drawn_on_a_map_by_themselves(
    panel: StimputePanel, cells: AnnData, qtbot: QtBot
) -> None:
    panel.session.open(cells)
    sentence = panel.view.viewer.canvas.overlays.text.text
    assert "obsm['spatial']" in sentence
    assert "the UMAP of the counts is being drawn" in sentence
    assert "being drawn" in panel.genes.legend._nothing.text()
    on_canvas(panel, qtbot)
    view, adata = panel.view, panel.session.adata
    layer, places = view.layer, adata.obsm[UMAP]
    # the map keeps its shape, and points up
    xy = np.column_stack([layer.data[:, 1], -layer.data[:, 0]])
    scale = np.ptp(xy[:, 0]) / np.ptp(places[:, 0])
    np.testing.assert_allclose(xy - xy[0], (places - places[0]) * scale, atol=0.01)
    assert view.stage.spot_at(layer.data[7]) == 7
    assert view.viewer.canvas.overlays.text.text.endswith("on the UMAP of the counts")
    assert [item.name for item in view.viewer.layers] == ["Cells"]
    assert layer.size[0] < np.ptp(layer.data[:, 0]) / 20


def test_a_map_that_is_stored_is_drawn_at_once(
    panel: StimputePanel, cells: AnnData, drawn: list[MapOf]
) -> None:
    cells.obsm[UMAP] = np.random.default_rng(1).normal(size=(cells.n_obs, 2))
    panel.session.open(cells)
    assert panel.view.layer is not None
    assert not drawn


def test_everything_works_on_the_map_as_on_the_tissue(
    panel: StimputePanel, cells: AnnData, qtbot: QtBot, tmp_path: Path
) -> None:
    panel.session.open(cells)
    on_canvas(panel, qtbot)
    panel.session.train("pca", blend=False, judged=False).wait(60)
    genes = panel.genes
    assert genes.wipe.on.isEnabled()
    genes.wipe.on.setChecked(True)
    assert panel.view.wipe.is_split
    job = genes.panel.save_wipe(tmp_path / "wipe.png", panel.view.wipe.x)
    assert job is not None
    job.wait(60)
    assert (tmp_path / "wipe.png").exists()
    genes.wipe.on.setChecked(False)
    genes.both.setChecked(True)
    np.testing.assert_array_equal(panel.view.stage.second.data, panel.view.layer.data)
    genes.both.setChecked(False)
    job = genes.panel.save_figure(tmp_path / "figure.png")
    assert job is not None
    job.wait(60)
    assert (tmp_path / "figure.png").exists()


def test_the_canvas_can_change_to_the_map_of_a_run(
    panel: StimputePanel, cells: AnnData, qtbot: QtBot
) -> None:
    panel.session.open(cells)
    on_canvas(panel, qtbot)
    panel.session.train("pca", blend=False, judged=False).wait(60)
    before = panel.view.layer.data.copy()
    chooser = panel.genes.map
    assert chooser.isVisibleTo(panel.genes)
    chooser.key.setCurrentIndex(chooser.key.findData("pca"))
    chooser.key.activated.emit(chooser.key.currentIndex())
    qtbot.waitUntil(lambda: keys.space("pca", "umap") in cells_of(panel).obsm, timeout=20_000)
    assert not np.allclose(panel.view.layer.data, before)
    assert "on the UMAP of PCA" in panel.view.viewer.canvas.overlays.text.text
    assert [item.name for item in panel.view.viewer.layers] == ["Cells"]


def test_a_map_that_was_stored_anew_is_drawn_anew(panel: StimputePanel, cells: AnnData) -> None:
    cells.obsm[UMAP] = np.random.default_rng(1).normal(size=(cells.n_obs, 2))
    panel.session.open(cells)
    layer, session = panel.view.layer, panel.session
    before = layer.data.copy()
    session.write_column("half", np.arange(cells.n_obs) % 2)
    assert panel.view.layer is layer
    cells_of(panel).obsm[UMAP] = np.random.default_rng(2).normal(size=(cells.n_obs, 2))
    session.look_again()
    assert not np.allclose(panel.view.layer.data, before)
    assert [item.name for item in panel.view.viewer.layers] == ["Cells"]


def test_the_map_of_a_run_that_is_trained_again_is_drawn_again(
    panel: StimputePanel, cells: AnnData, qtbot: QtBot, drawn: list[MapOf]
) -> None:
    session, view, of_run = panel.session, panel.view, MapOf(key="pca")
    on_map_of_a_run(panel, cells, qtbot)
    session.train("pca", blend=False, judged=False).wait(60)
    assert view.layer is None
    assert view.scene.places is None and "UMAP of PCA" in view.scene.no_map
    assert "is being drawn" in view.viewer.canvas.overlays.text.text
    on_canvas(panel, qtbot)
    assert drawn.count(of_run) == 2
    assert "on the UMAP of PCA" in view.viewer.canvas.overlays.text.text


def test_the_canvas_gets_its_map_also_if_another_one_is_asked_for(
    panel: StimputePanel, cells: AnnData, qtbot: QtBot, drawn: list[MapOf]
) -> None:
    on_map_of_a_run(panel, cells, qtbot)
    panel.session.train("pca", blend=False, judged=False).wait(60)
    panel.view.scene.maps.draw_soon(MapOf("pca", "pca"))  # as the dock does
    on_canvas(panel, qtbot)
    assert drawn[-2:] == [MapOf("pca", "pca"), MapOf("pca", "umap")]


def on_map_of_a_run(panel: StimputePanel, cells: AnnData, qtbot: QtBot) -> None:
    panel.session.open(cells)
    on_canvas(panel, qtbot)
    panel.session.train("pca", blend=False, judged=False).wait(60)
    panel.view.scene.show_map(MapOf(key="pca"))
    qtbot.waitUntil(lambda: keys.space("pca", "umap") in cells_of(panel).obsm, timeout=20_000)
    qtbot.waitUntil(lambda: not panel.session.is_busy, timeout=20_000)


def cells_of(panel: StimputePanel) -> AnnData:
    assert panel.session.adata is not None
    return panel.session.adata


def test_what_keeps_a_map_from_being_drawn_is_said_and_not_tried_again(
    panel: StimputePanel, cells: AnnData, qtbot: QtBot, drawn: list[MapOf]
) -> None:
    panel.session.open(cells[:4].copy())
    qtbot.waitUntil(lambda: bool(panel.view.scene.maps.problem), timeout=20_000)
    assert "five spots" in panel.genes.map.words.text()
    assert "five spots" in panel.view.scene.no_map
    panel.session.display.gene = panel.session.contents.genes[2]
    qtbot.wait(50)
    assert len(drawn) == 1
    assert panel.genes.map.button.isVisibleTo(panel.genes)


def test_a_map_waits_for_other_work_to_end(
    panel: StimputePanel, cells: AnnData, qtbot: QtBot
) -> None:
    panel.session.open(cells)
    panel.session.train("gene_mean", blend=False, judged=False).wait(60)
    on_canvas(panel, qtbot)
    assert panel.session.job.owner == MAPPING


def test_a_dropped_file_without_coordinates_is_taken_by_the_viewer(
    viewer: Any, cells: AnnData, tmp_path: Path, qtbot: QtBot
) -> None:
    cells.write_h5ad(tmp_path / "cells.h5ad")
    viewer.open(tmp_path / "cells.h5ad", plugin="napari-stimpute")
    assert session_of(viewer).adata.n_obs == cells.n_obs
    qtbot.waitUntil(lambda: "Cells" in [layer.name for layer in viewer.layers], timeout=20_000)


def test_on_tissue_no_map_is_drawn_unasked(
    opened: StimputePanel, qtbot: QtBot, drawn: list[MapOf]
) -> None:
    qtbot.wait(100)
    assert not drawn
    assert not opened.genes.map.isVisibleTo(opened.genes)


# ---- which maps are drawn by themselves ------------------------------------------------------


@pytest.mark.parametrize(("most", "expected"), [(10_000, 1), (20, 0)])
def test_only_small_data_are_drawn_by_themselves(
    section: AnnData, drawn: list[MapOf], most: int, expected: int
) -> None:
    session = Session()
    session.open(section)
    maps = Maps(session)
    maps.due.connect(maps.draw_wanted)
    for _ in range(2):
        maps.draw_soon(MapOf(), most=most)
        if session.job is not None:
            session.job.wait(60)
        assert len(drawn) == expected


def test_a_map_of_data_that_were_closed_meanwhile_is_dropped(section: AnnData) -> None:
    session = Session()
    session.open(section)
    maps, other = Maps(session), section[:60].copy()
    job = maps.draw(MapOf())
    assert job is not None
    session.adata = other
    job.wait(60)
    assert UMAP not in other.obsm


def test_the_title_names_the_map_that_is_drawn_until_another_one_is(
    panel: StimputePanel, cells: AnnData, qtbot: QtBot
) -> None:
    panel.session.open(cells)
    on_canvas(panel, qtbot)
    text = panel.view.viewer.canvas.overlays.text
    panel.view.scene.show_map(MapOf(kind="pca"))
    panel.session.display.gene = panel.session.contents.genes[3]
    assert text.text.endswith("on the UMAP of the counts")
    qtbot.waitUntil(lambda: text.text.endswith("on the PCA of the counts"), timeout=20_000)


def test_a_map_is_drawn_and_kept_in_the_data(
    section: AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # the real drawing
    session = Session()
    session.open(section)
    maps, choice = Maps(session), MapOf(kind="pca")
    job = maps.draw(choice)
    assert job is not None
    assert maps.waits_for(choice)
    job.wait(60)
    assert not maps.waits_for(choice)
    places = maps.find(choice)
    assert places is not None
    assert places.shape == (section.n_obs, 2)
    assert places.std() > 0
    assert keys.space(COUNTS, "pca") in session.adata.obsm  # type: ignore[union-attr]
