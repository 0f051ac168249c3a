"""Many spots as one picture, painted at the resolution of the view and for what is in view.

To napari it is an image of many levels; a level is painted when a part of it is asked for. So a
spot is a round disc, and a bin a square, however near one looks; where several share a pixel it
shows what they have in common (`inks`). Of what is in view, only what was not in view before is
painted, from the spots that lie there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...scene.tiles import Tiles
from .inks import Ink, Shared

_ACROSS = 24
"""Pixels across a spot in the finest level."""

_STEP = 2**0.25
"""From one level to the next coarser: of the pixels asked for, at most a sixth is not drawn."""

_COARSEST = 64
"""Pixels along the longer side of the coarsest level, at most: less than a canvas has.

napari keeps that level for its thumbnail; were it drawn too, it would not follow a cut."""

_SMALL = 0.5
"""Radius in pixels below which spots share pixels, and are drawn as discs no longer."""

_BLOCK = 128
"""napari asks for whole blocks of so many pixels: it asks anew once another comes into view."""

_MOST_KEPT = 3
"""Windows of which it is kept which pixel each spot lies in: another gene is drawn quickly then."""

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
    tiles : the spots, by y and x; one without a place is not drawn
    pixel : width of a pixel of the finest level, in coordinate units
    corner : (y, x), centre of the first of them
    shape : (height, width) of the finest level
    are_square : whether spots are drawn as squares that fill a grid, else as discs
    cut : what is not drawn, now and in pictures made before
    """

    tiles: Tiles
    pixel: float
    corner: tuple[float, float]
    shape: tuple[int, int]
    are_square: bool = False
    cut: Half | None = None
    _kept: dict[Window, Shared] = field(default_factory=dict)

    @classmethod
    def of(cls, tiles: Tiles, diameter: float, *, are_square: bool = False) -> Raster:
        """For spots of a diameter (or side), in coordinate units, > 0."""
        low, high = tiles.box
        low, high, pixel = low - diameter, high + diameter, diameter / _ACROSS
        height, width = (np.ceil((high - low) / pixel) + 1).astype(int)
        return cls(
            tiles, pixel, (float(low[0]), float(low[1])), (int(height), int(width)), are_square
        )

    def levels(self, ink: Ink, diameter: float) -> list[Level]:
        """The picture, from the finest level to the coarsest.

        Parameters
        ----------
        ink : what is shown of the spots
        diameter : of a spot, in coordinate units
        """
        n = int(np.ceil(np.log(max(1.0, max(self.shape) / _COARSEST)) / np.log(_STEP)))
        shapes = [
            (max(1, round(self.shape[0] / factor)), max(1, round(self.shape[1] / factor)))
            for factor in _STEP ** np.arange(n + 1)
        ]
        recent: Recent = {}
        return [Level(self, shape, ink, diameter, recent) for shape in shapes]

    def shared(self, window: Window, find: Callable[[], Shared]) -> Shared:
        """Which pixel each spot in a window lies in: found, or kept from before."""
        shared = self._kept.pop(window, None) or find()
        self._kept[window] = shared  # the last one now
        while len(self._kept) > _MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        return shared


class Level:
    """One resolution of a picture; what napari asks of an array, and no more."""

    ndim = 2
    dtype = np.dtype(np.float32)
    chunks = (_BLOCK, _BLOCK)

    def __init__(
        self, raster: Raster, shape: tuple[int, int], ink: Ink, diameter: float, recent: Recent
    ) -> None:
        self.shape, self.size = shape, shape[0] * shape[1]
        self._raster, self._ink, self._recent = raster, ink, recent
        self._pixel = raster.pixel * np.divide(raster.shape, shape)
        self._edge = np.subtract(raster.corner, raster.pixel / 2)
        self._radius = diameter / 2 / float(self._pixel.max())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """All of it."""
        return np.asarray(self[:, :], dtype=dtype)

    def __getitem__(self, window: Any) -> NDArray[np.float32]:
        """Paint a part of it; NaN, which napari draws transparent, where no spot is."""
        rows, columns = (
            range(*part.indices(n)) for part, n in zip(window, self.shape, strict=True)
        )
        picture = self._seen(rows, columns)
        if self._raster.cut is None:
            return picture
        middles = self._edge[1] + (np.asarray(columns) + 0.5) * self._pixel[1]
        return np.where(self._raster.cut.hides(middles), np.float32(np.nan), picture)

    def _seen(self, rows: range, columns: range) -> NDArray[np.float32]:
        """The window, of which what was seen before is not painted again."""
        before = self._recent.get(self.shape)
        if before is not None and before[:2] == (rows, columns):
            return before[2]
        picture = np.empty((len(rows), len(columns)), dtype=np.float32)
        known = (range(0), range(0)) if before is None else before[:2]
        old = tuple(_common(a, b) for a, b in zip(known, (rows, columns), strict=True))
        if before is not None and old[0] and old[1]:
            picture[_within(old, (rows, columns))] = before[2][_within(old, known)]
        for part in _others((rows, columns), old):
            picture[_within(part, (rows, columns))] = self._paint(*part)
        self._recent.clear()  # one picture of each map is kept, whatever its level
        self._recent[self.shape] = (rows, columns, picture)
        return picture

    def _paint(self, rows: range, columns: range) -> NDArray[np.float32]:
        """Spots whose disc may reach into a window."""
        if self._radius >= _SMALL:
            spots, places = self._near(rows, columns, self._radius + 1)
            numbers = self._ink.of_spots(spots)
            y, x = (place[~np.isnan(numbers)] for place in places)
            numbers = numbers[~np.isnan(numbers)]
            shape = len(rows), len(columns)
            outline = _SQUARE if self._raster.are_square else _DISC
            return _painted((y, x), numbers, self._radius, shape, outline)
        window = (self.shape, rows, columns)
        shared = self._raster.shared(window, lambda: self._shared(rows, columns))
        return self._ink.of_pixels(shared).reshape(len(rows), len(columns))

    def _shared(self, rows: range, columns: range) -> Shared:
        spots, (y, x) = self._near(rows, columns, 0)
        pixels = y.astype(np.int32) * np.int32(len(columns)) + x.astype(np.int32)
        return Shared(spots, pixels, len(rows) * len(columns))

    def _near(
        self, rows: range, columns: range, reach: float
    ) -> tuple[NDArray[np.int32], tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Spots in a window, and up to so many pixels beside it; their y and x in pixels of it."""
        start, size = (rows.start, columns.start), (len(rows), len(columns))
        ends = np.stack([np.subtract(start, reach), np.add(np.add(start, size), reach)])
        low, high = self._edge + ends * self._pixel
        tiles = self._raster.tiles
        spots = tiles.near(low, high)
        y, x = (
            (tiles.points[spots, axis] - self._edge[axis]) / self._pixel[axis] - start[axis]
            for axis in (0, 1)
        )
        is_near = (y >= -reach) & (y < size[0] + reach) & (x >= -reach) & (x < size[1] + reach)
        if is_near.all():
            return spots, (y, x)
        return spots[is_near], (y[is_near], x[is_near])


Window = tuple[tuple[int, int], range, range]
"""Shape of a level, and the rows and columns of a part of it."""

Recent = dict[tuple[int, int], tuple[range, range, NDArray[np.float32]]]
"""By the shape of its level, what was painted last: rows, columns and the picture of them."""

Part = tuple[range, ...]
"""Rows and columns."""


def _common(one: range, other: range) -> range:
    return range(max(one.start, other.start), min(one.stop, other.stop))


def _within(part: Part, whole: Part) -> tuple[slice, ...]:
    """Where a part lies in an array of the whole."""
    return tuple(
        slice(a.start - b.start, a.stop - b.start) for a, b in zip(part, whole, strict=True)
    )


def _others(whole: Part, known: Part) -> list[Part]:
    """What is left of a rectangle without another that lies in it, in up to four rectangles."""
    (rows, columns), (old_rows, old_columns) = whole, known
    if not (old_rows and old_columns):
        return [whole]
    parts = [
        (range(rows.start, old_rows.start), columns),
        (range(old_rows.stop, rows.stop), columns),
        (old_rows, range(columns.start, old_columns.start)),
        (old_rows, range(old_columns.stop, columns.stop)),
    ]
    return [part for part in parts if part[0] and part[1]]


@dataclass(frozen=True)
class _Outline:
    """A form by which pixels, so far down and right of the middle of a spot, lie within it.

    ``reach`` is the farthest that one does, in radii.
    """

    reach: float
    holds: Callable[[NDArray[np.float32], NDArray[np.float32], float], NDArray[np.bool_]]


_DISC = _Outline(1.0, lambda down, right, radius: down**2 + right**2 <= radius**2)
_SQUARE = _Outline(  # a little larger: on a grid that is turned there are no gaps either
    1.02 * 2**0.5,
    lambda down, right, radius: np.maximum(np.abs(down), np.abs(right)) <= 1.02 * radius,
)


def _painted(
    places: tuple[NDArray[np.float64], NDArray[np.float64]],
    numbers: NDArray[np.float32],
    radius: float,
    shape: tuple[int, int],
    outline: _Outline,
) -> NDArray[np.float32]:
    """Every spot, of the pixels whose middle lies in it; its own pixel stays its own."""
    height, width = shape
    margin = 2 * int(np.ceil(outline.reach * (radius + 1)))  # no spot reaches beyond it
    picture = np.full((height + 2 * margin, width + 2 * margin), np.nan, dtype=np.float32)
    y, x = (np.floor(place).astype(np.int32) for place in places)
    off_y, off_x = (  # of a spot in its pixel, from the middle
        (place - cell - 0.5).astype(np.float32) for place, cell in zip(places, (y, x), strict=True)
    )
    at, across = (y + margin) * picture.shape[1] + x + margin, picture.shape[1]
    for down, right in disc(outline.reach * (radius + 1)):
        is_near = outline.holds(down - off_y, right - off_x, radius)
        is_near |= down == right == 0
        picture.ravel()[at[is_near] + (down * across + right)] = numbers[is_near]
    return picture[margin : margin + height, margin : margin + width]


def disc(radius: float) -> NDArray[np.int64]:
    """Offsets of the pixels of a disc, (n, 2), the centre last: it always stays its own spot's."""
    reach = int(radius)
    grid = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1).T
    distance = np.hypot(grid[:, 0], grid[:, 1])
    inside = distance <= max(radius, 0.5)
    order = np.argsort(-distance[inside], kind="stable")
    return np.asarray(grid[inside][order])
