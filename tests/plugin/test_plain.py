"""Names that are HTML, in the real panel and window: shown as they are, never drawn as such."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QAbstractItemModel, QModelIndex, Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLabel,
    QMessageBox,
    QTableWidget,
    QWidget,
)

from napari_stimpute.panels.tabs import TABS
from napari_stimpute.plugin.panel import StimputePanel
from napari_stimpute.plugin.widgets.unsaved import ask_first

from ..judged import give_runs
from .hands import choose, until_idle

EVIL = "<img src=x onerror=alert(1)><b>x"


@pytest.fixture
def evil(section: AnnData) -> AnnData:
    """A section with two runs, whose genes, groups, columns and layers are called that."""
    adata = give_runs(section.copy())
    adata.var_names = [EVIL, f"{EVIL}2", *adata.var_names[2:]]
    kinds = np.array([f"{EVIL} one", f"{EVIL} two"])[np.arange(adata.n_obs) % 2]
    adata.obs[f"{EVIL} column"] = pd.Categorical(kinds)
    adata.obs[f"{EVIL} number"] = np.arange(adata.n_obs, dtype=float)
    adata.layers[f"{EVIL} layer"] = adata.X.copy()
    return adata


def walked(root: QWidget) -> Iterator[tuple[str, str]]:
    """What each widget says where Qt would take it for HTML: where it stands, and the text."""
    for widget in (root, *root.findChildren(QWidget)):
        name = type(widget).__name__
        yield f"tooltip of {name}", widget.toolTip()
        if isinstance(widget, QLabel) and widget.textFormat() != Qt.TextFormat.PlainText:
            yield name, widget.text()
        if isinstance(widget, QMessageBox) and widget.textFormat() != Qt.TextFormat.PlainText:
            yield name, widget.text()
        if isinstance(widget, QAbstractItemView | QComboBox) and widget.model() is not None:
            for tip in tips_of(widget.model()):
                yield f"tooltip of an item of {name}", tip
        if isinstance(widget, QTableWidget):
            for place in range(widget.columnCount()):
                header = widget.horizontalHeaderItem(place)
                yield f"tooltip of a header of {name}", header.toolTip() if header else ""


def tips_of(model: QAbstractItemModel) -> Iterator[str]:
    for row in range(min(model.rowCount(QModelIndex()), 50)):
        for column in range(model.columnCount(QModelIndex())):
            yield str(model.index(row, column).data(Qt.ItemDataRole.ToolTipRole) or "")


def drawn_as_html(root: QWidget) -> list[tuple[str, str]]:
    return [(where, text) for where, text in walked(root) if "<img" in text or "<b>" in text]


def test_a_name_that_is_html_is_never_drawn_as_such(
    panel: StimputePanel, evil: AnnData, tmp_path: Path, qtbot: QtBot
) -> None:
    file = tmp_path / "<b>x<img src=x>.h5ad"
    evil.write_h5ad(file)
    panel.data.panel.open(file)
    until_idle(qtbot, panel)
    for tab in TABS:
        panel.show_tab(tab.name)
    panel.session.display.gene = EVIL
    assert any(EVIL in label.text() for label in panel.findChildren(QLabel))
    assert drawn_as_html(panel) == []
    for source in [source.name for source in panel.session.contents.sources]:
        panel.session.display.source = source
        assert drawn_as_html(panel) == []
    for column in (f"{EVIL} column", f"{EVIL} number"):
        panel.session.display.column = column
        QApplication.processEvents()
        shown = panel.genes.legend.swatches.names
        assert column != f"{EVIL} column" or f"{EVIL} one" in shown
        assert drawn_as_html(panel) == []
    panel.session.display.column = ""
    panel.session.display.gene = f"{EVIL}2"
    for tab in ("data", "genes", "train", "compare", "cells"):
        panel.show_tab(tab)
        QApplication.processEvents()
        assert drawn_as_html(panel) == []
    panel.genes.gene.setText("<b>no gene</b>")
    panel.genes.gene.returnPressed.emit()
    assert drawn_as_html(panel) == []


def test_errors_and_questions_name_it_as_it_is(
    panel: StimputePanel, evil: AnnData, tmp_path: Path, qtbot: QtBot
) -> None:
    panel.session.open(evil)
    bad = tmp_path / "<b>x<img src=x>.h5ad"
    bad.write_text("nothing")
    panel.data.panel.open(bad)
    until_idle(qtbot, panel)
    assert "<img src=x>" in panel.data.problem.text()
    assert drawn_as_html(panel) == []
    panel.session.write_column("kept", pd.Categorical(["a"] * evil.n_obs))
    ask_first(panel, panel.session, lambda: None)
    (box,) = panel.findChildren(QMessageBox)
    assert drawn_as_html(box) == []
    box.reject()


def test_differences_of_such_groups(panel: StimputePanel, evil: AnnData, qtbot: QtBot) -> None:
    panel.session.open(evil)
    panel.session.display.column = f"{EVIL} column"
    differences = panel.statistics.differences
    choose(differences.column, f"{EVIL} column")
    differences.work.button.click()
    until_idle(qtbot, panel)
    assert drawn_as_html(panel) == []
    assert EVIL in differences.summary.text()
