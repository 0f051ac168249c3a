"""The list of genes, as it is drawn and walked through."""

from __future__ import annotations

import pytest
from anndata import AnnData
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from napari_stimpute.panels.gene_list import GeneListPanel
from napari_stimpute.plugin.genes.gene_list import GeneListBox
from napari_stimpute.plugin.panel import StimputePanel
from napari_stimpute.session.session import Session

from .hands import choose


@pytest.fixture
def session(judged: AnnData) -> Session:
    session = Session()
    session.open(judged)
    session.display.source = "mine"
    return session


@pytest.fixture
def box(session: Session, qtbot: QtBot) -> GeneListBox:
    return shown(session, qtbot)


def shown(session: Session, qtbot: QtBot) -> GeneListBox:
    box = GeneListBox(GeneListPanel(session))
    qtbot.addWidget(box)
    box.resize(370, 500)
    box.show()
    QApplication.processEvents()
    return box


def listed(box: GeneListBox) -> list[str]:
    return [box.panel.table.gene_at(row) for row in range(box.table.model.rowCount())]


def marked(box: GeneListBox) -> list[int]:
    rows = box.table.view.selectionModel()
    assert rows is not None
    return [index.row() for index in rows.selectedRows()]


def test_cells_and_titles_are_those_of_the_list(box: GeneListBox) -> None:
    model, table = box.table.model, box.panel.table
    assert model.columnCount() == 5 and model.rowCount() == 100
    for column in range(5):
        across = Qt.Orientation.Horizontal
        assert model.headerData(column, across) == table.heading(column)[0]
        assert model.index(7, column).data() == table.text_at(7, column)
    assert box.about.text() == f"{box.panel.now.about} ↑ and ↓ show the next."
    header = box.table.view.horizontalHeader()
    assert header is not None and header.sortIndicatorSection() == 1


def test_a_click_on_a_title_sorts(box: GeneListBox) -> None:
    box.table.view.sortByColumn(3, Qt.SortOrder.DescendingOrder)
    assert box.panel.table.listed["hidden"].is_monotonic_decreasing


def test_the_controls_filter(box: GeneListBox) -> None:
    box.text.setText("no such gene")
    assert box.table.words.text() == "No gene matches."
    assert not box.table.export.isEnabled()
    box.text.setText("")
    choose(box.verdict, "do not use")
    assert box.table.model.rowCount() == 25
    assert box.table.export.toolTip() == "Save the 25 listed genes, in this order."


def test_choosing_a_row_shows_its_gene_and_arrows_the_next(
    box: GeneListBox, session: Session, qtbot: QtBot
) -> None:
    session.display.column = "domain"
    box.table.view.selectRow(5)
    assert session.display.gene == listed(box)[5]
    assert session.display.column == ""
    qtbot.keyClick(box.table.view, Qt.Key.Key_Down)
    assert session.display.gene == listed(box)[6]
    qtbot.keyClick(box.table.view, Qt.Key.Key_Up)
    assert session.display.gene == listed(box)[5]


def test_a_gene_chosen_elsewhere_is_marked(box: GeneListBox, session: Session) -> None:
    assert session.adata is not None
    for order in (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder):
        box.table.view.sortByColumn(0, order)
        session.display.gene = str(session.adata.var_names[8])
        assert [listed(box)[row] for row in marked(box)] == [session.display.gene]


def test_filtering_does_not_change_the_gene(box: GeneListBox, session: Session) -> None:
    assert session.adata is not None
    session.display.gene = str(session.adata.var_names[0])
    choose(box.verdict, "cannot be judged")
    assert session.display.gene == str(session.adata.var_names[0])
    assert not marked(box)


def test_marking_the_gene_leaves_a_column_on_the_canvas(session: Session, qtbot: QtBot) -> None:
    session.display.column = "domain"
    box = shown(session, qtbot)
    assert marked(box)
    assert session.display.column == "domain"


def test_the_marked_row_is_in_sight_at_whatever_height(session: Session, qtbot: QtBot) -> None:
    assert session.adata is not None
    box = shown(session, qtbot)
    session.display.gene = listed(box)[60]
    for height in (900, 420):
        box.resize(380, height)
        qtbot.wait(50)
        view, row = box.table.view, marked(box)[0]
        place, port = view.visualRect(box.table.model.index(row, 0)), view.viewport()
        assert row == 60 and port is not None and port.rect().contains(place.center())


def test_an_empty_list_says_why(qtbot: QtBot) -> None:
    box = shown(Session(), qtbot)
    assert "Open data first" in box.nothing.text()
    assert not box.found.isVisible()


def test_the_list_is_a_page_beside_the_map(panel: StimputePanel, judged: AnnData) -> None:
    panel.session.open(judged)
    assert panel.genes.gene_list.isHidden()
    panel.genes.page_bar.setCurrentIndex(1)
    assert not panel.genes.gene_list.isHidden()
