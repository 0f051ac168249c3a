from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from napari_stimpute.data.readers.reading import read, read_found
from napari_stimpute.errors import NotReadable

COUNTS = np.random.default_rng(0).poisson(2.0, (5, 4))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """By the specification: rows are genes, and each attribute is a dataset."""
    with h5py.File(tmp_path / "in.loom", "w") as out:
        out.create_dataset("matrix", data=COUNTS.T, chunks=(2, 2))
        out["layers/spliced"] = COUNTS.T // 2
        out["row_attrs/Gene"] = np.array(["A", "B", "A", "C"], dtype="S")
        out["row_attrs/Accession"] = np.array(["E1", "E2", "E3", "E4"], dtype="S")
        out["col_attrs/CellID"] = [f"cell{i}" for i in range(5)]
        out["col_attrs/Age"] = np.arange(5.0)
        out["col_attrs/PCA"] = np.arange(10.0).reshape(5, 2)
        out.create_group("col_graphs")
    return tmp_path / "in.loom"


def test_cells_genes_layers_and_attributes_are_read(path: Path) -> None:
    found = read(path)
    np.testing.assert_array_equal(found.X.toarray(), COUNTS)
    np.testing.assert_array_equal(found.layers["spliced"].toarray(), COUNTS // 2)
    assert list(found.obs_names) == [f"cell{i}" for i in range(5)]
    assert list(found.obs["Age"]) == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(found.obsm["PCA"], np.arange(10.0).reshape(5, 2))
    assert list(found.var_names) == ["E1", "E2", "E3", "E4"] and list(found.var["Gene"]) == list(
        "ABAC"
    )


def test_symbols_can_be_the_names_of_genes(path: Path) -> None:
    found = read_found(path, {"genes_by": "Gene"})
    assert list(found.adata.var_names) == ["A", "B", "A-1", "C"]
    assert "1 gene has the symbol of another" in found.notes[0]


def test_hdf5_of_another_kind_says_what_it_holds(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "in.loom", "w") as out:
        out["other"] = [1]
    with pytest.raises(NotReadable, match=r"HDF5 of another kind \(it holds other\)"):
        read(tmp_path / "in.loom")


def test_a_part_that_lies_in_another_file_is_refused(path: Path, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "private.h5", "w") as other:
        other["secret"] = COUNTS.T
    with h5py.File(path, "a") as content:
        del content["matrix"]
        content["matrix"] = h5py.ExternalLink(str(tmp_path / "private.h5"), "/secret")
    with pytest.raises(NotReadable, match="another file"):
        read(path)
