"""What tabs of a notebook draw of their panels, and the clicks that they pass on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from anndata import AnnData

from napari_stimpute.job import JobState
from napari_stimpute.jupyter import panels
from napari_stimpute.jupyter.panel import AllTabs
from napari_stimpute.panels.generate import Condition
from napari_stimpute.panels.tabs import TABS
from napari_stimpute.session.contents import Contents
from napari_stimpute.session.session import Session

from ..grouped import group
from ..judged import judge

Until = Callable[..., Awaitable[None]]


@pytest.fixture
def grouped(section: AnnData) -> Session:
    session = Session()
    session.open(group(section.copy()))
    return session


@pytest.fixture
def judged(section: AnnData) -> Session:
    session = Session()
    session.open(judge(section.copy()))
    return session


def everything(shown: AllTabs) -> AllTabs:
    """Look at every tab, and at every section in them."""
    for tab in TABS:
        shown.show_tab(tab.name)
    for folds in (shown.statistics.folds, shown.cells.folds, shown.generate.folds):
        for place in range(len(folds.widget.children)):
            folds.widget.selected_index = place
    return shown


def test_variable_genes_are_ranked_and_a_name_shows_the_gene(until: Until, judged: Session) -> None:
    async def main() -> None:
        box = panels(judged).statistics.folds.section(0)
        assert box.section.answer.layout.display == "none" and box.section.explained.text
        box.n.value = 20
        box.work.button.click()
        assert box.work.button.description == "Cancel" and box.run.widget.disabled
        await until(lambda: not judged.is_busy)
        assert box.section.answer.layout.display is None
        assert box.section.explained.widget.layout.display == "none"
        box.listed.widget.value = "both"
        gene = box.table.genes[1]
        box.table.grid.names.children[1].click()
        assert judged.display.gene == gene

    asyncio.run(main())


def test_imputed_values_are_tested_only_after_a_question(until: Until, judged: Session) -> None:
    async def main() -> None:
        box = panels(judged).statistics.folds.section(2)
        box.column.widget.value = "domain"
        box.values.widget.value = "mine"
        box.work.button.click()
        assert box.question.layout.display is None and not judged.is_busy
        box.no.widget.click()
        assert box.question.layout.display == "none" and box.values.widget.value == "counts"
        box.work.button.click()
        await until(lambda: not judged.is_busy)
        assert "tested on the counts" in box.summary.text and box.table.genes

    asyncio.run(main())


def test_markers_are_found_drawn_and_saved(until: Until, grouped: Session, tmp_path: Path) -> None:
    async def main() -> None:
        shown = panels(grouped)
        box = shown.cells.folds.section(0)
        shown.cells.column.widget.value = "domain"
        box.work.button.click()
        await until(lambda: not grouped.is_busy)
        assert len(box.table.genes) == 12 and "higher in" in box.summary.text
        box.export.path.value = str(tmp_path / "all")
        box.export.button.widget.click()
        assert (tmp_path / "all.csv").exists() and "saved to" in box.saved.text
        box.dots.widget.click()
        await until(lambda: box.figure.picture.is_shown)
        assert box.figure.picture.about.startswith("Markers by ")
        box.figure.saving.path.value = str(tmp_path / "dots")
        box.figure.saving.button.widget.click()
        assert (tmp_path / "dots.png").exists()
        box.figure.close.widget.click()
        assert box.figure.widget.layout.display == "none"

    asyncio.run(main())


def test_a_community_is_chosen_by_its_name(until: Until, grouped: Session) -> None:
    async def main() -> None:
        shown = panels(grouped)
        box = shown.cells.folds.section(4)
        box.work.button.click()
        await until(lambda: not grouped.is_busy)
        assert box.network.widget.disabled
        box.table.names.children[0].click()
        assert "Hub genes" in box.summary.text
        await until(lambda: box.figure.picture.is_shown)

    asyncio.run(main())


def test_work_is_cancelled_within_two_seconds(
    until: Until, session: Session, slow_gene_mean: None
) -> None:
    async def main() -> None:
        shown = panels(session)
        shown.show_tab("compare")
        tab = shown.compare
        for name, box in tab.boxes.items():
            box.value = name == "gene_mean"
        tab.work.button.click()
        await until(lambda: tab.work.text not in ("", "Starting…"))
        assert tab.methods.selected_index is None
        tab.work.button.click()
        job = session.job
        assert job is not None
        await until(lambda: not session.is_busy, seconds=10)
        assert job.state is JobState.CANCELLED and "Cancelled after" in tab.status.text

    asyncio.run(main())


def test_a_press_on_a_judged_gene_shows_it(session: Session) -> None:
    tab = panels(session).compare
    for name, box in tab.boxes.items():
        box.value = name in ("raw", "gene_mean")
    tab.splits.value = 1
    tab.work.button.click()
    assert session.job is not None and tab.won.widget.layout.display == "none"
    session.job.join()
    assert tab.won.widget.layout.display is None
    name = tab.won.grid.names.children[2]
    name.click()
    assert session.display.gene == name.description == tab.won.genes[2]


def test_a_search_of_settings_begins_with_the_form_above(session: Session) -> None:
    shown = panels(session)
    shown.show_tab("train")
    tune = shown.train.tune
    shown.train.model.value = "scziva"
    assert "Searched: " in tune.searched.text and not tune.work.button.disabled
    shown.train.model.value = "gene_mean"
    assert tune.work.button.disabled and "no settings to search" in tune.work.why_not.text


def test_guidance_stands_under_one_title_so_that_names_have_the_room(session: Session) -> None:
    tab = panels(session).generate
    conditions = tab.folds.section(0).conditions
    conditions.draw((Condition("condition", 1.0), Condition("cell_type", 2.0)), "")
    title, *rows = conditions.guidance.children
    assert ">Guidance<" in title.value
    for row, name in zip(rows, ("condition", "cell_type"), strict=True):
        assert f">{name}<" in row.children[0].value


def test_every_tab_says_what_to_do_once_the_data_are_closed(grouped: Session) -> None:
    shown = everything(panels(grouped))
    with grouped.events.blocked():
        grouped.adata, grouped.contents, grouped.card = None, Contents(), None
        grouped.display.forget()
    for name in ("contents", "adata"):
        grouped.events[name].emit(getattr(grouped, name), None)
    assert not shown.data.empty.widget.layout.display
    assert shown.train.work.why_not.text == "Open data first."
    assert shown.compare.work.why_not.text == "Open data first."
    shown.genes.gene.widget.value = "Gene1"
    assert shown.genes.words.text == "Open data first: there are no genes yet."
    for folds in (shown.statistics.folds, shown.cells.folds, shown.generate.folds):
        for place in range(len(folds.widget.children)):
            assert folds.section(place).work.button.disabled
