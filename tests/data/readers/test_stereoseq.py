from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from napari_stimpute.data.opening import load
from napari_stimpute.data.readers.found import Undecided
from napari_stimpute.data.readers.reading import read, read_found
from napari_stimpute.errors import NotReadable

from ...machines import GENES, SPOTS, some_counts, some_places, write_cellbin, write_gef


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_gef(tmp_path / "SS200000135TL_D1.tissue.gef")


def said(path: Path, **options: str) -> str:
    with pytest.raises(NotReadable) as caught:
        read(path, **options)
    return str(caught.value)


def molecules(size: int) -> dict[tuple[float, float], list[int]]:
    """Of three genes, by the middle of a bin in µm: gene i has i + 1 on each spot from its i-th."""
    found: dict[tuple[float, float], list[int]] = {}
    for gene in range(3):
        for x, y in SPOTS[gene:]:
            place = ((x // size + 0.5) * size / 2, (y // size + 0.5) * size / 2)
            found.setdefault(place, [0, 0, 0])[gene] += gene + 1
    return found


@pytest.mark.parametrize("size", [1, 20, 50, 100])
def test_bins_are_read_or_added_up_and_lie_in_microns(file: Path, size: int) -> None:
    found = read(file, bin=str(size))
    given = zip(map(tuple, found.obsm["spatial"].tolist()), found.X.toarray().tolist(), strict=True)
    assert dict(given) == molecules(size)
    assert list(found.var_names) == GENES[:3]
    assert list(found.var["gene_ids"]) == ["ENSG0", "ENSG1", "ENSG2"]


def test_versions_that_count_bins_give_the_same(file: Path, tmp_path: Path) -> None:
    other = write_gef(tmp_path / "other.gef", (1, 50), counts_bins=True)
    np.testing.assert_array_equal(
        read(other, bin="50").obsm["spatial"], read(file, bin="50").obsm["spatial"]
    )


def test_places_left_of_and_above_the_origin_are_kept(file: Path) -> None:
    with h5py.File(file, "a") as content:
        values = content["geneExp/bin1/expression"][:]
        values["x"] -= 100
        values["y"] -= 100
        content["geneExp/bin1/expression"][...] = values
    found = read(file, bin="20").obsm["spatial"]
    expected = [(x - 50, y - 50) for x, y in molecules(20)]
    assert sorted(map(tuple, found.tolist())) == sorted(expected)


def test_the_bin_is_asked_with_its_width_and_what_it_takes(file: Path) -> None:
    with pytest.raises(Undecided) as caught:
        read_found(file, asks=True)
    question = caught.value.question
    assert (question.name, question.answer) == ("bin", "50")
    assert [value for value, _ in question.choices] == ["1", "20", "50", "100"]
    assert question.choices[2][1].startswith("50: 25 µm, about ")
    assert "20: 10 µm, added up, at most" in question.choices[1][1]
    assert read(file).n_obs == len(molecules(50))


def test_a_single_bin_is_not_asked(tmp_path: Path) -> None:
    file = write_gef(tmp_path / "a.gef", (100,))
    assert read_found(file, asks=True).adata.n_obs == len(molecules(100))


def test_cells_are_read_with_their_area(tmp_path: Path) -> None:
    file = write_cellbin(tmp_path / "D1.cellbin.gef")
    found = read_found(file, asks=True).adata
    np.testing.assert_array_equal(found.X.toarray(), some_counts().toarray())
    np.testing.assert_allclose(found.obsm["spatial"], (some_places() * 100).astype(int) * 0.5)
    assert (found.obs["area"] == 400).all()
    assert dict(load(file).card.rows)["Coordinates"].endswith(" µm apart")


def test_where_the_pitch_is_not_told_places_are_in_spots(file: Path) -> None:
    with h5py.File(file, "a") as content:
        del content["geneExp/bin50/expression"].attrs["resolution"]
    found = read_found(file)
    assert found.notes == ["The file does not tell how far spots are apart: places are in spots."]
    assert found.adata.obsm["spatial"].min() == 25


# ---- what is wrong with it ---------------------------------------------------------------------


def test_hdf5_of_another_kind_says_what_it_should_hold(tmp_path: Path) -> None:
    file = tmp_path / "a.gef"
    with h5py.File(file, "w") as content:
        content["other"] = 1
    assert "HDF5 of another kind (it holds other). It should hold geneExp" in said(file)
    file.write_bytes(b"no HDF5")
    assert "a file that is not HDF5" in said(file)


@pytest.mark.parametrize("part", ["gene", "expression"])
def test_a_part_that_is_missing_or_cut_is_said(file: Path, part: str) -> None:
    with h5py.File(file, "a") as content:
        values = content[f"geneExp/bin50/{part}"][:-1]
        del content[f"geneExp/bin50/{part}"]
        content[f"geneExp/bin50/{part}"] = values
    assert "values for" in said(file)
    with h5py.File(file, "a") as content:
        del content[f"geneExp/bin50/{part}"]
    assert f"a damaged file (no table geneExp/bin50/{part})" in said(file)


def test_other_columns_are_said(file: Path) -> None:
    with h5py.File(file, "a") as content:
        del content["geneExp/bin50/expression"]
        content["geneExp/bin50/expression"] = np.zeros(3, [("row", "i4"), ("count", "u2")])
    assert "a damaged file (no column 'x' in geneExp/bin50/expression)" in said(file)


def test_cells_whose_counts_are_cut_are_refused(tmp_path: Path) -> None:
    file = write_cellbin(tmp_path / "a.gef")
    with h5py.File(file, "a") as content:
        values = content["cellBin/cellExp"][:-2]
        del content["cellBin/cellExp"]
        content["cellBin/cellExp"] = values
    assert "values for" in said(file)


def test_a_truncated_file_is_said(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:2000])
    assert "a truncated file" in said(file)
