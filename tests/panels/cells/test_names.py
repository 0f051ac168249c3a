"""Names by lists of marker genes: suggested, written, and where lists come from."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from napari_stimpute.analysis import annotation_steps, marker_steps, read_marker_lists
from napari_stimpute.job import Job
from napari_stimpute.panels.cells.names import EXAMPLE, NamesPanel
from napari_stimpute.panels.groups import Groups
from napari_stimpute.session.session import Session

from ..waiting import endless, until_done


@pytest.fixture
def names(opened: Session, groups: Groups) -> NamesPanel:
    return NamesPanel(opened, groups)


@pytest.fixture
def lists(opened: Session, tmp_path: Path) -> Path:
    """Lists of the best markers of each domain, called by it in capitals."""
    found = Job(marker_steps(opened.adata, "domain"))
    found.start().wait(60)
    assert found.result is not None
    top = found.result.top(4)
    rows = [(f"KIND {group}", "", gene) for group, genes in top.items() for gene in genes]
    pd.DataFrame(rows, columns=["type", "subtype", "gene"]).to_csv(tmp_path / "l.csv", index=False)
    return tmp_path / "l.csv"


def column(names: NamesPanel, place: int) -> list[str]:
    return [cells[place].text for cells in names.now.rows]


def test_names_are_suggested_by_marker_lists_and_written(
    opened: Session, names: NamesPanel, lists: Path
) -> None:
    assert names.now.work.why_not.text == "Choose a file of marker genes first."
    assert names.suggest() is None
    names.choose_lists(str(lists))
    until_done(names.suggest())
    alone = Job(annotation_steps(opened.adata, "domain", read_marker_lists(lists)))
    alone.start().wait(60)
    expected = alone.result
    assert expected is not None and opened.adata is not None
    assert column(names, 0) == list(expected.groups)
    assert column(names, 1) == [call.name for call in expected.types]
    assert column(names, 4) == [f"{c.n_found}/{c.n_listed}" for c in expected.types]
    assert any(name.startswith("KIND") for name in column(names, 1))
    assert names.now.write_help == "Write to obs as “domain_type” and “domain_subtype”."
    assert "domain_type" not in opened.adata.obs
    names.write()
    assert list(opened.adata.obs["domain_type"]) == list(expected.labels("type"))
    assert list(opened.adata.obs["domain_subtype"]) == list(expected.labels("subtype"))
    assert opened.display.column == "domain_type"
    assert "What is in domain_type and domain_subtype is replaced." in names.now.write_help
    assert names.now.has_answer and "the canvas shows the types" in names.now.written.text


def test_names_by_another_file_go_away(names: NamesPanel, lists: Path) -> None:
    names.choose_lists(str(lists))
    until_done(names.suggest())
    names.write()
    assert names.now.has_answer
    names.choose_lists(f" {lists} ")
    assert names.now.has_answer and names.now.lists == f" {lists} "
    names.choose_lists("other.csv")
    assert not names.now.has_answer and not names.now.written and names.now.rows == ()


def test_lists_and_names_wait_for_other_work(names: NamesPanel, opened: Session) -> None:
    assert names.now.no_lists == names.now.no_writing == ""
    job = opened.work_later(endless(), "Something")
    assert names.now.no_lists == names.now.no_writing == "Wait: “Something” is at work."
    job.cancel()
    job.wait(60)
    assert names.now.no_lists == names.now.no_writing == ""


def test_the_example_can_be_read_back(names: NamesPanel, tmp_path: Path) -> None:
    names.save_example(tmp_path / "example.csv")
    assert (tmp_path / "example.csv").read_text() == EXAMPLE
    assert "Example saved to" in names.now.work.outcome.text
    read = read_marker_lists(names.now.lists)
    assert read.types["B cell"] == ("MS4A1", "CD79A", "CD79B")
    assert read.subtypes["CD8 T cell"] == ("T cell", ("CD8A", "CD8B"))
    names.save_example(tmp_path / "none" / "example.csv")
    assert names.now.work.outcome.tone == "error"
    assert names.now.lists == str(tmp_path / "example.csv")


def test_lists_of_other_genes_are_refused_in_words(names: NamesPanel, tmp_path: Path) -> None:
    names.save_example(tmp_path / "example.csv")
    until_done(names.suggest())
    assert "none of them" in names.now.work.outcome.text
    assert not names.now.has_answer
