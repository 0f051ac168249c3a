"""Marker lists come in from tables and JSON alike, and what is wrong with them is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_stimpute.analysis import MarkerLists, read_marker_lists
from napari_stimpute.errors import InputError, MissingKey, NotReadable

ROWS = [
    ("T cell", "CD4", "IL7R"),
    ("T cell", "CD4", "LEF1"),
    ("T cell", "CD8", "CD8A"),
    ("B cell", "", "CD79A"),
    ("B cell", "", "MS4A1"),
    ("B cell", "", "CD79A"),
]
EXPECTED = MarkerLists(
    {"T cell": (), "B cell": ("CD79A", "MS4A1")},
    {"CD4": ("T cell", ("IL7R", "LEF1")), "CD8": ("T cell", ("CD8A",))},
)


@pytest.mark.parametrize(("suffix", "separator"), [("csv", ","), ("csv", ";"), ("tsv", "\t")])
def test_tables_are_read(tmp_path: Path, suffix: str, separator: str) -> None:
    path = tmp_path / f"lists.{suffix}"
    lines = [separator.join(row) for row in [("Type", "subtype", "Gene "), *ROWS]]
    path.write_text("\n".join(lines), encoding="utf-8-sig")
    assert read_marker_lists(path) == EXPECTED


def test_json_is_read(tmp_path: Path) -> None:
    path = tmp_path / "lists.json"
    content = {
        "T cell": {"CD4": ["IL7R", "LEF1"], "CD8": ["CD8A"]},
        "B cell": ["CD79A", "MS4A1"],
    }
    path.write_text(json.dumps(content))
    assert read_marker_lists(path) == EXPECTED


def test_a_table_without_subtypes_is_read(tmp_path: Path) -> None:
    path = tmp_path / "lists.csv"
    path.write_text("type,gene\nNA,NAT1\nB cell, CD79A\n")
    assert read_marker_lists(path) == MarkerLists({"NA": ("NAT1",), "B cell": ("CD79A",)}, {})


@pytest.mark.parametrize(
    ("name", "text", "error", "words"),
    [
        ("lists.csv", "cell,marker\nB,CD79A\n", MissingKey, "'cell', 'marker'"),
        ("lists.csv", "type,subtype,gene\n", InputError, "no rows"),
        ("lists.csv", "", NotReadable, "damage"),
        ("lists.json", "{", NotReadable, "damage"),
        ("lists.json", "[1, 2]", InputError, "list"),
        ("lists.json", '{"B cell": {"naive": "CD79A"}}', InputError, "a list of genes"),
        ("lists.xlsx", "", NotReadable, "lists.xlsx"),
    ],
)
def test_what_is_no_list_is_refused_in_words(
    tmp_path: Path, name: str, text: str, error: type[Exception], words: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(error, match=words):
        read_marker_lists(tmp_path / name)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotReadable, match="missing file"):
        read_marker_lists(tmp_path / "lists.csv")


def test_a_subtype_under_two_types_is_refused() -> None:
    with pytest.raises(InputError, match="'naive' under 'T cell' and 'B cell'"):
        MarkerLists.of([("T cell", "naive", "CCR7"), ("B cell", "naive", "TCL1A")])
