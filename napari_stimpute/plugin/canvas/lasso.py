"""Draw around spots on the canvas, free-hand, to pick them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from ...connections import Connections
from ...scene.picks import how_of, within
from .spots import MARK, Mark

if TYPE_CHECKING:
    from napari.layers import Layer

    from .view import SpotsView

PICK_KEY, CLEAR_KEY, UNDO_KEY = "L", "Escape", "Control-Z"
"""Keys on the canvas: begin or end picking, pick none, back to who was picked before."""

_STEP = 3.0  # pixels of the canvas between two corners of the line
_WIDTH = 1.6  # pixels of the line
_COLOUR = "#ffd23f"  # stands out from H&E, from black and from the colours of values


class TissueLasso:
    """While it is on, dragging the mouse picks spots, and does not move the canvas.

    `changed` is emitted with whether it is on.
    """

    changed = Signal(bool)

    def __init__(self, viewer: Any, view: SpotsView) -> None:
        self._viewer, self._view = ref(viewer), ref(view)
        self.is_on = False
        self._line: Layer | None = None
        self._zoom_box: Callable[..., Any] | None = None
        """What napari does while Alt is held down: out of the way as long as this is on."""
        self._connections = Connections()
        self._connections.add(view.session.events.adata, self.stop)
        viewer.bind_key(PICK_KEY, self._toggle, overwrite=True)
        viewer.bind_key(CLEAR_KEY, self._clear, overwrite=True)
        viewer.bind_key(UNDO_KEY, self._undo, overwrite=True)

    def why_not(self) -> str:
        """Why nothing can be picked on the canvas now, in words; "" where it can."""
        view = self._view()
        if view is None or view.layer is None:
            return (view.no_map if view is not None else "") or "Open data first."
        if view.side_by_side.is_on:  # in napari's grid the line would take a place of its own
            return "Two maps stand side by side: end that to pick, or pick on the map of cells."
        return ""

    def start(self) -> None:
        """Let the mouse pick."""
        viewer, view = self._viewer(), self._view()
        if self.is_on or viewer is None or view is None or self.why_not():
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
        viewer = self._viewer()
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
        """Let go of viewer and session."""
        self.stop()
        self._connections.close()

    def _toggle(self, _viewer: Any) -> None:
        if self.is_on:
            self.stop()
        else:
            self.start()

    def _clear(self, _viewer: Any) -> None:
        if (view := self._view()) is not None:
            view.picks.clear()

    def _undo(self, _viewer: Any) -> None:
        if (view := self._view()) is not None:
            view.picks.undo()

    def _on_drag(self, viewer: Any, event: Any) -> Iterator[None]:
        """From press to release."""
        view = self._view()
        divider = view.wipe.divider if view is not None and view.wipe.is_split else None
        if event.button != 1 or (divider is not None and divider.is_near(event.position)):
            return
        event.handled = True
        outline, how = [_place(event)], how_of(event.modifiers)
        yield
        while event.type == "mouse_move":
            event.handled = True
            step = _STEP / viewer.scene.camera.zoom
            if np.hypot(*(_place(event) - outline[-1])) >= step:
                outline.append(_place(event))
                self._draw(viewer, np.array(outline))
            yield
        self._erase(viewer)
        if len(outline) > 2 and view is not None and view.places is not None:
            view.picks.pick(within(view.places.points, np.array(outline)), how)

    def _draw(self, viewer: Any, outline: NDArray[np.float64]) -> None:
        from napari.layers import Vectors

        lines = np.stack([outline, np.roll(outline, -1, axis=0) - outline], axis=1)
        width = _WIDTH / viewer.scene.camera.zoom
        if self._line is not None and self._line in viewer.layers:
            self._line.data = lines
            return
        view = self._view()
        assert view is not None
        active = viewer.layers.selection.active
        self._line = Vectors(
            lines,
            edge_width=width,
            edge_color=_COLOUR,
            vector_style="line",
            name="Lasso",
            metadata={MARK: Mark(view.session.adata, "lasso")},
        )
        viewer.add_layer(self._line)
        viewer.layers.selection.active = active

    def _erase(self, viewer: Any) -> None:
        if self._line is not None and self._line in viewer.layers:
            viewer.layers.remove(self._line)
        self._line = None


def _place(event: Any) -> NDArray[np.float64]:
    return np.asarray(event.position, dtype=np.float64)[-2:]
