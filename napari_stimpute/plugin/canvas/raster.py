"""Many spots as one picture, painted at the resolution of the view and for what is in view.

To napari it is an image of many levels; a level is painted when a part of it is asked for. So a
spot is a round disc however near one looks, and where several spots share a pixel it shows what
they have on average: none of them is left out by chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

_ACROSS = 24
"""Pixels across a spot in the finest level."""

_STEP = 2**0.25
"""From one level to the next coarser: of the pixels asked for, at most a sixth is not drawn."""

_COARSEST = 64
"""Pixels along the longer side of the coarsest level, at most: less than a canvas has.

napari keeps that level for its thumbnail; were it drawn too, it would not follow a cut."""

_SMALL = 1.0
"""Radius in pixels below which spots are averaged rather than drawn as discs."""

Side = Literal["left", "right"]


@dataclass(eq=False)
class Half:
    """Which side of a place (x, coordinate units) is drawn."""

    keeps: Side
    x: float

    def hides(self, x: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which of some places are on the other side."""
        hidden: NDArray[np.bool_] = x >= self.x if self.keeps == "left" else x < self.x
        return hidden


@dataclass(eq=False)
class Raster:
    """Where spots lie, and the picture's finest pixels; none of them is painted yet.

    Attributes
    ----------
    points : (n_obs, 2), y and x; NaN for a spot that is not drawn
    pixel : width of a pixel of the finest level, in coordinate units
    corner : (y, x), centre of the first of them
    shape : (height, width) of the finest level
    cut : what is not drawn, now and in pictures made before
    """

    points: NDArray[np.float64]
    pixel: float
    corner: tuple[float, float]
    shape: tuple[int, int]
    cut: Half | None = None

    @classmethod
    def of(cls, points: NDArray[np.float64], diameter: float) -> Raster:
        """For spots of a diameter, in coordinate units, > 0."""
        placed = points[np.isfinite(points).all(axis=1)]
        placed = placed if len(placed) else np.zeros((1, 2))  # an empty picture lies somewhere, too
        low, high = placed.min(axis=0) - diameter, placed.max(axis=0) + diameter
        pixel = diameter / _ACROSS
        height, width = (np.ceil((high - low) / pixel) + 1).astype(int)
        return cls(points, pixel, (float(low[0]), float(low[1])), (int(height), int(width)))

    def levels(self, values: NDArray[Any], diameter: float, *, mixes: bool) -> list[Level]:
        """The picture, from the finest level to the coarsest.

        Parameters
        ----------
        values : (n_obs,), numbers; a spot with NaN is not drawn
        diameter : of a spot, in coordinate units
        mixes : whether spots that share a pixel show their mean; otherwise, the number that most of
            them have
        """
        n = int(np.ceil(np.log(max(1.0, max(self.shape) / _COARSEST)) / np.log(_STEP)))
        shapes = [
            (max(1, round(self.shape[0] / factor)), max(1, round(self.shape[1] / factor)))
            for factor in _STEP ** np.arange(n + 1)
        ]
        drawn = np.flatnonzero(~np.isnan(self.points[:, 0]) & ~np.isnan(values))
        points, numbers = self.points[drawn], np.asarray(values, dtype=np.float32)[drawn]
        return [Level(self, shape, points, numbers, diameter, mixes) for shape in shapes]


class Level:
    """One resolution of a picture; what napari asks of an array, and no more."""

    ndim = 2
    dtype = np.dtype(np.float32)

    def __init__(
        self,
        raster: Raster,
        shape: tuple[int, int],
        points: NDArray[np.float64],
        numbers: NDArray[np.float32],
        diameter: float,
        mixes: bool,
    ) -> None:
        self.shape, self.size = shape, shape[0] * shape[1]
        self._raster, self._points, self._numbers, self._mixes = raster, points, numbers, mixes
        self._pixel = raster.pixel * np.divide(raster.shape, shape)
        self._edge = np.subtract(raster.corner, raster.pixel / 2)
        self._radius = diameter / 2 / float(self._pixel.max())
        self._painted: tuple[Any, NDArray[np.float32]] | None = None

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """All of it."""
        return np.asarray(self[:, :], dtype=dtype)

    def __getitem__(self, window: Any) -> NDArray[np.float32]:
        """Paint a part of it; NaN, which napari draws transparent, where no spot is."""
        rows, columns = (
            range(*part.indices(n)) for part, n in zip(window, self.shape, strict=True)
        )
        key = (rows, columns)
        painted = self._painted
        if painted is None or painted[0] != key:
            picture = self._paint(rows.start, columns.start, len(rows), len(columns))
            self._painted = painted = (key, picture)
        picture = painted[1]
        if self._raster.cut is None:
            return picture
        middles = self._edge[1] + (np.asarray(columns) + 0.5) * self._pixel[1]
        return np.where(self._raster.cut.hides(middles), np.float32(np.nan), picture)

    def _paint(self, top: int, left: int, height: int, width: int) -> NDArray[np.float32]:
        """Spots whose disc may reach into the window."""
        places = (self._points - self._edge) / self._pixel - (top, left)
        reach = self._radius + 1
        near = ((places > -reach) & (places < (height + reach, width + reach))).all(axis=1)
        places, numbers = places[near], self._numbers[near]
        if self._radius >= _SMALL:
            return _discs(places, numbers, self._radius, height, width)
        cells = np.floor(places).astype(np.int64)
        inside = ((cells >= 0) & (cells < (height, width))).all(axis=1)
        flat = cells[inside] @ (width, 1)
        reduce = _means if self._mixes else _most_frequent
        return reduce(flat, numbers[inside], height * width).reshape(height, width)


def _discs(
    places: NDArray[np.float64],
    numbers: NDArray[np.float32],
    radius: float,
    height: int,
    width: int,
) -> NDArray[np.float32]:
    """A disc for every spot, of the pixels whose middle lies in it; its own pixel stays its own."""
    reach = int(np.ceil(radius))
    picture = np.full((height + 2 * reach, width + 2 * reach), np.nan, dtype=np.float32)
    cells = np.floor(places).astype(np.int64)
    within = places - cells - 0.5  # of a spot in its pixel, from the middle
    rows, columns = (cells + reach).T
    for down, right in disc(radius + 1):
        is_near = np.hypot(down - within[:, 0], right - within[:, 1]) <= radius
        seen = is_near if (down or right) else np.ones(len(cells), dtype=bool)
        seen = seen & (rows + down >= 0) & (rows + down < len(picture))
        seen &= (columns + right >= 0) & (columns + right < picture.shape[1])
        picture[rows[seen] + down, columns[seen] + right] = numbers[seen]
    return picture[reach : reach + height, reach : reach + width]


def _means(flat: NDArray[np.int64], numbers: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    """Mean of the spots in each pixel, (n,); NaN where there are none."""
    counts, sums = np.bincount(flat, minlength=n), np.bincount(flat, numbers, minlength=n)
    found = np.full(n, np.nan, dtype=np.float32)
    np.divide(sums, counts, out=found, where=counts > 0, casting="unsafe")
    return found


def _most_frequent(
    flat: NDArray[np.int64], numbers: NDArray[np.float32], n: int
) -> NDArray[np.float32]:
    """The number that most spots in each pixel have, (n,); the smallest of several."""
    kinds, codes = np.unique(numbers, return_inverse=True)
    pairs, counts = np.unique(flat * len(kinds) + codes, return_counts=True)
    pixels, codes = np.divmod(pairs, max(len(kinds), 1))
    order = np.lexsort((-codes, counts))  # what is written last stays
    found = np.full(n, np.nan, dtype=np.float32)
    found[pixels[order]] = kinds[codes[order]]
    return found


def disc(radius: float) -> NDArray[np.int64]:
    """Offsets of the pixels of a disc, (n, 2), the centre last: it always stays its own spot's."""
    reach = int(radius)
    grid = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1).T
    distance = np.hypot(grid[:, 0], grid[:, 1])
    inside = distance <= max(radius, 0.5)
    order = np.argsort(-distance[inside], kind="stable")
    return np.asarray(grid[inside][order])
