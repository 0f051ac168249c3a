"""The Compare tab: choose, start, watch, cancel, sort, click a gene, keep a report."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from anndata import AnnData
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QPointF, Qt
from qtpy.QtWidgets import QCheckBox

from napari_stimpute.compare import methods
from napari_stimpute.models.simple.baselines import PCADenoiser
from napari_stimpute.plugin.compare.panel import COMPARING, ComparePanel
from napari_stimpute.plugin.compare.wins import GeneDots, Genes, seen_on
from napari_stimpute.plugin.widgets.loop import deliver_events
from napari_stimpute.session.session import Session

from .hands import until_idle

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def alone(
    qtbot: QtBot, section: AnnData, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ComparePanel]:
    """The tab by itself, on a section; other tools are absent, wherever the tests run."""
    monkeypatch.setattr(methods, "find_spec", lambda name: None)
    session = Session()
    session.open(section)
    panel = ComparePanel(session)
    qtbot.addWidget(panel)
    deliver_events(panel)
    panel.resize(370, 1400)
    panel.show()
    yield panel
    if session.job is not None:
        session.job.cancel()
        session.job.wait(60)
    panel.connections.close()


def only(panel: ComparePanel, *names: str) -> None:
    """Tick just these, as a person does."""
    for name, box in panel.boxes.items():
        if box.isEnabled() and box.isChecked() != (name in names):
            box.click()


def compared(qtbot: QtBot, panel: ComparePanel, *names: str, splits: int = 2) -> None:
    only(panel, *names)
    panel.splits.setValue(splits)
    qtbot.mouseClick(panel.button, LEFT)
    until_idle(qtbot, panel)


def column(panel: ComparePanel, place: int) -> list[str]:
    table = panel.view.table
    items = [table.item(row, place) for row in range(table.rowCount())]
    return ["" if item is None else item.text() for item in items]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the PCA denoiser take its time."""
    learn = PCADenoiser._learn

    def slowly(self: Any, *args: Any) -> Any:
        for p in learn(self, *args):
            for _ in range(600):
                time.sleep(0.05)
                yield p

    monkeypatch.setattr(PCADenoiser, "_learn", slowly)


# ---- choosing ----------------------------------------------------------------------------------


def test_every_method_is_offered_and_ticked_where_it_can_run(alone: ComparePanel) -> None:
    assert list(alone.boxes) == list(methods.methods())
    assert set(alone.chosen) == set(methods.available(has_tissue=True))


def test_what_is_not_installed_is_disabled_and_says_why(alone: ComparePanel) -> None:
    for name, package in (("magic", "magic-impute"), ("scvi", "scvi-tools")):
        assert not alone.boxes[name].isEnabled() and not alone.boxes[name].isChecked()
        assert alone.reasons[name].text() == f"Not installed: pip install {package}"
        assert alone.reasons[name].isVisible()
        assert package in alone.boxes[name].toolTip()


def test_without_coordinates_the_tissue_methods_say_why(
    alone: ComparePanel, section: AnnData
) -> None:
    cells = section.copy()
    del cells.obsm["spatial"]
    alone.session.open(cells)
    assert not alone.boxes["gmm_vgae"].isEnabled()
    assert alone.reasons["tissue_mean"].text() == "Needs coordinates; these data have none."
    alone.session.open(section)
    assert alone.boxes["gmm_vgae"].isChecked()  # as before


def test_nothing_ticked_cannot_be_started_and_says_why(alone: ComparePanel) -> None:
    only(alone)
    assert not alone.button.isEnabled()
    assert alone.why_not.text() == "Tick a method to compare."


def test_without_data_it_says_so(qtbot: QtBot) -> None:
    panel = ComparePanel(Session())
    qtbot.addWidget(panel)
    assert not panel.button.isEnabled()
    assert panel.why_not.text() == "Open data first."


# ---- comparing ---------------------------------------------------------------------------------


def test_a_comparison_ends_with_sentence_table_and_winners(
    alone: ComparePanel, qtbot: QtBot
) -> None:
    compared(qtbot, alone, "raw", "gene_mean", "pca")
    assert alone.status.text().startswith("Done after")
    assert "hidden molecules" in alone.view.sentence.text()
    assert set(column(alone, 0)) == {"Counts as they are", "Gene mean × depth", "PCA denoiser"}
    assert all("±" in text for text in column(alone, 1))
    assert set(alone.view.bars.shares) == set(column(alone, 0))
    assert sum(alone.view.bars.shares.values()) == pytest.approx(1)
    assert alone.view.dots.genes.names


def test_no_column_is_cut_off(alone: ComparePanel, qtbot: QtBot) -> None:
    compared(qtbot, alone, "raw", "neighbour_mean", "tissue_mean", splits=2)
    table = alone.view.table
    header, metrics = table.horizontalHeader(), table.fontMetrics()
    assert header is not None
    assert sum(table.columnWidth(c) for c in range(table.columnCount())) <= table.width()
    assert table.columnWidth(0) >= metrics.horizontalAdvance("Nearest in expr")
    for place in range(1, table.columnCount()):
        for text in column(alone, place):
            widest = max(metrics.horizontalAdvance(line) for line in text.split("\n"))
            assert table.columnWidth(place) > widest
    assert table.height() >= header.height() + sum(
        table.rowHeight(row) for row in range(table.rowCount())
    )


def test_a_click_on_a_heading_sorts_by_the_number(alone: ComparePanel, qtbot: QtBot) -> None:
    compared(qtbot, alone, "raw", "gene_mean", "pca", splits=1)
    scores = [float(text.replace("−", "-")) for text in column(alone, 1)]
    assert scores == sorted(scores, reverse=True)
    header = alone.view.table.horizontalHeader()
    assert header is not None
    header.sectionClicked.emit(1)
    assert [float(t.replace("−", "-")) for t in column(alone, 1)] == scores[::-1]
    header.sectionClicked.emit(0)
    assert column(alone, 0) == ["Counts as they are", "Gene mean × depth", "PCA denoiser"]


def test_a_failing_method_has_a_row_that_says_what_went_wrong(
    alone: ComparePanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Any, *_: Any) -> Any:
        raise ValueError("not today")
        yield

    monkeypatch.setattr(PCADenoiser, "_learn", fail)
    compared(qtbot, alone, "pca", "gene_mean", splits=1)
    assert column(alone, 0) == ["Gene mean × depth", "PCA denoiser"]
    assert "ValueError: not today" in column(alone, 1)[1]
    assert alone.view.table.columnSpan(1, 1) == alone.view.table.columnCount() - 1


def test_if_nothing_could_be_scored_that_is_said(
    alone: ComparePanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Any, *_: Any) -> Any:
        raise ValueError("not today")
        yield

    monkeypatch.setattr(PCADenoiser, "_learn", fail)
    compared(qtbot, alone, "pca", splits=1)
    assert alone.view.sentence.text() == "No method could be scored."
    assert alone.view.sentence.tone == "warning"
    assert "ValueError: not today" in column(alone, 1)[0]
    assert not alone.report_button.isVisible()


def test_while_it_runs_scores_appear_and_the_window_stays_usable(
    alone: ComparePanel, qtbot: QtBot, slow: None
) -> None:
    only(alone, "raw", "pca")
    qtbot.mouseClick(alone.button, LEFT)
    assert alone.button.text() == "Cancel"
    qtbot.waitUntil(lambda: column(alone, 0) == ["Counts as they are"], timeout=30_000)
    qtbot.waitUntil(lambda: "PCA denoiser, split 1 of 3" in alone.status.text(), timeout=10_000)
    assert alone.bar.isVisible() and not alone.choice.isEnabled()
    assert alone.view.sentence.text() == ""  # not before the end
    alone.session.display.gene = alone.session.contents.genes[5]


def test_cancel_answers_quickly_and_keeps_what_was_scored(
    alone: ComparePanel, qtbot: QtBot, slow: None
) -> None:
    only(alone, "raw", "pca")
    qtbot.mouseClick(alone.button, LEFT)
    qtbot.waitUntil(lambda: column(alone, 0) == ["Counts as they are"], timeout=30_000)
    begun = time.monotonic()
    qtbot.mouseClick(alone.button, LEFT)
    assert alone.button.text() == "Cancelling…"
    until_idle(qtbot, alone)
    assert time.monotonic() - begun < 3
    assert alone.status.text().startswith("Cancelled after")
    assert alone.view.sentence.text().startswith("Stopped early: this comparison is incomplete.")
    assert alone.view.sentence.tone == "warning"
    assert column(alone, 1)[1] == "Not reached before the comparison was stopped."


def test_a_gene_to_draw_that_does_not_exist_is_explained(alone: ComparePanel, qtbot: QtBot) -> None:
    alone.show_genes.setText("NoSuchGene")
    compared(qtbot, alone, "raw")
    assert "NoSuchGene" in alone.words.text()
    assert not alone.report_button.isVisible()


def test_other_work_is_waited_for(alone: ComparePanel, qtbot: QtBot, slow: None) -> None:
    alone.session.train("pca", judged=False)
    assert not alone.button.isEnabled()
    assert "at work" in alone.why_not.text()
    alone.session.cancel()
    until_idle(qtbot, alone)


def test_other_data_clear_the_comparison(
    alone: ComparePanel, qtbot: QtBot, section: AnnData
) -> None:
    compared(qtbot, alone, "raw", splits=1)
    alone.session.open(section)
    assert alone.comparison is None
    assert not alone.view.table.isVisible() and alone.view.sentence.text() == ""


# ---- afterwards --------------------------------------------------------------------------------


def test_report_is_written_in_the_background(
    alone: ComparePanel, qtbot: QtBot, tmp_path: Path
) -> None:
    compared(qtbot, alone, "raw", "gene_mean", splits=1)
    path = tmp_path / "report.html"
    alone.save_report(path)
    until_idle(qtbot, alone)
    assert alone.saved.text() == f"Saved to {path}."
    assert "Which method for" in path.read_text(encoding="utf-8")


def test_a_report_that_cannot_be_written_is_explained(
    alone: ComparePanel, qtbot: QtBot, tmp_path: Path
) -> None:
    compared(qtbot, alone, "raw", splits=1)
    alone.save_report(tmp_path / "no" / "report.html")
    until_idle(qtbot, alone)
    assert "Choose another folder" in alone.saved.text()
    assert column(alone, 0) == ["Counts as they are"]  # still there


def test_a_click_on_a_dot_shows_the_gene(alone: ComparePanel, qtbot: QtBot) -> None:
    compared(qtbot, alone, "raw", "gene_mean", "pca", splits=1)
    dots = alone.view.dots
    x, y = dots._dots()
    place = int(np.argmax(x))
    qtbot.mouseClick(dots, LEFT, pos=QPointF(x[place], y[place]).toPoint())
    assert alone.session.display.gene == dots.genes.names[dots.gene_at(QPointF(x[place], y[place]))]


def test_nothing_is_found_beside_the_dots(qtbot: QtBot) -> None:
    dots = GeneDots()
    qtbot.addWidget(dots)
    assert dots.gene_at(QPointF(10, 10)) == -1
    dots.resize(300, 190)
    genes = Genes(["a", "b"], ["A", "A"], np.array([10.0, 1000.0]), np.array([0.1, 0.4]))
    dots.show_genes(genes, {"A": "#ff0000"})
    x, y = dots._dots()
    assert dots.gene_at(QPointF(x[1], y[1])) == 1
    assert dots.gene_at(QPointF((x[0] + x[1]) / 2, y[0])) == -1
    assert x[1] > x[0] and y[1] < y[0]  # more molecules to the right, a better score above
    assert dots.rect().contains(QPointF(x[1], y[1]).toPoint())


def test_dark_colours_are_seen_on_a_dark_theme(qtbot: QtBot) -> None:
    box = QCheckBox()
    qtbot.addWidget(box)
    palette = box.palette()
    palette.setColor(palette.ColorRole.Window, Qt.GlobalColor.black)
    box.setPalette(palette)
    assert seen_on(box, "#332288").lightness() > 120
    assert seen_on(box, "#f0e442").name() == "#f0e442"


def test_the_job_is_named_for_who_else_waits(alone: ComparePanel, qtbot: QtBot) -> None:
    only(alone, "raw")
    alone.compare()
    assert alone.session.job is not None and alone.session.job.title == COMPARING
    until_idle(qtbot, alone)
