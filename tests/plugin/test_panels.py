from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from weakref import ref

import pytest
from anndata import AnnData
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QRect, Qt
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QSlider,
    QWidget,
)

from napari_stimpute.panels.compare import NO_GENES
from napari_stimpute.panels.tabs import TABS
from napari_stimpute.plugin import attach, open_panel, session_of
from napari_stimpute.plugin.data import DataTab
from napari_stimpute.plugin.panel import StimputePanel
from napari_stimpute.plugin.train.panel import TrainTab
from napari_stimpute.session.session import Session

from .hands import choose, until_idle
from .texts import contrast_within, texts_of


def test_an_empty_panel_says_what_to_do(panel: StimputePanel) -> None:
    assert "Open a file or a folder" in panel.data.empty.text()
    assert not panel.data.empty.isHidden()
    assert panel.train.work.why_not.text() == "Open data first."
    assert not panel.train.work.button.isEnabled()


def test_a_tab_is_made_when_someone_first_looks(panel: StimputePanel) -> None:
    assert panel.findChildren(DataTab) and not panel.findChildren(TrainTab)
    panel.show_tab("train")
    assert panel.findChildren(TrainTab) == [panel.train]


def test_the_card_says_what_was_found(opened: StimputePanel) -> None:
    sentence = opened.data.card.text()
    assert f"{opened.session.adata.n_obs:,} spots × 100 genes" in sentence
    assert "Visium" in sentence
    assert opened.data.empty.isHidden()


def test_opening_a_file_leaves_the_window_free(
    panel: StimputePanel, section: AnnData, tmp_path: Path, qtbot: QtBot
) -> None:
    section.write_h5ad(tmp_path / "section.h5ad")
    panel.data.panel.open(tmp_path / "section.h5ad")
    assert panel.session.is_busy
    assert not panel.data.busy.isHidden()
    assert not panel.data.open_button.isEnabled()
    assert "Opening" in panel.data.open_button.toolTip()
    until_idle(qtbot, panel)
    assert "section.h5ad" in panel.data.card.text()
    assert panel.data.busy.isHidden() and panel.data.open_button.isEnabled()
    assert panel.view.layer is not None


def test_a_bad_file_is_explained_beside_the_button(
    panel: StimputePanel, tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / "bad.h5ad").write_text("not a file of this kind")
    panel.data.panel.open(tmp_path / "bad.h5ad")
    until_idle(qtbot, panel)
    assert "bad.h5ad" in panel.data.problem.text()
    assert panel.tabs.tabText(0) == "Data !"


def test_the_sample_opens(panel: StimputePanel, qtbot: QtBot) -> None:
    panel.data.sample.button.click()
    until_idle(qtbot, panel)
    assert len(panel.view.stage.images) == 1


def test_genes_to_model_are_chosen(opened: StimputePanel, tmp_path: Path, qtbot: QtBot) -> None:
    names = list(opened.session.adata.var_names[:9])
    (tmp_path / "genes.txt").write_text("\n".join(names))
    assert opened.data.gene_file.isHidden()
    choose(opened.data.genes, "file")
    assert not opened.data.gene_file.isHidden()
    qtbot.keyClicks(opened.data.gene_file, str(tmp_path / "genes.txt"))
    opened.data.apply.click()
    until_idle(qtbot, opened)
    assert sorted(opened.session.adata.var_names) == sorted(names)


def test_what_was_trained_can_be_kept(opened: StimputePanel, tmp_path: Path, qtbot: QtBot) -> None:
    data = opened.data
    assert data.save_model.toolTip() == "Train a model first." and not data.save_model.isEnabled()
    opened.session.train("gene_mean").wait(60)
    assert data.save_model.isEnabled() and "as a folder" in data.save_model.toolTip()
    assert data.apply.text() == "Model these genes, and drop results"
    data.panel.save_to(tmp_path / "out.h5ad")
    until_idle(qtbot, opened)
    assert str(tmp_path / "out.h5ad") in data.saved.text() and data.saved.tone == "good"


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
    variable = opened.statistics.variable
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
    assert variable.maps.isChecked() and opened.genes.both.isChecked()
    opened.genes.both.click()
    assert opened.view.mode == "one map" and not variable.maps.isChecked()
    variable.maps.click()
    assert opened.view.mode == "side by side"
    variable.maps.click()
    assert opened.view.mode == "one map"


def test_every_control_has_a_tooltip(opened: StimputePanel) -> None:
    for tab in TABS:
        opened.show_tab(tab.name)
    kinds = (QComboBox, QAbstractSpinBox, QSlider, QAbstractButton)
    controls = [w for kind in kinds for w in opened.findChildren(kind)]
    own = [w for w in controls if not w.objectName().startswith("qt_") and w.parent() is not None]
    silent = [w for w in own if not w.toolTip() and type(w.parent()).__name__ in PANELS]
    assert not silent


PANELS = {
    "DataTab",
    "GenesTab",
    "TrainTab",
    "TuneSection",
    "RunView",
    "VariableBox",
    "PatternsBox",
    "DifferencesBox",
    "TableView",
    "WorkBox",
}


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_text_stands_out_in_both_themes(docked: StimputePanel, theme: str) -> None:
    docked.view.viewer.theme = theme
    bar = docked.genes.legend.bar
    ink = bar.palette().windowText().color().lightness()
    assert ink > 150 if theme == "dark" else ink < 100


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_text_has_a_contrast_of_four_and_a_half_in_both_themes(
    make_viewer: Callable[..., Any], judged: AnnData, theme: str
) -> None:
    viewer = make_viewer(show=True)  # pixels are looked at
    viewer.window.resize(1600, 1000)
    panel = open_panel(viewer)
    panel.session.open(judged)
    viewer.theme = theme
    faint, read = {}, set()
    for tab in ("genes", *(tab.name for tab in TABS)):
        panel.show_tab(tab)
        QApplication.processEvents()
        picture = panel.grab().toImage()
        for widget in panel.findChildren(QWidget):
            seen = widget.visibleRegion().boundingRect()
            for text, place in texts_of(widget) if widget.isEnabled() else ():
                if not text.strip() or place.isEmpty() or not seen.contains(place):
                    continue  # of one at the edge perhaps no letter is in sight
                part = QRect(widget.mapTo(panel, place.topLeft()), place.size())
                ratio = contrast_within(picture, part)
                faint.update({f"{tab}: {text}": round(ratio, 1)} if ratio < 4.5 else {})
                read.add(text)
        panel.genes.page_bar.setCurrentIndex(1)  # next time, the list
    assert not faint
    of_each_kind = {"Train", "Default", "Counts as they are", "Compare", "Gene", NO_GENES}
    assert read > of_each_kind  # buttons, menus, boxes, tabs, labels, and lines that are empty


def test_closing_the_panel_leaves_a_session_that_others_can_use(docked: StimputePanel) -> None:
    viewer, session = docked.view.viewer, docked.session
    viewer.window.remove_dock_widget(docked)
    session.display.gene = session.contents.genes[1]
    session.train("gene_mean").wait(60)
    assert session_of(viewer) is session
    assert os.fspath(session.path) == ""


def test_a_panel_that_is_gone_is_called_by_no_timer(make_viewer: Callable[..., Any]) -> None:
    viewer, gone = make_viewer(), []
    for _ in range(6):  # each takes the keys of the one before, and with them its last hold
        attach(viewer, Session())
        panel, holder = StimputePanel(viewer), QWidget()
        panel.setParent(holder)
        panel.show_tab("train")  # its timer looks for devices, soon
        panel.setParent(None)
        panel.deleteLater()  # Qt's part lives until the loop turns
        gone.append(ref(panel))
        del panel, holder
        gc.collect()
    assert gone[0]() is None
    end = time.monotonic() + 0.4
    while time.monotonic() < end:  # not a loop's turn: a timer that calls what is gone ends it all
        QApplication.processEvents()
