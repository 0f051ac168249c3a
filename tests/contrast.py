"""Contrast of two colours, as the Web Content Accessibility Guidelines define it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Colour = Sequence[float] | NDArray[np.floating]


def luminance(colour: Colour) -> float:
    """Relative luminance of an sRGB colour (red, green, blue; 0–1)."""
    part = np.asarray(colour, dtype=float)[:3]
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: Colour, other: Colour) -> float:
    """Ratio from 1 (none) to 21 (black on white)."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)
