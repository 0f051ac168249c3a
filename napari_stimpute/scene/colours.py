"""Values and categories into colours, quickly: one look-up per spot."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

COLOURMAPS = ("viridis", "magma", "inferno", "plasma", "cividis", "gray")
"""Even in lightness, and readable by the colour-blind."""

DIVERGING = "coolwarm"
"""From blue (less) over light grey to red (more); its ends have a contrast of 3 with black."""

NO_LABEL = (0.6, 0.6, 0.6, 0.35)
"""A spot without a category: grey, and hardly there."""

FAINTEST = 0.1
"""Opacity of a value that nothing is known of: its spot can still be made out."""

_GREYER, _FAINTER = 0.6, 0.35
"""Spots that were not picked, while others were: share of grey in their colour, and opacity."""

_VEIL = 0.35
"""Share of white in the lowest colour, none in the highest: its contrast with black is 3 then."""

_VALUE_STEPS, _OPACITY_STEPS = 32, 8


@dataclass(frozen=True)
class Look:
    """Colours (hex) of the label that names a verdict: its ground, and what is written on it."""

    ground: str
    ink: str


LOOKS = {
    "reliable": Look("#00695c", "#ffffff"),
    "use with care": Look("#f0b429", "#1f1a10"),
    "do not use": Look("#b3261e", "#ffffff"),
    "cannot be judged": Look("#69707d", "#ffffff"),
}
"""By verdict. Text has a contrast of 4.5 or more on its ground; the grounds differ in lightness
between their neighbours."""

Colours = NDArray[np.float32]
Ground = tuple[float, float, float] | None
"""Red, green, blue (0–1) of what lies under the spots; None where that is nothing of its own."""


@lru_cache(maxsize=16)
def table(colormap: str) -> Colours:
    """Look-up table of a colormap, (256, 4), 0–1; a dark end is lifted to be seen on black."""
    from matplotlib import colormaps

    colours = np.asarray(colormaps[colormap](np.arange(256)), dtype=np.float32)
    if colormap != DIVERGING:
        veil = np.linspace(_VEIL, 0, 256, dtype=np.float32)[:, None]
        colours[:, :3] += veil * (1 - colours[:, :3])
    return colours


def colours_of_values(
    values: NDArray[np.float32], limits: tuple[float, float], colormap: str
) -> Colours:
    """Colour of each value, (n, 4); values beyond the limits take the colours of the ends.

    A value that is missing (NaN) or infinite is grey.
    """
    bottom, top = limits
    known = np.isfinite(values)
    is_whole = bool(known.all())
    steps = (values - bottom) * (255 / (top - bottom)) + 0.5
    places = np.clip(steps if is_whole else np.where(known, steps, 0), 0, 255).astype(np.uint8)
    taken: Colours = np.take(table(colormap), places, axis=0)
    if not is_whole:
        taken[~known] = NO_LABEL
    return taken


def opacity_of(certainty: NDArray[np.float32]) -> NDArray[np.float32]:
    """Opacity by how sure each value is (0–1), (n,)."""
    opacity: NDArray[np.float32] = FAINTEST + (1 - FAINTEST) * np.clip(certainty, 0, 1)
    return opacity


def faded(
    colours: Colours, strength: NDArray[np.float32] | float, ground: Ground = None
) -> Colours:
    """Colours (n, 4) of which a share is left, (n,) 0–1: they go over to the ground.

    Parameters
    ----------
    ground : what lies below; None lets it shine through, whatever it is
    """
    left, faint = np.broadcast_to(strength, len(colours))[:, None], colours.copy()
    if ground is None:
        faint[:, 3:] *= left
    else:
        faint[:, :3] += (1 - left) * (np.asarray(ground, dtype=np.float32) - faint[:, :3])
    return faint


def unpicked(colours: Colours, ground: Ground = None) -> Colours:
    """Colours (n, 4) of spots that were not picked: still there, but behind the others."""
    grey = colours.copy()
    grey[:, :3] += _GREYER * (0.5 - grey[:, :3])
    return faded(grey, _FAINTER, ground)


def faded_steps(
    values: NDArray[np.float32],
    limits: tuple[float, float],
    *,
    certainty: NDArray[np.float32] | None,
    picked: NDArray[np.bool_] | None,
) -> NDArray[np.int_]:
    """Number of each value's colour in `faded_table`, (n,): a picture has one number per spot."""
    bottom, top = limits
    known = np.isfinite(values)
    shares = np.where(known, (values - bottom) / (top - bottom), 0)
    value = np.clip(shares, 0, 1) * (_VALUE_STEPS - 1)
    sure = 1.0 if certainty is None else np.clip(certainty, 0, 1)
    numbers: NDArray[np.int_] = np.rint(value).astype(int) * _OPACITY_STEPS
    numbers += np.rint(sure * np.float32(_OPACITY_STEPS - 1)).astype(int)
    grey = _VALUE_STEPS * _OPACITY_STEPS
    numbers[~known] = grey
    if picked is not None:
        numbers = np.where(picked, numbers, grey + 1 + numbers // _OPACITY_STEPS)
    return numbers


@lru_cache(maxsize=16)
def faded_table(colormap: str) -> Colours:
    """What `faded_steps` counts in, (290, 4).

    Each step of a colormap at each opacity, grey for no number, and both for unpicked spots: grey
    is faint already.
    """
    steps = np.linspace(0, 255, _VALUE_STEPS).round().astype(int)
    colours = np.repeat(table(colormap)[steps], _OPACITY_STEPS, axis=0)
    sure = np.linspace(0, 1, _OPACITY_STEPS, dtype=np.float32)
    colours[:, 3] = np.tile(opacity_of(sure), _VALUE_STEPS)
    grey = np.asarray([NO_LABEL], dtype=np.float32)
    return np.concatenate([colours, grey, unpicked(table(colormap)[steps]), grey])


def colours_of_categories(codes: NDArray[np.int_], palette: list[str]) -> Colours:
    """Colour of each code, (n, 4); −1 is "no category"."""
    colours = [*(as_rgba(colour) for colour in palette), NO_LABEL]
    return np.asarray(colours, dtype=np.float32)[codes]


def as_rgba(colour: str) -> tuple[float, float, float, float]:
    """Any colour that matplotlib knows, as red, green, blue, alpha (0–1)."""
    from matplotlib.colors import to_rgba

    return to_rgba(colour)
