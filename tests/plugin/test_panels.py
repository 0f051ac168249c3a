from __future__ import annotations

import os
from pathlib import Path

import pytest
from anndata import AnnData, read_h5ad
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QSlider

from napari_stimpute.plugin import session_of
from napari_stimpute.plugin.panel import StimputePanel

from .hands import choose, until_idle


def test_an_empty_panel_says_what_to_do(panel: StimputePanel) -> None:
    assert "Open an .h5ad file" in panel.data.empty.text()
    assert not panel.data.empty.isHidden()
    assert panel.train.why_not.text() == "Open data first."
    assert not panel.train.button.isEnabled()


def test_the_card_says_what_was_found(opened: StimputePanel) -> None:
    sentence = opened.data.card.text()
    assert f"{opened.session.adata.n_obs:,} spots × 100 genes" in sentence
    assert "Visium" in sentence
    assert opened.data.empty.isHidden()


def test_opening_a_file_leaves_the_window_free(
    panel: StimputePanel, section: AnnData, tmp_path: Path, qtbot: QtBot
) -> None:
    section.write_h5ad(tmp_path / "section.h5ad")
    panel.data.open(tmp_path / "section.h5ad")
    assert panel.session.is_busy
    assert not panel.data.busy.isHidden()
    assert not panel.data.open_button.isEnabled()
    assert "Opening" in panel.data.open_button.toolTip()
    until_idle(qtbot, panel)
    assert "section.h5ad" in panel.data.card.text()
    assert panel.data.busy.isHidden()
    assert panel.view.layer is not None


def test_a_bad_file_is_explained_beside_the_button(
    panel: StimputePanel, tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / "bad.h5ad").write_text("not a file of this kind")
    panel.data.open(tmp_path / "bad.h5ad")
    until_idle(qtbot, panel)
    assert "bad.h5ad" in panel.data.words.text()
    assert panel.data.words.text() == panel.session.problem
    assert panel.tabs.tabText(0) == "Data !"


def test_logged_values_are_explained_and_what_was_open_stays(
    opened: StimputePanel, section: AnnData, qtbot: QtBot
) -> None:
    before = opened.session.adata
    section.X = section.X.copy().log1p()
    section.layers.clear()
    opened.data.open(section)
    until_idle(qtbot, opened)
    assert "counts" in opened.data.words.text()
    assert opened.session.adata is before


def test_the_sample_opens(panel: StimputePanel, qtbot: QtBot) -> None:
    panel.data.open_sample()
    qtbot.waitUntil(lambda: panel.session.adata is not None, timeout=60_000)
    assert panel.view.stage.image is not None


def test_genes_to_model_are_chosen(opened: StimputePanel, tmp_path: Path, qtbot: QtBot) -> None:
    names = list(opened.session.adata.var_names[:9])
    (tmp_path / "genes.txt").write_text("\n".join(names))
    opened.data.genes.setCurrentIndex(opened.data.genes.findData("file"))
    opened.data.gene_file.setText(str(tmp_path / "genes.txt"))
    opened.data.apply()
    until_idle(qtbot, opened)
    assert sorted(opened.session.adata.var_names) == sorted(names)
    assert opened.session.adata.raw.n_vars == 100


def test_counts_can_be_taken_from_any_place_of_the_file(
    panel: StimputePanel, section: AnnData, tmp_path: Path, qtbot: QtBot
) -> None:
    section.layers["counts"] = section.X.copy()
    section.X = section.X.log1p()
    section.write_h5ad(tmp_path / "section.h5ad")
    panel.session.open(tmp_path / "section.h5ad", genes="hvg:20")
    offered = [panel.data.counts.itemData(i) for i in range(panel.data.counts.count())]
    assert offered[:2] == ["", "X"] and "counts" in offered and "raw" not in offered
    assert panel.data.counts.currentData() == "counts"
    panel.data.genes.setCurrentIndex(panel.data.genes.findData("all"))
    panel.data.apply()
    until_idle(qtbot, panel)
    assert panel.session.adata.n_vars == 100


def test_data_from_no_file_can_be_opened_again_with_all_genes(
    panel: StimputePanel, section: AnnData, qtbot: QtBot
) -> None:
    section.layers["counts"] = section.X.copy()
    section.X = section.X.log1p()
    panel.session.open(section, genes="hvg:20")
    assert not panel.data.counts.isEnabled()
    panel.data.genes.setCurrentIndex(panel.data.genes.findData("all"))
    panel.data.apply()
    until_idle(qtbot, panel)
    assert panel.session.problem == ""
    assert panel.session.adata.n_vars == 100


def test_saving_says_where(opened: StimputePanel, tmp_path: Path, qtbot: QtBot) -> None:
    opened.session.train("gene_mean").wait(60)
    opened.data.save_to(tmp_path / "out.h5ad")
    until_idle(qtbot, opened)
    assert str(tmp_path / "out.h5ad") in opened.data.saved.text()
    assert "gene_mean_imputed" in read_h5ad(tmp_path / "out.h5ad").layers


def test_saving_where_one_may_not_is_explained_beside_the_button(
    opened: StimputePanel, tmp_path: Path, qtbot: QtBot
) -> None:
    opened.data.save_to(tmp_path / "no such folder" / "out.h5ad")
    until_idle(qtbot, opened)
    assert "no such folder" in opened.data.saved.text()
    assert not opened.data.words.text()


def test_a_model_is_saved_once_there_is_one(opened: StimputePanel, tmp_path: Path) -> None:
    assert opened.data.model_button.toolTip() == "Train a model first."
    opened.session.train("gene_mean").wait(60)
    assert opened.data.model_button.isEnabled()
    opened.data.save_model_to(tmp_path / "model")
    assert (tmp_path / "model" / "weights.pt").exists()


def test_a_key_flips_between_raw_and_imputed(opened: StimputePanel, qtbot: QtBot) -> None:
    session = opened.session
    canvas = opened.view.viewer.window._qt_viewer.canvas.native
    qtbot.keyClick(canvas, Qt.Key.Key_I)
    assert "train a model first" in opened.genes.words.text()
    session.train("gene_mean").wait(60)
    assert session.display.source == "gene_mean"
    qtbot.keyClick(canvas, Qt.Key.Key_I)
    assert session.display.source == "counts"
    qtbot.keyClick(canvas, Qt.Key.Key_I)
    assert session.display.source == "gene_mean"


def test_a_key_leads_to_the_gene_box(opened: StimputePanel, qtbot: QtBot) -> None:
    canvas = opened.view.viewer.window._qt_viewer.canvas.native
    qtbot.keyClick(canvas, Qt.Key.Key_G)
    assert opened.tabs.currentIndex() == 1


def test_variable_genes_are_compared_and_shown(opened: StimputePanel, qtbot: QtBot) -> None:
    variable = opened.variable
    assert not variable.work.button.isEnabled() and variable.answer.isHidden()
    opened.session.train("pca").wait(60)
    variable.n.setValue(12)
    variable.work.button.click()
    until_idle(qtbot, opened)
    assert "12 most variable" in variable.summary.text() and not variable.answer.isHidden()
    variable.table.view.selectRow(0)
    assert opened.session.display.gene == variable.panel.table.gene_at(0)
    choose(variable.listed, "both")
    assert variable.table.model.rowCount() == variable.panel.answer.value.overlap
    variable.maps.click()
    assert opened.view.mode == "side by side"
    variable.maps.click()
    assert opened.view.mode == "one map"


def test_every_control_has_a_tooltip(opened: StimputePanel) -> None:
    kinds = (QComboBox, QAbstractSpinBox, QSlider, QAbstractButton)
    controls = [w for kind in kinds for w in opened.findChildren(kind)]
    own = [w for w in controls if not w.objectName().startswith("qt_") and w.parent() is not None]
    silent = [w for w in own if not w.toolTip() and type(w.parent()).__name__ in PANELS]
    assert not silent


PANELS = {
    "DataPanel",
    "GenesTab",
    "TrainPanel",
    "VariableBox",
    "PatternsBox",
    "DifferencesBox",
    "TableView",
    "WorkBox",
}


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_text_stands_out_in_both_themes(opened: StimputePanel, theme: str) -> None:
    opened.view.viewer.theme = theme
    bar = opened.genes.legend.bar
    ink = bar.palette().windowText().color().lightness()
    assert ink > 150 if theme == "dark" else ink < 100


def test_closing_the_panel_leaves_a_session_that_others_can_use(opened: StimputePanel) -> None:
    viewer, session = opened.view.viewer, opened.session
    viewer.window.remove_dock_widget(opened)
    session.display.gene = session.contents.genes[1]
    session.train("gene_mean").wait(60)
    assert session_of(viewer) is session
    assert os.fspath(session.path) == ""
