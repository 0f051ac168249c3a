"""The plugin as napari finds it: menu, reader, sample, drag and drop, and pixels."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from anndata import AnnData
from napari.utils._proxies import PublicOnlyProxy
from npe2 import PluginManifest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QMimeData, QPointF, Qt, QTimer, QUrl
from qtpy.QtGui import QDropEvent

from napari_stimpute.data import samples
from napari_stimpute.data.samples import SAMPLES
from napari_stimpute.errors import NotReadable
from napari_stimpute.plugin import attach, open_panel, sample, session_of
from napari_stimpute.plugin.canvas.spots import mark_of
from napari_stimpute.plugin.reader import get_reader
from napari_stimpute.session.session import Session

from ..formats import some_barcodes, some_counts, write_hd
from .hands import choose, until_idle

MakeViewer = Callable[..., Any]


@pytest.fixture
def path(section: AnnData, tmp_path: Path) -> Path:
    section.write_h5ad(tmp_path / "section.h5ad")
    return tmp_path / "section.h5ad"


def test_the_manifest_names_things_that_exist() -> None:
    from npe2 import PluginManifest

    manifest = PluginManifest.from_distribution("napari-stimpute")
    assert manifest.display_name == "stimpute"
    for command in manifest.contributions.commands or []:
        module, _, name = str(command.python_name).partition(":")
        assert callable(getattr(import_module(module), name))


def test_a_dropped_file_shows_at_once_and_the_panel_takes_it(
    make_viewer: MakeViewer, path: Path, qtbot: QtBot
) -> None:
    viewer = make_viewer()
    viewer.open(path, plugin="napari-stimpute")
    assert [layer.name for layer in viewer.layers] == ["Tissue image", "Spots"]
    qtbot.waitUntil(lambda: session_of(viewer).adata is not None, timeout=20_000)
    panel = open_panel(viewer)
    assert panel.view.layer in viewer.layers
    assert [layer.name for layer in viewer.layers] == ["Tissue image", "Spots"]
    assert "section.h5ad" in panel.data.card.text()


def test_a_file_is_dropped_on_the_canvas_with_the_mouse(
    make_viewer: MakeViewer, path: Path, qtbot: QtBot
) -> None:
    viewer = make_viewer()
    files = QMimeData()
    files.setUrls([QUrl.fromLocalFile(str(path))])
    drop = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        files,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    viewer.window._qt_viewer.dropEvent(drop)
    qtbot.waitUntil(lambda: session_of(viewer).adata is not None, timeout=20_000)
    assert [layer.name for layer in viewer.layers] == ["Tissue image", "Spots"]
    assert "section.h5ad" in open_panel(viewer).data.card.text()


def test_a_file_dropped_beside_an_open_panel_is_adopted(
    make_viewer: MakeViewer, path: Path, section: AnnData
) -> None:
    viewer = make_viewer()
    panel = open_panel(viewer)
    panel.session.open(section[:80].copy())
    viewer.open(path, plugin="napari-stimpute")
    assert panel.session.adata.n_obs == section.n_obs
    assert [layer.name for layer in viewer.layers] == ["Tissue image", "Spots"]
    assert mark_of(panel.view.layer).adata is panel.session.adata  # type: ignore[union-attr, arg-type]


def test_a_bad_file_that_is_dropped_is_explained_in_the_panel(
    make_viewer: MakeViewer, tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / "bad.h5ad").write_text("not a file of this kind")
    viewer = make_viewer()
    with pytest.raises(NotReadable):
        viewer.open(tmp_path / "bad.h5ad", plugin="napari-stimpute")
    assert "bad.h5ad" in open_panel(viewer).data.problem.text()


def test_what_a_dropped_folder_leaves_open_is_asked_in_the_panel(
    make_viewer: MakeViewer, qtbot: QtBot, tmp_path: Path
) -> None:
    viewer = make_viewer()
    viewer.open(write_hd(tmp_path / "hd", some_counts(), some_barcodes()), plugin="napari-stimpute")
    panel = open_panel(viewer)
    box = panel.data.asked
    assert not box.isHidden() and box.words.text() == "hd can be read in 3 ways."
    choose(box.menu, "16")
    box.open.click()
    until_idle(qtbot, panel)
    assert box.isHidden() and panel.session.adata.n_obs == 4
    reading = panel.data.reading["bin"]
    assert reading.currentData() == "16"
    assert len(viewer.layers) == 2  # the image, and the spots on it


def test_the_reader_leaves_other_files_alone(tmp_path: Path) -> None:
    assert get_reader(str(tmp_path / "image.tif")) is None
    assert get_reader([str(tmp_path / "a.h5ad"), str(tmp_path / "b.h5ad")]) is None


def test_the_sample_is_in_the_menu(make_viewer: MakeViewer, qtbot: QtBot) -> None:
    viewer = make_viewer()
    viewer.open_sample("napari-stimpute", "section")
    assert [layer.name for layer in viewer.layers] == ["Tissue image", "Spots"]
    qtbot.waitUntil(lambda: session_of(viewer).adata is not None, timeout=20_000)


def test_public_sections_are_in_the_menu_after_the_simulated_one() -> None:
    known = PluginManifest.from_distribution("napari-stimpute").contributions
    first, *others = known.sample_data or []
    assert first.key == "section"
    opens = [getattr(sample, other.key).args for other in others]
    assert opens == [(public.name,) for public in SAMPLES]


def test_a_public_section_of_the_menu_shows_in_the_panel_how_far_it_is(
    make_viewer: MakeViewer, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(samples, "BASE", "http://127.0.0.1:9")
    viewer = make_viewer()
    viewer.open_sample("napari-stimpute", "human_heart")
    data = open_panel(viewer).data
    assert data.sample.menu.currentText() == "Human heart (Visium, brightfield)"
    qtbot.waitUntil(lambda: "no connection" in data.sample.words.text(), timeout=20_000)
    assert len(viewer.layers) == 0


def test_panels_of_one_viewer_share_a_session(make_viewer: MakeViewer) -> None:
    viewer = make_viewer()
    assert session_of(PublicOnlyProxy(viewer)) is session_of(viewer)
    assert open_panel(viewer).session is session_of(viewer)
    assert open_panel(viewer) is open_panel(viewer)


def test_a_session_made_elsewhere_is_shown(make_viewer: MakeViewer, section: AnnData) -> None:
    session, viewer = Session(), make_viewer()
    session.open(section)
    session.train("gene_mean").wait(60)
    attach(viewer, session)
    panel = open_panel(viewer)
    assert panel.session is session
    assert "Gene mean" in panel.view.shown.caption


def test_a_spot_on_the_screen_has_the_colour_of_its_value(
    make_viewer: MakeViewer, section: AnnData, qtbot: QtBot
) -> None:
    viewer = make_viewer(show=True)
    panel = open_panel(viewer)
    panel.session.open(section)
    layer = panel.view.layer
    highest = int(np.argmax(panel.session.expression()))
    viewer.scene.camera.center = (0, *layer.data[highest])
    viewer.scene.camera.zoom = 0.5
    expected = np.asarray(layer.face_color)[highest, :3] * 255

    def is_drawn() -> None:
        screen = viewer.screenshot(canvas_only=True, flash=False)
        middle = screen[screen.shape[0] // 2, screen.shape[1] // 2, :3]
        np.testing.assert_allclose(middle, expected, atol=6)

    qtbot.waitUntil(is_drawn, timeout=20_000)
    assert "Counts" in viewer.canvas.overlays.text.text


def test_the_window_is_drawn_while_a_dropped_file_is_read(
    make_viewer: MakeViewer, tmp_path: Path
) -> None:
    cells = AnnData(sp.random(3_000, 800, 0.2, format="csr", random_state=0).ceil())
    cells.obsm["spatial"] = np.random.default_rng(0).uniform(0, 900, (3_000, 2))
    cells.write_h5ad(tmp_path / "cells.h5ad")
    viewer, turns = make_viewer(), []
    timer = QTimer()
    timer.timeout.connect(lambda: turns.append(len(viewer.layers)))
    timer.start(1)
    viewer.open(tmp_path / "cells.h5ad", plugin="napari-stimpute")
    timer.stop()
    assert 0 in turns  # it ticked before there was a layer
    assert viewer.layers
