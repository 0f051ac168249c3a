"""What a work begins and finds is in sight in a window on the screen of a small laptop."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from anndata import AnnData
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QSize
from qtpy.QtWidgets import QMainWindow, QPushButton, QWidget

from napari_stimpute.plugin import open_map, open_panel
from napari_stimpute.plugin.panel import StimputePanel

from .conftest import MakeViewer
from .hands import choose, until_idle

pytestmark = pytest.mark.usefixtures("drawn")

SCREEN = QSize(1366, 768)
ROWS = 90
"""Pixels of a table with its heading and two or three rows."""


@pytest.fixture
def small(make_viewer: MakeViewer, section: AnnData, qtbot: QtBot) -> Iterator[StimputePanel]:
    """The panel in a window of that size, with the section open."""
    panel: StimputePanel = open_panel(make_viewer(show=True))
    panel.session.open(section)
    window_of(panel).resize(SCREEN)
    qtbot.waitUntil(lambda: window_of(panel).size() == SCREEN)
    yield panel
    until_idle(qtbot, panel)


def window_of(panel: StimputePanel) -> QMainWindow:
    window = panel.window()
    assert isinstance(window, QMainWindow)
    return window


def in_sight(widget: QWidget) -> int:
    """Pixels of its height that are neither scrolled away nor covered."""
    return widget.visibleRegion().boundingRect().height()


def press(button: QPushButton, panel: StimputePanel, qtbot: QtBot) -> None:
    """Press it, where it is seen as the tab is opened, and wait for the work that this begins."""
    qtbot.waitUntil(lambda: in_sight(button) == button.height(), timeout=2000)
    button.click()
    assert panel.session.is_busy
    until_idle(qtbot, panel)


def test_the_button_and_what_comes_of_it_are_in_sight(small: StimputePanel, qtbot: QtBot) -> None:
    train, compare = small.train, small.compare
    small.show_tab("train")
    choose(train.model, "pca")
    press(train.work.button, small, qtbot)
    qtbot.waitUntil(lambda: in_sight(train.card) == train.card.height(), timeout=2000)
    assert in_sight(train.work.button) == train.work.button.height()

    small.show_tab("compare")
    for name, box in compare.boxes.items():
        if box.isEnabled() and box.isChecked() != (name in ("raw", "gene_mean")):
            box.click()
    compare.splits.setValue(1)
    press(compare.work.button, small, qtbot)
    qtbot.waitUntil(lambda: in_sight(compare.view.table) > ROWS / 2, timeout=2000)

    small.show_tab("statistics")
    differences = small.statistics.differences
    small.statistics.folds[2].button.click()
    assert differences.isVisible() and not small.statistics.variable.isVisible()
    choose(differences.column, "domain")
    press(differences.work.button, small, qtbot)
    qtbot.waitUntil(lambda: in_sight(differences.table.view) > ROWS, timeout=2000)

    small.show_tab("cells")
    choose(small.cells.groups.combo, "domain")
    press(small.cells.markers.work.button, small, qtbot)
    qtbot.waitUntil(lambda: in_sight(small.cells.markers.table.view) > ROWS, timeout=2000)


def test_a_wrong_setting_is_seen_where_it_is_folded_away(small: StimputePanel) -> None:
    small.show_tab("train")
    choose(small.train.model, "gmm_vgae")
    assert not small.train.form.isVisible()
    small.train.panel.form.enter("learning_rate", "fast")
    assert small.train.form.words.isVisible() and "fast" in small.train.form.words.text()


def test_the_map_does_not_make_the_window_grow(small: StimputePanel, qtbot: QtBot) -> None:
    map_of = open_map(small.view.viewer)
    qtbot.wait(300)  # the dock looks for its place, and the canvas is fitted
    assert window_of(small).size() == SCREEN
    assert in_sight(map_of.scatter) > 200
