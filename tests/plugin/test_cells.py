"""The tab of cells as Qt draws it: folds, menus, tables and figures; no viewer is needed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QLineEdit, QPushButton

from napari_stimpute.panels.message import good
from napari_stimpute.panels.table import Cell
from napari_stimpute.plugin.cells.panel import CellsPanel
from napari_stimpute.plugin.widgets.fact_table import FactTable
from napari_stimpute.plugin.widgets.figure_window import FigureWindow
from napari_stimpute.session.session import Session

from ..grouped import group
from .hands import choose


@pytest.fixture
def cells(session: Session, qtbot: QtBot) -> CellsPanel:
    """The tab, with the known domains as groups."""
    found = CellsPanel(session)
    qtbot.addWidget(found)
    choose(found.groups.combo, "domain")
    return found


def press(button: QPushButton, session: Session) -> None:
    """Press it, and wait for the work that this begins."""
    assert button.isEnabled()
    button.click()
    assert session.job is not None
    session.job.wait(60)


def test_only_the_first_section_is_open(cells: CellsPanel) -> None:
    assert [not fold.inside.isHidden() for fold in cells.folds] == [True] + 4 * [False]


def test_every_control_has_a_tooltip(cells: CellsPanel) -> None:
    controls = cells.findChildren((QComboBox, QPushButton, QLineEdit))
    titles = {fold.button for fold in cells.folds}
    silent = [w for w in controls if w not in titles and not w.toolTip()]
    assert len(controls) > 25
    assert silent == []


def test_controls_wait_while_work_is_under_way_and_its_button_cancels_it(
    cells: CellsPanel, session: Session
) -> None:
    work, usual = cells.markers.work, cells.groups.combo.toolTip()
    work.button.click()
    assert work.button.text() == "Cancel" and not work.progress.isHidden()
    assert not cells.groups.combo.isEnabled()
    assert cells.groups.combo.toolTip() == "Wait: “Finding markers” is at work."
    assert not cells.trajectory.work.button.isEnabled()
    assert "Finding markers" in cells.trajectory.work.why_not.text()
    work.button.click()
    assert work.button.text() == "Cancelling…" and not work.button.isEnabled()
    assert session.job is not None
    session.job.wait(60)
    assert work.progress.isHidden() and work.button.text() == "Find markers"
    assert "nothing was kept" in work.words.text()
    assert cells.groups.combo.isEnabled() and cells.groups.combo.toolTip() == usual


def test_a_closed_panel_no_longer_follows(cells: CellsPanel, session: Session) -> None:
    for part in cells.parts:
        part.close()
    session.write_column("more", pd.Categorical(np.arange(len(session.expression())) % 2))
    assert cells.groups.combo.findData("more") < 0


def test_a_marker_that_is_clicked_is_shown(cells: CellsPanel, session: Session) -> None:
    markers = cells.markers
    press(markers.work.button, session)
    assert not markers.answer.isHidden()
    session.display.column = "domain"
    markers.table.view.selectRow(4)
    assert session.display.gene == markers.table.table.gene_at(4)
    assert session.display.column == ""


def test_a_button_that_waits_for_a_gene_says_so(cells: CellsPanel, session: Session) -> None:
    violin = cells.markers.violin
    assert violin.isEnabled() and "spread" in violin.toolTip()
    session.display.gene = ""
    assert not violin.isEnabled() and "Choose a gene" in violin.toolTip()


def test_a_section_keeps_one_window_for_its_figures(
    cells: CellsPanel, session: Session, tmp_path: Path
) -> None:
    markers = cells.markers
    press(markers.work.button, session)
    press(markers.dots, session)
    [window] = markers.findChildren(FigureWindow)
    assert window.isVisible() and window.windowTitle() == "Markers by domain"
    assert window.picture.pixmap().width() > 200
    press(markers.violin, session)
    assert window.windowTitle() == f"{session.display.gene} by domain"
    window.save_to(str(tmp_path / "figure.svg"))
    assert (tmp_path / "figure.svg").exists() and window.words.tone == "good"
    window.save_to(str(tmp_path / "none" / "figure.png"))
    assert window.words.tone == "error"
    window.close()


def test_markers_of_all_groups_are_exported_where_someone_says(
    cells: CellsPanel, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposed: list[str] = []

    def ask(_parent: object, _title: str, name: str, _kinds: str) -> tuple[str, str]:
        proposed.append(name)
        return str(tmp_path / "all"), ""

    monkeypatch.setattr("qtpy.QtWidgets.QFileDialog.getSaveFileName", ask)
    press(cells.markers.work.button, session)
    cells.markers.export.click()
    assert proposed == ["markers_domain.csv"]
    assert f"{len(pd.read_csv(tmp_path / 'all.csv')):,} rows saved" in cells.markers.saved.text()


def test_lists_that_are_typed_or_written_as_an_example_are_taken(
    cells: CellsPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = cells.names
    names.lists.setText("typed.csv")
    assert names.panel.now.lists == "typed.csv" and names.work.button.isEnabled()
    monkeypatch.setattr(
        "qtpy.QtWidgets.QFileDialog.getSaveFileName",
        lambda *_args, **_more: (str(tmp_path / "lists"), ""),
    )
    names.example.click()
    assert names.lists.text() == str(tmp_path / "lists.csv")
    assert names.work.words.tone == good("").tone


def test_a_community_that_is_clicked_is_described_and_drawn(
    cells: CellsPanel, session: Session
) -> None:
    assert session.adata is not None
    group(session.adata)
    session.look_again()
    communities = cells.communities
    assert not communities.network.isEnabled() and "click a row" in communities.network.toolTip()
    press(communities.work.button, session)
    communities.table.selectRow(1)
    assert session.job is not None
    session.job.wait(60)
    name = communities.table.name
    assert f"Community {name}. Hub genes:" in communities.summary.text()
    [window] = communities.findChildren(FigureWindow)
    assert window.isVisible() and window.windowTitle() == f"Community {name} of mine"
    press(communities.activity, session)
    assert session.display.column == f"mine_community_{name}_activity"
    assert communities.table.name == name
    window.close()


# ---- the small table -----------------------------------------------------------------------------


ROWS = tuple((Cell(n), Cell(str(v), v)) for n, v in (("b", 9.0), ("C", 10.0), ("a", 2.0)))


@pytest.fixture
def facts(qtbot: QtBot) -> FactTable:
    table = FactTable("Facts", (("Name", "Its name."), ("n", "Number.")))
    qtbot.addWidget(table)
    table.draw(ROWS)
    return table


def listed(table: FactTable) -> list[str]:
    return [table.text_at(row, 0) for row in range(table.rowCount())]


def test_facts_are_sorted_as_numbers_and_known_by_name(facts: FactTable) -> None:
    chosen: list[str] = []
    facts.chosen.connect(chosen.append)
    assert listed(facts) == ["b", "C", "a"]
    facts.sortItems(1, Qt.SortOrder.AscendingOrder)
    assert listed(facts) == ["a", "b", "C"]
    facts.selectRow(2)
    assert chosen == ["C"] and facts.name == "C"
    assert facts.row_of("b") == 1 and facts.row_of("x") == -1


def test_facts_that_are_drawn_again_stay_in_the_order_and_with_the_row_that_someone_chose(
    facts: FactTable,
) -> None:
    facts.sortItems(1, Qt.SortOrder.AscendingOrder)
    facts.selectRow(2)
    facts.draw(ROWS)
    assert listed(facts) == ["a", "b", "C"] and facts.name == "C"


def test_a_row_that_is_marked_is_not_taken_for_one_that_someone_chose(facts: FactTable) -> None:
    chosen: list[str] = []
    facts.chosen.connect(chosen.append)
    facts.draw(ROWS, "a")
    assert facts.name == "a"
    facts.draw(ROWS, "")
    assert facts.name == "" and chosen == []
