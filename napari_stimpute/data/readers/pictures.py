"""Read an image of a machine at a size that can be shown: a level of it, or each nth pixel."""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...errors import BadImage
from .folders import GET_FORMATS, describe_places
from .found import Found, Options, Question
from .levels import Held, held
from .ometiff import levels_of

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

    from ..pyramid import Pyramid

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

_STEP = 4
"""Of so many pixels along each side, one tells the percentile."""

_SIZE = re.compile(r'PhysicalSizeX="([\d.]+)"')


class Picture(NamedTuple):
    """An image as it is held.

    ``pixels`` is (height, width[, channels]), uint8; ``scale`` how many of them a pixel of the file
    is; ``pyramid`` what is sharper, None for nothing; ``questions`` what else could be held.
    """

    pixels: NDArray[Any]
    scale: float
    pyramid: Pyramid | None
    questions: list[Question]


def picture_of(file: Path, options: Options) -> tuple[Picture | None, list[str]]:
    """The sharpest level of a TIFF file that is held, and sentences on it.

    Raises
    ------
    UnknownName : a level was asked for that there is not
    """
    try:
        image = levels_of(file)
        seen = held(image, options)
    except ImportError:
        return None, [f"The image {file.name} was left out: it needs tifffile. {GET_FORMATS}"]
    except (BadImage, *FAULTS) as error:
        return None, [left_out(file, error)]
    return Picture(*_as_seen(seen), seen.questions), seen.notes


def found_with(
    adata: AnnData,
    name: str,
    picture: Picture | None,
    *,
    scale: float,
    diameter: float,
    notes: list[str],
    question: Question | None,
) -> Found:
    """Cells, whose places are in µm, with the image that they lie on.

    Parameters
    ----------
    name : of the section
    picture : the image; None for none
    scale : pixels of the image in a µm
    diameter : of a cell, in µm; 0 if unknown
    question : which image is laid under them; None where there is none
    """
    pixels = None if picture is None else picture.pixels
    describe_places(adata, name, microns=1, diameter=diameter, pixels=pixels, scale=scale)
    questions = [] if question is None else [question]
    questions += [] if picture is None else picture.questions
    return Found(adata, notes, tuple(questions), pyramids_of(name, picture))


def pyramids_of(name: str, picture: Picture | None) -> dict[str, Pyramid]:
    """What is sharper of the image of a section."""
    return {} if picture is None or picture.pyramid is None else {name: picture.pyramid}


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


def _as_seen(seen: Held) -> tuple[NDArray[Any], float, Pyramid | None]:
    """Eight bits per colour; fluorescence of 16 bits is stretched from black to its brightest."""
    pixels, pyramid = seen.pixels, seen.pyramid
    if pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    if pixels.dtype == np.uint8:
        return pixels, seen.share, pyramid
    some = pixels[::_STEP, ::_STEP]
    lit = some[some > 0]
    white = float(np.percentile(lit, _WHITE)) if lit.size else 1.0
    if pyramid is not None:
        import dask.array as da

        levels = (da.map_blocks(_stretched, one, white, dtype=np.uint8) for one in pyramid.levels)
        pyramid = replace(pyramid, levels=tuple(levels))
    return _stretched(pixels, white), seen.share, pyramid


def _stretched(pixels: NDArray[Any], white: float) -> NDArray[np.uint8]:
    if pixels.dtype == np.uint16:  # by a table: numbers of 4 bytes would take twice the image
        table = np.minimum(np.arange(2**16) * (255 / white), 255).astype(np.uint8)
        return np.asarray(table[pixels])
    return np.clip(pixels * np.float32(255 / white), 0, 255).astype(np.uint8)
