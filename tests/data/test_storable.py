"""What .h5ad cannot hold is put right or left out at opening, and said; all else is saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from anndata import AnnData

from napari_stimpute.data.opening import Opened, load
from napari_stimpute.data.readers.reading import read
from napari_stimpute.data.save import write
from napari_stimpute.data.structure import named

N = 12


def make() -> AnnData:
    counts = np.random.default_rng(0).poisson(2.0, (N, 7)).astype(np.float32)
    adata = AnnData(sp.csr_matrix(counts))
    adata.obs["band"] = pd.Categorical(["a", "b"] * (N // 2))
    return adata


def opened_and_saved(adata: AnnData, folder: Path) -> tuple[Opened, AnnData]:
    """What opening gives, and what a file of it gives back."""
    opened = load(adata)
    return opened, read(write(opened.adata, folder / "out.h5ad"))


def test_sound_data_stay_as_they_are(tmp_path: Path) -> None:
    adata = make()
    adata.obs["G1 S"] = np.linspace(0, 1, N)
    adata.obs["doublet"] = pd.array([None, True, False] * 4, dtype="boolean")
    adata.uns["neighbors"] = {"params": {"n": 15, "metric": "euclidean", "none": None}}
    adata.obsm["X_pca"] = np.ones((N, 3))
    opened, found = opened_and_saved(adata, tmp_path)
    assert opened.notes[0].startswith("The counts were taken from X")
    assert list(found.obs) == ["band", "G1 S", "doublet"]
    assert found.uns["neighbors"]["params"]["metric"] == "euclidean"


def test_a_slash_in_the_name_of_a_column_is_kept_or_its_loss_is_said(tmp_path: Path) -> None:
    adata = make()
    adata.obs["G1/S"] = np.linspace(0, 1, N)
    opened, found = opened_and_saved(adata, tmp_path)
    is_said = any("obs['G1/S'] is 'G1_S'" in note for note in opened.notes)
    name = "G1_S" if is_said else "G1/S"  # anndata 0.13 refuses slashes
    assert list(found.obs) == ["band", name]
    assert list(found.obs[name]) == list(adata.obs["G1/S"])


TEXT = [
    pytest.param(lambda texts: pd.array(texts, dtype="string"), id="nullable"),
    pytest.param(lambda texts: pd.Series(texts, dtype=object).array, id="objects"),
    pytest.param(lambda texts: pd.Series(texts).array, id="as pandas reads it"),
]


@pytest.mark.parametrize("text", TEXT)
def test_text_stays_text_that_every_anndata_reads(text: Any, tmp_path: Path) -> None:
    adata = make()
    symbols = [f"Gene{i}" for i in range(adata.n_vars)]
    adata.var["symbol"] = text(symbols)
    adata.uns["markers"] = pd.DataFrame({"symbol": text(symbols)})
    _, found = opened_and_saved(adata, tmp_path)
    with h5py.File(tmp_path / "out.h5ad") as file:
        for table in ("var", "uns/markers"):
            assert file[table]["symbol"].attrs["encoding-type"] == "string-array"
    assert list(found.var["symbol"]) == symbols


@pytest.mark.parametrize("donors", [[None, "d1", "d2"] * 4, [None] * N], ids=["gaps", "empty"])
@pytest.mark.parametrize("text", TEXT)
def test_text_with_gaps_becomes_categories(text: Any, donors: list[Any], tmp_path: Path) -> None:
    adata = make()
    adata.obs["donor"] = text(donors)
    adata.obs.index = adata.obs.index.astype("string")
    adata.uns["samples"] = pd.DataFrame({"donor": text(donors)})
    _, found = opened_and_saved(adata, tmp_path)
    for table in (found.obs, found.uns["samples"]):
        assert [None if pd.isna(d) else d for d in table["donor"]] == donors


@pytest.mark.parametrize(
    "values",
    [
        [1 if i % 2 else "a" for i in range(N)],
        pd.cut(np.arange(N), 4),
        [pd.Timestamp("2024-01-01")] * N,
    ],
    ids=["mixed", "intervals", "dates"],
)
def test_a_column_of_other_things_is_kept_as_text(values: Any, tmp_path: Path) -> None:
    adata = make()
    adata.obs["odd"] = values
    opened, found = opened_and_saved(adata, tmp_path)
    assert any("Kept as text" in note and "obs['odd']" in note for note in opened.notes)
    assert all(isinstance(name, str) for name in found.obs["odd"].cat.categories)
    assert found.obs["odd"].nunique() == adata.obs["odd"].astype(str).nunique()


def test_a_column_of_arrays_is_left_out(tmp_path: Path) -> None:
    adata = make()
    adata.obs["lists"] = [np.arange(i) for i in range(N)]
    opened, found = opened_and_saved(adata, tmp_path)
    assert any("cannot hold it: obs['lists']." in note for note in opened.notes)
    assert list(found.obs) == ["band"]


def test_a_repeated_column_is_kept_once(tmp_path: Path) -> None:
    adata = make()
    adata.obs = pd.concat([adata.obs, adata.obs], axis=1)
    opened, found = opened_and_saved(adata, tmp_path)
    assert "obs holds the column 'band' twice; the first is kept." in opened.notes
    assert list(found.obs) == ["band"]


def test_an_index_named_like_a_column_loses_its_name(tmp_path: Path) -> None:
    adata = make()
    adata.obs["barcode"] = [name[:1] for name in adata.obs_names]
    adata.obs.index.name = "barcode"
    opened, found = opened_and_saved(adata, tmp_path)
    assert any("has the name of a column, 'barcode'" in note for note in opened.notes)
    assert list(found.obs["barcode"]) == list(adata.obs["barcode"])
    assert adata.obs.index.name == "barcode"  # the input is not changed


def test_columns_that_exclude_each_other_are_both_kept(tmp_path: Path) -> None:
    adata = make()
    adata.obs["S"], adata.obs["S/G2"] = 1.0, 2.0
    opened, found = opened_and_saved(adata, tmp_path)
    assert any("obs['S/G2'] is 'S_G2'" in note for note in opened.notes)
    assert list(found.obs) == ["band", "S", "S_G2"]


@pytest.mark.parametrize(("name", "kept"), [("a/b", "a_b"), (3, "3"), (".", "_"), ("a\0b", "ab")])
def test_names_that_cannot_be_written_become_others(name: Any, kept: str, tmp_path: Path) -> None:
    adata = make()
    adata.uns[name] = "value"
    opened, found = opened_and_saved(adata, tmp_path)
    assert found.uns[kept] == "value"
    assert any(f"uns[{name!r}] is {kept!r}" in note for note in opened.notes)


def test_slashes_in_the_names_of_matrices_become_others(tmp_path: Path) -> None:
    adata = make()
    adata.layers["scran/log"] = adata.X.log1p()
    adata.layers["scran_log"] = adata.X.copy()
    _, found = opened_and_saved(adata, tmp_path)
    assert set(named(found, "layers")) == {"scran_log", "scran_log_2"}


def test_odd_things_in_uns_are_left_out(tmp_path: Path) -> None:
    adata = make()
    adata.uns["params"] = {"fn": print, "path": Path("here"), "n": 3, "large": 10**30}
    adata.uns["self"] = adata.uns["params"]
    adata.uns["params"]["again"] = adata.uns["params"]
    opened, found = opened_and_saved(adata, tmp_path)
    assert any("uns['params']['fn'], uns['params']['again']" in note for note in opened.notes)
    assert found.uns["params"] == {"path": "here", "n": 3, "large": 1e30}


def test_records_that_are_none_are_left_out(tmp_path: Path) -> None:
    adata = make()
    adata.uns["stimpute"] = 3
    opened, found = opened_and_saved(adata, tmp_path)
    assert any("cannot hold it: uns['stimpute']" in note for note in opened.notes)
    assert "stimpute" not in found.uns


def test_half_characters_are_replaced(tmp_path: Path) -> None:
    adata = make()
    names = pd.Index([f"\udce9{i}" for i in range(N)], dtype=object)  # pandas' own text refuses it
    adata.obs = pd.DataFrame({"unit": pd.Series(["\udce9m"] * N, names, dtype=object)})
    _, found = opened_and_saved(adata, tmp_path)
    assert set(found.obs["unit"]) == {"?m"}
    assert found.obs_names[3] == "?3"


def test_repeated_names_in_raw_are_numbered(tmp_path: Path) -> None:
    adata = make()
    adata.var_names = ["a", "b", "b", "c", "d", "e", "f"]
    adata.raw = adata.copy()
    adata.var_names_make_unique()
    adata.write_h5ad(tmp_path / "in.h5ad")
    opened = load(tmp_path / "in.h5ad")
    assert "raw holds 1 gene name more than once; they are numbered (-1, -2, …)." in opened.notes
    assert list(opened.adata.raw.var_names) == list(adata.var_names)


def test_raw_of_dask_is_computed() -> None:
    dask = pytest.importorskip("dask.array")
    adata = make()
    lazy = adata.copy()
    lazy.X = dask.from_array(adata.X.toarray(), chunks=(5, 7))
    adata.raw, adata.X = lazy, adata.X.log1p()
    opened = load(adata)
    assert opened.card.counts_where == "raw"
    assert any("were read into it" in note for note in opened.notes)


def test_arrays_of_dask_are_computed() -> None:
    dask = pytest.importorskip("dask.array")
    adata = make()
    adata.X = dask.from_array(adata.X.toarray(), chunks=(5, 7))
    opened = load(adata)
    assert (opened.adata.X != make().X).nnz == 0


def test_a_part_of_data_that_are_still_in_a_file_is_said(tmp_path: Path) -> None:
    make().write_h5ad(tmp_path / "in.h5ad")
    backed = ad.read_h5ad(tmp_path / "in.h5ad", backed="r")
    with pytest.raises(Exception, match="Load it first"):
        load(backed[:3])
    backed.file.close()


def test_a_gene_without_a_name_gets_one(tmp_path: Path) -> None:
    adata = make()
    adata.var_names = ["a", "", "b", "c", "d", "e", "unnamed"]
    adata.raw = adata.copy()
    opened, found = opened_and_saved(adata, tmp_path)
    assert found.var_names[1] == "unnamed_2"
    assert list(found.var_names) == list(found.raw.var_names)
    assert "The gene without a name in var is called 'unnamed_2' here." in opened.notes


def test_places_kept_as_text_are_saved(tmp_path: Path) -> None:
    adata = make()
    adata.obsm["spatial"] = np.arange(2 * N).reshape(N, 2).astype(str).astype(object)
    _, found = opened_and_saved(adata, tmp_path)
    assert np.array_equal(found.obsm["spatial"], adata.obsm["spatial"])
