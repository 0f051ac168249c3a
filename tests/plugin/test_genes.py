"""The box in which a gene is typed, and what the tab Genes draws and passes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from anndata import AnnData
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt

from napari_stimpute.panels.gene_search import GeneSearch
from napari_stimpute.plugin.genes.gene_box import GeneBox
from napari_stimpute.plugin.panel import StimputePanel

from .hands import choose


@pytest.fixture
def search() -> GeneSearch:
    return GeneSearch(["MOBP", "MBP", "Sembp", "GFAP", "SNAP25"])


@pytest.fixture
def box(search: GeneSearch, qtbot: QtBot) -> GeneBox:
    box = GeneBox(lambda: search)
    qtbot.addWidget(box)
    return box


@pytest.fixture
def shown(panel: StimputePanel, judged: AnnData) -> StimputePanel:
    """The panel with the values of a judged run."""
    panel.session.open(judged)
    panel.session.display.source = "mine"
    return panel


def test_typing_and_enter_choose_without_a_mouse(box: GeneBox, qtbot: QtBot) -> None:
    box.show()
    with qtbot.waitSignal(box.chosen) as signal:
        qtbot.keyClicks(box, "snap")
        qtbot.keyClick(box, Qt.Key.Key_Return)
    assert signal.args == ["SNAP25"]


def test_a_symbol_is_typed_and_shown_for_a_gene_that_goes_by_an_id(qtbot: QtBot) -> None:
    search = GeneSearch(["ENSG01", "ENSG02"], {"ENSG01": "ACTB", "ENSG02": "MBP"})
    box = GeneBox(lambda: search)
    qtbot.addWidget(box)
    box.show()
    with qtbot.waitSignal(box.chosen) as signal:
        qtbot.keyClicks(box, "mbp")
        qtbot.keyClick(box, Qt.Key.Key_Return)
    assert (signal.args, box.text()) == (["ENSG02"], "MBP")
    box.show_gene("ENSG01")
    assert box.text() == "ACTB"


def test_arrow_keys_walk_through_the_matches(
    box: GeneBox, search: GeneSearch, qtbot: QtBot
) -> None:
    box.show()
    qtbot.keyClicks(box, "bp")
    popup = box.completer().popup()  # type: ignore[union-attr]
    with qtbot.waitSignal(box.chosen) as signal:
        qtbot.keyClick(popup, Qt.Key.Key_Down)
        qtbot.keyClick(popup, Qt.Key.Key_Down)
        qtbot.keyClick(popup, Qt.Key.Key_Return)
    assert signal.args == [search.matches("bp")[1]]


def test_the_controls_follow_the_session(shown: StimputePanel) -> None:
    genes, display = shown.genes, shown.session.display
    display.gene = shown.session.contents.genes[4]
    assert genes.gene.text() == display.gene
    assert genes.source.currentData() == "mine"
    display.percentiles, display.column = (2.0, 90.0), "domain"
    assert (genes.low.value(), genes.high.value()) == (2, 90)
    assert genes.column.currentText() == "domain"
    display.colormap = "magma"
    assert genes.colormap.currentText() == "magma"
    display.aspect, display.threshold, display.fades = "zeros", 0.8, True
    assert genes.aspect.aspect.currentText() == "Zero map"
    assert genes.aspect.threshold.value() == 80 and genes.aspect.fade.isChecked()


def test_what_is_chosen_in_the_controls_reaches_the_session(shown: StimputePanel) -> None:
    genes, display = shown.genes, shown.session.display
    choose(genes.source, "log")
    assert display.source == "log"
    choose(genes.column, "domain")
    assert display.column == "domain"
    genes.high.setValue(60)
    assert display.percentiles == (0, 60)
    genes.colormap.setCurrentText("magma")
    assert display.colormap == "magma"
    choose(genes.source, "mine")
    genes.aspect.fade.setChecked(True)
    assert display.fades
    choose(genes.aspect.aspect, "zeros")
    genes.aspect.threshold.setValue(70)
    assert (display.aspect, display.threshold) == ("zeros", 0.7)
    assert genes.aspect.least.text() == "70 %"
    assert "spots with zero" in genes.aspect.shares.text()


def test_an_unknown_name_stays_in_the_box_to_be_mended(shown: StimputePanel, qtbot: QtBot) -> None:
    genes = shown.genes
    genes.gene.setText("no such gene")
    qtbot.keyClick(genes.gene, Qt.Key.Key_Return)
    assert "no gene 'no such gene'" in genes.words.text()
    assert genes.gene.text() == "no such gene"
    shown.session.display.gene = shown.session.contents.genes[4]
    assert genes.gene.text() == shown.session.contents.genes[4]


def test_limits_that_are_refused_stay_in_the_boxes_to_be_mended(shown: StimputePanel) -> None:
    shown.genes.low.setValue(99.5)
    assert "below the upper one" in shown.genes.words.text()
    assert shown.genes.low.value() == 99.5


def test_a_gene_that_was_not_modelled_has_no_imputed_values_to_choose(
    shown: StimputePanel, judged: AnnData
) -> None:
    half = shown.session.adata[:, :50].copy()  # type: ignore[index]
    half.raw = judged
    shown.session.open(half)
    shown.session.display.gene = str(judged.var_names[70])
    item: Any = shown.genes.source.model().item(2)  # type: ignore[union-attr]
    assert not item.isEnabled()
    assert "not among the modelled genes" in item.toolTip()


def test_a_gene_that_was_not_modelled_is_added_with_one_press(
    shown: StimputePanel, section: AnnData
) -> None:
    session, box = shown.session, shown.genes.add
    session.open(section, genes="hvg:20")
    session.train("mixture").wait(60)
    assert not box.isVisibleTo(shown.genes)
    session.display.gene = gene = session.contents.genes[-1]
    assert f"{gene} is not among the modelled genes" in box.words.text()
    assert box.work.button.text() == "Add this gene"
    box.work.button.click()
    assert box.work.button.text() == "Cancel"
    assert session.job is not None
    session.job.wait(60)
    assert f"{gene} was added; the next training learns it" in box.work.words.text()
    assert box.words.text() == "" and not box.work.button.isVisibleTo(box)
    assert shown.genes.blend.text().startswith("Added later, of simple predictions alone")
    assert shown.train.also.text() == gene


def test_the_list_leads_to_a_gene_that_was_not_modelled(
    shown: StimputePanel, section: AnnData
) -> None:
    session, genes = shown.session, shown.genes.gene_list
    session.open(section, genes="hvg:20")
    session.train("mixture").wait(60)
    genes.panel.watch(is_watched=True)
    gene = session.contents.genes[-1]
    genes.text.setText(gene.lower())
    assert genes.table.words.text() == f"No gene matches. {gene} is not modelled."
    genes.elsewhere.click()
    assert session.display.gene == gene


def test_genes_always_modelled_are_typed_and_unknown_ones_are_said(
    shown: StimputePanel, section: AnnData
) -> None:
    session, train = shown.session, shown.train
    session.open(section, genes="hvg:20")
    names = session.contents.genes[-2:]
    train.settings.set_open(True)
    for text, also in (
        (", ".join(names), tuple(names)),
        (f"{names[0]}, {names[1]}x", tuple(names)),
    ):
        train.also.clear()
        train.also.insert(text)
        train.also.editingFinished.emit()
        assert session.also == also
    assert f"Did you mean '{names[1]}'" in train.no_also.text()
    assert train.panel.train() is None
    assert train.also.text().endswith("x")  # it stays, to be mended
    train.also.clear()
    train.also.insert(names[0])
    train.also.editingFinished.emit()
    assert session.also == (names[0],) and train.no_also.text() == ""


def test_a_figure_is_saved_and_the_answer_says_where(shown: StimputePanel, tmp_path: Path) -> None:
    job = shown.genes.panel.save_figure(tmp_path / "gene.png")
    assert job is not None
    assert not shown.genes.save.isEnabled()
    job.wait(60)
    assert shown.genes.save.isEnabled()
    assert str(tmp_path / "gene.png") in shown.genes.saved.text()


def test_without_data_the_buttons_say_why(panel: StimputePanel) -> None:
    for button in (panel.genes.save, panel.genes.flip_button, panel.genes.both):
        assert not button.isEnabled()
        assert button.toolTip() == "Open data first."
