"""The tab Compare as it is drawn: boxes, columns, headings, bars and dots."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from anndata import AnnData
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QPointF, Qt
from qtpy.QtWidgets import QCheckBox

from napari_stimpute.compare import methods
from napari_stimpute.panels.compare import ComparePanel
from napari_stimpute.panels.scores import Bar, Dot
from napari_stimpute.plugin.compare.panel import CompareBox
from napari_stimpute.plugin.compare.wins import GeneDots, seen_on
from napari_stimpute.plugin.panel import StimputePanel
from napari_stimpute.plugin.widgets.loop import deliver_events
from napari_stimpute.session.session import Session

from .hands import until_idle

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def box(qtbot: QtBot, section: AnnData, monkeypatch: pytest.MonkeyPatch) -> Iterator[CompareBox]:
    """The tab by itself, on a section; other tools are absent, wherever the tests run."""
    monkeypatch.setattr(methods, "find_spec", lambda name: None)
    session = Session()
    session.open(section)
    made = CompareBox(ComparePanel(session))
    qtbot.addWidget(made)
    deliver_events(made)
    made.resize(370, 1400)
    made.show()
    yield made
    for part in made.parts:
        part.close()


def compared(qtbot: QtBot, box: CompareBox, *names: str) -> CompareBox:
    """Tick just these, and compare them in two splits, as a person does."""
    for name, method in box.boxes.items():
        if method.isEnabled() and method.isChecked() != (name in names):
            method.click()
    box.splits.setValue(2)
    qtbot.mouseClick(box.work.button, LEFT)
    assert not box.choice.isEnabled() and box.work.button.text() == "Cancel"
    until_idle(qtbot, box.panel)
    return box


def column(box: CompareBox, place: int) -> list[str]:
    table = box.view.table
    items = [table.item(row, place) for row in range(table.rowCount())]
    return ["" if item is None else item.text() for item in items]


def test_what_is_not_installed_is_disabled_and_says_why(box: CompareBox) -> None:
    for name in ("magic", "scvi"):
        assert not box.boxes[name].isEnabled() and not box.boxes[name].isChecked()
        assert box.reasons[name].isVisible() and "Not installed" in box.reasons[name].text()
    assert box.boxes["gmm_vgae"].isEnabled() and not box.boxes["gmm_vgae"].isChecked()
    assert box.boxes["mixture"].isChecked() and not box.reasons["gmm_vgae"].isVisible()
    assert not box.report.isVisible() and not box.view.table.isVisible()


def test_a_comparison_is_drawn(box: CompareBox, qtbot: QtBot) -> None:
    compared(qtbot, box, "raw", "neighbour_mean", "tissue_mean")
    assert box.choice.isEnabled() and box.status.text().startswith("Done after")
    assert "hidden molecules" in box.view.sentence.text()
    assert [bar.title for bar in box.view.bars.bars] and box.view.bars.isVisible()
    assert box.report.isVisible() and box.report.isEnabled()
    table = box.view.table
    header, metrics = table.horizontalHeader(), table.fontMetrics()
    assert header is not None
    assert sum(table.columnWidth(c) for c in range(table.columnCount())) <= table.width()
    assert table.columnWidth(0) >= metrics.horizontalAdvance("Nearest in expr")
    for place in range(1, table.columnCount()):
        for text in column(box, place):
            widest = max(metrics.horizontalAdvance(line) for line in text.split("\n"))
            assert table.columnWidth(place) > widest
    assert table.height() >= header.height() + sum(
        table.rowHeight(row) for row in range(table.rowCount())
    )


def test_the_window_stays_usable_while_it_compares(
    opened: StimputePanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    box, session = opened.compare, opened.session
    for name in box.boxes:
        box.panel.tick(name, wanted=name in ("raw", "gmm_vgae"))
    box.work.button.click()
    qtbot.waitUntil(lambda: column(box, 0) == ["Counts as they are"], timeout=60_000)
    session.display.gene = session.contents.genes[5]
    assert opened.view.shown.caption.startswith(session.contents.genes[5])
    assert session.is_busy
    box.work.button.click()
    until_idle(qtbot, opened)


def test_a_click_on_a_heading_orders_and_one_on_a_dot_shows_the_gene(
    box: CompareBox, qtbot: QtBot
) -> None:
    compared(qtbot, box, "raw", "gene_mean")
    before, header = column(box, 0), box.view.table.horizontalHeader()
    assert header is not None
    header.sectionClicked.emit(1)
    assert column(box, 0) == before[::-1]
    assert header.sortIndicatorOrder() == Qt.SortOrder.AscendingOrder
    dots = box.view.dots
    x, y = dots.places()
    place = int(x.argmax())
    qtbot.mouseClick(dots, LEFT, pos=QPointF(x[place], y[place]).toPoint())
    chosen = dots.dots[dots.gene_at(QPointF(x[place], y[place]))]
    assert box.panel.session.display.gene == chosen.gene


def test_the_reason_of_a_failure_has_the_room_of_all_numbers(box: CompareBox, qtbot: QtBot) -> None:
    assert box.panel.session.adata is not None
    box.panel.session.adata.obsm["spatial"][:] = float("nan")
    compared(qtbot, box, "tissue_mean", "gene_mean")
    assert column(box, 0) == ["Gene mean × depth", "Nearest in tissue"]
    table = box.view.table
    assert [table.columnSpan(row, 1) for row in (0, 1)] == [1, table.columnCount() - 1]


def test_nothing_is_found_beside_the_dots(qtbot: QtBot) -> None:
    dots = GeneDots()
    qtbot.addWidget(dots)
    assert dots.gene_at(QPointF(10, 10)) == -1
    dots.resize(300, 190)
    dots.draw((Dot("a", "A", 10, 0.1), Dot("b", "A", 1000, 0.4)), (Bar("A", 1, "#ff0000"),))
    x, y = dots.places()
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
