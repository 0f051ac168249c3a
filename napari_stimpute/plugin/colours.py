"""Values and categories into colours, quickly: one look-up per spot."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

COLOURMAPS = ("viridis", "magma", "inferno", "plasma", "cividis", "gray")
"""Even in lightness, and readable by the colour-blind."""

NO_LABEL = (0.6, 0.6, 0.6, 0.35)
"""A spot without a category: grey, and hardly there."""

Colours = NDArray[np.float32]


@lru_cache(maxsize=16)
def table(colormap: str) -> Colours:
    """Look-up table of a napari colormap, (256, 4), 0–1."""
    from napari.utils.colormaps import ensure_colormap

    colours = ensure_colormap(colormap).map(np.linspace(0, 1, 256))
    return np.asarray(colours, dtype=np.float32)


def colours_of_values(
    values: NDArray[np.float32], limits: tuple[float, float], colormap: str
) -> Colours:
    """Colour of each value, (n, 4); values beyond the limits take the colours of the ends."""
    bottom, top = limits
    steps = (values - bottom) * (255 / (top - bottom)) + 0.5
    places = np.clip(steps, 0, 255).astype(np.uint8)
    taken: Colours = np.take(table(colormap), places, axis=0)
    return taken


def colours_of_categories(codes: NDArray[np.int_], palette: list[str]) -> Colours:
    """Colour of each code, (n, 4); −1 is "no category"."""
    colours = [*(as_rgba(colour) for colour in palette), NO_LABEL]
    return np.asarray(colours, dtype=np.float32)[codes]


def as_rgba(colour: str) -> tuple[float, float, float, float]:
    """Any colour that matplotlib knows, as red, green, blue, alpha (0–1)."""
    from matplotlib.colors import to_rgba

    return to_rgba(colour)
