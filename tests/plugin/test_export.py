from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData
from pytestqt.qtbot import QtBot

from napari_stimpute.data.files import write_whole
from napari_stimpute.plugin.panel import StimputePanel
from napari_stimpute.scene.figure import GeneFigure, gene_figure
from napari_stimpute.session.contents import COUNTS
from napari_stimpute.trust.verdict import badge


@pytest.fixture
def shown(panel: StimputePanel, judged: AnnData) -> StimputePanel:
    panel.session.open(judged)
    panel.session.display.source = "mine"
    return panel


def figure_of(panel: StimputePanel) -> GeneFigure:
    return gene_figure(panel.view.scene)


def saved(panel: StimputePanel, path: Path, qtbot: QtBot) -> str:
    panel.genes.save.save_to(path)
    qtbot.waitUntil(lambda: bool(panel.genes.save.words.text()), timeout=60_000)
    return panel.genes.save.words.text()


@pytest.mark.parametrize(
    ("ending", "begins"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("SVG", b"<?xml")]
)
def test_the_figure_is_written_as_its_name_says(
    shown: StimputePanel, tmp_path: Path, qtbot: QtBot, ending: str, begins: bytes
) -> None:
    path = tmp_path / f"gene.{ending}"
    assert str(path) in saved(shown, path, qtbot)
    assert path.read_bytes().startswith(begins)


def test_the_figure_says_what_may_be_believed(
    shown: StimputePanel, tmp_path: Path, qtbot: QtBot
) -> None:
    found = badge(shown.session.adata, "mine", shown.session.display.gene)
    assert found is not None
    saved(shown, tmp_path / "gene.svg", qtbot)
    written = (tmp_path / "gene.svg").read_text()
    for words in (
        shown.session.display.gene,
        found.verdict,
        "Counted",
        "Imputed",
        "counts per spot",
    ):
        assert words in written
    assert found.sentence in figure_of(shown).caption
    assert found.blend in figure_of(shown).caption


def test_both_maps_are_on_the_scale_of_the_canvas(shown: StimputePanel) -> None:
    figure = figure_of(shown)
    assert figure.limits == pytest.approx(shown.view.shown.limits)
    np.testing.assert_array_equal(figure.maps["Counted"], shown.session.expression(source=COUNTS))
    np.testing.assert_array_equal(figure.maps["Imputed"], shown.session.expression(source="mine"))


def test_without_a_run_the_counts_are_drawn_alone(opened: StimputePanel) -> None:
    figure = figure_of(opened)
    assert list(figure.maps) == ["Counted"]
    assert "Not imputed" in figure.caption


@pytest.mark.parametrize("name", ["gene.bmp", "gene", "no such folder/gene.png"])
def test_a_figure_that_cannot_be_written_is_explained(
    shown: StimputePanel, tmp_path: Path, qtbot: QtBot, name: str
) -> None:
    output = saved(shown, tmp_path / name, qtbot)
    assert output.startswith("Expected")
    assert not list(tmp_path.iterdir())


def test_without_data_there_is_nothing_to_save(panel: StimputePanel) -> None:
    assert not panel.genes.save.isEnabled()
    assert panel.genes.save.toolTip() == "Open data first."


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"old")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["table.csv"]
