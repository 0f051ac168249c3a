"""Nothing that was made here is lost without a question: Save, Discard, Cancel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from anndata import AnnData
from pytestqt.qtbot import QtBot
from qtpy.QtWidgets import QApplication, QFileDialog, QMainWindow, QMessageBox

from napari_stimpute.data.readers.reading import read
from napari_stimpute.data.records import read_records
from napari_stimpute.plugin import open_panel
from napari_stimpute.plugin.panel import StimputePanel
from napari_stimpute.plugin.reader import read_layers

from .hands import choose

KINDS = QMessageBox.StandardButton


@pytest.fixture
def trained(opened: StimputePanel) -> StimputePanel:
    """The panel with a run that is in no file."""
    opened.session.train("gene_mean", blend=False, judged=False).wait(60)
    return opened


def question() -> QMessageBox:
    """The question that is being asked."""
    boxes = [w for w in QApplication.topLevelWidgets() if isinstance(w, QMessageBox)]
    return next(box for box in boxes if box.isVisible())


def is_asking() -> bool:
    boxes = [w for w in QApplication.topLevelWidgets() if isinstance(w, QMessageBox)]
    return any(box.isVisible() for box in boxes)


def answer(kind: QMessageBox.StandardButton) -> None:
    button = question().button(kind)
    assert button is not None
    button.click()
    QApplication.processEvents()


def press_sample(panel: StimputePanel) -> None:
    panel.data.sample.button.click()


def press_apply(panel: StimputePanel) -> None:
    panel.data.apply.click()


@pytest.mark.parametrize("act", [press_sample, press_apply])
def test_opening_asks_and_cancel_keeps_everything(
    trained: StimputePanel, act: Callable[[StimputePanel], None]
) -> None:
    adata = trained.session.adata
    act(trained)
    assert "Gene mean × depth would be lost. Save data and results first?" in question().text()
    assert not trained.session.is_busy
    answer(KINDS.Cancel)
    assert trained.session.adata is adata and not trained.session.is_busy and not is_asking()


def test_a_menu_of_the_card_asks_reads_at_once_and_goes_back_where_that_is_not_wanted(
    panel: StimputePanel, section: AnnData, tmp_path: Path, qtbot: QtBot
) -> None:
    (library,) = section.uns["spatial"].values()
    section.uns["spatial"] = {"A": library, "B": library}
    section.write_h5ad(tmp_path / "two.h5ad")
    panel.session.open(tmp_path / "two.h5ad")
    panel.session.train("gene_mean", blend=False, judged=False).wait(60)
    adata, menu = panel.session.adata, panel.data.reading["library"]
    choose(menu, "B")
    assert "would be lost" in question().text() and menu.currentText() == "A"
    answer(KINDS.Cancel)
    assert panel.session.adata is adata and menu.currentText() == "A"
    choose(menu, "B")
    answer(KINDS.Discard)
    qtbot.waitUntil(lambda: panel.session.is_busy, timeout=60_000)
    assert not panel.data.cancel.isHidden() and menu.currentText() == "B"
    qtbot.waitUntil(lambda: panel.session.adata is not adata, timeout=60_000)
    assert panel.data.cancel.isHidden() and panel.data.reading["library"].currentText() == "B"


def test_discard_opens_the_other_data(trained: StimputePanel, qtbot: QtBot) -> None:
    adata = trained.session.adata
    press_sample(trained)
    answer(KINDS.Discard)
    qtbot.waitUntil(lambda: trained.session.adata is not adata, timeout=60_000)
    assert trained.session.unsaved == ()


def test_save_opens_the_other_data_once_the_results_are_in_a_file(
    trained: StimputePanel, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, adata = tmp_path / "kept.h5ad", trained.session.adata
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(file), ""))
    press_sample(trained)
    answer(KINDS.Save)
    qtbot.waitUntil(lambda: trained.session.adata is not adata, timeout=60_000)
    assert list(read_records(read(file))) == ["gene_mean"]


def test_a_place_that_cannot_be_written_keeps_everything(
    trained: StimputePanel, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, adata = tmp_path / "no" / "kept.h5ad", trained.session.adata
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(file), ""))
    press_sample(trained)
    answer(KINDS.Save)
    qtbot.waitUntil(lambda: not trained.session.is_busy, timeout=60_000)
    assert trained.session.adata is adata and trained.session.unsaved == ("gene_mean",)
    assert "its folder is missing" in trained.data.panel.now.saved.text


def test_what_is_saved_or_came_with_the_file_is_not_asked_about(
    trained: StimputePanel, qtbot: QtBot, tmp_path: Path
) -> None:
    session = trained.session
    session.write_column("mine", session.adata.obs["domain"])
    assert session.unsaved == ("gene_mean", "mine")
    session.save_later(tmp_path / "kept.h5ad").wait(60)
    assert session.unsaved == ()
    session.open(tmp_path / "kept.h5ad")
    adata = session.adata
    press_sample(trained)
    qtbot.waitUntil(lambda: session.adata is not adata, timeout=60_000)


def test_a_dropped_file_asks_and_is_left_out_on_cancel(
    trained: StimputePanel, viewer: Any, section: AnnData, tmp_path: Path, qtbot: QtBot
) -> None:
    section.write_h5ad(tmp_path / "other.h5ad")
    adata, before = trained.session.adata, list(viewer.layers)
    for kind in (KINDS.Cancel, KINDS.Discard):
        for data in read_layers(str(tmp_path / "other.h5ad")):
            viewer._add_layer_from_data(*data)
        qtbot.waitUntil(is_asking, timeout=10_000)
        assert trained.session.adata is adata
        answer(kind)
        if kind == KINDS.Cancel:
            assert trained.session.adata is adata and list(viewer.layers) == before
    qtbot.waitUntil(lambda: trained.session.adata is not adata, timeout=10_000)
    assert len(viewer.layers) == len(before)


def test_closing_the_window_asks_a_person_and_not_a_script(
    make_viewer: Callable[..., Any], section: AnnData, qtbot: QtBot
) -> None:
    viewer = make_viewer(show=True)
    panel = open_panel(viewer)
    panel.session.open(section)
    panel.session.train("gene_mean", blend=False, judged=False).wait(60)
    QApplication.processEvents()
    window = panel.window()
    assert isinstance(window, QMainWindow)
    window.close()
    assert window.isVisible()
    answer(KINDS.Cancel)
    assert window.isVisible() and panel.session.unsaved
    viewer.close()
    assert not is_asking()
