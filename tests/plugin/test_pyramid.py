"""An image that is larger than the screen: drawn at once, and sharper where one zooms in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import dask.array as da
import numpy as np
import pytest
from anndata import AnnData

from napari_stimpute.data.opening import Opened, load
from napari_stimpute.data.pyramid import Pyramid
from napari_stimpute.plugin.canvas.view import SpotsView
from napari_stimpute.session.session import Session

ZOOM, PIECE = 4, 64


class File:
    """The section's image, so many times as large, in pieces; and which of them were read."""

    def __init__(self, pixels: np.ndarray) -> None:
        self.read: list[tuple[int, ...]] = []
        self.is_open = True
        whole = pixels.repeat(ZOOM, axis=0).repeat(ZOOM, axis=1)
        lazy = da.from_array(whole, chunks=(PIECE, PIECE, 3))
        self.level = lazy.map_blocks(
            self._noted, dtype=np.uint8, meta=np.empty((0, 0, 0), np.uint8)
        )

    def _noted(self, piece: np.ndarray, block_info: Any = None) -> np.ndarray:
        self.read.append(tuple(block_info[0]["chunk-location"]))
        return piece

    def close(self) -> None:
        self.is_open = False


@pytest.fixture
def file(section: AnnData) -> File:
    layout = load(section).layout
    assert layout is not None
    return File(layout.images[0].pixels)


@pytest.fixture
def large(section: AnnData, file: File) -> Opened:
    opened = load(section)
    assert opened.layout is not None
    pyramids = {opened.layout.images[0].library: Pyramid((file.level,), file.close)}
    return replace(opened, layout=opened.layout.sharpened(pyramids))


def test_zooming_in_reads_what_is_looked_at_and_nothing_else(
    view: SpotsView, large: Opened, file: File
) -> None:
    viewer, session = view.viewer, view.session
    session.adopt(large)
    viewer.screenshot(flash=False)
    (layer,) = view.stage.images
    (image,) = session.contents.layout.images
    assert layer.multiscale
    assert layer.data_level == 1
    assert file.read == []
    places = session.contents.layout
    np.testing.assert_allclose(layer.scale, places.microns_per_unit / image.scale / ZOOM, rtol=1e-6)
    viewer.camera.zoom *= 40
    viewer.screenshot(flash=False)
    assert layer.data_level == 0
    n_pieces = int(np.prod(file.level.numblocks[:2]))
    assert 0 < len(set(file.read)) < n_pieces / 4
    middle = np.mean(layer.corner_pixels, axis=0)[:2].astype(int)
    level, value = layer.get_value(layer.data_to_world(middle), world=True)
    assert level == 0
    np.testing.assert_array_equal(value, image.pixels[tuple(middle // ZOOM)])


def test_the_file_is_let_go_of_when_other_data_are_opened(
    large: Opened, file: File, section: AnnData
) -> None:
    session = Session()
    session.adopt(large)
    session.look_again()
    assert session.contents.layout.images[0].pyramid is not None
    assert file.is_open
    session.open(section)
    assert not file.is_open
    assert session.contents.layout.images[0].pyramid is None
