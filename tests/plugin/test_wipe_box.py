"""The controls of the wipe: keys, slider, menus, and its figure in a file."""

from __future__ import annotations

import pytest
from anndata import AnnData

from napari_stimpute.plugin.genes.wipe_box import KEYS, WipeBox
from napari_stimpute.plugin.panel import StimputePanel
from napari_stimpute.session.contents import LOG

from ..judged import give_runs
from .hands import choose


@pytest.fixture
def box(panel: StimputePanel, section: AnnData) -> WipeBox:
    """The controls in the panel, with the wipe off and the values of "soft" shown."""
    panel.session.open(give_runs(section))
    panel.session.display.source = "soft"
    return panel.genes.wipe


def test_keys_of_the_canvas_step_the_divider(box: WipeBox) -> None:
    view, viewer = box.view, box.view.viewer
    keys = {str(key): run for key, run in viewer.keymap.items()}
    assert len([k for k in keys if k[-1] in "[]"]) == len(KEYS)
    keys["]"](viewer)
    assert view.wipe.position == 0.5  # there is no divider yet
    view.set_mode("wipe")
    for key, expected in (("]", 0.52), ("[", 0.5), ("Ctrl+]", 0.6), ("Ctrl+[", 0.5)):
        keys[key](viewer)
        assert view.wipe.position == pytest.approx(expected)


def test_the_slider_moves_the_divider_and_follows_it(box: WipeBox) -> None:
    box.on.setChecked(True)
    heard: list[float] = []
    box.wipe.moved.connect(heard.append)
    box.slider.setValue(250)
    assert box.wipe.position == 0.25
    box.wipe.step(0.5)
    assert box.slider.value() == 750
    assert heard == [0.25, 0.75]


def test_two_runs_can_be_compared_and_exchanged(box: WipeBox) -> None:
    box.on.setChecked(True)
    choose(box.left, "flat")
    assert (box.left.currentData(), box.right.currentData()) == ("flat", "soft")
    choose(box.left, "soft")  # what the right shows: they change places
    assert (box.left.currentData(), box.right.currentData()) == ("soft", "flat")
    assert [box.view.layer.name, box.view.stage.second.name] == ["Soft", "Flat"]
    item = box.left.model().item(box.left.findData(LOG))
    assert not item.isEnabled()
    assert "unit" in item.toolTip()


def test_its_box_and_that_of_side_by_side_are_never_both_ticked(
    panel: StimputePanel, box: WipeBox
) -> None:
    both = panel.genes.both
    both.setChecked(True)
    box.on.setChecked(True)
    assert box.wipe.is_on and not both.isChecked()
    both.setChecked(True)
    assert panel.view.stage.is_grid and not box.on.isChecked()


def test_it_says_what_it_waits_for(panel: StimputePanel, box: WipeBox) -> None:
    box.on.setChecked(True)
    panel.session.display.column = "domain"
    assert "A column is shown" in box.words.text()
    panel.session.display.column = ""
    assert not box.words.text()


def test_without_anything_imputed_it_says_why_it_is_off(opened: StimputePanel) -> None:
    made = opened.genes.wipe
    assert not made.on.isEnabled()
    assert "Train a model" in made.on.toolTip()
    opened.view.set_mode("wipe")
    assert not opened.view.wipe.is_on
    give_runs(opened.session.adata)
    opened.session.look_again()
    assert made.on.isEnabled()
