"""The tab Edit as it is drawn: what applies is there, an edit colours cells, and is taken back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from napari_stimpute.panels.edit import EditPanel
from napari_stimpute.panels.edit_form import GENES
from napari_stimpute.plugin.edit.panel import EditBox
from napari_stimpute.plugin.widgets.loop import deliver_events
from napari_stimpute.session.edited import EDITED
from napari_stimpute.session.session import Session

from ..editable import with_model
from ..generating import cells
from .hands import choose, until_idle


@pytest.fixture
def box(qtbot: QtBot) -> Iterator[EditBox]:
    """The tab, with cells and a model."""
    made = EditBox(EditPanel(with_model(Session())))
    qtbot.addWidget(made)
    deliver_events(made)
    yield made
    for part in made.parts:
        part.close()


def test_without_a_model_there_is_nothing_but_what_to_do(qtbot: QtBot) -> None:
    session = Session()
    made = EditBox(EditPanel(session))
    qtbot.addWidget(made)
    assert made.controls.isHidden() and made.answer.isHidden() and made.set_up.isHidden()
    assert made.work.why_not.text() == "Open data first." and not made.work.button.isEnabled()
    session.open(cells().copy())
    assert made.controls.isHidden() and not made.set_up.isHidden()
    made.set_up.click()
    assert session.model == "scdiffusion"
    for part in made.parts:
        part.close()


def test_only_what_applies_is_there(box: EditBox) -> None:
    assert (
        box.group_row.isHidden()
        and box.wishes.isHidden()
        and not any(goal.isHidden() for goal in box.goals)
    )
    choose(box.cells, "cell_type")
    assert not box.group_row.isHidden()
    choose(box.what, GENES)
    assert all(goal.isHidden() for goal in box.goals) and not box.wishes.isHidden()
    assert box.work.why_not.text() == "Name a gene to change first."


def test_genes_are_named_changed_edited_shown_and_taken_back(box: EditBox, qtbot: QtBot) -> None:
    choose(box.what, GENES)
    box.wishes.gene.chosen.emit("gene nobody knows")
    assert "no gene" in box.wishes.words.text()
    box.wishes.gene.chosen.emit("Gene050")
    row = box.wishes.rows["Gene050"]
    assert not box.wishes.words.text() and row.fold.isHidden()
    choose(row.how, "fold")
    assert not row.fold.isHidden()
    row.fold.setValue(0.0)
    box.strength.setValue(10)
    assert box.how_strong.text() == "0.50"
    box.work.button.click()
    assert box.work.button.text() == "Cancel" and not box.run.isEnabled()
    until_idle(qtbot, box.panel)
    assert not box.answer.isHidden() and "in-silico hypothesis" in box.asked.text()
    assert "Gene050: × 0" in box.asked.text() and box.facts.text() and box.doubt.text()
    assert box.table.model.rowCount() and box.shown.isChecked()
    box.table.view.selectRow(0)
    display = box.panel.session.display
    assert display.gene == box.panel.table.gene_at(0) and display.source == EDITED
    box.shown.click()
    assert display.source != EDITED
    box.clear.click()
    assert box.answer.isHidden() and not box.table.model.rowCount()
    row.remove.click()
    assert not box.wishes.rows
