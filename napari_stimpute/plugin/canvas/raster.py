"""Many spots as one picture: recolouring 500,000 spots then costs one look-up per pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SIDE = 3000
"""Pixels along the longer side, at most: 9 million pixels are recoloured in 20 ms."""

_ACROSS = 10
"""Pixels across a spot, at most: enough to look round."""


@dataclass(frozen=True, eq=False)
class LabelRaster:
    """Which spot lies under each pixel.

    ``labels`` is (height, width): 0 is no spot, i + 1 is spot i. A pixel is ``pixel`` coordinate
    units wide; the centre of the first one lies at ``corner`` (y, x).
    """

    labels: NDArray[np.intp]
    pixel: float
    corner: tuple[float, float]

    def picture(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Values (n_obs,) as a picture; NaN, which napari draws transparent, where no spot is."""
        with_none = np.empty(len(values) + 1, dtype=np.float32)
        with_none[0], with_none[1:] = np.nan, values
        picture: NDArray[np.float32] = np.take(with_none, self.labels, mode="clip")
        return picture

    def spot_at(self, place: NDArray[np.float64]) -> int:
        """Number of the spot at a place (y, x) in coordinate units, or −1."""
        row, column = np.rint((place - self.corner) / self.pixel).astype(int)
        height, width = self.labels.shape
        inside = 0 <= row < height and 0 <= column < width
        return int(self.labels[row, column]) - 1 if inside else -1


def label_raster(points: NDArray[np.float64], diameter: float) -> LabelRaster:
    """Stamp a disc for every spot.

    Parameters
    ----------
    points : (n_obs, 2), y and x; NaN for a spot that is not drawn
    diameter : in coordinate units, > 0
    """
    is_drawn = ~np.isnan(points[:, 0])
    numbers, points = np.flatnonzero(is_drawn) + 1, points[is_drawn]
    low, high = points.min(axis=0) - diameter / 2, points.max(axis=0) + diameter / 2
    pixel = max(diameter / _ACROSS, float((high - low).max()) / _SIDE)
    height, width = np.ceil((high - low) / pixel).astype(int) + 1
    centres = np.rint((points - low) / pixel).astype(np.int64)
    labels = np.zeros((height, width), dtype=np.intp)
    for down, right in disc(diameter / pixel / 2):
        rows = np.clip(centres[:, 0] + down, 0, height - 1)
        columns = np.clip(centres[:, 1] + right, 0, width - 1)
        labels[rows, columns] = numbers
    return LabelRaster(labels, pixel, (float(low[0]), float(low[1])))


def disc(radius: float) -> NDArray[np.int64]:
    """Offsets of the pixels of a disc, (n, 2), the centre last: it always stays its own spot's."""
    reach = int(radius)
    grid = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1).T
    distance = np.hypot(grid[:, 0], grid[:, 1])
    inside = distance <= max(radius, 0.5)
    order = np.argsort(-distance[inside], kind="stable")
    return np.asarray(grid[inside][order])
