"""One small image of many fields of view, each read at the size that is needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...words import counted
from .levels import LARGEST
from .pictures import FAULTS, left_out

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Mosaic(NamedTuple):
    """Pixels (height, width, 3), uint8; how many of them a pixel of a field is; its corner (2,)."""

    pixels: NDArray[np.uint8]
    scale: float
    corner: NDArray[np.float64]


def mosaic_of(
    images: Mapping[str, Path], corners: Mapping[str, tuple[float, float]]
) -> tuple[Mosaic | None, list[str]]:
    """Lay the images of fields side by side, and say which were left out.

    Parameters
    ----------
    images : files by the name of the field, with their first row at the largest y
    corners : x and y at which a field begins, in pixels of the fields
    """
    from PIL import Image

    sizes, notes = {}, list[str]()
    for field in [field for field in images if field in corners]:
        try:
            with Image.open(images[field]) as image:
                sizes[field] = image.size
        except FAULTS as error:
            notes.append(left_out(images[field], error))
    if n_unplaced := len(images) - len(set(images) & set(corners)):
        was = "was" if n_unplaced == 1 else "were"
        said = f"{counted(n_unplaced, 'image')} of fields without a place {was} left out."
        notes.append(said)
    if not sizes:
        return None, notes
    low = np.min([corners[field] for field in sizes], axis=0)
    high = np.max([np.add(corners[field], sizes[field]) for field in sizes], axis=0)
    step = -(-int(np.ceil((high - low).max())) // LARGEST)
    width, height = (int(n) for n in -(-(high - low) // step))
    held = np.zeros((height, width, 3), dtype=np.uint8)
    for field, size in sizes.items():
        try:
            tile = _shrunk(images[field], size, step)
        except FAULTS as error:
            notes.append(left_out(images[field], error))
            continue
        x, y = (int(n) for n in np.rint((np.asarray(corners[field]) - low) / step))
        room = held[y : y + tile.shape[0], x : x + tile.shape[1]]
        room[...] = tile[: room.shape[0], : room.shape[1]]
    return Mosaic(held, 1 / step, low), notes


def _shrunk(file: Path, size: tuple[int, int], step: int) -> NDArray[np.uint8]:
    """An image at a part of its size, its last row first."""
    from PIL import Image

    small = (max(1, size[0] // step), max(1, size[1] // step))
    with Image.open(file) as image:
        image.draft("RGB", small)  # a JPEG is read at an eighth of its size, if that will do
        return np.asarray(image.convert("RGB").resize(small, Image.Resampling.BOX))[::-1]
