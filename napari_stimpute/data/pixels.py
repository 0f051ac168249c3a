"""Images of any type as 8-bit RGB, scaled by what they hold, and said where that is a guess."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadImage

_CHANNELS = (1, 3, 4)
_DEPTHS = (1, 8, 10, 12, 14, 16)
"""Bits per colour of whole numbers, as cameras and files have them."""

_OVERSHOOT = 1.5
"""A largest value up to this share above the full scale comes from resampling, not from another."""


_DARK = 32
"""Floats that end below this are of no usual scale: from 0 to 255 they would be black."""


@dataclass(frozen=True)
class Colours:
    """Which values of an image are black and white, and which of its alpha channel is opaque.

    ``note`` is a sentence if the type of the image alone does not tell; else "".
    """

    black: float = 0.0
    white: float = 255.0
    opaque: float = 255.0
    note: str = ""


def as_rgb(image: NDArray[Any], place: str) -> tuple[NDArray[np.uint8], Colours]:
    """Bring an image of any usual type to (height, width, 3), uint8.

    Grey is repeated, a transparent ground becomes white, channels may come first. Values are
    scaled by the type: bool and float from 0 to 1, float and whole numbers from 0 to 255, whole
    numbers of 10, 12, 14 or 16 bits.

    Parameters
    ----------
    place : where the image lies, for messages

    Returns
    -------
    the image, and how its values were scaled

    Raises
    ------
    BadImage : not an image
    """
    layered = image[..., None] if image.ndim == 2 else image
    if layered.ndim == 3 and layered.shape[0] in _CHANNELS and layered.shape[2] not in _CHANNELS:
        layered = np.moveaxis(layered, 0, -1)
    is_image = layered.ndim == 3 and layered.shape[2] in _CHANNELS and layered.size > 0
    if not is_image or image.dtype.kind not in "buif":
        shape = " × ".join(str(n) for n in image.shape) or "a single value"
        raise BadImage(
            expected=f"an image (height × width × 3 colours) in {place}",
            found=f"{shape}, {image.dtype}",
            remedy="Store it as RGB, 8 bits per colour.",
        )
    if image.dtype.kind == "f" and not np.isfinite(image).all():
        raise BadImage(
            expected=f"finite colours in {place}",
            found="NaN or infinite values",
            remedy="Store the image as RGB, 8 bits per colour.",
        )
    black, white, note = _scale_of(layered[..., :3])
    opaque = _scale_of(layered[..., 3])[1] if layered.shape[2] == 4 else 255.0
    colours = Colours(black, white, opaque, note)
    return painted(layered, colours), colours


def painted(layered: NDArray[Any], colours: Colours) -> NDArray[np.uint8]:
    """(height, width, 1, 3 or 4), of any type, as (height, width, 3) in 8 bits."""
    shades = _eight_bits(layered[..., :3], colours.black, colours.white)
    if layered.shape[2] == 4:
        shades = _on_white(shades, layered[..., 3], colours.opaque)
    return np.ascontiguousarray(np.broadcast_to(shades, (*shades.shape[:2], 3)))


def _scale_of(colours: NDArray[Any]) -> tuple[float, float, str]:
    """What is black, what is white, and a sentence if the type alone does not tell."""
    kind, low, high = colours.dtype.kind, float(colours.min()), float(colours.max())
    full = float(next((2**bits - 1 for bits in _DEPTHS if high < 2**bits), high))
    if kind == "f" and high > 1:
        full = 1.0 if high <= _OVERSHOOT else high if high < _DARK else full
        full = 255.0 if _DARK <= high <= 255 * _OVERSHOOT else full
    if low < -full * (_OVERSHOOT - 1):
        said = f"The image holds values from {low:.4g} to {high:.4g}, drawn from black to white."
        return low, max(high, low + 1), said
    is_usual = kind == "b" or full in ((1, 255) if kind == "f" else (255, 65_535))
    said = f"The image holds values up to {high:,.4g}: {full:,.4g} is drawn as white."
    return 0, full, "" if is_usual else said


def _eight_bits(colours: NDArray[Any], low: float, full: float) -> NDArray[np.uint8]:
    if colours.dtype == np.uint8 and (low, full) == (0, 255):
        return colours
    scaled: NDArray[np.float32] = (colours.astype(np.float32) - np.float32(low)) * np.float32(
        255 / (full - low)
    )
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


def _on_white(colours: NDArray[np.uint8], alpha: NDArray[Any], opaque: float) -> NDArray[np.uint8]:
    """Lay a partly transparent image on white paper; ``alpha`` is (height, width)."""
    cover = np.clip(alpha.astype(np.float32) / np.float32(opaque), 0, 1)[..., None]
    if cover.min(initial=1) == 1:
        return colours
    blended: NDArray[np.float32] = cover * colours + 255 * (1 - cover)
    return np.rint(blended).astype(np.uint8)
