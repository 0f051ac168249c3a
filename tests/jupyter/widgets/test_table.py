"""Tables in a notebook: a page at a time, ordered and searched; names are shown as they are."""

from __future__ import annotations

import ipywidgets as widgets
import numpy as np
import pandas as pd
import pytest

from napari_stimpute.jupyter.widgets import markup
from napari_stimpute.jupyter.widgets.gene_box import GeneBox
from napari_stimpute.jupyter.widgets.grid import Grid
from napari_stimpute.jupyter.widgets.loop import Home
from napari_stimpute.jupyter.widgets.table import PAGE, TableView
from napari_stimpute.panels.gene_search import MOST_OFFERED, GeneSearch
from napari_stimpute.panels.table import Cell, Column, Table

N = 30_000
EVIL = "<script>alert(1)</script> & $x$\n“next”"


@pytest.fixture
def table() -> Table:
    made = Table("Numbers", [Column("value", "Value", "A number.", "{:.0f}".format)])
    values = np.arange(N)[::-1].astype(float)
    made.show(pd.DataFrame({"value": values}, index=[f"Gene{i}" for i in range(N)]))
    return made


@pytest.fixture
def chosen() -> list[str]:
    return []


@pytest.fixture
def view(table: Table, chosen: list[str]) -> TableView:
    return TableView(table, Home(), chosen.append)


def widget_count(root: widgets.Widget) -> int:
    return 1 + sum(widget_count(child) for child in getattr(root, "children", ()))


def test_30_000_genes_are_a_page_of_rows(view: TableView) -> None:
    assert view.genes == [f"Gene{i}" for i in range(PAGE)]
    assert "1–12 of 30,000" in view.where.value
    assert widget_count(view.widget) < 40
    assert len(view.grid.rest[0].value) < 3000


def test_one_turns_pages_to_the_last(view: TableView, table: Table) -> None:
    view.on.widget.click()
    assert view.genes[0] == f"Gene{PAGE}"
    view.back.widget.click()
    assert view.genes[0] == "Gene0" and view.back.widget.disabled
    table.filter("gene2999")  # ten of them, and itself
    assert view.genes[:2] == ["Gene2999", "Gene29990"] and len(view.genes) == 11
    assert view.on.widget.layout.display == "none"


def test_a_heading_orders_and_orders_the_other_way(view: TableView) -> None:
    view.grid.heads[1].click()
    assert view.genes[0] == f"Gene{N - 1}" and view.grid.heads[1].description == "Value ▲"
    view.grid.heads[1].click()
    assert view.genes[0] == "Gene0" and view.grid.heads[1].description == "Value ▼"


def test_a_name_is_chosen_and_a_marked_one_turned_to(view: TableView, chosen: list[str]) -> None:
    view.grid.names.children[3].click()
    assert chosen == ["Gene3"]
    view.mark("Gene100")
    assert "Gene100" in view.genes
    before, _marked, _after = view.grid.rest[0].value.partition("stimpute-chosen")
    assert before.count("</div>") == view.genes.index("Gene100")


def test_what_is_typed_filters(view: TableView) -> None:
    view.text.value = "29999"
    assert view.genes == ["Gene29999"]
    view.text.value = "nothing like it"
    assert view.genes == [] and "No gene matches." in view.where.value
    assert view.export.button.widget.disabled


def test_rows_without_numbers_say_why() -> None:
    grid = Grid([("Method", ""), ("Score", ""), ("Time", "")], Home())
    grid.draw([[Cell("a"), Cell("1", 1.0), Cell("2 s", 2.0)], [Cell("b"), Cell("It failed.")]])
    assert "It failed." in grid.rest[0].value
    assert grid.rest[1].value.count("stimpute-cell") == 2


# ---- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "made",
    [
        markup.plain(EVIL),
        markup.faint(EVIL),
        markup.titled(EVIL),
        markup.label(EVIL, "80px"),
        markup.boxed([EVIL], "error"),
        markup.facts([(EVIL, EVIL)], [EVIL]),
        markup.column([Cell(EVIL, help=EVIL), Cell(EVIL, 1.0)]),
        markup.picture(b"png", EVIL, 10.0),
    ],
)
def test_html_in_a_name_is_text(made: str) -> None:
    assert "<script" not in made and "&lt;script&gt;" in made and "& " not in made


# ---- finding a gene ------------------------------------------------------------------------------


@pytest.fixture
def box(chosen: list[str]) -> GeneBox:
    search = GeneSearch([*(f"Gene{i}" for i in range(N)), "Actb"])
    return GeneBox("Gene", lambda: search, chosen.append, Home())


def test_few_of_30_000_genes_are_offered_at_once(box: GeneBox) -> None:
    box.show_gene("Gene7")
    assert box.widget.value == "Gene7" and len(box.widget.options) == MOST_OFFERED
    box.widget.value = "gene2999"
    assert "Gene29999" in box.widget.options and len(box.widget.options) <= MOST_OFFERED


def test_a_whole_name_or_one_like_none_is_passed_on(box: GeneBox, chosen: list[str]) -> None:
    box.widget.value = "act"
    assert chosen == [] and box.widget.options == ("Actb",)
    box.widget.value = "Actb"
    box.widget.value = "Hbb-bs"
    assert chosen == ["Actb", "Hbb-bs"]


def test_what_is_being_typed_stays_until_another_gene_is_shown(box: GeneBox) -> None:
    box.show_gene("Gene7")
    box.widget.value = "gene1"
    box.show_gene("Gene7")
    assert box.widget.value == "gene1"
    box.show_gene("Gene8")
    assert box.widget.value == "Gene8"
