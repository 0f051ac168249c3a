"""Draw around spots on the canvas, free-hand, to pick them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from ...connections import Connections
from ...scene.picks import how_of
from .outline import Outline, canvas_of, pixels_of
from .stage import Stage

PICK_KEY, CLEAR_KEY, UNDO_KEY = "L", "Escape", "Control-Z"
"""Keys on the canvas: begin or end picking, pick none, back to who was picked before."""

_STEP = 3.0  # pixels of the canvas between two corners of the line


class TissueLasso:
    """While it is on, dragging the mouse picks spots, and does not move the canvas.

    `changed` is emitted with whether it is on.
    """

    changed = Signal(bool)

    def __init__(self, stage: Stage) -> None:
        self.stage, self.picks = stage, stage.scene.picks
        self.is_on = self._is_closed = False
        self._zoom_box: Callable[..., Any] | None = None
        """What napari does while Alt is held down: out of the way as long as this is on."""
        self._connections = Connections()
        self._connections.add(stage.scene.session.events.adata, self.stop)
        for key, act in (
            (PICK_KEY, self._toggle),
            (CLEAR_KEY, self._clear),
            (UNDO_KEY, self._undo),
        ):
            stage.viewer.bind_key(key, act, overwrite=True)

    def why_not(self) -> str:
        """Why nothing can be picked on the canvas now, in words; "" where it can."""
        if self.stage.spots is None:
            return self.stage.scene.no_map or "Open data first."
        if self.stage.is_grid:  # in napari's grid the line would take a place of its own
            return "Two stand side by side on the canvas: end that to pick, or pick on the map."
        return ""

    def start(self) -> None:
        """Let the mouse pick."""
        viewer = self.stage.viewer
        if self.is_on or viewer is None or self.why_not():
            self.changed.emit(self.is_on)
            return
        callbacks = viewer.mouse_drag_callbacks
        names = {getattr(callback, "__name__", ""): callback for callback in callbacks}
        self._zoom_box = names.get("drag_to_zoom")
        if self._zoom_box is not None:
            callbacks.remove(self._zoom_box)
        callbacks.append(self._on_drag)
        viewer.cursor.style = "cross"
        self.is_on = True
        self.changed.emit(True)

    def stop(self) -> None:
        """Let the mouse move the canvas again."""
        viewer = self.stage.viewer
        if not self.is_on or viewer is None:
            return
        self.is_on = False
        if self._on_drag in viewer.mouse_drag_callbacks:
            viewer.mouse_drag_callbacks.remove(self._on_drag)
        if self._zoom_box is not None:
            viewer.mouse_drag_callbacks.append(self._zoom_box)
        viewer.cursor.style = "standard"
        self.changed.emit(False)

    def close(self) -> None:
        """Listen to viewer and session no longer."""
        self.stop()
        self._connections.close()
        self._is_closed = True  # its keys outlive it

    def _toggle(self, _viewer: Any) -> None:
        if self.is_on:
            self.stop()
        elif not self._is_closed:
            self.start()

    def _clear(self, _viewer: Any) -> None:
        if not self._is_closed:
            self.picks.clear()

    def _undo(self, _viewer: Any) -> None:
        if not self._is_closed:
            self.picks.undo()

    def _on_drag(self, viewer: Any, event: Any) -> Iterator[None]:
        """From press to release."""
        divider, places = self.stage.divider, self.stage.scene.places
        if event.button != 1 or (divider is not None and divider.is_near(event.position)):
            return
        event.handled = True
        outline, how = [_place(event)], how_of(event.modifiers)
        canvas = canvas_of(viewer)
        line = Outline(canvas)
        yield
        while event.type == "mouse_move":
            event.handled = True
            step = _STEP / viewer.scene.camera.zoom
            if np.hypot(*(_place(event) - outline[-1])) >= step:
                outline.append(_place(event))
                line.draw(pixels_of(viewer, canvas, np.array(outline)))
            yield
        line.hide()
        line.deleteLater()
        if len(outline) > 2 and places is not None:
            self.picks.pick_within(places, np.array(outline), how)


def _place(event: Any) -> NDArray[np.float64]:
    return np.asarray(event.position, dtype=np.float64)[-2:]
