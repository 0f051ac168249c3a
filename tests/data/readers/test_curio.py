from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_stimpute.data.readers import formats_of
from napari_stimpute.data.readers.reading import read, read_found
from napari_stimpute.errors import NotReadable

from ...machines import some_beads, some_counts, some_places, write_curio

PLACES = "S1_MatchedBeadLocation.csv"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_curio(tmp_path / "S1")


def said(path: Path, **options: str) -> str:
    with pytest.raises(NotReadable) as caught:
        read(path, **options)
    return str(caught.value)


def test_beads_have_their_counts_and_places(folder: Path) -> None:
    found = read_found(folder)
    np.testing.assert_array_equal(found.adata.X.toarray(), some_counts().toarray())
    np.testing.assert_array_equal(found.adata.obsm["spatial"], some_places())
    assert (list(found.adata.obs_names), found.notes) == (some_beads(), [])


def test_what_the_pipeline_made_of_it_can_be_read_instead(folder: Path) -> None:
    question = next(q for q in read_found(folder).questions if q.name == "file")
    assert [value for value, _ in question.choices] == ["mtx", "h5ad"]
    adata = read(folder, file="h5ad")
    np.testing.assert_array_equal(adata.obsm["spatial"], some_places())
    assert list(adata.obs["cluster"]) == ["0", "1"] * 4
    (folder / "S1_MoleculesPerMatchedBead.mtx").unlink()
    assert next(q for q in read_found(folder).questions if q.name == "file").answer == "h5ad"


def test_a_table_of_places_without_row_numbers_is_read(folder: Path) -> None:
    table = pd.read_csv(folder / PLACES, index_col=0)
    table.columns = ["barcodes", "x", "y"]
    table.to_csv(folder / PLACES, index=False)
    np.testing.assert_array_equal(read(folder).obsm["spatial"], some_places())


def test_the_folder_is_no_10x_matrix(folder: Path) -> None:
    assert [kind.name for kind in formats_of(folder)] == ["curio"]


# ---- what is wrong with it ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (PLACES, "found no MatchedBeadLocation.csv. It should hold NAME_Molecules"),
        ("S1_barcodes.tsv", "found no barcodes.tsv. It should hold"),
        ("S1_genes.tsv", "found no genes.tsv. It should hold"),
    ],
)
def test_a_part_that_is_missing_is_named_with_the_layout(
    folder: Path, part: str, words: str
) -> None:
    (folder / part).unlink()
    assert words in said(folder)


def test_nothing_but_places_lacks_counts(folder: Path) -> None:
    for file in [*folder.glob("*.mtx"), *folder.glob("*.h5ad")]:
        file.unlink()
    assert "found no MoleculesPerMatchedBead.mtx. It should hold" in said(folder)


def test_other_columns_are_named(folder: Path) -> None:
    table = pd.read_csv(folder / PLACES, index_col=0).rename(columns={"xcoord": "row"})
    table.to_csv(folder / PLACES)
    assert "It needs barcode, xcoord and ycoord." in said(folder)


def test_barcodes_that_match_by_half_or_not_at_all(folder: Path) -> None:
    table = pd.read_csv(folder / PLACES, index_col=0)
    table.iloc[:4].to_csv(folder / PLACES)
    found = read_found(folder)
    assert found.notes == [f"4 cells (50 %) have no place in {PLACES} and were left out."]
    table.assign(barcode="none").to_csv(folder / PLACES)
    assert "no cell that has both counts and a place" in said(folder)


def test_parts_of_two_samples_and_damage_are_said(folder: Path) -> None:
    (folder / "S1_genes.tsv").write_text("GENE0\n")
    assert "6 × 8 values, 1 gene and 8 barcodes" in said(folder)
    (folder / "S1_MoleculesPerMatchedBead.mtx").write_text("%%MatrixMarket matrix\n1 2\n")
    assert "S1_MoleculesPerMatchedBead.mtx cannot be read" in said(folder)
