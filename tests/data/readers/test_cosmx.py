from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import spatialdata_io

from napari_stimpute.data.opening import load
from napari_stimpute.data.readers.reading import read, read_found
from napari_stimpute.errors import NotReadable, UnknownName

from ...formats import read_by_others
from ...machines import GENES, cosmx_cells, some_counts, write_cosmx

PIXEL = 0.12
"""Microns that a pixel is wide, as the places of fields tell."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_cosmx(tmp_path / "Run")


@pytest.fixture
def bare(folder: Path) -> Path:
    """Without images, as most archives have it."""
    for file in (folder / "CellComposite").iterdir():
        file.unlink()
    return folder


def said(path: Path, **options: str) -> str:
    with pytest.raises(NotReadable) as caught:
        read(path, **options)
    return str(caught.value)


def test_cells_have_their_counts_and_global_places_in_microns(bare: Path) -> None:
    found = read_found(bare)
    cells = cosmx_cells()
    np.testing.assert_array_equal(found.adata.X.toarray(), some_counts().toarray())
    np.testing.assert_allclose(
        found.adata.obsm["spatial"],
        PIXEL * cells[["CenterX_global_px", "CenterY_global_px"]].to_numpy(),
    )
    assert list(found.adata.var_names) == GENES
    assert found.notes == [
        "Only genes were read; 1 control was left out (such as NegPrb3).",
        "Molecules outside of cells were left out (1 row was of cell 0).",
    ]


def test_it_gives_what_spatialdata_io_reads(folder: Path) -> None:
    with read_by_others():
        expected = spatialdata_io.cosmx(folder, transcripts=False).tables["table"]
    found = read(folder)
    assert list(found.obs_names) == list(expected.obs_names)
    np.testing.assert_array_equal(found.X.toarray(), expected[:, GENES].X.toarray())
    shift = found.obsm["spatial"] / PIXEL - expected.obsm["global"]
    np.testing.assert_allclose(shift, np.broadcast_to([-1000, 500], shift.shape))
    assert "Places count from the upper left corner" in " ".join(read_found(folder).notes)


def test_fields_are_not_piled_on_one_another(folder: Path) -> None:
    card = load(folder).card
    rows = dict(card.rows)
    assert "Sections" not in rows
    assert rows["Coordinates"].endswith(" µm apart")
    assert "80 × 40 pixels, 0.12 µm per pixel" in rows["Image and scale"]


def test_fields_lie_side_by_side_with_the_largest_y_of_each_above(folder: Path) -> None:
    entry = read(folder).uns["spatial"]["Run"]
    mosaic = entry["images"]["hires"][..., 0]
    assert entry["scalefactors"]["tissue_hires_scalef"] == pytest.approx(1 / PIXEL)
    expected = np.repeat([[60, 120]], 40, axis=1).repeat(40, axis=0)
    expected[30:] = 250
    np.testing.assert_array_equal(mosaic, expected)


def test_places_within_fields_are_moved_where_global_ones_are_missing(bare: Path) -> None:
    cells = cosmx_cells()
    expected = cells[["CenterX_global_px", "CenterY_global_px"]].to_numpy()
    cells.drop(columns=["CenterX_global_px", "CenterY_global_px"]).to_csv(
        bare / "Run_metadata_file.csv", index=False
    )
    np.testing.assert_allclose(read(bare).obsm["spatial"], PIXEL * expected)
    (bare / "Run_fov_positions_file.csv").unlink()
    assert "neither CenterX_global_px in Run_metadata_file.csv nor fov_pos" in said(bare)


def test_the_size_of_a_pixel_is_not_guessed(bare: Path) -> None:
    fields = pd.read_csv(bare / "Run_fov_positions_file.csv")
    fields[["fov", "x_global_px", "y_global_px"]].to_csv(
        bare / "Run_fov_positions_file.csv", index=False
    )
    question = next(q for q in read_found(bare).questions if q.name == "pixel")
    assert (question.name, question.answer) == ("pixel", "unknown")
    in_pixels = read(bare)
    assert "microns_per_pixel" not in in_pixels.uns["spatial"]["Run"]["scalefactors"]
    chosen = read(bare, pixel="0.18").obsm["spatial"]
    np.testing.assert_allclose(chosen, 0.18 * in_pixels.obsm["spatial"])
    with pytest.raises(UnknownName, match="pixel"):
        read(bare, pixel="0.5")


def test_areas_tell_the_size_of_a_pixel_as_well(bare: Path) -> None:
    (bare / "Run_fov_positions_file.csv").unlink()
    cells = cosmx_cells().assign(**{"Area.um2": 100 * 0.25})
    cells.to_csv(bare / "Run_metadata_file.csv", index=False)
    np.testing.assert_allclose(
        read(bare).obsm["spatial"], 0.5 * cells[["CenterX_global_px", "CenterY_global_px"]]
    )


def test_packed_tables_with_names_of_cells_are_read(bare: Path) -> None:
    expected = read(bare)
    for name in ("exprMat", "metadata", "fov_positions"):
        file = bare / f"Run_{name}_file.csv"
        table = pd.read_csv(file)
        table.insert(0, "cell", [f"c_1_{i}" for i in range(len(table))])
        table.to_csv(bare / f"Run_{name}_file.csv.gz", index=False)
        file.unlink()
    found = read(bare)
    assert list(found.var_names) == GENES
    np.testing.assert_array_equal(found.X.toarray(), expected.X.toarray())


# ---- what is wrong with it ---------------------------------------------------------------------


@pytest.mark.parametrize("part", ["exprMat_file.csv", "metadata_file.csv"])
def test_a_part_that_is_missing_is_named_with_the_layout(folder: Path, part: str) -> None:
    (folder / f"Run_{part}").unlink()
    assert f"found no {part}. It should hold NAME_exprMat_file.csv" in said(folder)


def test_other_columns_are_named(folder: Path) -> None:
    table = pd.read_csv(folder / "Run_exprMat_file.csv").rename(columns={"cell_ID": "id"})
    table.to_csv(folder / "Run_exprMat_file.csv", index=False)
    assert "no column 'cell_ID' in Run_exprMat_file.csv (it has fov, id" in said(folder)


def test_a_word_or_nothing_among_the_counts_is_said(folder: Path) -> None:
    file = folder / "Run_exprMat_file.csv"
    text = file.read_text()
    lines = text.splitlines()
    file.write_text("\n".join([*lines[:-1], lines[-1].rpartition(",")[0] + ",many"]))
    assert "Run_exprMat_file.csv cannot be read (could not convert" in said(folder)
    file.write_text("\n".join([*lines[:-1], lines[-1].rpartition(",")[0] + ","]))
    assert "1 empty field in Run_exprMat_file.csv" in said(folder)


def test_cells_that_match_by_half_are_counted(folder: Path) -> None:
    cosmx_cells().iloc[:4].to_csv(folder / "Run_metadata_file.csv", index=False)
    found = read_found(folder)
    assert found.adata.n_obs == 4
    assert "4 cells (50 %) have no place in Run_metadata_file.csv and were left out." in found.notes


def test_cells_of_another_run_are_refused(folder: Path) -> None:
    cosmx_cells().assign(fov=99).to_csv(folder / "Run_metadata_file.csv", index=False)
    assert "no cell that has both counts and a place" in said(folder)


def test_an_image_that_cannot_be_read_is_left_out_and_said(folder: Path) -> None:
    (folder / "CellComposite" / "CellComposite_F001.tif").write_bytes(b"no image")
    found = read_found(folder)
    assert "CellComposite_F001.tif cannot be read and was left out" in " ".join(found.notes)
    assert found.adata.uns["spatial"]["Run"]["images"]["hires"].shape == (40, 40, 3)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_without_places_there_is_no_mosaic(folder: Path, value: float) -> None:
    cells = cosmx_cells().assign(CenterX_global_px=value)
    cells.to_csv(folder / "Run_metadata_file.csv", index=False)
    found = read_found(folder)
    assert found.notes[-1] == "2 images of fields without a place were left out."
    assert found.adata.uns["spatial"]["Run"]["images"] == {}
