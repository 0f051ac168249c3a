"""Files with a broken structure end in a sentence that names the place, never in a crash."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.sparse as sp
from anndata import AnnData

from napari_stimpute.data.opening import load
from napari_stimpute.data.readers.reading import read
from napari_stimpute.errors import NotReadable

N_CELLS, N_GENES = 12, 7


def make() -> AnnData:
    counts = np.random.default_rng(0).poisson(2.0, (N_CELLS, N_GENES)).astype(np.float32)
    adata = AnnData(sp.csr_matrix(counts))
    adata.layers["counts"] = adata.X.copy()
    adata.obsp["near"] = sp.eye(N_CELLS, format="csr")
    adata.varp["alike"] = sp.eye(N_GENES, format="csc")
    adata.obsm["sparse"] = adata.X.copy()
    adata.raw = adata.copy()
    return adata


@pytest.fixture
def path(tmp_path: Path) -> Path:
    make().write_h5ad(tmp_path / "in.h5ad")
    return tmp_path / "in.h5ad"


def replace(path: Path, place: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
    """Put other values in a dataset, with its attributes."""
    with h5py.File(path, "r+") as file:
        values, kept = file[place][()], dict(file[place].attrs)
        del file[place]
        file[place] = change(values.copy())
        file[place].attrs.update(kept)


def put(at: int, value: int) -> Callable[[np.ndarray], np.ndarray]:
    def change(values: np.ndarray) -> np.ndarray:
        values[at] = value
        return values

    return change


def said(path: Path) -> str:
    with pytest.raises(NotReadable) as caught:
        read(path)
    return str(caught.value)


@pytest.mark.parametrize("place", ["X", "layers/counts", "raw/X", "obsp/near", "obsm/sparse"])
def test_a_column_beyond_the_last_is_said_with_its_place(path: Path, place: str) -> None:
    replace(path, f"{place}/indices", put(3, 1_000_000))
    assert f"in {place}, but found column number 1,000,000 where columns go from 0" in said(path)


def test_a_row_beyond_the_last_is_said_of_a_matrix_by_column(path: Path) -> None:
    replace(path, "varp/alike/indices", put(3, N_GENES))
    assert "in varp/alike, but found row number 7 where rows go from 0 to 6" in said(path)


def test_columns_counted_from_one_are_said(path: Path) -> None:
    replace(path, "X/indices", lambda a: a + 1)
    assert "column number 7 where columns go from 0 to 6" in said(path)


@pytest.mark.parametrize(
    ("part", "change", "found"),
    [
        ("indices", put(3, -1), "column number -1"),
        ("indices", lambda a: a[:-3], "places"),
        ("indices", lambda a: a.astype("f4"), "wrong type"),
        ("indices", lambda a: a[:4].reshape(2, 2), "no list 'indices'"),
        ("data", lambda a: a[:-3], "values"),
        ("data", lambda a: np.full(len(a), b"x"), "wrong type"),
        ("indptr", put(5, 70), "begin before"),
        ("indptr", put(5, -7), "begin before"),
        ("indptr", put(0, 3), "begin before"),
        ("indptr", put(-1, 90), "rows of 90 values in all"),
        ("indptr", put(-1, 10**9), "values in all"),
        ("indptr", lambda a: a[:-1], "12 beginnings for 12 × 7"),
        ("indptr", lambda a: a * 0, "rows of 0 values in all"),
    ],
)
def test_arrays_that_do_not_fit_each_other_are_said(
    path: Path, part: str, change: Callable[[np.ndarray], np.ndarray], found: str
) -> None:
    replace(path, f"X/{part}", change)
    assert found in said(path)


@pytest.mark.parametrize(
    "size", [[N_CELLS, -7], [10**12, N_GENES], [float(N_CELLS), 7.0], [N_CELLS], "12x7"]
)
def test_an_impossible_size_is_said(path: Path, size: list[float] | str) -> None:
    with h5py.File(path, "r+") as file:
        file["X"].attrs["shape"] = size
    assert "a sound sparse matrix in X" in said(path)


def test_a_matrix_by_row_that_claims_to_be_by_column_is_said(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["X"].attrs["encoding-type"] = "csc_matrix"
    assert "13 beginnings for 12 × 7" in said(path)


def test_a_matrix_of_another_size_than_the_tables_is_said(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["layers/counts"].attrs["shape"] = [N_CELLS, N_GENES + 2]
    assert "Expected 12 × 7 values in layers['counts'], as obs and var say" in said(path)


def test_unsigned_and_unsorted_places_are_read(path: Path) -> None:
    def swapped(indices: np.ndarray) -> np.ndarray:
        indices[:2] = indices[1::-1]
        return indices.astype("u8")

    replace(path, "X/indices", swapped)
    replace(path, "X/data", lambda a: np.concatenate([a[1::-1], a[2:]]))
    assert (read(path).X != make().X).nnz == 0


def test_a_broken_matrix_in_memory_is_said() -> None:
    adata = make()
    adata.layers["counts"].indices[0] = 900
    with pytest.raises(NotReadable, match=r"layers\['counts'\], but found column number 900"):
        load(adata)


@pytest.mark.parametrize("place", ["X", "obs/score", "uns/image", "X/indices"])
def test_an_array_far_larger_than_its_file_is_said(path: Path, place: str) -> None:
    with h5py.File(path, "r+") as file:
        if place in file:
            del file[place]
        file.create_dataset(place, (10**6, 10**6), "f4", chunks=True, compression="gzip")
    assert f"in {place}, but found 1,000,000 × 1,000,000 values (3,725 GB)" in said(path)


def test_a_damaged_table_is_said_with_its_column(path: Path) -> None:
    adata = make()
    adata.obs["kind"] = np.array(["a", "b"] * 6)
    adata.write_h5ad(path)
    replace(path, "obs/kind/codes", put(0, -5))
    assert "Expected sound content in obs/kind, but found damage" in said(path)


def test_a_damaged_header_is_said_with_its_place(path: Path) -> None:
    with h5py.File(path) as file:
        start = h5py.h5o.get_info(file["obs"].id).addr
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\xff" * 64)
    assert "in obs, but found damage. Copy or download it again." in said(path)
