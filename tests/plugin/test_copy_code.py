"""Copy code in the window: one button, which copies the code of the section in sight."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from anndata import AnnData
from qtpy.QtGui import QGuiApplication

from napari_stimpute.panels.code import code_of
from napari_stimpute.plugin import attach, open_panel
from napari_stimpute.plugin.panel import StimputePanel
from napari_stimpute.session.session import Session

from ..grouped import group


@pytest.fixture
def panel(viewer: Any, section: AnnData) -> Iterator[StimputePanel]:
    session = Session()
    session.open(group(section))
    attach(viewer, session)
    yield open_panel(viewer)


def copied(panel: StimputePanel) -> str:
    """What stands on the clipboard after the button was pressed."""
    clipboard = QGuiApplication.clipboard()
    assert clipboard is not None
    clipboard.setText("nothing")
    panel.copy_code.click()
    return clipboard.text()


def test_the_code_of_the_section_in_sight_is_copied(panel: StimputePanel) -> None:
    of_tabs = {
        "data": panel.data.panel,
        "genes": panel.genes.panel,
        "train": panel.train.panel,
        "cells": panel.cells.markers.panel,
        "compare": panel.compare.panel,
    }
    for name, asked in of_tabs.items():
        panel.show_tab(name)
        assert copied(panel) == code_of(asked).text
        assert panel.copy_code.words.text() == code_of(asked).said.text
    panel.show_tab("statistics")
    panel.statistics.folds[2].button.click()
    assert "differential_expression(" in copied(panel)
    panel.show_tab("cells")
    panel.cells.folds[2].button.click()
    assert "trajectory_steps(" in copied(panel)
    panel.show_tab("train")
    panel.train.tune.fold.set_open(True)
    assert copied(panel) == "nothing"  # a blend of simple methods has nothing to search
    panel.train.panel.choose_model("pca")
    assert "Tuning(" in copied(panel)
    for name in ("generate", "edit"):
        panel.show_tab(name)
        assert copied(panel) == "nothing"
        assert "scDiffusion" in panel.copy_code.words.text()
