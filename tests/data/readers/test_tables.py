from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from napari_stimpute.data.opening import load
from napari_stimpute.data.readers.found import Undecided
from napari_stimpute.data.readers.reading import read, read_found
from napari_stimpute.errors import NotReadable

COUNTS = np.array([[1, 0, 3], [0, 2, 0], [5, 0, 0], [0, 0, 7]])
GENES, CELLS = (
    ["GAD1", "ACTB", "MT-CO1"],
    ["ACGTACGTACGT-1", "CCGTACGTACGT-1", "GCGTACGTACGT-1", "TCGTACGTACGT-1"],
)


def text(values: np.ndarray, rows: list[str], columns: list[str], mark: str = ",") -> str:
    head = mark.join(["", *columns])
    lines = [mark.join([name, *map(str, row)]) for name, row in zip(rows, values, strict=True)]
    return "\n".join([head, *lines, ""])


def written(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def said(path: Path, **options: str) -> str:
    with pytest.raises(NotReadable) as caught:
        read(path, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("ending", "mark"), [("csv", ","), ("csv", ";"), ("tsv", "\t"), ("txt", " ")]
)
def test_each_way_to_part_columns_is_read(tmp_path: Path, ending: str, mark: str) -> None:
    content = text(COUNTS, CELLS, GENES, mark)
    found = read(written(tmp_path / f"in.{ending}", content), rows="spots")
    np.testing.assert_array_equal(found.X.toarray(), COUNTS)
    assert list(found.obs_names) == CELLS and list(found.var_names) == GENES


def test_a_packed_table_is_read(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "in.csv.gz", "wt") as out:
        out.write(text(COUNTS, CELLS, GENES))
    np.testing.assert_array_equal(read(tmp_path / "in.csv.gz").X.toarray(), COUNTS)


def test_which_way_round_is_found_from_names(tmp_path: Path) -> None:
    one = read_found(written(tmp_path / "a.csv", text(COUNTS, CELLS, GENES)))
    other = read_found(written(tmp_path / "b.csv", text(COUNTS.T, GENES, CELLS)))
    assert [q.answer for q in one.questions[1:]] == ["spots"]
    assert [q.answer for q in other.questions[1:]] == ["genes"]
    np.testing.assert_array_equal(one.adata.X.toarray(), other.adata.X.toarray())


def test_where_no_name_tells_it_is_asked(tmp_path: Path) -> None:
    path = written(tmp_path / "in.csv", text(COUNTS, ["a", "b", "c", "d"], ["e", "f", "g"]))
    with pytest.raises(Undecided, match="--read rows=spots"):
        read(path)
    assert read(path, rows="spots").shape == (4, 3)
    assert read(path, rows="genes").shape == (3, 4)


def test_names_of_spots_that_are_places_are_used(tmp_path: Path) -> None:
    path = written(tmp_path / "in.tsv", text(COUNTS, ["1x2", "1.5x3", "2x2", "2x3"], GENES, "\t"))
    found = read_found(path)
    np.testing.assert_array_equal(found.adata.obsm["spatial"], [[1, 2], [1.5, 3], [2, 2], [2, 3]])
    assert found.notes == ["Places were read from the names of spots, as in 1x2."]
    assert "spatial" not in read(path, places="none").obsm


@pytest.mark.parametrize("axes", [["X", "Y"], ["xcoord", "ycoord"]])
def test_a_table_of_places_near_by_is_matched_by_name(tmp_path: Path, axes: list[str]) -> None:
    path = written(tmp_path / "in.csv", text(COUNTS, CELLS, GENES))
    places = np.array([[9, 8], [7, 6], [5, 4]])
    written(tmp_path / "positions.csv", text(places, CELLS[1:][::-1], axes))
    found = read_found(path)
    np.testing.assert_array_equal(
        found.adata.obsm["spatial"], [[np.nan, np.nan], [5, 4], [7, 6], [9, 8]]
    )
    assert found.notes == ["Places were read from positions.csv.", "1 spot (25 %) had none in it."]


def test_tables_without_names_are_matched_in_order(tmp_path: Path) -> None:
    path = written(tmp_path / "counts.txt", "A\tB\n1\t2\n3\t4\n")
    written(tmp_path / "locations.txt", "X\tY\n10\t20\n30\t40\n")
    np.testing.assert_array_equal(read(path).obsm["spatial"], [[10, 20], [30, 40]])
    written(tmp_path / "locations.txt", "X\tY\n10\t20\n")
    assert "1 places for 2 spots, and no names" in said(path)


def test_two_tables_of_places_are_asked_about(tmp_path: Path) -> None:
    path = written(tmp_path / "in.csv", text(COUNTS, CELLS, GENES))
    for name in ("places_a.csv", "places_b.csv"):
        written(tmp_path / name, text(COUNTS[:, :2], CELLS, ["x", "y"]))
    with pytest.raises(Undecided, match=r"places_a\.csv"):
        read(path)
    assert read(path, places="places_b.csv").obsm["spatial"].shape == (4, 2)


def test_places_of_other_spots_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "in.csv", text(COUNTS, CELLS, GENES))
    written(tmp_path / "coords.csv", text(COUNTS[:, :2], ["a", "b", "c", "d"], ["x", "y"]))
    assert "none of the names of spots" in said(path)


def test_quoted_numbers_are_numbers(tmp_path: Path) -> None:
    content = '"","GAD1","ACTB"\n"ACGTACGTACGT","1","0"\n"CCGTACGTACGT","4","2"\n'
    found = read(written(tmp_path / "in.csv", content))
    np.testing.assert_array_equal(found.X.toarray(), [[1, 0], [4, 2]])


def test_decimal_commas_are_read_as_such(tmp_path: Path) -> None:
    content = ";GAD1;ACTB\nACGTACGTACGT;1,0;0,0\nCCGTACGTACGT;4,0;2,0\n"
    found = read(written(tmp_path / "in.csv", content))
    np.testing.assert_array_equal(found.X.toarray(), [[1, 0], [4, 2]])


def test_columns_of_words_become_labels(tmp_path: Path) -> None:
    content = ",GAD1,type,ACTB\nACGTACGTACGT,1,N,0\nCCGTACGTACGT,4,T,2\n"
    found = read_found(written(tmp_path / "in.csv", content))
    assert list(found.adata.obs["type"]) == ["N", "T"]
    assert list(found.adata.var_names) == ["GAD1", "ACTB"]
    assert found.notes == ["The columns type hold words: they became labels."]


def test_repeated_genes_are_named(tmp_path: Path) -> None:
    path = written(tmp_path / "in.csv", text(COUNTS, CELLS, ["GAD1", "ACTB", "GAD1"]))
    with pytest.raises(Exception, match="'GAD1' more than once"):
        read(path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("GAD1,ACTB\n", "a single line"),
        ("GAD1\n1\n", "a single column"),
        (",GAD1,ACTB\nACGTACGTACGT,1,x\nCCGTACGTACGT,1,2\n", "'x' in the column 'ACTB'"),
        (",GAD1,ACTB\nACGTACGTACGT,1,\nCCGTACGTACGT,1,2\n", "1 empty cells"),
        (",GAD1\nACGTACGTACGT,1,2,3\n", "2 names above 4 columns"),
    ],
)
def test_what_is_no_table_of_counts_is_said(tmp_path: Path, content: str, sentence: str) -> None:
    assert sentence in said(written(tmp_path / "in.csv", content))


def test_a_packed_table_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "in.csv.gz").write_bytes(b"not packed")
    assert "what is no table" in said(tmp_path / "in.csv.gz")


def test_it_opens_and_says_how_it_was_read(tmp_path: Path) -> None:
    names = [f"{i}x{j}" for i in range(6) for j in range(6)]
    counts = np.random.default_rng(0).poisson(3.0, (36, 3))
    opened = load(written(tmp_path / "in.csv", text(counts, names, GENES)))
    rows = dict(opened.card.rows)
    assert rows["Read as"].startswith("table of counts, rows are: 36 spots, 3 genes")
    assert [q.name for q in opened.card.questions] == ["format", "rows", "places"]
