"""The tab Statistics as it is drawn: rows, buttons, a question, and help on everything."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from anndata import AnnData
from pytestqt.qtbot import QtBot
from qtpy.QtWidgets import QComboBox, QPushButton

from napari_stimpute.plugin.canvas.view import SpotsView
from napari_stimpute.plugin.statistics.panel import StatisticsPanel
from napari_stimpute.plugin.widgets.loop import deliver_events
from napari_stimpute.plugin.widgets.table import TableView
from napari_stimpute.session.session import Session

from .hands import OfSession, choose, until_idle


@pytest.fixture
def session(view: SpotsView, section: AnnData) -> Session:
    """With genes imputed by principal components alone."""
    made = view.session
    made.open(section)
    made.train("pca", blend=False, judged=False).wait(120)
    return made


@pytest.fixture
def statistics(qtbot: QtBot, view: SpotsView, session: Session) -> Iterator[StatisticsPanel]:
    assert view.session is session
    made = StatisticsPanel(view)
    qtbot.addWidget(made)
    deliver_events(made)
    yield made
    for part in made.parts:
        part.close()


def test_a_check_is_drawn_and_its_rows_show_genes(
    statistics: StatisticsPanel, qtbot: QtBot
) -> None:
    patterns = statistics.patterns
    assert not patterns.forecast.isHidden() and patterns.answer.isHidden()
    patterns.work.button.click()
    assert patterns.work.button.text() == "Cancel" and not patterns.run.isEnabled()
    assert patterns.forecast.isHidden() and not patterns.work.progress.isHidden()
    until_idle(qtbot, patterns.panel)
    assert not patterns.answer.isHidden() and patterns.work.progress.isHidden()
    assert patterns.found.text() and patterns.control.text() and patterns.limits.text()
    assert patterns.table.model.rowCount() == 100
    shows_genes(patterns.table, patterns.panel)
    choose(patterns.listed, "only_after")
    assert patterns.table.model.rowCount() < 100


def test_a_test_is_drawn_and_its_rows_show_genes(statistics: StatisticsPanel, qtbot: QtBot) -> None:
    differences = statistics.differences
    choose(differences.column, "domain")
    choose(differences.values, "pca")
    differences.work.button.click()
    assert not differences.question.isHidden()
    differences.no.click()
    assert differences.question.isHidden() and differences.values.currentData() == "counts"
    choose(differences.values, "pca")
    differences.work.button.click()
    differences.yes.click()
    until_idle(qtbot, differences.panel)
    assert not differences.answer.isHidden()
    assert differences.summary.text() and "ranking" in differences.doubt.text()
    shows_genes(differences.table, differences.panel)


def shows_genes(table: TableView, panel: OfSession) -> None:
    """A row that is chosen colours the canvas by its gene, whatever was shown."""
    display = panel.session.display
    display.column = "domain"
    table.view.selectRow(3)
    assert display.gene == table.table.gene_at(3) and display.column == ""


def test_every_control_has_a_tooltip(statistics: StatisticsPanel) -> None:
    titles = {fold.button for fold in statistics.folds}
    controls = [
        control
        for control in statistics.findChildren((QComboBox, QPushButton))
        if control not in titles
    ]
    assert len(controls) == 17
    assert not [w for w in controls if not w.toolTip()]
