from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import spatialdata_io

from napari_stimpute.data.opening import load
from napari_stimpute.data.readers import formats_of
from napari_stimpute.data.readers.reading import read, read_found
from napari_stimpute.errors import NotReadable

from ...formats import read_by_others
from ...machines import GENES, merscope_cells, some_counts, some_places, write_merscope


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_merscope(tmp_path / "202301_slide" / "region_0")


def said(path: Path, **options: str) -> str:
    with pytest.raises(NotReadable) as caught:
        read(path, **options)
    return str(caught.value)


def test_cells_lie_in_microns_from_the_corner_of_the_mosaic(folder: Path) -> None:
    found = read_found(folder)
    np.testing.assert_array_equal(found.adata.X.toarray(), some_counts().toarray())
    np.testing.assert_allclose(found.adata.obsm["spatial"], some_places())
    entry = found.adata.uns["spatial"]["region_0"]
    assert entry["scalefactors"]["tissue_hires_scalef"] == pytest.approx(4)
    assert list(found.adata.obs_names) == list(merscope_cells()["EntityID"])
    assert found.notes[0] == "Only genes were read; 1 control was left out (such as Blank-1)."
    assert found.notes[1].startswith("Places count from the upper left corner of the image")
    assert len(found.notes) == 2 == 1 + len(read_found(folder, {"image": "none"}).notes)


def test_it_gives_what_spatialdata_io_reads(folder: Path) -> None:
    with read_by_others():
        data = spatialdata_io.merscope(
            folder, transcripts=False, cells_boundaries=False, mosaic_images=False
        )
    expected, found = data.tables["table"], read(folder)
    assert list(found.obs_names) == list(expected.obs_names)
    assert list(found.var_names) == list(expected.var_names) == GENES
    np.testing.assert_array_equal(found.X.toarray(), np.asarray(expected.X))
    np.testing.assert_allclose(
        found.obsm["spatial"], expected.obsm["spatial"] + np.array([300, -50])
    )


def test_the_card_says_microns_and_the_stains_can_be_chosen(folder: Path) -> None:
    opened = load(folder)
    rows = dict(opened.card.rows)
    assert rows["Coordinates"].endswith(" µm apart")
    assert "96 × 48 pixels, 0.25 µm per pixel; cells drawn 2 µm across" in rows["Image and scale"]
    image = next(q for q in opened.card.questions if q.name == "image")
    assert [words for _, words in image.choices] == [
        "mosaic_DAPI_z3",
        "mosaic_DAPI_z0",
        "mosaic_PolyT_z3",
        "none",
    ]


def test_without_a_matrix_there_is_no_image_and_places_stay(folder: Path) -> None:
    (folder / "images" / "micron_to_mosaic_pixel_transform.csv").write_text("1 2\n")
    found = read_found(folder)
    np.testing.assert_allclose(found.adata.obsm["spatial"], some_places() + np.array([-300, 50]))
    assert "micron_to_mosaic_pixel_transform.csv does not tell how it lies" in found.notes[-1]
    assert load(folder).card.is_usable


def test_names_of_public_files_and_columns_without_a_name_are_read(folder: Path) -> None:
    for name in ("cell_by_gene", "cell_metadata"):
        file = folder / f"{name}.csv"
        table = pd.read_csv(file, dtype=str)
        table = table.rename(columns={table.columns[0]: ""})
        table.to_csv(folder / f"datasets_mouse_{name}_S1R1.csv", index=False)
        file.unlink()
    np.testing.assert_array_equal(read(folder).X.toarray(), some_counts().toarray())


def test_regions_of_a_slide_are_samples(folder: Path) -> None:
    assert [kind.name for kind in formats_of(folder)] == ["merscope"]
    assert "a folder with 1 sample (region_0)" in said(folder.parent)


# ---- what is wrong with it ---------------------------------------------------------------------


@pytest.mark.parametrize("part", ["cell_by_gene", "cell_metadata"])
def test_a_part_that_is_missing_is_named_with_the_layout(folder: Path, part: str) -> None:
    (folder / f"{part}.csv").unlink()
    assert f"found no {part}.csv. It should hold cell_by_gene.csv" in said(folder)


def test_other_columns_are_named(folder: Path) -> None:
    cells = merscope_cells().rename(columns={"center_x": "x"})
    cells.to_csv(folder / "cell_metadata.csv", index=False)
    assert "no column 'center_x' in cell_metadata.csv (it has EntityID, fov" in said(folder)


def test_a_word_among_the_places_is_shown(folder: Path) -> None:
    cells = merscope_cells().astype(object)
    cells.loc[2, "center_y"] = "three"
    cells.to_csv(folder / "cell_metadata.csv", index=False)
    assert "'three' in the column 'center_y' of cell_metadata.csv" in said(folder)


def test_cells_that_match_by_half_or_not_at_all(folder: Path) -> None:
    cells = merscope_cells()
    cells.loc[:3, "EntityID"] = ["a", "b", "c", "d"]
    cells.to_csv(folder / "cell_metadata.csv", index=False)
    found = read_found(folder)
    assert found.adata.n_obs == 4
    assert any("4 cells (50 %) have no place in cell_metadata.csv" in note for note in found.notes)
    cells.assign(EntityID=range(8)).to_csv(folder / "cell_metadata.csv", index=False)
    assert "no cell that has both counts and a place" in said(folder)


def test_a_cell_that_stands_twice_is_said(folder: Path) -> None:
    cells = merscope_cells()
    pd.concat([cells, cells.iloc[:1] + cells.iloc[:1] * 0]).to_csv(
        folder / "cell_metadata.csv", index=False
    )
    found = read_found(folder)
    assert "1 cell stands in cell_metadata.csv more than once: the first is used." in found.notes


def test_an_image_that_cannot_be_read_is_left_out_and_said(folder: Path) -> None:
    (folder / "images" / "mosaic_DAPI_z3.tif").write_bytes(b"no image")
    found = read_found(folder)
    assert "mosaic_DAPI_z3.tif cannot be read and was left out" in found.notes[-1]
    assert found.adata.n_obs == 8
