"""Levels of an image that stay in their file: sharper than the one that is held in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .pixels import Colours, painted

if TYPE_CHECKING:
    import dask.array as da


def nothing() -> None:
    """Where a piece is read from a file of its own, none stays open."""


@dataclass(frozen=True, eq=False)
class Pyramid:
    """Sharper levels of an image.

    Attributes
    ----------
    levels : (height, width, channels) each, the sharpest first; what is looked at is read, and
        nothing else
    close : lets go of the file, which is opened again if more of it is read
    """

    levels: tuple[da.Array, ...]
    close: Callable[[], None] = nothing

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the sharpest level, in pixels."""
        height, width = self.levels[0].shape[:2]
        return int(width), int(height)

    def painted(self, colours: Colours) -> Pyramid:
        """The same in 8-bit RGB, from black to white as another level is."""
        return replace(self, levels=tuple(_painted(level, colours) for level in self.levels))


def _painted(level: da.Array, colours: Colours) -> da.Array:
    import dask.array as da

    whole = da.rechunk(level, chunks={2: -1})  # each piece has all channels
    chunks = (*whole.chunks[:2], (3,))
    found: da.Array = da.map_blocks(painted, whole, colours, dtype=np.uint8, chunks=chunks)
    return found
