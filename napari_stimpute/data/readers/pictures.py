"""Read an image of a machine at a size that can be shown: a level of it, or each nth pixel.

TIFF files are read page by page: those of Xenium name each other as channels of one image, which is
not complete where a file was left out.
"""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .folders import GET_FORMATS
from .spatial_data import LARGEST

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tifffile import TiffPage

FAULTS = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    RuntimeError,
    zlib.error,
    struct.error,
)
"""What tifffile, PIL and their codecs raise for an image that is none."""

_WHITE = 99.9
"""Percentile of a fluorescence image that is drawn white: a few bright specks do not darken it."""

_SIZE = re.compile(r'PhysicalSizeX="([\d.]+)"')


class Picture(NamedTuple):
    """Pixels, (height, width[, channels]), uint8; and how many of them a pixel of the file is."""

    pixels: NDArray[Any]
    scale: float


def picture_of(file: Path) -> tuple[Picture | None, list[str]]:
    """The sharpest level of a TIFF file that is held, and sentences on it."""
    try:
        from tifffile import TiffFile
    except ImportError:
        return None, [f"The image {file.name} was left out: it needs tifffile. {GET_FORMATS}"]
    try:
        with TiffFile(file) as tiff:
            page: Any = tiff.pages[0]
            levels = [page, *(page.pages or ())]
            level = next((one for one in levels if max(_size(one)) <= LARGEST), levels[-1])
            pixels, step = _held(level)
            scale = _size(level)[1] / _size(page)[1] / step
    except FAULTS as error:
        return None, [left_out(file, error)]
    notes = (
        [f"{file.name} has no smaller level: one of {step} pixels is shown."] if step > 1 else []
    )
    return Picture(_as_seen(pixels), scale), notes


def microns_per_pixel(file: Path) -> float:
    """The size of a pixel of an OME-TIFF file; 0 if it does not tell."""
    try:
        from tifffile import TiffFile

        with TiffFile(file) as tiff:
            told = _SIZE.search(tiff.ome_metadata or "")
    except (ImportError, *FAULTS):
        return 0.0
    return float(told[1]) if told else 0.0


def left_out(file: Path, error: Exception) -> str:
    """The sentence for an image that cannot be read."""
    text = " ".join(str(error).split()) or type(error).__name__
    needs = f" {GET_FORMATS}" if "imagecodecs" in text else ""
    return f"The image {file.name} cannot be read and was left out ({text}).{needs}"


def _size(page: TiffPage) -> tuple[int, int]:
    """Height and width."""
    return page.imagelength, page.imagewidth


def _held(page: TiffPage) -> tuple[NDArray[Any], int]:
    """Pixels of a page, one of so many if there are too many; strip by strip or tile by tile."""
    height, width = _size(page)
    step = -(-max(height, width) // LARGEST)
    if step == 1:
        return np.asarray(page.asarray()).squeeze(), 1
    n_colours = page.samplesperpixel
    held = np.zeros((-(-height // step), -(-width // step), n_colours), dtype=page.dtype)
    for segment, (*_, top, left, _), _ in page.segments():
        if segment is None:
            continue  # a tile that was never written: black
        down, right = -top % step, -left % step
        part = segment[0, down::step, right::step]
        y, x = (top + down) // step, (left + right) // step
        room = held[y : y + part.shape[0], x : x + part.shape[1]]
        room[...] = part[: room.shape[0], : room.shape[1]]
    return held.squeeze(axis=2) if n_colours == 1 else held, step


def _as_seen(pixels: NDArray[Any]) -> NDArray[Any]:
    """Eight bits per colour; fluorescence of 16 bits is stretched from black to its brightest."""
    if pixels.dtype == np.uint8:
        return pixels
    lit = pixels[pixels > 0]
    white = float(np.percentile(lit, _WHITE)) if lit.size else 1.0
    return np.clip(pixels * np.float32(255 / white), 0, 255).astype(np.uint8)
