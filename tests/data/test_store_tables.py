"""A new table of the store that was read: beside the others, annotated alike, or not at all."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import spatialdata as sd
import zarr

from napari_stimpute.cli import main
from napari_stimpute.data.readers.reading import read
from napari_stimpute.data.save import write
from napari_stimpute.data.store_tables import check_table, free_table, write_table
from napari_stimpute.errors import NotWritable
from napari_stimpute.session.session import Session

from .readers.test_stores import circles, image, store, table


def everything(path: Path) -> dict[str, bytes]:
    """What a store holds, byte for byte."""
    return {str(f.relative_to(path)): f.read_bytes() for f in path.rglob("*") if f.is_file()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return store(tmp_path / "a.zarr")


def test_the_new_table_lies_beside_the_old_and_annotates_the_same(path: Path) -> None:
    before, adata = everything(path), read(path)
    adata.layers["imputed"] = adata.X * 2
    adata.obs["group"] = ["a", "b"] * 6
    assert write_table(adata, path, "mine") == path.resolve()
    data = sd.read_zarr(path)
    assert sorted(data.tables) == ["mine", "t"]
    matched, rows = sd.join_spatialelement_table(
        sdata=data, table_name="mine", spatial_element_names=["spots"]
    )
    assert len(matched["spots"]) == rows.n_obs == adata.n_obs
    assert (data["mine"].layers["imputed"] != adata.layers["imputed"]).nnz == 0
    after = everything(path)
    kept = {name: content for name, content in after.items() if name in before}
    assert {n for n in before if kept[n] != before[n]} == {"zarr.json"}  # the summary alone
    assert [entry.name for entry in path.parent.iterdir()] == ["a.zarr"]


def test_our_reader_offers_it_by_name_with_its_places(path: Path) -> None:
    adata = read(path)
    adata.obs["group"] = ["a", "b"] * 6
    write_table(adata, path, "mine")
    found = read(path, table="mine")
    assert list(found.obs["group"]) == ["a", "b"] * 6
    np.testing.assert_allclose(found.obsm["spatial"], adata.obsm["spatial"])


def test_in_a_store_of_zarr_2_it_is_of_zarr_2(tmp_path: Path) -> None:
    path = tmp_path / "old.zarr"
    formats = pytest.importorskip("spatialdata._io.format")
    held = sd.SpatialData(
        shapes={"spots": circles()}, images={"he": image()}, tables={"t": table()}
    )
    held.write(path, sdata_formats=[formats.SpatialDataContainerFormatV01()])
    write_table(read(path), path, "mine")
    assert sorted(sd.read_zarr(path).tables) == ["mine", "t"]
    mine = zarr.open_group(path / "tables" / "mine", mode="r")
    assert mine.metadata.zarr_format == 2 and mine.attrs["version"] == "0.1"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("t", "an element 't' in it"),
        ("T", "an element 'T' in it"),
        ("spots", "an element 'spots'"),
        ("a/b", "the name 'a/b'"),
        (".hidden", "letters, digits"),
        ("..", "letters, digits"),
    ],
)
def test_a_name_that_is_taken_or_none_is_refused(path: Path, name: str, words: str) -> None:
    before = everything(path)
    with pytest.raises(NotWritable, match=words):
        write_table(read(path), path, name)
    assert everything(path) == before


def test_the_proposed_name_is_free(path: Path) -> None:
    assert free_table(path) == "stimpute"
    write_table(read(path), path, free_table(path))
    assert free_table(path) == "stimpute_2"
    check_table(path, "stimpute_2")


def test_only_the_store_that_was_read_gets_one(path: Path, tmp_path: Path) -> None:
    adata = read(path)
    with pytest.raises(NotWritable, match="another output than the store that is read"):
        write(adata, store(tmp_path / "b.zarr"), path, table="mine")
    with pytest.raises(NotWritable, match="no SpatialData store"):
        write_table(adata, tmp_path, "mine")


def test_what_a_store_cannot_hold_leaves_it_as_it_was(path: Path) -> None:
    adata, before = read(path), everything(path)
    adata.uns["model"] = object()
    with pytest.raises(NotWritable, match="something a store cannot hold"):
        write_table(adata, path, "mine")
    assert everything(path) == before
    assert [entry.name for entry in path.parent.iterdir()] == ["a.zarr"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on file size")
def test_a_disk_that_fails_leaves_the_store_as_it_was(path: Path) -> None:
    adata, before = read(path), everything(path)
    adata.layers["large"] = np.random.default_rng(0).random(adata.shape)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(NotWritable, match="writing failed"):
            write_table(adata, path, "mine")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert everything(path) == before
    assert [entry.name for entry in path.parent.iterdir()] == ["a.zarr"]


def test_a_summary_that_cannot_be_written_takes_the_table_back(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise OSError(28, "No space left on device")

    adata, before = read(path), everything(path)
    monkeypatch.setattr(zarr, "consolidate_metadata", failing)
    with pytest.raises(NotWritable, match="the disk is full"):
        write_table(adata, path, "mine")
    assert everything(path) == before


@pytest.mark.slow
def test_killed_between_renaming_and_the_summary_it_is_read_as_before(path: Path) -> None:
    code = f"""
import os, signal, zarr
from napari_stimpute.data.readers.reading import read
from napari_stimpute.data.store_tables import write_table
zarr.consolidate_metadata = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
write_table(read({str(path)!r}), {str(path)!r}, "mine")
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == -9, ran.stderr
    assert list(sd.read_zarr(path).tables) == ["t"]
    assert read(path).n_obs == 12
    write_table(read(path), path, free_table(path))  # what was left lies in nobody's way
    assert [entry.name for entry in path.parent.iterdir()] == ["a.zarr"]


def test_the_shell_writes_into_the_store_that_it_read(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["convert", str(path), str(path)]) == 1
    assert "--table" in capsys.readouterr().err
    assert main(["convert", str(path), str(path), "--table", "mine"]) == 0
    assert sorted(sd.read_zarr(path).tables) == ["mine", "t"]
    assert main(["convert", str(path), str(path), "--table", "mine", "--read", "table=t"]) == 1
    assert "an element 'mine' in it" in capsys.readouterr().err


def test_a_session_saves_into_its_store(path: Path) -> None:
    session = Session()
    session.open(path)
    session.write_column("kept", np.arange(12.0))
    session.save(path, table="mine")
    assert session.unsaved == ()
    assert list(read(path, table="mine").obs["kept"]) == list(range(12))


def test_a_disk_that_cannot_flush_folders_gets_a_table_that_is_in_the_summary(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_descriptor: int) -> None:
        raise OSError(22, "Invalid argument")

    adata = read(path)
    monkeypatch.setattr("os.fsync", failing)
    write_table(adata, path, "mine")
    assert set(sd.read_zarr(path).tables) == {"t", "mine"}
