"""Contrast of two colours, as the Web Content Accessibility Guidelines define it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Colour = Sequence[float] | NDArray[np.floating]


def luminance(colour: Colour) -> NDArray[np.floating]:
    """Relative luminance of sRGB colours (red, green, blue last; 0–1)."""
    part = np.asarray(colour, dtype=float)[..., :3]
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: Colour, other: Colour) -> float:
    """Ratio from 1 (none) to 21 (black on white); of several colours, the largest."""
    one_light, other_light = luminance(one), luminance(other)
    dark, light = np.minimum(one_light, other_light), np.maximum(one_light, other_light)
    return float(((light + 0.05) / (dark + 0.05)).max())
