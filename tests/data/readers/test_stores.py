from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from geopandas import GeoDataFrame
from shapely import Polygon
from spatialdata import SpatialData
from spatialdata.models import Image2DModel, Labels2DModel, ShapesModel, TableModel
from spatialdata.transformations import Affine, Identity, Scale

from napari_stimpute.data.opening import load
from napari_stimpute.data.readers import levels
from napari_stimpute.data.readers.found import Undecided
from napari_stimpute.data.readers.reading import read, read_found
from napari_stimpute.errors import NotReadable, OutOfMemory

N = 12
PLACES = np.column_stack([np.arange(N) % 4 * 10.0 + 5, np.arange(N) // 4 * 10.0 + 5])
NAMES = [f"s{i:02d}" for i in range(N)]
PIXELS = np.random.default_rng(0).integers(0, 255, (3, 30, 40), dtype=np.uint8)
COUNTS = sp.csr_matrix(np.random.default_rng(1).poisson(2.0, (N, 5)).astype(np.float32))


def table(region: str = "spots", names: Sequence[object] = NAMES) -> ad.AnnData:
    obs = pd.DataFrame(
        {"region": pd.Categorical([region] * N), "spot": list(names)}, index=list(NAMES)
    )
    made = ad.AnnData(COUNTS.copy(), obs=obs)
    return TableModel.parse(made, region=region, region_key="region", instance_key="spot")


def circles(transformation: Any = None) -> GeoDataFrame:
    made = ShapesModel.parse(
        PLACES, geometry=0, radius=3.0, transformations={"global": transformation or Identity()}
    )
    made.index = NAMES
    return made


def image(transformation: Any = None, **options: Any) -> Any:
    return Image2DModel.parse(
        PIXELS,
        dims=("c", "y", "x"),
        c_coords=["r", "g", "b"],
        transformations={"global": transformation or Identity()},
        **options,
    )


def store(path: Path, **elements: Any) -> Path:
    parts = {"shapes": {"spots": circles()}, "images": {"he": image()}, "tables": {"t": table()}}
    SpatialData(**{**parts, **elements}).write(path)
    return path


def said(path: Path, **options: str) -> str:
    with pytest.raises(NotReadable) as caught:
        read(path, **options)
    return str(caught.value)


def test_counts_places_and_image_are_read(tmp_path: Path) -> None:
    found = read(store(tmp_path / "a.zarr"))
    np.testing.assert_array_equal(found.X.toarray(), COUNTS.toarray())
    np.testing.assert_allclose(found.obsm["spatial"], PLACES)
    held = found.uns["spatial"]["he"]
    np.testing.assert_array_equal(held["images"]["hires"], np.moveaxis(PIXELS, 0, -1))
    assert held["scalefactors"] == {"tissue_hires_scalef": 1.0, "spot_diameter_fullres": 6.0}


def test_places_follow_an_image_that_is_turned_and_shapes_that_are_scaled(tmp_path: Path) -> None:
    """A spot lies on the pixel that the transformations say, whichever element they move."""
    turned = np.array([[0, -2, 90], [2, 0, 10], [0, 0, 1]], dtype=float)
    moved = Affine(turned, input_axes=("x", "y"), output_axes=("x", "y"))
    found = read(
        store(
            tmp_path / "a.zarr",
            images={"he": image(moved)},
            shapes={"spots": circles(Scale([4.0, 4.0], axes=("x", "y")))},
        )
    )
    on_system = np.column_stack([found.obsm["spatial"], np.ones(N)]) @ turned.T
    np.testing.assert_allclose(on_system[:, :2], 4 * PLACES)
    # a circle of radius 3, four times as large, on pixels that are two wide
    assert found.uns["spatial"]["he"]["scalefactors"]["spot_diameter_fullres"] == 12


def test_of_a_pyramid_a_level_that_fits_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(levels, "LARGEST", 20)
    path = store(tmp_path / "a.zarr", images={"he": image(scale_factors=[2])})
    held = read(path).uns["spatial"]["he"]
    assert held["images"]["hires"].shape == (15, 20, 3)
    assert held["scalefactors"]["tissue_hires_scalef"] == 0.5
    single = read_found(store(tmp_path / "b.zarr"))
    assert single.adata.uns["spatial"]["he"]["images"]["hires"].shape == (15, 20, 3)
    assert single.notes == ["The image has no smaller level: one of 2 pixels is shown."]


def test_sharper_levels_of_a_pyramid_are_not_read_before_they_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(levels, "LARGEST", 20)
    path = store(tmp_path / "a.zarr", images={"he": image(scale_factors=[2])})
    chunks = path / "images" / "he" / "s0" / "c"
    pieces = {chunk: chunk.read_bytes() for chunk in chunks.rglob("*") if chunk.is_file()}
    assert pieces
    for chunk in pieces:
        chunk.write_bytes(b"damaged")
    opened = load(path)
    said = dict(opened.card.rows)["Image and scale"]
    assert "20 × 15 pixels (napari reads 40 × 30 from the file as you zoom in)" in said
    assert opened.layout is not None
    (shown,) = opened.layout.images
    assert shown.pyramid is not None
    for chunk, content in pieces.items():
        chunk.write_bytes(content)
    (sharper,) = shown.pyramid.levels
    np.testing.assert_array_equal(np.asarray(sharper), np.moveaxis(PIXELS, 0, -1))
    wanted = load(path, options={"level": "0"}).layout
    assert wanted is not None
    assert wanted.images[0].pixels.shape == (30, 40, 3)
    assert wanted.images[0].pyramid is None


def test_cells_that_are_labels_or_polygons_have_their_centres(tmp_path: Path) -> None:
    marks = np.zeros((30, 40), dtype=np.int32)
    for i, (x, y) in enumerate(PLACES.astype(int)):
        marks[y - 2 : y + 3, x - 2 : x + 3] = i + 1
    labels = Labels2DModel.parse(marks, dims=("y", "x"), transformations={"global": Identity()})
    by_label = read(
        store(
            tmp_path / "a.zarr",
            labels={"cells": labels},
            tables={"t": table("cells", range(1, N + 1))},
        )
    )
    np.testing.assert_allclose(by_label.obsm["spatial"], PLACES, atol=0.51)
    squares = [
        Polygon([(x - 2, y - 2), (x + 2, y - 2), (x + 2, y + 2), (x - 2, y + 2)]) for x, y in PLACES
    ]
    polygons = ShapesModel.parse(
        GeoDataFrame(geometry=squares, index=NAMES), transformations={"global": Identity()}
    )
    found = read(store(tmp_path / "b.zarr", shapes={"spots": polygons}))
    np.testing.assert_allclose(found.obsm["spatial"], PLACES)
    width = found.uns["spatial"]["he"]["scalefactors"]["spot_diameter_fullres"]
    assert width == pytest.approx(2 * (16 / np.pi) ** 0.5)


def test_rows_without_a_shape_have_no_place_and_are_counted(tmp_path: Path) -> None:
    found = read_found(store(tmp_path / "a.zarr", shapes={"spots": circles().iloc[:9]}))
    assert np.isnan(found.adata.obsm["spatial"][9:]).all()
    assert "3 rows of the table (25 %) have no shape or label." in found.notes


def test_of_several_tables_one_is_chosen(tmp_path: Path) -> None:
    path = store(tmp_path / "a.zarr", tables={"t": table(), "u": table()[:, :3].copy()})
    with pytest.raises(Undecided, match="--read table=t"):
        read(path)
    assert read(path, table="u").n_vars == 3


def test_of_several_images_the_largest_is_taken_and_another_can_be(tmp_path: Path) -> None:
    small = Image2DModel.parse(
        PIXELS[:, ::2, ::2],
        dims=("c", "y", "x"),
        c_coords=["r", "g", "b"],
        transformations={"global": Scale([2.0, 2.0], axes=("x", "y"))},
    )
    path = store(tmp_path / "a.zarr", images={"small": small, "he": image()})
    assert list(read(path).uns["spatial"]) == ["he"]
    found = read(path, image="small")
    np.testing.assert_allclose(found.obsm["spatial"], PLACES)
    assert found.uns["spatial"]["small"]["scalefactors"]["tissue_hires_scalef"] == 0.5
    assert "spatial" not in read(path, image="none").uns


def test_it_opens_with_its_image(tmp_path: Path) -> None:
    rows = dict(load(store(tmp_path / "a.zarr")).card.rows)
    assert rows["Read as"].startswith("SpatialData or AnnData store, table: 12 × 5")
    assert rows["Image and scale"].startswith("he (hires), 40 × 30 pixels")


def test_an_older_store_of_zarr_2_is_read(tmp_path: Path) -> None:
    from spatialdata._io.format import SpatialDataContainerFormatV01

    parts = {"shapes": {"spots": circles()}, "images": {"he": image()}, "tables": {"t": table()}}
    data = SpatialData(**parts)
    data.write(tmp_path / "a.zarr", sdata_formats=SpatialDataContainerFormatV01())
    assert not (tmp_path / "a.zarr" / "zarr.json").exists()
    np.testing.assert_allclose(read(tmp_path / "a.zarr").obsm["spatial"], PLACES)


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_an_anndata_store_is_read(tmp_path: Path, zarr_format: int) -> None:
    made = ad.AnnData(COUNTS, obsm={"spatial": PLACES})
    with ad.settings.override(zarr_write_format=zarr_format):
        made.write_zarr(tmp_path / "a.zarr")
    found = read(tmp_path / "a.zarr")
    np.testing.assert_array_equal(found.X.toarray(), COUNTS.toarray())
    np.testing.assert_array_equal(found.obsm["spatial"], PLACES)


# ---- what is wrong with it ---------------------------------------------------------------------


def test_a_store_without_tables_says_what_it_holds(tmp_path: Path) -> None:
    assert "no table of counts (it holds he, spots)" in said(store(tmp_path / "a.zarr", tables={}))


def test_a_store_of_another_kind_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "image.zarr" / "0").mkdir(parents=True)
    (tmp_path / "image.zarr" / ".zattrs").write_text('{"multiscales": []}')
    assert "a Zarr store of another kind (it holds .zattrs, 0)" in said(tmp_path / "image.zarr")


def test_a_store_half_written_is_said(tmp_path: Path) -> None:
    path = store(tmp_path / "a.zarr")
    shutil.rmtree(path / "tables" / "t" / "X" / "data" / "c")
    assert "parts of X/data are missing" in said(path)
    (path / "tables" / "t" / "obs" / "zarr.json").write_text("{")
    (path / "tables" / "t" / "zarr.json").write_text("{")
    assert "a part that cannot be read (tables/t: " in said(path)


def test_an_anndata_store_without_all_its_values_is_refused(tmp_path: Path) -> None:
    ad.AnnData(COUNTS, obsm={"spatial": PLACES}).write_zarr(tmp_path / "a.zarr")
    for chunk in (tmp_path / "a.zarr" / "X" / "data").iterdir():
        if chunk.is_dir():
            shutil.rmtree(chunk)
        elif not chunk.name.startswith((".", "zarr")):
            chunk.unlink()
    assert "a store half written or copied" in said(tmp_path / "a.zarr")


def test_a_store_of_a_later_zarr_is_said(tmp_path: Path) -> None:
    path = store(tmp_path / "a.zarr")
    held = json.loads((path / "zarr.json").read_text())
    (path / "zarr.json").write_text(json.dumps({**held, "zarr_format": 9}))
    assert "a store of Zarr 9" in said(path)


def test_chunks_of_a_dense_matrix_that_are_not_stored_are_counted(tmp_path: Path) -> None:
    dense = np.zeros((20, 5), dtype=np.float32)
    dense[:10] = COUNTS[:10].toarray()
    path = tmp_path / "a.zarr"
    ad.AnnData(dense).write_zarr(path, chunks=(10, 5))
    (said,) = read_found(path).notes
    assert said.startswith("1 of 2 chunks of X are not stored, and were read as zeros")
    dense[10:] = 1
    ad.AnnData(dense).write_zarr(tmp_path / "b.zarr", chunks=(10, 5))
    assert read_found(tmp_path / "b.zarr").notes == []


def test_labels_that_are_damaged_are_said(tmp_path: Path) -> None:
    marks = np.repeat(np.arange(1, 13, dtype=np.int32), 100).reshape(30, 40)
    labels = Labels2DModel.parse(marks, dims=("y", "x"), transformations={"global": Identity()})
    made = table("cells", range(1, N + 1))
    path = store(tmp_path / "a.zarr", labels={"cells": labels}, tables={"t": made})
    pieces = [f for f in (path / "labels" / "cells" / "s0" / "c").rglob("*") if f.is_file()]
    for piece in pieces:
        piece.write_bytes(b"damaged")
    assert pieces and "what cannot be read" in said(path)


def test_a_store_that_is_too_large_for_memory_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.zarr"
    ad.AnnData(COUNTS).write_zarr(path)

    def short_of_memory(_path: Path) -> None:
        raise MemoryError

    monkeypatch.setattr("anndata.io.read_zarr", short_of_memory)
    with pytest.raises(OutOfMemory, match="enough free memory to read"):
        read(path)


def test_damaged_words_of_a_store_are_said(tmp_path: Path) -> None:
    path = store(tmp_path / "a.zarr")
    (path / "zarr.json").write_text("{")
    assert "zarr.json is damaged" in said(path)


def test_an_image_with_damaged_pixels_is_left_out_and_said(tmp_path: Path) -> None:
    path = store(tmp_path / "a.zarr")
    for chunk in (path / "images" / "he" / "s0" / "c").rglob("*"):
        if chunk.is_file():
            chunk.write_bytes(b"damaged")
    found = read_found(path)
    assert found.adata.shape == (N, 5)
    assert "The image he was left out." in found.notes[0]
    assert "damaged ones" in found.notes[0]


def test_a_missing_image_is_said_and_the_rest_is_read(tmp_path: Path) -> None:
    path = store(tmp_path / "a.zarr", images={"he": image(), "other": image()})
    for file in (path / "images" / "other").rglob("zarr.json"):
        file.write_text("{")
    found = read_found(path)
    assert found.adata.shape == (N, 5)
    assert any("other" in note for note in found.notes)


def test_what_of_a_table_gives_way_is_said(tmp_path: Path) -> None:
    both = table()
    both.obs["region"] = pd.Categorical(["a"] * 6 + ["b"] * 6)
    both.obs["library_id"] = ["mine"] * N
    both.obsm["spatial"] = PLACES + 1
    both.uns["spatial"] = {"mine": {}}
    del both.uns["spatialdata_attrs"]
    both = TableModel.parse(both, region=["a", "b"], region_key="region", instance_key="spot")
    path = store(tmp_path / "a.zarr", shapes={"a": circles(), "b": circles()}, tables={"t": both})
    found = read_found(path)
    text = " ".join(found.notes)
    for place in ("obs['library_id']", "obsm['spatial']", "uns['spatial']"):
        assert place in text


def test_of_a_table_that_says_nothing_else_nothing_is_said(tmp_path: Path) -> None:
    same = table()
    same.obsm["spatial"] = PLACES.copy()
    assert read_found(store(tmp_path / "a.zarr", tables={"t": same})).notes == []
