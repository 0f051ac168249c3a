"""Which spots lie near a place: by the tiles of a grid, so that nobody looks at all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

_PER_TILE = 256
"""Spots of a tile, on average."""

_EDGES = (0.1, 99.9)
"""Percentiles of the places between which the tiles lie: a far outlier makes none of them larger.

What lies beyond is of the tiles at the edge."""

_SAMPLE = 100_000
"""Places that these percentiles are taken of, evenly among all."""


@dataclass(frozen=True, eq=False)
class Tiles:
    """Spots ordered by tiles, which are numbered along the second coordinate first.

    Attributes
    ----------
    points : (n_obs, 2); NaN for a spot without a place, which is in no tile
    corner, side : lower corner of the first tile, and the sides of each, (2,) both
    n_along : tiles along each coordinate
    order : spots with a place, by tile, and in their own order within one
    starts : (tiles + 1,), where those of each tile begin in the order
    """

    points: NDArray[np.float64]
    corner: NDArray[np.float64]
    side: NDArray[np.float64]
    n_along: int
    order: NDArray[np.int32]
    starts: NDArray[np.int32]

    @classmethod
    def of(cls, points: NDArray[np.float64]) -> Tiles:
        """Order spots, (n_obs, 2); takes time and memory that grow as they do."""
        spots = np.flatnonzero(~(np.isnan(points[:, 0]) | np.isnan(points[:, 1])))
        n_along = max(1, int(np.sqrt(len(spots) / _PER_TILE)))
        corner, side = np.zeros(2), np.ones(2)
        if len(spots):
            some = points[spots[:: -(-len(spots) // _SAMPLE)]]
            corner, high = np.percentile(some, _EDGES, axis=0)
            side = np.where(high > corner, (high - corner) / n_along, 1.0)
        down, across = (
            _cells(points[spots, axis], corner[axis], side[axis], n_along) for axis in (0, 1)
        )
        ones, tiles = np.ones(len(spots), dtype=bool), down * n_along + across
        by_tile = sp.coo_matrix((ones, (tiles, spots)), (n_along**2, len(points))).tocsr()
        return cls(points, corner, side, n_along, by_tile.indices, by_tile.indptr)

    @property
    def box(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lower and upper corner of all spots; both 0 where none has a place."""
        if not len(self.order):
            return np.zeros(2), np.zeros(2)
        low, high = (
            np.array([find(self.points[:, axis]) for axis in (0, 1)])
            for find in (np.nanmin, np.nanmax)
        )
        return low, high

    def near(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.int32]:
        """Spots of all tiles that a rectangle touches, among them all within it, in order."""
        across = self.n_along
        (top, bottom), (left, right) = (
            _cells(np.array([low[axis], high[axis]]), self.corner[axis], self.side[axis], across)
            for axis in (0, 1)
        )
        if right - left == across - 1:
            return self.order[self.starts[top * across] : self.starts[(bottom + 1) * across]]
        rows = np.arange(top, bottom + 1) * across
        begins, ends = self.starts[rows + left], self.starts[rows + right + 1]
        return np.concatenate([self.order[a:b] for a, b in zip(begins, ends, strict=True)])

    def nearest(self, place: NDArray[np.float64], reach: float) -> int:
        """The spot nearest to a place, (2,), and no farther than so much; −1 if there is none."""
        near = self.near(place - reach, place + reach)
        distance = np.hypot(*(self.points[near] - place).T)
        if not len(near) or distance.min() > reach:
            return -1
        return int(near[distance.argmin()])


def _cells(places: NDArray[np.float64], corner: float, side: float, n: int) -> NDArray[np.int32]:
    """Tile of each place along one coordinate; those beyond the tiles are of the first or last."""
    return np.clip((places - corner) / side, 0, n - 1).astype(np.int32)
