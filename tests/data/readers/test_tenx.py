from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import scanpy as sc
import scipy.sparse as sp

from napari_stimpute.data.readers.reading import read, read_found
from napari_stimpute.errors import NotReadable

from ...formats import write_10x, write_mtx


def test_hdf5_gives_what_scanpy_reads(
    tmp_path: Path, counts: sp.csr_matrix, barcodes: list[str]
) -> None:
    file = write_10x(tmp_path / "in.h5", counts, barcodes)
    found, expected = read(file), sc.read_10x_h5(file)
    assert list(found.obs_names) == list(expected.obs_names)
    assert list(found.var_names) == list(expected.var_names)
    assert list(found.var["gene_ids"]) == list(expected.var["gene_ids"])
    np.testing.assert_array_equal(found.X.toarray(), expected.X.toarray())


def test_the_older_layout_is_read(
    tmp_path: Path, counts: sp.csr_matrix, barcodes: list[str]
) -> None:
    by_cell = sp.csc_matrix(counts.T)
    with h5py.File(tmp_path / "old.h5", "w") as out:
        for name in ("data", "indices", "indptr"):
            out[f"GRCh38/{name}"] = getattr(by_cell, name)
        out["GRCh38/shape"] = np.array(by_cell.shape)
        out["GRCh38/barcodes"] = np.array([b.encode() for b in barcodes])
        out["GRCh38/genes"] = np.array([f"ENSG{i}".encode() for i in range(6)])
        out["GRCh38/gene_names"] = np.array([f"GENE{i}".encode() for i in range(6)])
    found, expected = read(tmp_path / "old.h5"), sc.read_10x_h5(tmp_path / "old.h5")
    np.testing.assert_array_equal(found.X.toarray(), expected.X.toarray())
    assert list(found.var_names) == list(expected.var_names)


@pytest.mark.parametrize("start", ["", "GSM1_"])
def test_a_folder_gives_what_scanpy_reads(
    tmp_path: Path, counts: sp.csr_matrix, barcodes: list[str], start: str
) -> None:
    folder = write_mtx(tmp_path / "mtx", counts, barcodes)
    expected = counts.toarray()
    for file in list(folder.iterdir()):
        file.rename(folder / f"{start}{file.name}")
    found = read(folder)
    np.testing.assert_array_equal(found.X.toarray(), expected)
    assert list(found.var_names) == [f"GENE{i}" for i in range(6)]
    assert list(found.obs_names) == barcodes


def test_only_genes_are_kept_and_the_others_counted(
    tmp_path: Path, counts: sp.csr_matrix, barcodes: list[str]
) -> None:
    kinds = ["Gene Expression"] * 4 + ["Antibody Capture"] * 2
    found = read_found(write_10x(tmp_path / "in.h5", counts, barcodes, kinds=kinds))
    assert found.adata.n_vars == 4
    assert found.notes == [
        "Only genes were read; other features were left out (Antibody Capture: 2)."
    ]


def test_genes_of_one_symbol_are_told_apart(
    tmp_path: Path, counts: sp.csr_matrix, barcodes: list[str]
) -> None:
    symbols = ["A", "B", "A", "C", "A", "D"]
    found = read_found(write_10x(tmp_path / "in.h5", counts, barcodes, symbols=symbols))
    assert list(found.adata.var_names) == ["A", "B", "A-1", "C", "A-2", "D"]
    assert "2 genes have the symbol of another: a number was added, as in A-1" in found.notes[0]


def said(path: Path) -> str:
    with pytest.raises(NotReadable) as caught:
        read(path)
    return str(caught.value)


def test_a_missing_part_is_named(
    tmp_path: Path, counts: sp.csr_matrix, barcodes: list[str]
) -> None:
    folder = write_mtx(tmp_path / "mtx", counts, barcodes)
    (folder / "features.tsv.gz").unlink()
    assert "found no features.tsv or genes.tsv[.gz]" in said(folder)


def test_parts_of_two_samples_are_refused(
    tmp_path: Path, counts: sp.csr_matrix, barcodes: list[str]
) -> None:
    folder = write_mtx(tmp_path / "mtx", counts, barcodes)
    write_mtx(tmp_path / "other", counts[:5], barcodes[:5])
    (tmp_path / "other" / "barcodes.tsv.gz").replace(folder / "barcodes.tsv.gz")
    assert "6 × 8 values, 6 features and 5 barcodes" in said(folder)


def test_two_samples_in_one_folder_are_refused(
    tmp_path: Path, counts: sp.csr_matrix, barcodes: list[str]
) -> None:
    folder = write_mtx(tmp_path / "mtx", counts, barcodes)
    (folder / "b_matrix.mtx").write_bytes((folder / "matrix.mtx").read_bytes())
    assert "2 of matrix.mtx (b_matrix.mtx, matrix.mtx)" in said(folder)


def test_a_truncated_file_is_said_to_be_so(
    tmp_path: Path, counts: sp.csr_matrix, barcodes: list[str]
) -> None:
    file = write_10x(tmp_path / "in.h5", counts, barcodes)
    file.write_bytes(file.read_bytes()[:3000])
    assert "a truncated file" in said(file)


def test_indices_beyond_the_genes_are_damage(
    tmp_path: Path, counts: sp.csr_matrix, barcodes: list[str]
) -> None:
    file = write_10x(tmp_path / "in.h5", counts, barcodes)
    with h5py.File(file, "r+") as content:
        content["matrix/indices"][0] = 900
    assert "a part that is damaged or missing" in said(file)


def test_a_link_to_another_file_is_refused(
    tmp_path: Path, counts: sp.csr_matrix, barcodes: list[str]
) -> None:
    file = write_10x(tmp_path / "in.h5", counts, barcodes)
    with h5py.File(file, "r+") as content:
        del content["matrix/barcodes"]
        content["matrix/barcodes"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "/secret")
    assert "a link to another file" in said(file)


def test_hdf5_of_another_kind_says_what_it_holds(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as out:
        out["weights"] = [1.0]
    assert "HDF5 of another kind (it holds weights)" in said(tmp_path / "other.h5")
