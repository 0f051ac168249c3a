"""Of an image in several sizes one is held; what is sharper is read where it is looked at."""

from __future__ import annotations

import os
from pathlib import Path

import dask.array as da
import numpy as np
import pytest
import tifffile

from napari_stimpute.data.readers import levels
from napari_stimpute.data.readers.levels import Levels, held
from napari_stimpute.data.readers.ometiff import levels_of
from napari_stimpute.data.readers.pictures import picture_of
from napari_stimpute.errors import UnknownName

STAIN = np.random.default_rng(0).integers(0, 5000, (64, 96), dtype=np.uint16)


@pytest.fixture(autouse=True)
def _is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(levels, "LARGEST", 50)


def ome(path: Path, image: np.ndarray = STAIN) -> Path:
    """A stain in two sizes, in tiles."""
    with tifffile.TiffWriter(path, ome=True) as out:
        tiles = {"tile": (16, 16), "photometric": "minisblack"}
        out.write(image, subifds=1, **tiles)
        out.write(np.ascontiguousarray(image[::2, ::2]), subfiletype=1, **tiles)
    return path


def n_open(path: Path) -> int:
    places = [Path("/proc/self/fd") / name for name in os.listdir("/proc/self/fd")]
    return sum(p.exists() and os.path.realpath(p) == os.path.realpath(path) for p in places)


def test_a_level_that_fits_is_held_and_the_sharper_one_stays_in_the_file(tmp_path: Path) -> None:
    found = held(levels_of(ome(tmp_path / "a.ome.tif")), {})
    np.testing.assert_array_equal(found.pixels[..., 0], STAIN[::2, ::2])
    assert found.share == 0.5
    assert found.pyramid is not None
    assert found.pyramid.size == (96, 64)
    (sharper,) = found.pyramid.levels
    np.testing.assert_array_equal(np.asarray(sharper)[..., 0], STAIN)


def test_another_channel_and_another_level_can_be_asked_for() -> None:
    whole = da.from_array(np.stack([STAIN, STAIN // 2]), chunks=16)
    image = Levels((whole, whole[:, ::2, ::2]), ("DAPI", "Membrane"))
    first = held(image, {})
    assert [q.name for q in first.questions] == ["channel", "level"]
    assert first.notes == ["Of 2 channels, the first is shown (DAPI)."]
    assert first.questions[1].choices[0] == ("0", "96 × 64 pixels, 12 kB")
    other = held(image, {"channel": "Membrane", "level": "0"})
    np.testing.assert_array_equal(other.pixels[..., 0], STAIN // 2)
    assert other.pyramid is None
    assert other.notes == ["Of 2 channels, one is shown (Membrane)."]
    with pytest.raises(UnknownName, match="choice of channel"):
        held(image, {"channel": "CD45"})


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are listed there")
def test_a_file_that_was_let_go_of_is_opened_again_if_more_is_read(tmp_path: Path) -> None:
    file = ome(tmp_path / "a.ome.tif")
    found = held(levels_of(file), {})
    assert found.pyramid is not None
    assert n_open(file) <= 1
    found.pyramid.close()
    assert n_open(file) == 0
    np.testing.assert_array_equal(found.pyramid.levels[0][:4, :4, 0].compute(), STAIN[:4, :4])
    found.pyramid.close()
    assert n_open(file) == 0


def test_colours_are_told_from_stains() -> None:
    def of(n: int, kind: type = np.uint8, *names: str) -> bool:
        return Levels((da.zeros((n, 4, 4), dtype=kind),), names).is_colour

    assert of(1)
    assert of(3, np.uint8, "r", "g", "b")
    assert of(3, np.uint16, "0", "1", "2")
    assert of(4)
    assert not of(4, np.uint16)
    assert not of(3, np.uint8, "DAPI", "CD45", "CD3")
    assert not of(2)


def test_of_an_image_in_one_size_all_is_there_when_looked_at() -> None:
    image = da.arange(3 * 80 * 120, chunks=400).reshape(3, 80, 120).astype(np.uint8)
    found = held(Levels((image,)), {})
    assert found.pixels.shape == (27, 40, 3)
    assert found.notes == ["The image has no smaller level: one of 3 pixels is shown."]
    assert found.pyramid is not None
    assert found.pyramid.size == (120, 80)
    assert not found.questions


def test_a_stain_of_16_bits_is_as_bright_at_each_level(tmp_path: Path) -> None:
    picture, notes = picture_of(ome(tmp_path / "a.ome.tif"), {})
    assert picture is not None
    assert picture.pyramid is not None
    assert not notes
    sharper = np.asarray(picture.pyramid.levels[0])
    np.testing.assert_array_equal(sharper[::2, ::2, 0], picture.pixels)
    assert sharper.dtype == np.uint8


def test_what_is_no_tiff_is_left_out_and_said(tmp_path: Path) -> None:
    file = tmp_path / "a.tif"
    file.write_bytes(b"something else")
    assert picture_of(file, {})[0] is None
    whole = ome(tmp_path / "b.ome.tif").read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    picture, (said,) = picture_of(file, {})
    assert picture is None
    assert "a.tif cannot be read and was left out" in said
