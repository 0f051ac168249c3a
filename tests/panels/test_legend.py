"""Groups in the legend: counted, shown alone, hidden, recoloured, and all of it taken back."""

from __future__ import annotations

from pathlib import Path

import anndata
import numpy as np
import pytest
from anndata import AnnData

from napari_stimpute.panels.legend import LegendPanel
from napari_stimpute.scene.scene import Scene
from napari_stimpute.scene.shown import Categories, colours_of
from napari_stimpute.session.session import Session


@pytest.fixture
def legend(section: AnnData) -> LegendPanel:
    session = Session()
    session.open(section)
    session.display.column = "domain"
    return LegendPanel(Scene(session))


def hidden(legend: LegendPanel) -> list[str]:
    return [entry.name for entry in legend.now.entries if entry.is_hidden]


def test_each_group_stands_with_the_number_of_its_spots(legend: LegendPanel) -> None:
    counts = legend.session.adata.obs["domain"].value_counts()
    assert {e.name: e.count for e in legend.now.entries} == dict(counts)
    first = legend.now.entries[0]
    assert legend.now.about(first) == f"{first.name}: {first.count:,} spots"


def test_a_group_is_shown_alone_and_then_all_are(legend: LegendPanel) -> None:
    names = [entry.name for entry in legend.now.entries]
    legend.isolate(names[1])
    assert hidden(legend) == [name for name in names if name != names[1]]
    assert legend.now.note == f"{len(names) - 1} of {len(names)} hidden"
    shown = legend.scene.shown
    assert isinstance(shown, Categories)
    drawn = colours_of(shown)[:, 3] > 0
    np.testing.assert_array_equal(drawn, legend.session.adata.obs["domain"] == names[1])
    legend.isolate(names[1])
    assert hidden(legend) == [] and legend.now.note == ""


def test_what_is_hidden_is_remembered_by_column_and_forgotten_with_the_data(
    legend: LegendPanel, section: AnnData
) -> None:
    display, name = legend.session.display, legend.now.entries[0].name
    legend.toggle(name)
    display.column = ""
    assert legend.now.entries == ()
    display.column = "domain"
    assert hidden(legend) == [name]
    legend.session.open(section.copy())
    display.column = "domain"
    assert hidden(legend) == [] and not legend.now.can_undo


def test_hiding_and_colours_are_taken_back_in_turn(legend: LegendPanel) -> None:
    first, second = legend.now.entries[:2]
    stored = list(legend.session.adata.uns["domain_colors"])
    legend.recolour(first.name, "#123456")
    legend.toggle(second.name)
    assert legend.now.entries[0].colour == "#123456"
    legend.undo()
    assert hidden(legend) == []
    legend.undo()
    assert legend.now.entries[0].colour == first.colour
    assert list(legend.session.adata.uns["domain_colors"]) == stored
    assert not legend.now.can_undo


def test_another_colour_is_saved_where_scanpy_looks_for_it(
    legend: LegendPanel, tmp_path: Path
) -> None:
    session, first = legend.session, legend.now.entries[0]
    legend.recolour(first.name, "#123456")
    assert "domain" in session.unsaved
    found = anndata.read_h5ad(session.save(tmp_path / "saved.h5ad"))
    assert list(found.uns["domain_colors"]) == [e.colour for e in legend.now.entries]
    assert found.uns["domain_colors"][0] == "#123456"


def test_colours_of_unused_categories_stay(section: AnnData) -> None:
    section.obs["domain"] = section.obs["domain"].cat.add_categories(["nowhere"])
    section.uns["domain_colors"] = [*section.uns["domain_colors"], "#abcdef"]
    session = Session()
    session.open(section)
    session.display.column = "domain"
    legend = LegendPanel(Scene(session))
    legend.recolour(legend.now.entries[1].name, "#123456")
    assert list(session.adata.uns["domain_colors"])[1] == "#123456"
    assert list(session.adata.uns["domain_colors"])[-1] == "#abcdef"


def test_a_colour_of_ours_comes_back_as_none_of_the_file(section: AnnData) -> None:
    section.obs["half"] = np.where(np.arange(section.n_obs) % 2, "odd", "even")
    session = Session()
    session.open(section)
    session.display.column = "half"
    legend = LegendPanel(Scene(session))
    legend.recolour("odd", "#123456")
    assert list(session.adata.uns["half_colors"])[1] == "#123456"
    legend.undo()
    assert "half_colors" not in session.adata.uns


def test_colours_wait_for_what_runs(legend: LegendPanel, slow_gene_mean: None) -> None:
    job = legend.session.train("gene_mean")
    assert "at work" in legend.now.no_recolour
    legend.recolour(legend.now.entries[0].name, "#123456")
    assert legend.now.entries[0].colour != "#123456"
    job.cancel()
    job.wait(60)
