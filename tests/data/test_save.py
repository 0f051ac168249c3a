from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from napari_stimpute.data.readers.reading import read
from napari_stimpute.data.save import check_writable, write
from napari_stimpute.errors import DuplicateNames, NotReadable, NotWritable


def section(n_obs: int = 30, n_vars: int = 20) -> ad.AnnData:
    counts = np.random.default_rng(0).poisson(1.0, (n_obs, n_vars)).astype(np.float32)
    adata = ad.AnnData(sp.csr_matrix(counts), obsm={"spatial": np.ones((n_obs, 2))})
    adata.obs["domain"] = pd.Categorical(["a", "b", None] * (n_obs // 3))
    return adata


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    section().write_h5ad(tmp_path / "in.h5ad")
    return tmp_path / "in.h5ad"


def refused(path: Path) -> str:
    with pytest.raises(NotReadable) as caught:
        read(path)
    return str(caught.value)


def test_a_file_is_read_as_it_was_saved(saved: Path) -> None:
    adata = read(str(saved))
    assert (adata.X != section().X).nnz == 0
    assert adata.obs["domain"].isna().sum() == 10


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    assert "but found no such file. Check the path." in refused(tmp_path / "none.h5ad")


def test_a_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "paper.pdf").write_text("%PDF")
    assert "but found a folder with paper.pdf." in refused(tmp_path)


def test_an_empty_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.h5ad").touch()
    assert "an empty file (0 bytes)" in refused(tmp_path / "a.h5ad")


def test_another_ending_is_refused_with_those_that_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_text("%PDF")
    words = refused(tmp_path / "a.pdf")
    assert "the ending '.pdf'" in words
    assert "These can be read: AnnData (.h5ad); 10x feature-barcode matrix (.h5)" in words


def test_text_with_the_ending_h5ad_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.h5ad").write_text("not found, said the server\n" * 100)
    assert "a file that is not HDF5, in spite of its ending" in refused(tmp_path / "a.h5ad")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_file_is_said(saved: Path, share: float) -> None:
    content = saved.read_bytes()
    saved.write_bytes(content[: int(len(content) * share)])
    words = refused(saved)
    assert "a truncated file" in words
    assert "Copy or download it again." in words


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.h5ad"
    section(600, 60).write_h5ad(path, compression="gzip")
    with h5py.File(path) as file:
        chunk = file["X/data"].id.get_chunk_info(0)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset : chunk.byte_offset + chunk.size] = bytes(chunk.size)
    path.write_bytes(content)
    assert "found a damaged file. Copy" in refused(path)


def test_other_hdf5_is_said(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5ad", "w") as file:
        file["matrix"] = np.ones(3)
    words = refused(tmp_path / "a.h5ad")
    assert "an HDF5 file that is not an AnnData (it holds matrix)" in words


def test_an_element_of_the_future_is_said(saved: Path) -> None:
    with h5py.File(saved, "r+") as file:
        file["X"].attrs["encoding-type"] = "hologram"
    assert "an element that anndata does not know" in refused(saved)


@pytest.mark.parametrize(("n_obs", "n_vars"), [(0, 20), (30, 0)])
def test_no_cells_or_genes_is_said(tmp_path: Path, n_obs: int, n_vars: int) -> None:
    section()[:n_obs, :n_vars].copy().write_h5ad(tmp_path / "a.h5ad")
    assert f"{n_obs} cells and {n_vars} genes in a.h5ad" in refused(tmp_path / "a.h5ad")


@pytest.mark.parametrize(("attribute", "kind"), [("var_names", "gene"), ("obs_names", "cell")])
def test_repeated_names_are_listed_with_the_remedy(
    tmp_path: Path, attribute: str, kind: str
) -> None:
    adata = section()
    names = list(getattr(adata, attribute))
    setattr(adata, attribute, ["ERBB2", "ERBB2", "ACTB", "ACTB", *names[4:]])
    adata.write_h5ad(tmp_path / "a.h5ad")
    with pytest.raises(DuplicateNames) as caught:
        read(tmp_path / "a.h5ad")
    assert f"every {kind} to have its own name" in str(caught.value)
    assert "'ERBB2', 'ACTB' more than once" in str(caught.value)
    assert f"adata.{attribute}_make_unique()" in str(caught.value)


def test_what_is_written_can_be_read(saved: Path, tmp_path: Path) -> None:
    adata = section()
    adata.layers["imputed"] = np.full((30, 20), 0.3, dtype=np.float32)
    path = write(adata, tmp_path / "out.h5ad", saved)
    assert path == tmp_path / "out.h5ad"
    assert np.array_equal(read(path).layers["imputed"], adata.layers["imputed"])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.h5ad", "out.h5ad"]


def test_an_output_is_replaced_and_a_link_stays_one(saved: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.h5ad"
    link.symlink_to(saved)
    write(section(n_obs=3), link)
    assert link.is_symlink()
    assert read(saved).n_obs == 3


@pytest.mark.parametrize("spelling", ["in.h5ad", "./in.h5ad", "deeper/../in.h5ad", "link.h5ad"])
def test_the_input_is_never_the_output(
    saved: Path, spelling: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(saved.parent)
    Path("deeper").mkdir()
    Path("link.h5ad").symlink_to(saved)
    before = saved.read_bytes()
    with pytest.raises(NotWritable, match="but found the input file itself"):
        write(section(n_obs=3), spelling, saved)
    assert saved.read_bytes() == before


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotWritable, match=r"its folder is missing. Make the folder"):
        check_writable(tmp_path / "none" / "out.h5ad")


def test_a_file_in_place_of_the_folder_is_said(saved: Path) -> None:
    with pytest.raises(NotWritable, match="a file where its folder should be"):
        check_writable(saved / "out.h5ad")


def test_a_folder_of_that_name_is_said(tmp_path: Path) -> None:
    (tmp_path / "out.h5ad").mkdir()
    with pytest.raises(NotWritable, match="a folder of that name"):
        check_writable(tmp_path / "out.h5ad")


def test_another_ending_of_the_output_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotWritable, match=r"the ending '.csv'"):
        check_writable(tmp_path / "out.csv")


def test_no_permission_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # tests may run as root, who may all
    with pytest.raises(NotWritable, match="no permission to write there"):
        check_writable(tmp_path / "out.h5ad")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, r"that the disk is full. Free some space, .* nothing was changed"),
        (errno.EACCES, r"no permission to write there"),
        (errno.EIO, r"that writing failed \(.*\)"),
    ],
)
@pytest.mark.parametrize("n_good", [0, 1, 20])
def test_a_failing_disk_leaves_all_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str, n_good: int
) -> None:
    output = tmp_path / "out.h5ad"
    output.write_bytes(b"what was there before")
    good, really_write = iter(range(n_good)), os.write

    def failing_write(descriptor: int, content: bytes) -> int:
        if next(good, None) is None:
            raise OSError(number, os.strerror(number))
        return really_write(descriptor, content)

    monkeypatch.setattr(os, "write", failing_write)
    with pytest.raises(NotWritable, match=words):
        write(section(), output)
    assert output.read_bytes() == b"what was there before"
    assert [p.name for p in tmp_path.iterdir()] == ["out.h5ad"]


def test_an_interrupted_write_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(path: str, name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(section(), tmp_path / "out.h5ad")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on file size")
@pytest.mark.parametrize("limit", [100, 300_000])
def test_the_process_outlives_a_disk_that_fails_under_hdf5(tmp_path: Path, limit: int) -> None:
    code = f"""
import resource, signal, anndata, numpy
from napari_stimpute.data.save import write
from napari_stimpute.errors import NotWritable
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
adata = anndata.AnnData(numpy.random.default_rng(0).random((1000, 200)))
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY))
try:
    write(adata, {str(tmp_path / "out.h5ad")!r})
except NotWritable as error:
    assert "writing failed (File too large)" in str(error), error
else:
    raise SystemExit("written")
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert not list(tmp_path.iterdir())


def test_text_with_gaps_and_raw_can_be_saved(tmp_path: Path) -> None:
    adata = section()
    adata.obs["note"] = pd.Series(["a", None, "b"] * 10, index=adata.obs_names, dtype=object)
    adata.raw = adata.copy()
    back = read(write(adata, tmp_path / "out.h5ad"))
    assert back.obs["note"].isna().sum() == 10
    assert (back.raw.X != adata.raw.X).nnz == 0


def test_what_h5ad_cannot_hold_is_said(tmp_path: Path) -> None:
    adata = section()
    adata.uns["model"] = object()
    with pytest.raises(NotWritable, match="something h5ad cannot hold"):
        write(adata, tmp_path / "out.h5ad")
    assert not list(tmp_path.iterdir())


# ---- what an output goes through ---------------------------------------------------------------


def test_the_data_are_not_changed_by_saving(tmp_path: Path) -> None:
    adata = section()
    adata.obs["note"] = pd.Series(["a", None, "b"] * 10, index=adata.obs_names, dtype=object)
    adata.raw = adata.copy()
    obs, var = adata.obs.copy(), adata.raw.var.copy()
    write(adata, tmp_path / "out.h5ad")
    pd.testing.assert_frame_equal(adata.obs, obs)
    pd.testing.assert_frame_equal(adata.raw.var, var)


def test_ctrl_c_waits_until_the_file_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adata, really_write, pressed = section(300), os.write, iter([True])

    def interrupted_write(descriptor: int, content: bytes) -> int:
        if next(pressed, False):
            signal.raise_signal(signal.SIGINT)
        return really_write(descriptor, content)

    monkeypatch.setattr(os, "write", interrupted_write)
    with pytest.raises(KeyboardInterrupt):
        write(adata, tmp_path / "out.h5ad")
    assert (read(tmp_path / "out.h5ad").X != adata.X).nnz == 0
    assert [p.name for p in tmp_path.iterdir()] == ["out.h5ad"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
def test_whatever_is_raised_while_hdf5_writes_is_raised_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    output, really_write, good = tmp_path / "out.h5ad", os.write, iter(range(3))
    output.write_bytes(b"what was there before")

    def failing_write(descriptor: int, content: bytes) -> int:
        if next(good, None) is None:
            raise error
        return really_write(descriptor, content)

    monkeypatch.setattr(os, "write", failing_write)
    with pytest.raises(error):
        write(section(300), output)
    assert output.read_bytes() == b"what was there before"
    assert [p.name for p in tmp_path.iterdir()] == ["out.h5ad"]


def test_a_disk_that_swallows_what_is_written_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output, really_write = tmp_path / "out.h5ad", os.write
    output.write_bytes(b"what was there before")
    adata = section(300)
    adata.X = np.random.default_rng(0).random((300, 200)).astype(np.float32)[:, :20]

    def forgetful_write(descriptor: int, content: bytes) -> int:
        is_values = len(content) > 10_000
        return really_write(descriptor, bytes(len(content)) if is_values else content)

    monkeypatch.setattr(os, "write", forgetful_write)
    with pytest.raises(NotWritable, match=r"writing failed|something h5ad cannot hold"):
        write(adata, output)
    assert output.read_bytes() == b"what was there before"


def test_a_name_of_the_greatest_length_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / f"{'n' * 250}.h5ad"
    assert write(section(), path) == path
    assert read(path).n_obs == 30
