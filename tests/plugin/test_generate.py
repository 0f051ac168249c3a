"""The tab Generate as it is drawn: controls of the model's own conditions, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QFileDialog, QLineEdit

from napari_stimpute.panels.enhance import DEEPEN
from napari_stimpute.plugin.generate.panel import GenerateTab
from napari_stimpute.plugin.panel import StimputePanel
from napari_stimpute.plugin.widgets.loop import deliver_events
from napari_stimpute.session.session import Session

from ..generating import folder
from ..panels.generated import with_model
from .hands import choose, until_idle


@pytest.fixture
def tab(qtbot: QtBot, session: Session) -> Iterator[GenerateTab]:
    made = GenerateTab(with_model(session))
    qtbot.addWidget(made)
    deliver_events(made)
    yield made
    for part in made.parts:
        part.close()


def test_what_is_chosen_is_made_and_judged(tab: GenerateTab, qtbot: QtBot) -> None:
    cells = tab.cells
    kind, depth = cells.conditions.controls.values()
    assert isinstance(kind, QComboBox) and isinstance(depth, QLineEdit)
    assert list(cells.guidance.controls) == ["cell_type", "true_depth"]
    choose(kind, "Type B")
    depth.setFocus()
    qtbot.keyClicks(depth, "x")
    assert not cells.work.button.isEnabled() and "'x'" in cells.work.why_not.text()
    depth.clear()
    depth.textEdited.emit("")
    choose(kind, "")
    cells.n.setValue(60)
    cells.steps.setValue(3)
    cells.work.button.click()
    assert cells.work.button.text() == "Cancel" and not kind.isEnabled()
    until_idle(qtbot, cells.panel)
    assert not cells.answer.isHidden() and "60 cells" in cells.notes.text()
    assert cells.table.rowCount() == len(cells.panel.now.rows) > 5
    assert not cells.picture.isHidden() and not cells.picture.pixmap().isNull()
    for words in (cells.hypothesis, cells.notes, cells.verdict, cells.doubts):
        assert cells.answer.isAncestorOf(words)
    assert "In-silico hypothesis" in cells.hypothesis.text()
    cells.larger.click()
    until_idle(qtbot, cells.panel)
    assert cells.figures.isVisible()


def test_only_what_the_chosen_kind_needs_is_shown(tab: GenerateTab) -> None:
    enhance = tab.enhance
    assert not enhance.label.isHidden() and enhance.factor.isHidden()
    choose(enhance.kind, DEEPEN)
    assert enhance.label.isHidden() and not enhance.factor.isHidden()
    assert tab.model.nothing.isHidden() and tab.model.set_up.isHidden()


def test_every_control_has_a_tooltip(tab: GenerateTab) -> None:
    kinds = (QComboBox, QAbstractSpinBox, QAbstractButton, QLineEdit)
    titles = {fold.button for fold in (*tab.folds, tab.cells.fold)}
    own = [w for w in tab.findChildren(kinds) if not w.objectName().startswith("qt_")]
    assert [w.toolTip() for w in own if w not in titles and not w.toolTip()] == []


def test_without_a_model_a_button_leads_to_training_one(opened: StimputePanel) -> None:
    opened.show_tab("generate")
    assert not opened.generate.model.set_up.isHidden() and opened.generate.model.nothing.text()
    opened.generate.model.set_up.click()
    assert opened.session.model == "scdiffusion"
    assert opened.tabs.tabText(opened.tabs.currentIndex()) == "Train"
    assert opened.train.settings.button.isChecked()


def test_a_saved_model_is_opened_by_its_folder(
    opened: StimputePanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = opened.generate.model
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder()))
    box.open.click()
    until_idle(qtbot, box.folder)
    assert box.run.currentText() == "model (opened)" and box.nothing.isHidden()
    assert "18 of the model's 100 genes" in box.fit.text() and box.save.isEnabled()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/nowhere")
    box.open.click()
    until_idle(qtbot, box.folder)
    assert "/nowhere" in box.outcome.text() and box.run.currentText() == "model (opened)"
