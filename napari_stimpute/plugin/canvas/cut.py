"""Show a map of spots only to one side of a place, and move that place quickly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from .raster import LabelRaster
from .spots import mark_of

if TYPE_CHECKING:
    from napari.layers import Layer

Side = Literal["left", "right"]


class Cut(Protocol):
    """What is to the other side of a place (x, coordinate units) is not drawn."""

    def make(self, x: float) -> None:
        """Cut a map that was painted, and so is whole."""

    def move(self, x: float) -> None:
        """Cut it elsewhere; costs a few milliseconds, however many spots there are."""

    def lift(self) -> None:
        """Let the map be whole when it is painted next."""


def cut_of(layer: Layer, keeps: Side) -> Cut:
    """How the kind of layer is cut: points by a plane, a picture by emptying its columns."""
    mark = mark_of(layer)
    if mark is not None and mark.raster is not None:
        return _PictureCut(layer, keeps, mark.raster)
    return _PointsCut(layer, keeps)


def uncut(layer: Layer) -> None:
    """Show all of a map again, without a name above it."""
    layer.experimental_clipping_planes = []
    layer.name_overlay.visible = False


class _PointsCut:
    """The graphics card draws only what lies before a plane; no spot is touched."""

    def __init__(self, layer: Layer, keeps: Side) -> None:
        self._layer = layer
        normal = (0.0, 0.0, -1.0 if keeps == "left" else 1.0)
        layer.experimental_clipping_planes = [{"normal": normal, "enabled": False}]

    def make(self, x: float) -> None:
        """Cut it."""
        self.move(x)
        self._layer.experimental_clipping_planes[0].enabled = True

    def move(self, x: float) -> None:
        """Cut it elsewhere."""
        self._layer.experimental_clipping_planes[0].position = (0.0, 0.0, x)

    def lift(self) -> None:
        """Draw all of it."""
        self._layer.experimental_clipping_planes[0].enabled = False


class _PictureCut:
    """Columns of the picture are emptied and filled again: in 2-D napari ignores its planes."""

    def __init__(self, layer: Layer, keeps: Side, raster: LabelRaster) -> None:
        self._layer, self._keeps, self._raster = layer, keeps, raster
        self._whole: NDArray[np.float32] = layer.data
        self._column = 0

    def make(self, x: float) -> None:
        """Cut it."""
        self._whole, self._column = self._layer.data.copy(), self._column_at(x)
        outside = slice(self._column, None) if self._keeps == "left" else slice(self._column)
        self._layer.data[:, outside] = np.nan
        self._redraw()

    def move(self, x: float) -> None:
        """Cut it elsewhere: only the columns between here and there change."""
        here, there = self._column, self._column_at(x)
        if here == there:
            return
        between = slice(min(here, there), max(here, there))
        is_shown = (there > here) == (self._keeps == "left")
        filled: Any = self._whole[:, between] if is_shown else np.nan
        self._layer.data[:, between] = filled
        self._column = there
        self._redraw()

    def lift(self) -> None:
        """Nothing to do: painting replaces the picture."""

    def _column_at(self, x: float) -> int:
        """First column whose pixels lie right of a place."""
        column = np.ceil((x - self._raster.corner[1]) / self._raster.pixel)
        return int(np.clip(column, 0, self._raster.labels.shape[1]))

    def _redraw(self) -> None:
        """The picture changed in place: drawing it anew is all that napari has to do."""
        self._layer.events.set_data()
