"""What cannot be read is told by its true cause, and what can be read in part is read."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.sparse as sp
from anndata import AnnData

from napari_stimpute.data.opening import load
from napari_stimpute.data.readers.reading import read
from napari_stimpute.errors import NotReadable, OutOfMemory

resource = pytest.importorskip("resource", reason="limits of memory are set by the system")

PRIVATE = b"not for others, not for others"


def make() -> AnnData:
    counts = np.random.default_rng(0).poisson(2.0, (12, 7)).astype(np.float32)
    adata = AnnData(sp.csr_matrix(counts))
    adata.obs["score"] = np.arange(12.0)
    return adata


@pytest.fixture
def path(tmp_path: Path) -> Path:
    make().write_h5ad(tmp_path / "in.h5ad")
    return tmp_path / "in.h5ad"


def said(path: Path) -> str:
    with pytest.raises(NotReadable) as caught:
        read(path)
    return str(caught.value)


# ---- nothing outside the file is read ----------------------------------------------------------


def test_a_link_to_another_file_is_refused(path: Path, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "private.h5", "w") as file:
        file["secret"] = PRIVATE.decode()
    with h5py.File(path, "r+") as file:
        file["uns/note"] = h5py.ExternalLink(str(tmp_path / "private.h5"), "/secret")
    assert "in uns/note, but found a link to another file" in said(path)


def test_values_kept_in_another_file_are_refused(path: Path, tmp_path: Path) -> None:
    (tmp_path / "private.txt").write_bytes(PRIVATE)
    with h5py.File(path, "r+") as file:
        outside = [(str(tmp_path / "private.txt"), 0, len(PRIVATE))]
        file["uns"].create_dataset("note", (len(PRIVATE),), "S1", external=outside)
    assert "in uns/note, but found values that are kept in another file" in said(path)


def test_a_virtual_dataset_of_another_file_is_refused(path: Path, tmp_path: Path) -> None:
    make().write_h5ad(tmp_path / "other.h5ad")
    layout = h5py.VirtualLayout((12,), "f8")
    layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5ad"), "obs/score", (12,))
    with h5py.File(path, "r+") as file:
        del file["obs/score"]
        file.create_virtual_dataset("obs/score", layout)
    assert "in obs/score, but found values that are kept in other files" in said(path)


def test_a_link_within_the_file_is_followed(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["layers/same"] = h5py.SoftLink("/X")
    assert (read(path).layers["same"] != make().X).nnz == 0


def test_a_group_that_holds_itself_is_refused(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["uns/again"] = file["uns"]
    assert "in uns/again, but found a group that holds itself" in said(path)


# ---- the true cause ----------------------------------------------------------------------------


def test_a_packing_that_needs_a_package_is_said(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        del file["X"]
        how = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        how.set_chunk((12, 7))
        how.set_filter(32_015, h5py.h5z.FLAG_OPTIONAL, ())
        space = h5py.h5s.create_simple((12, 7))
        h5py.h5d.create(file.id, b"X", h5py.h5t.IEEE_F32LE, space, how)
    words = said(path)
    assert "zstd, which needs hdf5plugin. Run: pip install hdf5plugin." in words
    assert "damage" not in words


def test_mudata_is_told_with_its_modalities(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file.attrs["encoding-type"] = "MuData"
        file.create_group("mod/rna")
        file.create_group("mod/prot")
    assert "a MuData file with the modalities prot, rna. Save one: mudata.read_h5mu(" in said(path)


@pytest.fixture
def writer(path: Path) -> Iterator[None]:
    """Another program that has the file open for writing."""
    hold = "import h5py, sys; f = h5py.File(sys.argv[1], 'r+'); print('open', flush=True); input()"
    held = subprocess.Popen(
        [sys.executable, "-c", hold, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert held.stdout is not None
    held.stdout.readline()
    yield
    held.communicate(b"\n", timeout=30)


@pytest.mark.usefixtures("writer")
def test_a_file_that_is_being_written_is_said(path: Path) -> None:
    assert "found that another program has it open for writing" in said(path)


def test_too_little_memory_is_not_called_damage(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file.create_dataset("uns/large", (100, 2**20), "f8", chunks=True)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**28, before[1]))
    try:
        with pytest.raises(OutOfMemory, match="enough free memory to read"):
            read(path)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.parametrize("layout", ["csr", "csc"])
def test_half_precision_is_read(path: Path, layout: str) -> None:
    adata = make()
    adata.X = adata.X.asformat(layout)
    adata.write_h5ad(path)
    with h5py.File(path, "r+") as file:
        values = file["X/data"][()].astype(np.float16)
        del file["X/data"]
        file["X/data"] = values
    found = read(path).X
    assert found.format == layout and found.dtype == np.float32
    assert (found != make().X).nnz == 0


# ---- what is left out --------------------------------------------------------------------------


def test_what_a_missing_package_would_read_is_left_out_and_said(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        group = file.create_group("obsm/airr")
        group.attrs.update({"encoding-type": "awkward-array", "encoding-version": "0.1.0"})
        group.attrs.update({"form": "{}", "length": 12})
    opened = load(path)
    assert "airr" not in opened.adata.obsm
    assert any(note.startswith("obsm/airr was left out: ") for note in opened.notes)


def test_a_link_that_leads_nowhere_is_left_out_and_said(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["uns/gone"] = h5py.SoftLink("/nowhere")
    opened = load(path)
    assert "gone" not in opened.adata.uns
    assert "uns/gone was left out: it leads nowhere." in opened.notes


@pytest.mark.parametrize("place", ["raw", "layers", "varm"])
def test_what_was_written_as_none_is_none(path: Path, place: str) -> None:
    with h5py.File(path, "r+") as file:
        if place in file:
            del file[place]
        file.create_dataset(place, data=h5py.Empty("f4")).attrs["encoding-type"] = "null"
    opened = load(path)
    assert not [note for note in opened.notes if "left out" in note]


def test_a_layer_with_a_slash_in_its_name_is_read_under_another(path: Path) -> None:
    adata = make()
    adata.layers["scran"] = adata.X.log1p()
    adata.write_h5ad(path)
    with h5py.File(path, "r+") as file:
        file.move("layers/scran", "layers/aside")
        file.move("layers/aside", "layers/scran/log")
    opened = load(path)
    assert (opened.adata.layers["scran_log"] != make().X.log1p()).nnz == 0
    assert "layers['scran/log'] is called 'scran_log' here: no name holds “/”." in opened.notes


def test_text_that_is_not_utf8_is_read(path: Path) -> None:
    adata = make()
    adata.obs["unit"] = np.array(["µm"] * 12)
    adata.strings_to_categoricals()
    adata.write_h5ad(path)
    with h5py.File(path, "r+") as file:
        kept = dict(file["obs/unit/categories"].attrs)
        del file["obs/unit/categories"]
        new = file.create_dataset("obs/unit/categories", (1,), h5py.string_dtype())
        new[:] = ["µm".encode("latin-1")]
        new.attrs.update(kept)
    opened = load(path)
    assert set(opened.adata.obs["unit"]) == {"µm"}
    assert any("text that is not UTF-8; it was read as Latin-1" in note for note in opened.notes)


@pytest.mark.parametrize("source", [None, 3, make().obs])
def test_what_is_neither_a_path_nor_an_anndata_is_said(source: object) -> None:
    with pytest.raises(NotReadable, match=r"the path of a file or a folder, or an AnnData"):
        load(source)  # type: ignore[arg-type]
