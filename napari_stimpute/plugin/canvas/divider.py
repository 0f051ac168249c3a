"""A line down the tissue that the mouse can drag."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from ...connections import Connections

if TYPE_CHECKING:
    from napari.layers import Layer

_REACH = 8
"""Pixels of the canvas to either side of the line within which the mouse takes hold of it."""

_MARGIN = 0.02
"""How far the line stands out of the tissue, as a share of the tissue's height."""

_WHITE, _DARK = (255, 255, 255, 255), (25, 25, 25, 255)
_ROWS, _COLUMNS, _GRIP = 300, 10, 24


@dataclass(frozen=True)
class Frame:
    """The rectangle of the tissue that a divider crosses, in the unit of the places."""

    left: float
    right: float
    top: float
    bottom: float

    def x(self, share: float) -> float:
        """Place of a share of the width."""
        return self.left + share * (self.right - self.left)

    def share(self, x: float) -> float:
        """Share of the width at a place; below 0 and above 1 beside the tissue."""
        return (x - self.left) / (self.right - self.left)


def frame_of(points: NDArray[np.float64], diameter: float) -> Frame:
    """What a divider has to cross so that every spot can lie on either side.

    Parameters
    ----------
    points : (n_obs, 2), y and x
    diameter : of a spot, in the same unit
    """
    low, high = np.nanmin(points, axis=0) - diameter, np.nanmax(points, axis=0) + diameter
    above = _MARGIN * (high[0] - low[0])
    return Frame(float(low[1]), float(high[1]), float(low[0] - above), float(high[0] + above))


class Divider:
    """The line as a layer of its own: as wide on the screen whatever the zoom, with a grip.

    `dragged` is called with the place (x) that the mouse drags the line to.
    """

    def __init__(
        self,
        viewer: Any,
        frame: Frame,
        metadata: dict[str, Any],
        units: tuple[str, str],
        dragged: Callable[[float], None],
    ) -> None:
        from napari.layers import Image

        self._viewer, self._frame, self._dragged = ref(viewer), frame, dragged
        self.x = frame.left
        self._cursor = ""
        """What the mouse pointer was before it came near; "" when it is not near."""
        self.layer: Layer = Image(
            _picture(),
            rgb=True,
            name="Divider",
            interpolation2d="nearest",
            blending="translucent_no_depth",
            units=units,
            metadata=metadata,
        )
        self._fit()
        viewer.add_layer(self.layer)
        self._connections = Connections()
        self._connections.add(viewer.scene.camera.events.zoom, self._fit)
        viewer.mouse_drag_callbacks.append(self._on_drag)
        viewer.mouse_move_callbacks.append(self._on_mouse_move)

    def place(self, x: float) -> None:
        """Move the line; costs a redraw, and no new look at the extent of all layers."""
        self.x = x
        down, across = self.layer.scale
        corner = (self._frame.top + down / 2, x - (_COLUMNS - 1) / 2 * across)
        with self.layer.events.translate.blocker():
            self.layer.translate = corner

    def is_near(self, position: Any) -> bool:
        """Whether a place of the canvas (y, x last) is within reach of the line."""
        viewer = self._viewer()
        if viewer is None or not self.layer.visible:
            return False
        y, x = np.asarray(position, dtype=np.float64)[-2:]
        reach = _REACH / viewer.scene.camera.zoom
        return bool(abs(x - self.x) <= reach and self._frame.top <= y <= self._frame.bottom)

    def remove(self) -> None:
        """Take the line off the canvas."""
        viewer = self._viewer()
        self.disconnect()
        if viewer is not None and self.layer in viewer.layers:
            viewer.layers.remove(self.layer)

    def disconnect(self) -> None:
        """Listen no longer to mouse and camera; the line stays."""
        viewer = self._viewer()
        self._connections.close()
        if viewer is not None and self._on_drag in viewer.mouse_drag_callbacks:
            viewer.mouse_drag_callbacks.remove(self._on_drag)
            viewer.mouse_move_callbacks.remove(self._on_mouse_move)
            self._point(viewer, is_near=False)

    def _fit(self) -> None:
        """Keep the line as wide as it is on the screen."""
        viewer = self._viewer()
        if viewer is None:
            return
        height = self._frame.bottom - self._frame.top
        with self.layer.events.scale.blocker():
            self.layer.scale = (height / _ROWS, 1 / viewer.scene.camera.zoom)
        self.place(self.x)

    def _on_drag(self, viewer: Any, event: Any) -> Iterator[None]:
        """From press to release; the canvas does not pan meanwhile."""
        if event.button != 1 or event.modifiers or not self.is_near(event.position):
            return
        offset = self.x - event.position[-1]
        event.handled = True
        yield
        while event.type == "mouse_move":
            self._dragged(event.position[-1] + offset)
            event.handled = True
            yield

    def _on_mouse_move(self, viewer: Any, event: Any) -> None:
        self._point(viewer, is_near=self.is_near(event.position))

    def _point(self, viewer: Any, *, is_near: bool) -> None:
        """Let the mouse pointer say that the line can be taken hold of."""
        if is_near and not self._cursor:
            self._cursor, viewer.cursor.style = str(viewer.cursor.style), "pointing"
        elif not is_near and self._cursor:
            viewer.cursor.style, self._cursor = self._cursor, ""


def _picture() -> NDArray[np.uint8]:
    """A white line with dark edges, seen on any ground, and a grip half-way: RGBA."""
    picture = np.zeros((_ROWS, _COLUMNS, 4), dtype=np.uint8)
    middle, first = _COLUMNS // 2, (_ROWS - _GRIP) // 2
    picture[:, middle - 2 : middle + 2] = _DARK
    picture[:, middle - 1 : middle + 1] = _WHITE
    grip = picture[first : first + _GRIP]
    grip[:] = _DARK
    grip[1:-1, 1:-1] = _WHITE
    grip[4:-4, [middle - 2, middle + 1]] = _DARK
    return picture
