"""Where a file is to be written: proposed, completed, and never written over unasked."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_stimpute.jupyter.widgets.loop import Home
from napari_stimpute.jupyter.widgets.saving import SaveBox
from napari_stimpute.panels.saving import figure_path, with_ending


@pytest.fixture
def written() -> list[str]:
    return []


@pytest.fixture
def names() -> list[str]:
    return ["one.csv"]


@pytest.fixture
def box(written: list[str], names: list[str]) -> SaveBox:
    return SaveBox("Save", lambda: names[-1], written.append, with_ending, Home(), "Write it.")


def test_a_name_is_proposed_until_another_is_typed(
    box: SaveBox, names: list[str], written: list[str]
) -> None:
    assert box.path.value == "one.csv"
    names.append("two.csv")
    box.enable("")
    assert box.path.value == "two.csv"
    box.path.value = "mine"
    names.append("three.csv")
    box.enable("Wait.")
    assert box.path.value == "mine" and box.button.widget.tooltip == "Wait."
    box.enable("")
    box.button.widget.click()
    assert written == ["mine.csv"] and box.button.widget.tooltip == "Write it."


def test_a_file_that_is_there_is_written_over_when_pressed_again(
    box: SaveBox, written: list[str], tmp_path: Path
) -> None:
    there = tmp_path / "there.csv"
    there.touch()
    box.path.value = str(there)
    box.button.widget.click()
    assert written == [] and "there.csv is there already" in box.words.text
    box.button.widget.click()
    assert written == [str(there)] and not box.words.text


def test_a_figure_keeps_the_ending_that_was_typed() -> None:
    assert figure_path("a.PDF", "b.png") == "a.PDF"
    assert figure_path("a", "b.png") == "a.png" and figure_path("a", ".svg") == "a.svg"
