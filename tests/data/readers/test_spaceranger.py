from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import squidpy as sq

from napari_stimpute.data.opening import load
from napari_stimpute.data.readers.found import Undecided
from napari_stimpute.data.readers.reading import read, read_found
from napari_stimpute.errors import NotReadable, UnknownName

from ...formats import positions, write_10x, write_mtx, write_spatial


def said(path: Path, **options: str) -> str:
    with pytest.raises(NotReadable) as caught:
        read(path, **options)
    return str(caught.value)


def test_a_folder_gives_what_squidpy_reads(visium: Path) -> None:
    found, expected = read(visium), sq.read.visium(visium)
    assert list(found.obs_names) == list(expected.obs_names)
    np.testing.assert_array_equal(found.X.toarray(), expected.X.toarray())
    np.testing.assert_array_equal(found.obsm["spatial"], expected.obsm["spatial"])
    ours, theirs = found.uns["spatial"]["slice 7"], expected.uns["spatial"]["slice 7"]
    assert ours["scalefactors"] == theirs["scalefactors"]
    np.testing.assert_array_equal(
        ours["images"]["hires"][..., :3],
        (255 * theirs["images"]["hires"][..., :3]).round().astype(np.uint8)
        if theirs["images"]["hires"].dtype.kind == "f"
        else theirs["images"]["hires"][..., :3],
    )


@pytest.mark.parametrize("version", [1, 2, 3])
def test_places_of_each_version_are_read(visium: Path, barcodes: list[str], version: int) -> None:
    expected = read(visium).obsm["spatial"]
    (visium / "spatial" / "tissue_positions.csv").unlink()
    write_spatial(visium, barcodes, version)
    np.testing.assert_array_equal(read(visium).obsm["spatial"], expected)


def test_the_outs_within_and_a_matrix_folder_are_found(
    tmp_path: Path, counts: sp.csr_matrix, barcodes: list[str]
) -> None:
    write_spatial(tmp_path / "run" / "outs", barcodes)
    write_mtx(tmp_path / "run" / "outs" / "filtered_feature_bc_matrix", counts, barcodes)
    found = read(tmp_path / "run")
    assert found.shape == counts.shape
    assert list(found.uns["spatial"]) == ["run"]


def test_it_opens_with_its_image_and_says_how_it_was_read(visium: Path) -> None:
    opened = load(visium)
    rows = dict(opened.card.rows)
    assert rows["Read as"] == (
        "Visium output of Space Ranger, spots: under the tissue, image: tissue_hires_image.png"
    )
    assert rows["Image and scale"].startswith("slice 7 (hires), 110 × 40 pixels")


def test_all_spots_can_be_read_instead(
    visium: Path, counts: sp.csr_matrix, barcodes: list[str]
) -> None:
    more = sp.vstack([counts, counts[:1]]).tocsr()
    write_10x(visium / "raw_feature_bc_matrix.h5", more, [*barcodes, "TTTTTTTTTTTTTTTT-1"])
    found = read_found(visium)
    assert found.adata.n_obs == 8
    assert [q.choices for q in found.questions if q.name == "matrix"] == [
        (("filtered", "under the tissue"), ("raw", "all"))
    ]
    assert read(visium, matrix="raw").n_obs == 9
    with pytest.raises(UnknownName, match="'row', which is not one"):
        read(visium, matrix="row")


# ---- what is wrong with it ---------------------------------------------------------------------


def test_missing_counts_and_places_are_named_with_the_layout(visium: Path) -> None:
    (visium / "filtered_feature_bc_matrix.h5").unlink()
    assert "found no counts. It should hold filtered_feature_bc_matrix.h5" in said(visium)


def test_spots_without_a_place_are_left_out_and_counted(visium: Path, barcodes: list[str]) -> None:
    file = visium / "spatial" / "tissue_positions.csv"
    positions(barcodes[:4]).to_csv(file, index=False)
    found = read_found(visium)
    assert list(found.adata.obs_names) == barcodes[:4]
    assert found.notes == [
        "4 spots (50 %) have no place in tissue_positions.csv and were left out."
    ]


def test_places_of_another_run_are_refused(visium: Path) -> None:
    file = visium / "spatial" / "tissue_positions.csv"
    positions([f"G{i}" for i in range(8)]).to_csv(file, index=False)
    assert "no barcode that has both counts and a place" in said(visium)


def test_other_names_of_columns_are_named(visium: Path, barcodes: list[str]) -> None:
    file = visium / "spatial" / "tissue_positions.csv"
    positions(barcodes).rename(columns={"pxl_row_in_fullres": "row"}).to_csv(file, index=False)
    assert "no column 'pxl_row_in_fullres' in tissue_positions.csv" in said(visium)


def test_columns_in_another_order_are_not_taken_for_places(
    visium: Path, barcodes: list[str]
) -> None:
    table = positions(barcodes)
    (visium / "spatial" / "tissue_positions.csv").unlink()
    wrong = table[["barcode", "pxl_row_in_fullres", *table.columns[1:4], "pxl_col_in_fullres"]]
    wrong.to_csv(visium / "spatial" / "tissue_positions_list.csv", index=False, header=False)
    assert "other numbers than 0 and 1 in the column 'in_tissue'" in said(visium)


def test_a_word_among_the_places_is_shown(visium: Path, barcodes: list[str]) -> None:
    table = positions(barcodes).astype(object)
    table.loc[2, "array_col"] = "three"
    table.to_csv(visium / "spatial" / "tissue_positions.csv", index=False)
    assert "'three' in the column 'array_col'" in said(visium)


@pytest.mark.parametrize("content", [None, "{", "[1, 2]", '{"tissue_hires_scalef": "wide"}'])
def test_without_scale_factors_spots_are_read_and_it_is_said(
    visium: Path, content: str | None
) -> None:
    file = visium / "spatial" / "scalefactors_json.json"
    file.unlink()
    if content is not None:
        file.write_text(content)
    found = read_found(visium)
    assert found.adata.n_obs == 8 and "scalefactors_json.json" in found.notes[0]


def test_a_broken_image_is_left_out_and_said(visium: Path) -> None:
    (visium / "spatial" / "tissue_hires_image.png").write_bytes(b"\x89PNG broken")
    found = read_found(visium)
    assert list(found.adata.uns["spatial"]["slice 7"]["images"]) == ["lowres"]
    assert "tissue_hires_image.png cannot be read and was left out" in found.notes[0]


# ---- Visium HD ---------------------------------------------------------------------------------


def test_the_bin_is_asked_with_what_it_takes(hd: Path) -> None:
    with pytest.raises(Undecided) as caught:
        read_found(hd, asks=True)
    question = caught.value.question
    assert (question.name, question.answer) == ("bin", "8")
    assert [value for value, _ in question.choices] == ["2", "8", "16"]
    assert question.choices[0][1].startswith("2 µm: 8 bins, about ")


def test_eight_microns_are_read_where_nobody_can_be_asked(hd: Path) -> None:
    assert read(hd).n_obs == 6
    assert read(hd, bin="16").n_obs == 4
    assert read(hd / "binned_outputs", bin="2").n_obs == 8
    assert read(hd / "binned_outputs" / "square_016um").n_obs == 4


def test_a_parquet_that_is_none_is_said(hd: Path) -> None:
    file = hd / "binned_outputs" / "square_008um" / "spatial" / "tissue_positions.parquet"
    file.write_bytes(b"no table")
    assert "tissue_positions.parquet cannot be read" in said(hd, bin="8")


def test_parquet_and_text_hold_the_same_places(hd: Path) -> None:
    spatial = hd / "binned_outputs" / "square_008um" / "spatial"
    expected = read(hd).obsm["spatial"]
    pd.read_parquet(spatial / "tissue_positions.parquet").to_csv(
        spatial / "tissue_positions.csv", index=False
    )
    (spatial / "tissue_positions.parquet").unlink()
    np.testing.assert_array_equal(read(hd).obsm["spatial"], expected)
