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
from napari_stimpute.scene.maps import MapOf
from napari_stimpute.session.contents import COUNTS

UMAP = keys.space(COUNTS, "umap")

pytestmark = pytest.mark.usefixtures("drawn")


@pytest.fixture
def cells(section: AnnData) -> AnnData:
    """The section without coordinates and image."""
    del section.obsm["spatial"], section.uns["spatial"]
    return section


def on_canvas(panel: StimputePanel, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: panel.view.layer is not None, timeout=20_000)


def test_cells_without_coordinates_are_drawn_on_a_map_by_themselves(
    panel: StimputePanel, cells: AnnData, qtbot: QtBot
) -> None:
    panel.session.open(cells)
    sentence = panel.view.viewer.canvas.overlays.text.text
    assert "have no coordinates" in sentence
    assert "the UMAP of the counts is being drawn" in sentence
    assert "being drawn" in panel.genes.legend.nothing.text()
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


def cells_of(panel: StimputePanel) -> AnnData:
    assert panel.session.adata is not None
    return panel.session.adata


def test_a_dropped_file_without_coordinates_is_taken_by_the_viewer(
    viewer: Any, cells: AnnData, tmp_path: Path, qtbot: QtBot
) -> None:
    cells.write_h5ad(tmp_path / "cells.h5ad")
    viewer.open(tmp_path / "cells.h5ad", plugin="napari-stimpute")
    assert session_of(viewer).adata.n_obs == cells.n_obs
    qtbot.waitUntil(lambda: "Cells" in [layer.name for layer in viewer.layers], timeout=20_000)


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
