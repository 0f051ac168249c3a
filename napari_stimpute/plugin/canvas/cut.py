"""Show a map of spots only to one side of a place, and move that place quickly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from .raster import Half, Raster, Side
from .spots import mark_of

if TYPE_CHECKING:
    from napari.layers import Layer


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
    """Columns of the picture are left empty: in 2-D napari ignores planes of an image."""

    def __init__(self, layer: Layer, keeps: Side, raster: Raster) -> None:
        self._layer, self._keeps, self._raster = layer, keeps, raster

    def make(self, x: float) -> None:
        """Cut it."""
        self._raster.cut = Half(self._keeps, x)
        self._layer.refresh(extent=False, thumbnail=False)

    def move(self, x: float) -> None:
        """Cut it elsewhere; what was painted is kept."""
        self.make(x)

    def lift(self) -> None:
        """Draw all of it."""
        self._raster.cut = None
