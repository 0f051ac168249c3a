"""Two sources of the same gene on one map, one on each side of a divider that can be dragged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from ...scene.shown import Shown
from .cut import Cut, cut_of, uncut
from .divider import Divider, Frame, frame_of
from .spots import MARK, Mark, colour_bar_of, layer_name, paint, spots_layer, units_of
from .stage import Stage

if TYPE_CHECKING:
    from napari.layers import Layer


@dataclass(frozen=True)
class _Before:
    """What the canvas looked like, to be given back."""

    layer: Layer
    name: str
    name_position: Any
    name_visible: bool
    grid: bool
    active: Layer | None


class Wipe:
    """Both maps lie on one another, each cut off at the divider: moving it repaints nothing.

    `moved` is emitted with the position of the divider, 0–1 from left to right of the tissue;
    `changed` when this has ended because someone removed one of its layers.
    """

    moved = Signal(float)
    changed = Signal()

    def __init__(self, stage: Stage) -> None:
        self.stage, self.pair = stage, stage.scene.pair
        self.position = 0.5
        self.waits = ""
        """Why the two halves are not drawn although this is on, in words; "" when they are."""
        self._cuts: tuple[Cut, ...] = ()
        self._frame = Frame(0, 1, 0, 1)
        self._before: _Before | None = None

    @property
    def is_on(self) -> bool:
        """Whether there is a divider, or would be if a gene were shown."""
        return self._before is not None

    @property
    def is_split(self) -> bool:
        """Whether the two halves are drawn now."""
        return self.is_on and not self.waits

    @property
    def is_whole(self) -> bool:
        """Whether all of its layers lie on the canvas."""
        stage = self.stage
        if stage.second is None or stage.divider is None:
            return False
        return all(one in stage.viewer.layers for one in (stage.second, stage.divider.layer))

    # ---- the divider ---------------------------------------------------------------------------

    @property
    def x(self) -> float:
        """Place of the divider, in the unit of the places."""
        return self._frame.x(self.position)

    def set_position(self, position: float) -> None:
        """Move the divider: 0 is left of the tissue, 1 right of it."""
        self.position = min(max(float(position), 0.0), 1.0)
        if self.is_on and not self.is_whole:
            self.stop()
            self.changed.emit()
            return
        if self.is_split and self.stage.divider is not None:
            for cut in self._cuts:
                cut.move(self.x)
            self.stage.divider.place(self.x)
        self.moved.emit(self.position)

    def step(self, share: float) -> None:
        """Move the divider by a share of the tissue's width."""
        self.set_position(self.position + share)

    # ---- on and off ----------------------------------------------------------------------------

    def start(self) -> None:
        """Lay the second map over the first, and draw the divider."""
        stage, session = self.stage, self.stage.scene.session
        first, places, viewer = stage.spots, stage.scene.places, stage.viewer
        if first is None or places is None or self.is_on or len(self.pair.choices()) < 2:
            return
        overlay, grid = first.name_overlay, viewer.canvas.grid
        active = viewer.layers.selection.active
        self._before = _Before(
            first, first.name, overlay.position, overlay.visible, grid.enabled, active
        )
        grid.enabled = False
        self._frame = frame_of(places.points, places.diameter)
        stage.second = spots_layer(session, places, role="second")
        stage.second.opacity = stage.opacity
        viewer.add_layer(stage.second)
        metadata = {MARK: Mark(session.adata, "divider")}
        stage.divider = Divider(viewer, self._frame, metadata, units_of(places), self._on_dragged)
        self._cuts = (cut_of(first, "left"), cut_of(stage.second, "right"))
        viewer.layers.selection.active = first

    def stop(self) -> None:
        """Back to one map, as it was."""
        stage, viewer, before = self.stage, self.stage.viewer, self._before
        if viewer is None or before is None:
            return
        second, divider = stage.second, stage.divider
        stage.second = stage.divider = self._before = None
        self._cuts, self.waits = (), ""
        if divider is not None:
            divider.remove()
        stage.remove(second)
        uncut(before.layer)
        before.layer.name = before.name
        before.layer.name_overlay.position = before.name_position
        before.layer.name_overlay.visible = before.name_visible
        viewer.canvas.grid.enabled = before.grid
        if before.active in viewer.layers:
            viewer.layers.selection.active = before.active

    def close(self) -> None:
        """Leave the mouse alone; the layers stay."""
        if self.stage.divider is not None:
            self.stage.divider.disconnect()

    def repaint(self, shown: Shown) -> Shown:
        """Colour both halves; returns what the canvas shows now.

        Parameters
        ----------
        shown : what the canvas would show without the divider
        """
        stage = self.stage
        first, second, divider = stage.spots, stage.second, stage.divider
        assert first is not None and second is not None and divider is not None
        self.waits = self.pair.why_not(shown)
        self._show_halves(visible=not self.waits)
        if self.waits:
            paint(first, shown, stage.style)
            return shown
        for layer, half in zip((first, second), self.pair.drawn(), strict=True):
            paint(layer, half, stage.style)
        for cut in self._cuts:
            cut.make(self.x)
        divider.place(self.x)
        colour_bar_of(second).visible = False  # the same as that of the first
        self._write_names(first, second)
        return self.pair.both()

    # ---- within --------------------------------------------------------------------------------

    def _show_halves(self, *, visible: bool) -> None:
        """Make both halves and the divider seen, or the first map alone, as it was."""
        stage = self.stage
        assert stage.spots is not None and stage.second is not None and stage.divider is not None
        stage.spots.name_overlay.visible = stage.second.name_overlay.visible = visible
        stage.second.visible = stage.divider.layer.visible = visible
        if visible or self._before is None:
            return
        stage.spots.name = self._before.name
        for cut in self._cuts:
            cut.lift()

    def _write_names(self, first: Layer, second: Layer) -> None:
        left, right = self.pair.names()
        if second.name == left:  # napari numbers layers of the same name
            second.name = layer_name(self.stage.scene.session, "right")
        first.name, second.name = left, right
        first.name_overlay.position, second.name_overlay.position = "top_left", "top_right"

    def _on_dragged(self, x: float) -> None:
        self.set_position(self._frame.share(x))
