from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import spatialdata_io
import tifffile

from napari_stimpute.data.opening import load
from napari_stimpute.data.readers import formats_of
from napari_stimpute.data.readers.reading import read, read_found
from napari_stimpute.errors import NotReadable

from ...formats import write_mtx
from ...machines import (
    GENES,
    PIXEL,
    some_counts,
    some_pixels,
    some_places,
    write_pyramid,
    write_xenium,
    xenium_cells,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_xenium(tmp_path / "output-XETG__slide")


def said(path: Path, **options: str) -> str:
    with pytest.raises(NotReadable) as caught:
        read(path, **options)
    return str(caught.value)


def test_cells_have_their_counts_and_centres_in_microns(folder: Path) -> None:
    found = read_found(folder)
    np.testing.assert_array_equal(found.adata.X.toarray(), some_counts().toarray())
    np.testing.assert_array_equal(found.adata.obsm["spatial"], some_places())
    assert list(found.adata.var_names) == GENES
    assert found.notes == [
        "Only genes were read; other features were left out (Negative Control Probe: 1, "
        "Unassigned Codeword: 1)."
    ]
    assert found.adata.obs["segmentation_method"].dtype == "category"


def test_it_gives_what_spatialdata_io_reads(folder: Path) -> None:
    parts = ("cells_boundaries", "nucleus_boundaries", "cells_labels", "nucleus_labels")
    others = ("transcripts", "morphology_focus", "aligned_images")
    data = spatialdata_io.xenium(folder, **dict.fromkeys((*parts, *others), False))
    expected, found = data.tables["table"], read(folder)
    assert list(found.obs_names) == list(expected.obs["cell_id"])
    np.testing.assert_array_equal(found.X.toarray(), expected.X.toarray())
    np.testing.assert_array_equal(found.obsm["spatial"], expected.obsm["spatial"])


def test_the_card_says_microns_and_lays_the_image_under_the_cells(folder: Path) -> None:
    rows = dict(load(folder).card.rows)
    assert rows["Read as"].startswith("Xenium output, image: morphology_mip")
    assert rows["Coordinates"].endswith(" µm apart")
    assert "96 × 48 pixels, 0.212 µm per pixel; cells drawn 2 µm across" in rows["Image and scale"]


def test_fluorescence_is_stretched_to_what_can_be_seen(folder: Path) -> None:
    pixels = read(folder).uns["spatial"][folder.name]["images"]["hires"]
    assert pixels.dtype == np.uint8
    assert (pixels[:8, :8] == 255).all() and pixels[8:, 8:].max() < 80


def test_a_level_of_the_pyramid_is_read_that_can_be_shown(folder: Path) -> None:
    pixels = some_pixels(16, 4400)
    write_pyramid(folder / "morphology_mip.ome.tif", pixels, n_smaller=2)
    entry = read(folder).uns["spatial"][folder.name]
    assert entry["images"]["hires"].shape == (8, 2200)
    assert entry["scalefactors"]["tissue_hires_scalef"] == pytest.approx(0.5 / PIXEL)


@pytest.mark.parametrize("tile", [None, (16, 16)])
def test_of_an_image_without_levels_each_second_pixel_is_read(
    folder: Path, tile: tuple[int, int] | None
) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (17, 4401), dtype=np.uint8)
    tifffile.imwrite(
        folder / "morphology_mip.ome.tif", pixels, tile=tile, rowsperstrip=None if tile else 3
    )
    found = read_found(folder)
    entry = found.adata.uns["spatial"][folder.name]
    np.testing.assert_array_equal(entry["images"]["hires"], pixels[::2, ::2])
    assert (
        found.notes[-1] == "morphology_mip.ome.tif has no smaller level: one of 2 pixels is shown."
    )


def test_newer_versions_have_a_folder_of_stains_to_choose_from(folder: Path) -> None:
    within = folder / "morphology_focus"
    within.mkdir()
    (folder / "morphology_mip.ome.tif").unlink()
    for channel in range(4):
        write_pyramid(within / f"morphology_focus_{channel:04}.ome.tif", some_pixels() + channel)
    question = {q.name: q for q in read_found(folder).questions}["image"]
    assert question.answer == "morphology_focus_0000.ome.tif"
    assert [words for _, words in question.choices] == [
        "morphology_focus_0000 (DAPI)",
        "morphology_focus_0001 (boundaries)",
        "morphology_focus_0002 (18S, interior RNA)",
        "morphology_focus_0003 (interior protein)",
        "none",
    ]
    assert read(folder, image="none").uns["spatial"][folder.name]["images"] == {}


def test_older_tables_number_cells_and_are_packed(folder: Path) -> None:
    cells = xenium_cells().assign(cell_id=range(1, 9))
    (folder / "cells.parquet").unlink()
    (folder / "cell_feature_matrix.h5").unlink()
    cells.to_csv(folder / "cells.csv.gz", index=False)
    write_mtx(folder / "cell_feature_matrix", some_counts(), [str(i) for i in range(1, 9)])
    np.testing.assert_array_equal(read(folder).obsm["spatial"], some_places())


def test_names_in_bytes_are_read(folder: Path) -> None:
    cells = xenium_cells()
    cells["cell_id"] = cells["cell_id"].str.encode("utf-8")
    cells.to_parquet(folder / "cells.parquet")
    np.testing.assert_array_equal(read(folder).obsm["spatial"], some_places())


def test_the_outs_of_xenium_ranger_are_found(folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    folder.rename(run / "outs")
    assert [kind.name for kind in formats_of(run)] == ["xenium"]
    assert list(read(run).uns["spatial"]) == ["run"]


# ---- what is wrong with it ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("cell_feature_matrix.h5", "found no cell_feature_matrix.h5 or cell_feature_matrix. It"),
        ("cells.parquet", "found no cells.parquet or cells.csv.gz or cells.csv. It should hold"),
    ],
)
def test_a_part_that_is_missing_is_named_with_the_layout(
    folder: Path, part: str, words: str
) -> None:
    (folder / part).unlink()
    assert words in said(folder)
    assert "cells.parquet (or cells.csv.gz), experiment.xenium" in said(folder)


def test_the_folder_of_a_failed_run_says_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "experiment.xenium").write_text(json.dumps({"pixel_size": PIXEL}))
    (tmp_path / "logs").mkdir()
    assert "found no cell_feature_matrix.h5" in said(tmp_path)


def test_other_columns_are_named(folder: Path) -> None:
    xenium_cells().rename(columns={"x_centroid": "x"}).to_parquet(folder / "cells.parquet")
    assert "no column 'x_centroid' in cells.parquet (it has cell_id, x, y_centroid" in said(folder)


def test_cells_without_a_place_or_counts_are_counted(folder: Path) -> None:
    cells = xenium_cells()
    cells.loc[:2, "cell_id"] = ["a", "b", "c"]
    cells.to_parquet(folder / "cells.parquet")
    found = read_found(folder)
    assert found.notes[1:] == [
        "3 cells (38 %) have no place in cells.parquet and were left out.",
        "3 cells (38 %) have a place in cells.parquet, but no counts, and were left out.",
    ]
    np.testing.assert_array_equal(found.adata.obsm["spatial"], some_places()[3:])
    np.testing.assert_array_equal(found.adata.X.toarray(), some_counts().toarray()[3:])


def test_cells_of_another_run_are_refused(folder: Path) -> None:
    xenium_cells().assign(cell_id="other").to_parquet(folder / "cells.parquet")
    words = said(folder)
    assert "no cell that has both counts and a place (counts of 'aaaab-1', 'other' in" in words


def test_damage_is_said_of_the_part(folder: Path) -> None:
    (folder / "cells.parquet").write_bytes(b"PAR1 no table")
    assert "found that cells.parquet cannot be read" in said(folder)
    matrix = folder / "cell_feature_matrix.h5"
    xenium_cells().to_parquet(folder / "cells.parquet")
    matrix.write_bytes(matrix.read_bytes()[:3000])
    assert "a truncated file" in said(folder)


@pytest.mark.parametrize("content", [b"", b"II*\0 no image", b"\0" * 500])
def test_an_image_that_cannot_be_read_is_left_out_and_said(folder: Path, content: bytes) -> None:
    (folder / "morphology_mip.ome.tif").write_bytes(content)
    found = read_found(folder)
    assert found.adata.uns["spatial"][folder.name]["images"] == {}
    assert found.notes[-1].startswith("The image morphology_mip.ome.tif cannot be read and was")
    assert load(folder).card.is_usable


def test_a_truncated_image_is_left_out(folder: Path) -> None:
    file = folder / "morphology_mip.ome.tif"
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    assert read_found(folder).notes[-1].startswith("The image morphology_mip.ome.tif cannot be")


@pytest.mark.parametrize("content", ["{", "[]", '{"pixel_size": "wide"}', '{"pixel_size": -1}'])
def test_the_size_of_a_pixel_is_told_by_the_image_as_well(folder: Path, content: str) -> None:
    (folder / "experiment.xenium").write_text(content)
    scales = read(folder).uns["spatial"][folder.name]["scalefactors"]
    assert scales["tissue_hires_scalef"] == pytest.approx(1 / PIXEL)
    tifffile.imwrite(folder / "morphology_mip.ome.tif", some_pixels())
    found = read_found(folder)
    assert "neither experiment.xenium nor the image tells" in found.notes[-1]


def test_two_samples_in_one_folder_are_not_mixed(folder: Path) -> None:
    matrix = folder / "cell_feature_matrix.h5"
    (folder / "B_cell_feature_matrix.h5").write_bytes(matrix.read_bytes())
    assert "2 of cell_feature_matrix.h5" in said(folder)


def test_where_a_library_is_missing_it_is_said_how_to_get_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "tifffile", None)
        found = read_found(folder)
    assert found.adata.uns["spatial"][folder.name]["images"] == {}
    assert 'needs tifffile. Run: pip install "napari-stimpute[formats]".' in found.notes[-1]
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pd.option_context("mode.string_storage", "python"):  # as pandas is without it
        words = said(folder)
    assert 'cells.parquet, which needs pyarrow. Run: pip install "napari-stimpute' in words
