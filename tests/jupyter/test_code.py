"""Copy code in a notebook: a button that shows the lines of the section in sight."""

from __future__ import annotations

import pytest
from anndata import AnnData

from napari_stimpute import jupyter
from napari_stimpute.panels.code import code_of
from napari_stimpute.session.session import Session

from ..grouped import group


@pytest.fixture
def grouped(section: AnnData) -> Session:
    session = Session()
    session.open(group(section))
    return session


def test_lines_of_the_tab_in_sight_are_shown_and_hidden(grouped: Session) -> None:
    shown = jupyter.panels(grouped)
    box = shown.code
    for name in ("data", "genes", "train", "compare"):
        shown.show_tab(name)
        assert box.lines.layout.display == "none"
        box.button.widget.click()
        code = code_of(getattr(shown, name).panel)
        assert box.lines.value == code.text != "" and box.words.text == code.shown.text
        assert box.lines.layout.display is None
    box.button.widget.click()
    assert box.lines.layout.display == "none" and not box.words.text


def test_the_section_that_is_open_counts(grouped: Session) -> None:
    shown = jupyter.panels(grouped)
    shown.show_tab("statistics")
    shown.statistics.folds.widget.selected_index = 2
    shown.code.button.widget.click()
    assert "differential_expression(" in shown.code.lines.value
    shown.show_tab("train")
    shown.train.panel.choose_model("pca")
    shown.train.tune.widget.selected_index = 0
    shown.code.button.widget.click()
    assert "Tuning(" in shown.code.lines.value


def test_why_there_is_none_is_said_below_a_tab_alone() -> None:
    shown = jupyter.statistics()
    shown.code.button.widget.click()
    assert shown.code.words.text == "Open data first."
    assert shown.children[-1] is shown.code.widget
