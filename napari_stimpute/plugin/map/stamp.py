"""Which spot lies under each pixel of a map on the screen: drawing and colouring are look-ups.

Measured against what else draws points in a window: see `Scatter`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..canvas.raster import disc

_MARGIN = 14.0
"""Pixels that are left free around a map."""

_NEAREST, _FARTHEST = 0.5, 400.0
"""Zoom, at least and at most; 1 shows the whole map."""


@dataclass(frozen=True)
class Viewport:
    """Which part of a map is seen: a place of the map in the middle, and a zoom."""

    middle: tuple[float, float]
    fit: float
    """Pixels per unit of the map at a zoom of 1."""
    zoom: float = 1.0

    @property
    def scale(self) -> float:
        """Pixels per unit of the map."""
        return self.fit * self.zoom

    def pixels(self, points: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
        """Where points (n, 2; x and y up) lie in a window of (width, height): x and y down."""
        middle = np.asarray(self.middle, dtype=np.float32)
        scale = np.asarray([self.scale, -self.scale], dtype=np.float32)
        half = np.asarray(size, dtype=np.float32) / 2
        return np.asarray((points - middle) * scale + half, dtype=np.float32)

    def zoomed(self, factor: float, at: tuple[float, float], size: tuple[int, int]) -> Viewport:
        """Nearer or farther, while what lies under a pixel stays there."""
        zoom = min(max(self.zoom * factor, _NEAREST), _FARTHEST)
        share = 1 / self.scale - 1 / (self.fit * zoom)
        across, down = at[0] - size[0] / 2, at[1] - size[1] / 2
        middle = (self.middle[0] + across * share, self.middle[1] - down * share)
        return Viewport(middle, self.fit, zoom)

    def moved(self, across: float, down: float) -> Viewport:
        """Shifted by pixels."""
        x, y = self.middle
        return Viewport((x - across / self.scale, y + down / self.scale), self.fit, self.zoom)


def whole(points: NDArray[np.float32], size: tuple[int, int]) -> Viewport:
    """All of a map, in a window of (width, height) pixels."""
    low, high = points.min(axis=0), points.max(axis=0)
    extent = np.maximum(high - low, 1e-6)
    room = np.maximum(np.asarray(size) - 2 * _MARGIN, 10.0)
    middle = (low + high) / 2
    return Viewport((float(middle[0]), float(middle[1])), float((room / extent).min()))


def radius_of(n: int, zoom: float) -> float:
    """Radius of a spot in pixels: small for many, larger from near."""
    radius = 3.6 * (2000 / max(n, 1)) ** 0.25
    return float(np.clip(radius, 1.0, 4.5) * np.clip(zoom, 1, 6) ** 0.5)


def stamp(
    pixels: NDArray[np.float32],
    shape: tuple[int, int],
    radius: float,
    sheets: Sequence[NDArray[np.intp]],
) -> NDArray[np.int32]:
    """Number of the spot under each pixel, (height, width): 0 is none, i + 1 is spot i.

    Parameters
    ----------
    pixels : (n, 2), x and y (down) of each spot
    shape : height and width
    radius : of a spot, in pixels
    sheets : numbers of the spots that are drawn; each sheet lies on the one before
    """
    height, width = shape
    reach = int(max(radius, 0.5)) + 1
    across = width + 2 * reach
    labels = np.zeros((height + 2 * reach) * across, dtype=np.int32)
    for sheet in sheets:
        column, row = np.rint(pixels[sheet]).astype(np.int32).T
        seen = (column > -reach) & (column < width + reach)
        seen &= (row > -reach) & (row < height + reach)
        first = (row[seen] + reach) * across + column[seen] + reach
        numbers = sheet[seen].astype(np.int32) + 1
        for down, right in disc(radius):
            place = first + (down * across + right)
            labels[np.clip(place, 0, len(labels) - 1)] = numbers
    inside = np.s_[reach : reach + height, reach : reach + width]
    return np.ascontiguousarray(labels.reshape(-1, across)[inside])


def packed(colours: NDArray[np.float32]) -> NDArray[np.uint32]:
    """Colours (n, 4; 0–1) as Qt stores them, (n + 1,): alpha multiplied in, nothing first."""
    bytes_of = np.empty((len(colours) + 1, 4), dtype=np.uint8)
    bytes_of[0] = 0
    opacity = colours[:, 3:]
    bytes_of[1:, :3] = (colours[:, 2::-1] * opacity * 255 + 0.5).astype(np.uint8)
    bytes_of[1:, 3] = (opacity[:, 0] * 255 + 0.5).astype(np.uint8)
    return bytes_of.view("<u4").ravel()
