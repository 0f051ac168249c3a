"""Draw a session in a napari viewer, and keep what is drawn in step with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from psygnal import Signal
from qtpy.QtCore import QTimer

from ...connections import Connections
from ...errors import StimputeError
from ...scene.scene import Scene
from ...session.session import OPEN, Session
from ..widgets.unsaved import ask_first
from .lasso import TissueLasso
from .side_by_side import SideBySide
from .spots import mark_of, paint
from .stage import Stage
from .units import read_units_soon
from .wipe import Wipe

if TYPE_CHECKING:
    from napari.layers import Layer

    from ...scene.shown import Shown
    from .spots import Mark

Mode = Literal["one map", "side by side", "wipe"]


class SpotsView:
    """The tissue image and the spots of one session in one viewer; a map without coordinates.

    The session is the truth: layers follow its scene. How two sources are laid out, opacity and
    camera belong to the view. `changed` is emitted after each recolouring, with what the canvas
    shows now (None for nothing); `hovered` with the spot under the mouse, or −1.
    """

    changed = Signal(object)
    hovered = Signal(int)

    def __init__(self, viewer: Any, session: Session) -> None:
        read_units_soon()
        self.session, self.scene = session, Scene(session)
        self.shown: Shown | None = None
        self.n_docks = 0
        """How many docks show this; it is closed by the last of them."""
        self.stage = Stage(viewer, self.scene)
        self.side_by_side, self.wipe = SideBySide(self.stage), Wipe(self.stage)
        self.lasso = TissueLasso(self.stage)
        self._under_mouse, self._outline = -1, 0.0
        self.connections = Connections()
        self.connections.add(self.scene.changed, self._follow)
        self.connections.add(self.scene.maps.due, self._draw_map_soon)
        self.connections.add(self.wipe.changed, self._follow)
        self.connections.add(viewer.layers.events.inserted, self._on_layer)
        self.connections.add(viewer.scene.camera.events.zoom, self._on_zoom)
        self.connections.add(viewer.events.reset_view, self.stage.fit_section)
        viewer.mouse_move_callbacks.append(self._on_mouse_move)
        if session.adata is None:
            self._pick_up()
        self._draw_map_soon()  # the scene may have asked for one already
        self._follow()

    @property
    def viewer(self) -> Any:
        """The napari viewer; None once it is closed."""
        return self.stage.viewer

    @property
    def layer(self) -> Layer | None:
        """The layer of spots; None if there is none."""
        return self.stage.spots

    def close(self) -> None:
        """A dock has closed: with the last one, leave session and viewer; the layers stay."""
        self.n_docks -= 1
        if self.n_docks > 0:
            return
        self.wipe.close()
        self.lasso.close()
        self.connections.close()
        self.scene.close()
        if self.viewer is not None and self._on_mouse_move in self.viewer.mouse_move_callbacks:
            self.viewer.mouse_move_callbacks.remove(self._on_mouse_move)

    # ---- how it is drawn -----------------------------------------------------------------------

    @property
    def mode(self) -> Mode:
        """Whether one map is drawn, two side by side, or two upon one another."""
        return "wipe" if self.wipe.is_on else "side by side" if self.stage.is_grid else "one map"

    def set_mode(self, mode: Mode) -> None:
        """Draw one map, two side by side, or two upon one another with a divider between."""
        if self.viewer is None or self.layer is None or mode == self.mode:
            return
        self._begin(mode)
        self._follow()

    def toggle(self, mode: Mode, wanted: bool) -> None:
        """Draw in this mode, or no longer."""
        if wanted or self.mode == mode:
            self.set_mode(mode if wanted else "one map")

    def _begin(self, mode: Mode) -> None:
        """End what is laid beside or upon the first map, and lay it there anew if it is wanted."""
        self.wipe.stop()
        self.side_by_side.stop()
        if mode == "wipe":
            self.wipe.start()
        elif mode == "side by side":
            self.lasso.stop()
            self.side_by_side.start()

    # ---- following the scene -------------------------------------------------------------------

    def _follow(self) -> None:
        """Recolour; lays the layers anew if they are not those of what is to be drawn."""
        if self.viewer is None:
            return
        if self.stage.can_turn:
            self.stage.turn()
        elif not self.stage.is_current:
            mode = self.mode if self.stage.has_moved else "one map"
            self._begin("one map")
            self.stage.lay()
            self._begin(mode)
        self.stage.show_image()
        self.shown = self.scene.shown if self.layer is not None else None
        if self.shown is not None:
            self.shown = self._painted(self.shown)
        self._show_title()
        self.changed.emit(self.shown)

    def _painted(self, shown: Shown) -> Shown:
        """Recolour what lies on the canvas; what it shows then."""
        self._outline = self.stage.style.outline
        if not self.wipe.is_whole:
            self.wipe.stop()
        if self.wipe.is_on:
            return self.wipe.repaint(shown)
        if self.stage.is_grid:
            self.side_by_side.repaint()
        else:
            assert self.layer is not None
            paint(self.layer, shown, self.stage.style)
        return shown

    def _on_zoom(self) -> None:
        """Spots that have become small or large lose or get their outline, or share pixels."""
        if self.viewer is None or self.shown is None or self.layer is None:
            return
        self._show_title()
        if self.stage.style.outline != self._outline:
            self._painted(self.shown)

    def _show_title(self) -> None:
        """Say on the canvas what is shown; side by side, each map has its own title."""
        text = self.viewer.canvas.overlays.text
        text.position = "top_center" if self.wipe.is_split else "top_left"
        text.font_size = 11
        title = self._title()
        if text.text != title:
            text.text = title
        text.visible = bool(text.text) and not self.stage.is_grid

    def _title(self) -> str:
        if self.shown is None:
            return self.scene.no_map
        lines, places = [self.shown.headline or self.shown.caption], self.scene.places
        if places is not None and places.map_title:
            lines.append(f"on the {places.map_title}")
        if self.stage.shares_pixels:
            lines.append(self.shown.of_several(self.session.place))
        return "\n".join(lines)

    def _draw_map_soon(self) -> None:
        """Draw a wanted map once Qt has nothing else to do."""
        QTimer.singleShot(0, self.scene.maps.draw_wanted)

    # ---- following the viewer ------------------------------------------------------------------

    def _on_layer(self, event: Any) -> None:
        mark = mark_of(event.value)
        if mark is not None and mark.opened is not None and mark.role == "spots":
            self._take(mark)

    def _pick_up(self) -> None:
        """Begin with a layer that a reader made."""
        marks = [m for m in map(mark_of, self.viewer.layers) if m is not None]
        for mark in reversed(marks):
            if mark.opened is not None:
                self._take(mark)
                return

    def _take(self, mark: Mark) -> None:
        if mark.adata is self.session.adata:
            return
        if self.session.is_busy:
            self._adopt(mark)  # which is refused in words
        else:
            ask_first(None, self.session, lambda: self._adopt(mark), lambda: self._leave_out(mark))

    def _adopt(self, mark: Mark) -> None:
        try:
            self.session.adopt(mark.opened, mark.contents)
        except StimputeError as error:
            self.session.report(str(error), OPEN)

    def _leave_out(self, mark: Mark) -> None:
        """Take the layers of data away that are not to be opened."""
        found = [(layer, mark_of(layer)) for layer in self.viewer.layers]
        for layer in [one for one, its in found if its is not None and its.opened is mark.opened]:
            self.viewer.layers.remove(layer)

    def _on_mouse_move(self, viewer: Any, event: Any) -> None:
        place = self.stage.spot_at(event.position)
        if place != self._under_mouse:
            self._under_mouse = place
            self.hovered.emit(place)
