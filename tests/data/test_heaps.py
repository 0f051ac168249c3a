"""A heap in which HDF5 itself would run for ever is found before HDF5 sees it."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from anndata import AnnData

from napari_stimpute.data.readers.heaps import has_broken_heap
from napari_stimpute.data.readers.reading import read
from napari_stimpute.data.records import records_in
from napari_stimpute.errors import NotReadable

SIGNATURE = b"GCOL\x01\0\0\0"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    adata = AnnData(np.ones((300, 40), np.float32))
    adata.uns["long"] = "x" * 20_000
    adata.write_h5ad(tmp_path / "in.h5ad")
    return tmp_path / "in.h5ad"


def heaps(path: Path) -> list[int]:
    content, found = path.read_bytes(), []
    while (at := content.find(SIGNATURE, found[-1] + 1 if found else 0)) >= 0:
        found.append(at)
    return found


def fill(path: Path, start: int, what: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(what)


def test_sound_heaps_are_sound(path: Path) -> None:
    assert len(heaps(path)) > 2
    assert not has_broken_heap(path)
    with h5py.File(path, "r+") as file:  # one whose heaps have been written to, and freed
        del file["obs/_index"]
        file["uns/more"] = np.array(["y" * n for n in range(300)], dtype=object)
    assert not has_broken_heap(path)


@pytest.mark.parametrize("what", [bytes(64), b"\xff" * 64])
def test_a_broken_heap_is_found(path: Path, what: bytes) -> None:
    fill(path, heaps(path)[1] + 16 + 24 * 3 + 5, what)
    assert has_broken_heap(path)


def test_a_heap_at_the_edge_of_what_is_read_at_once_is_found(path: Path) -> None:
    content, first = path.read_bytes(), heaps(path)[0]
    for cut in (3, 7, 8):
        path.write_bytes(bytes(2**24 - cut - first) + content)
        assert not has_broken_heap(path)
        fill(path, 2**24 - cut + 16, bytes(64))
        assert has_broken_heap(path)


def test_reading_it_ends_in_words(path: Path) -> None:
    fill(path, heaps(path)[1] + 16 + 24 * 3 + 5, bytes(64))
    with pytest.raises(NotReadable, match=r"a damaged file\. Copy or download it again"):
        read(path)
    assert records_in(path) == {}
