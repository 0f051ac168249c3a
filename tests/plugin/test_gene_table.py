from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from napari_stimpute import keys
from napari_stimpute.plugin.genes.gene_list import GeneTable
from napari_stimpute.plugin.panel import StimputePanel
from napari_stimpute.plugin.widgets.gene_model import COLUMNS, GeneModel
from napari_stimpute.session.session import Session
from napari_stimpute.trust.verdict import VERDICTS

UP, DOWN = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder


@pytest.fixture
def session(judged: AnnData) -> Session:
    session = Session()
    session.open(judged)
    session.display.source = "mine"
    return session


@pytest.fixture
def table(session: Session, qtbot: QtBot) -> GeneTable:
    return shown(GeneTable(session), qtbot)


def shown(table: GeneTable, qtbot: QtBot) -> GeneTable:
    qtbot.addWidget(table)
    table.resize(370, 500)
    table.show()
    QApplication.processEvents()
    return table


def listed(table: GeneTable) -> list[str]:
    return [table.model.gene_at(row) for row in range(table.model.rowCount())]


def cell(table: GeneTable, gene: str, title: str) -> str:
    column = [c.title for c in COLUMNS].index(title)
    return str(table.model.index(table.model.row_of(gene), column).data())


def choose(table: GeneTable, verdict: str) -> None:
    table.verdict.setCurrentIndex(table.verdict.findData(verdict))
    table.verdict.activated.emit(table.verdict.currentIndex())


def test_every_modelled_gene_is_listed_with_its_numbers(table: GeneTable, session: Session) -> None:
    assert sorted(listed(table)) == sorted(session.adata.var_names)
    gene = str(session.adata.var_names[70])
    assert cell(table, gene, "Verdict") == "Do not use"
    assert cell(table, gene, "Gain") == "20 %"
    assert cell(table, gene, "Hidden") == "80"
    assert cell(table, gene, "Model") == "70 %"


def test_the_best_of_the_reliable_come_first(table: GeneTable, session: Session) -> None:
    codes = np.asarray(session.adata.var[keys.trust("mine")].cat.codes)
    gains = np.asarray(session.adata.var[keys.gain("mine")])
    expected = sorted(range(len(codes)), key=lambda i: (codes[i], -gains[i]))
    assert listed(table) == [str(session.adata.var_names[i]) for i in expected]


@pytest.mark.parametrize("column", range(len(COLUMNS)))
def test_each_column_sorts_both_ways(table: GeneTable, column: int) -> None:
    for order in (UP, DOWN):
        table.table.sortByColumn(column, order)
        sentences = [table.model.index(row, column).data() for row in range(table.model.rowCount())]
        if column == 0:
            values = [text.casefold() for text in sentences]
        elif column == 1:
            values = [VERDICTS.index(text.lower()) for text in sentences]
        else:
            values = [float(text.removesuffix(" %").replace("−", "-")) for text in sentences]
        assert values == sorted(values, reverse=order == DOWN)


def test_genes_are_filtered_by_name_and_verdict(table: GeneTable, session: Session) -> None:
    gene = str(session.adata.var_names[4])
    table.text.setText(gene.lower())
    assert listed(table) == [gene]
    table.text.setText("")
    choose(table, "do not use")
    assert sorted(listed(table)) == sorted(session.adata.var_names[2::4])
    assert table.verdict.currentText() == "Do not use (25)"
    assert table.verdict.itemText(0) == "All verdicts (100)"


def test_no_match_is_said(table: GeneTable) -> None:
    table.text.setText("no such gene")
    assert listed(table) == []
    assert table.words.text() == "No gene matches."
    assert not table.export.isEnabled()


def test_choosing_a_row_shows_its_gene_and_arrows_the_next(
    table: GeneTable, session: Session, qtbot: QtBot
) -> None:
    session.display.column = "domain"
    table.table.selectRow(5)
    assert session.display.gene == listed(table)[5]
    assert session.display.column == ""
    qtbot.keyClick(table.table, Qt.Key.Key_Down)
    assert session.display.gene == listed(table)[6]
    qtbot.keyClick(table.table, Qt.Key.Key_Up)
    assert session.display.gene == listed(table)[5]


def test_a_gene_chosen_elsewhere_is_marked(table: GeneTable, session: Session) -> None:
    session.display.gene = str(session.adata.var_names[8])
    marked = table.table.selectionModel().selectedRows()  # type: ignore[union-attr]
    assert [listed(table)[index.row()] for index in marked] == [session.display.gene]


def test_filtering_does_not_change_the_gene(table: GeneTable, session: Session) -> None:
    session.display.gene = str(session.adata.var_names[0])
    choose(table, "cannot be judged")
    assert session.display.gene == str(session.adata.var_names[0])
    assert not table.table.selectionModel().hasSelection()  # type: ignore[union-attr]


def test_the_listed_genes_are_exported_in_their_order(table: GeneTable, tmp_path: Path) -> None:
    choose(table, "reliable")
    table.table.sortByColumn(3, DOWN)
    table.save_to(tmp_path / "genes.csv")
    written = pd.read_csv(tmp_path / "genes.csv")
    assert list(written["gene"]) == listed(table)
    assert set(written["verdict"]) == {"reliable"}
    assert written["hidden"].is_monotonic_decreasing
    assert "25 genes saved" in table.words.text()


def test_an_export_that_fails_is_explained(table: GeneTable, tmp_path: Path) -> None:
    table.save_to(tmp_path / "no such folder" / "genes.csv")
    assert "no such folder" in table.words.text()


def test_an_empty_list_says_what_to_do(section: AnnData, qtbot: QtBot) -> None:
    session = Session()
    table = shown(GeneTable(session), qtbot)
    assert "Open data first" in table.nothing.text()
    session.open(section)
    assert "Train a model" in table.nothing.text()
    assert not table.found.isVisible()


def test_a_run_that_was_not_judged_says_so(judged: AnnData, qtbot: QtBot) -> None:
    judged.var = judged.var.drop(columns=list(keys.gene_facts("mine")))
    session = Session()
    session.open(judged)
    table = shown(GeneTable(session), qtbot)
    assert "was not judged" in table.nothing.text()


def test_20_000_genes_are_sorted_and_filtered_at_once(qtbot: QtBot) -> None:
    n, rng = 20_000, np.random.default_rng(0)
    verdicts = np.array(VERDICTS)[rng.integers(0, 4, n)]
    numbers = {name: rng.random(n) for name in ("gain", "error", "over_baseline", "model_weight")}
    genes = pd.DataFrame(
        {"verdict": verdicts, "hidden": rng.integers(0, 1000, n), **numbers},
        index=[f"GENE{i:05d}" for i in range(n)],
    )
    model = GeneModel()
    model.take(genes)
    started = time.perf_counter()
    for column in range(len(COLUMNS)):
        model.sort(column, DOWN)
    for text in ("g", "e1", "99", "nothing"):
        model.keep(text, "")
    model.keep("", "reliable")
    assert time.perf_counter() - started < 1.0  # 0.1 s on an idle machine


def test_the_list_is_a_page_beside_the_map(panel: StimputePanel, judged: AnnData) -> None:
    panel.session.open(judged)
    assert panel.genes.table.isHidden()
    panel.genes.page_bar.setCurrentIndex(1)
    assert not panel.genes.table.isHidden()
