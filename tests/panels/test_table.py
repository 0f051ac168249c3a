"""Tables: sorted as numbers and as names, written in words, saved as they are listed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from napari_stimpute.panels.table import Column, Table, p_value


@pytest.fixture
def table() -> Table:
    found = Table("Numbers", [Column("p", "p", "Chance.", p_value)])
    index = pd.Index(["b", "C", "a"], name="gene")
    found.show(pd.DataFrame({"p": [0.5, 1e-9, 0.02], "more": [1, 2, 3]}, index=index))
    return found


def test_rows_are_sorted_as_numbers_and_as_names(table: Table) -> None:
    assert list(table.listed.index) == ["b", "C", "a"]
    table.sort(1)
    assert list(table.listed.index) == ["C", "a", "b"]
    table.sort(0)
    assert list(table.listed.index) == ["a", "b", "C"]
    table.sort(0, ascending=False)
    assert list(table.listed.index) == ["C", "b", "a"]


def test_other_rows_are_listed_in_the_order_that_was_chosen(table: Table) -> None:
    table.sort(1)
    table.show(table.frame[table.frame["p"] > 0.01])
    assert [table.gene_at(row) for row in range(2)] == ["a", "b"]
    assert table.row_of("b") == 1 and table.row_of("C") == -1
    table.show(None)
    assert not len(table.rows)


def test_a_cell_is_written_as_its_column_says(table: Table) -> None:
    assert [table.text_at(1, column) for column in (0, 1)] == ["C", "1.0e−09"]
    assert table.heading(1) == ("p", "Chance.")


def test_listed_rows_are_exported_in_their_order_with_all_columns(
    table: Table, tmp_path: Path
) -> None:
    table.sort(1)
    table.save(tmp_path / "numbers.csv")
    assert "3 genes saved" in table.saved.text
    read = pd.read_csv(tmp_path / "numbers.csv")
    assert list(read.columns) == ["gene", "p", "more"]
    assert read["gene"].tolist() == ["C", "a", "b"]
    table.show(table.frame)
    assert not table.saved  # other rows, perhaps


def test_a_place_that_cannot_be_written_is_explained(table: Table, tmp_path: Path) -> None:
    table.save(tmp_path / "no such folder" / "numbers.csv")
    assert "no such folder" in table.saved.text
    assert table.saved.tone == "error"


@pytest.mark.parametrize(
    ("p", "written"), [(0.5, "0.500"), (0.001, "0.001"), (3.14e-8, "3.1e−08"), (0.0, "< 1e−300")]
)
def test_small_p_values_can_be_read(p: float, written: str) -> None:
    assert p_value(p) == written


def test_genes_are_written_as_people_call_them_and_found_by_both(tmp_path: Path) -> None:
    table = Table("Numbers", [Column("p", "p", "Chance.", p_value)], titles=lambda: {"E1": "Mbp"})
    table.show(pd.DataFrame({"p": [0.5, 0.1]}, index=["E1", "Actb"]))
    assert [table.text_at(row, 0) for row in range(2)] == ["Mbp", "Actb"]
    assert table.gene_at(0) == "E1"
    for text in ("mbp", "e1"):
        table.filter(text)
        assert list(table.listed.index) == ["E1"]
    table.filter("")
    table.sort(0)
    assert list(table.listed.index) == ["Actb", "E1"]
    table.save(tmp_path / "genes.csv")
    saved = pd.read_csv(tmp_path / "genes.csv", index_col="gene", keep_default_na=False)
    assert saved["symbol"].to_dict() == {"Actb": "", "E1": "Mbp"}
