"""An array that is too large to hold is made, read and saved by blocks, and is an array to all."""

from __future__ import annotations

from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pytest

from napari_stimpute.data import scratch
from napari_stimpute.data.readers.reading import read
from napari_stimpute.data.save import write
from napari_stimpute.data.scratch import Scratch, require_room
from napari_stimpute.errors import NotWritable, OutOfMemory

from ..disks import small_disk

SHAPE = (57, 40)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing fits into memory, and a few rows are read at a time."""
    monkeypatch.setattr(scratch, "MOST_IN_MEMORY", 0)
    monkeypatch.setattr(scratch, "PART", 10 * SHAPE[1])


def made(values: np.ndarray) -> np.ndarray:
    into = Scratch(values.shape)
    for start in range(0, len(values), 7):
        rows = slice(start, min(start + 7, len(values)))
        into[rows] = values[rows]
    for start in range(0, len(values), 20):
        rows = slice(start, min(start + 20, len(values)))
        into[rows] = 2 * into[rows]
    return into.whole()


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(0).random(SHAPE).astype(np.float32)


def is_in_file(array: np.ndarray) -> bool:
    return isinstance(array, np.memmap)


@pytest.mark.usefixtures("small")
def test_in_a_file_it_is_the_same_array(values: np.ndarray) -> None:
    array = made(values)
    assert is_in_file(array)
    np.testing.assert_array_equal(array, 2 * values)
    assert array[:, 3].flags.c_contiguous  # a gene lies in one piece


def test_a_small_one_stays_in_memory(values: np.ndarray) -> None:
    assert not is_in_file(made(values))
    np.testing.assert_array_equal(made(values), 2 * values)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("name", ["out.h5ad", "out.zarr"])
def test_it_is_saved_like_any_other_layer(tmp_path: Path, values: np.ndarray, name: str) -> None:
    adata = ad.AnnData(np.random.default_rng(1).poisson(3.0, SHAPE).astype(np.float32))
    adata.layers["a b"] = made(values)
    found = read(write(adata, tmp_path / name))
    np.testing.assert_array_equal(next(iter(found.layers.values())), 2 * values)
    np.testing.assert_array_equal(adata.layers["a b"], 2 * values)


@pytest.mark.usefixtures("small")
def test_in_an_h5ad_a_gene_is_read_without_the_others(
    tmp_path: Path, values: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "TILE", 40)
    adata = ad.AnnData(np.ones(SHAPE, np.float32), layers={"imputed": values})
    with h5py.File(write(adata, tmp_path / "out.h5ad")) as file:
        assert file["layers/imputed"].chunks == (10, 4)


@pytest.mark.usefixtures("small")
def test_a_full_disk_is_said(values: np.ndarray) -> None:
    with small_disk(), pytest.raises(NotWritable, match="of imputed values, but found"):
        made(values)


def test_where_there_is_no_room_for_a_file_it_is_held(
    values: np.ndarray, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "free_room", lambda: 0)
    array = made(values)
    assert not is_in_file(array)
    np.testing.assert_array_equal(array, 2 * values)


def test_what_fits_nowhere_is_refused_before_it_is_begun() -> None:
    with pytest.raises(OutOfMemory, match="for the values of 10,000,000,000 × 30,000"):
        require_room(10_000_000_000, 30_000)
