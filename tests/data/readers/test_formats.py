from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import scipy.sparse as sp
from anndata import AnnData

from napari_stimpute.data.readers import formats_of
from napari_stimpute.data.readers.found import Undecided
from napari_stimpute.data.readers.reading import read, read_found
from napari_stimpute.errors import NotReadable, UnknownName

from ...formats import write_10x, write_mtx
from ...machines import write_cosmx, write_curio, write_gef, write_merscope, write_xenium


def test_a_folder_of_two_formats_is_asked_about(
    visium: Path, counts: sp.csr_matrix, barcodes: list[str]
) -> None:
    write_mtx(visium, counts[:5], barcodes[:5])
    assert [kind.name for kind in formats_of(visium)] == ["10x_mtx", "visium"]
    with pytest.raises(Undecided, match="--read format="):
        read(visium)
    assert read(visium, format="10x_mtx").n_obs == 5
    assert read(visium, format="visium").n_obs == 8


def test_a_folder_of_samples_names_them(
    tmp_path: Path, counts: sp.csr_matrix, barcodes: list[str]
) -> None:
    for name in "abcde":
        write_10x(tmp_path / f"{name}.h5", counts, barcodes)
    with pytest.raises(Undecided) as asked:
        read(tmp_path)
    said = str(asked.value)
    assert "all (all 5 samples, as sections of one), a.h5, b.h5, c.h5" in said
    assert "--read sample=all" in said and "'stimpute impute' takes the folder too" in said
    assert read(tmp_path, sample="c.h5").n_obs == len(barcodes)


def test_a_folder_of_something_else_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "paper.pdf").write_bytes(b"%PDF")
    with pytest.raises(NotReadable, match=r"a folder with paper.pdf. These can be read: AnnData"):
        read(tmp_path)


def test_an_empty_folder_is_said_to_be_empty(tmp_path: Path) -> None:
    with pytest.raises(NotReadable, match="an empty folder"):
        read(tmp_path)


def test_an_option_that_means_nothing_is_refused(
    tmp_path: Path, counts: sp.csr_matrix, barcodes: list[str]
) -> None:
    file = write_10x(tmp_path / "in.h5", counts, barcodes)
    with pytest.raises(UnknownName, match="'bin', which is not one"):
        read_found(file, {"bin": "8"})


def test_a_wrong_ending_is_told_from_what_the_file_holds(
    tmp_path: Path, counts: sp.csr_matrix, barcodes: list[str]
) -> None:
    AnnData(counts).write_h5ad(tmp_path / "a.h5ad")
    write_10x(tmp_path / "b.h5", counts, barcodes)
    (tmp_path / "a.h5ad").rename(tmp_path / "a.h5")
    (tmp_path / "b.h5").rename(tmp_path / "b.h5ad")
    with pytest.raises(NotReadable, match=r"an AnnData file: give it the ending \.h5ad"):
        read(tmp_path / "a.h5")
    with pytest.raises(NotReadable, match=r"a 10x matrix: give it the ending \.h5"):
        read(tmp_path / "b.h5ad")


def test_looking_at_a_path_loads_no_library_of_a_format(tmp_path: Path) -> None:
    write_xenium(tmp_path / "x")
    write_gef(tmp_path / "a.gef")
    code = (
        "import sys, pathlib, napari_stimpute\n"
        "from napari_stimpute.data.readers import formats_of, samples_in\n"
        f"there = samples_in(pathlib.Path({str(tmp_path)!r}))\n"
        "found = [kind.name for path in there for kind in formats_of(path)]\n"
        "assert found == ['stereoseq', 'xenium'], found\n"
        "heavy = {'anndata', 'dask', 'geopandas', 'h5py', 'numpy', 'pandas', 'pyarrow', 'scipy', "
        "'spatialdata', 'spatialdata_io', 'tifffile', 'zarr'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_neighbours_are_not_taken_for_one_another(tmp_path: Path, visium: Path, hd: Path) -> None:
    made = {
        "xenium": write_xenium(tmp_path / "a"),
        "cosmx": write_cosmx(tmp_path / "b"),
        "merscope": write_merscope(tmp_path / "c"),
        "curio": write_curio(tmp_path / "d"),
        "stereoseq": write_gef(tmp_path / "e.gef"),
        "visium": visium,
        "visium_hd": hd,
    }
    assert {name: [k.name for k in formats_of(path)] for name, path in made.items()} == {
        name: [name] for name in made
    }
