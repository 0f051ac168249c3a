"""Draw a session in a napari viewer, and keep what is drawn in step with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np
from psygnal import Signal

from ..errors import StimputeError
from ..session import Session
from .aspects import Aspects
from .compare import SideBySide
from .connections import Connections
from .cut import uncut
from .spots import Categories, Mark, Shown, Values, image_layer, mark_of, paint, spots_layer
from .wipe import Wipe

if TYPE_CHECKING:
    from napari.layers import Layer
    from scipy.spatial import cKDTree

DEFAULT_LOW, DEFAULT_HIGH = 0.0, 99.0


class SpotsView:
    """The tissue image and the spots of one session in one viewer.

    The session is the truth: layers follow its events. How it is drawn (colour limits, colours,
    opacity, side by side) belongs to the view. `changed` is emitted after each recolouring, with
    what the canvas shows now (None for nothing); `hovered` with the spot under the mouse, or −1.
    """

    changed = Signal(object)
    hovered = Signal(int)

    def __init__(self, viewer: Any, session: Session) -> None:
        self.session = session
        self.shown: Shown | None = None
        self.colormap = "viridis"
        self.percentiles = (DEFAULT_LOW, DEFAULT_HIGH)
        self.opacity = 1.0
        self.no_map = ""
        """Why there is nothing to draw, in words; "" when there is."""
        self._viewer = ref(viewer)
        self._image: Layer | None = None
        self._spots: Layer | None = None
        self._tree: cKDTree | None = None
        self._radius = 0.0
        self._under_mouse = -1
        self.side_by_side = SideBySide(viewer, self)
        self.wipe = Wipe(viewer, self)
        self.aspects = Aspects(session)  # listens before this: it forgets what this asks anew
        self._connections = Connections()
        for event in (session.events.gene, session.events.source, session.events.column):
            self._connections.add(event, self.refresh)
        self._connections.add(session.events.adata, self._draw_anew)
        self._connections.add(session.events.job, self.refresh)
        self._connections.add(viewer.layers.events.inserted, self._on_layer)
        viewer.mouse_move_callbacks.append(self._on_mouse_move)
        self._pick_up()

    @property
    def viewer(self) -> Any:
        """The napari viewer; None once it is closed."""
        return self._viewer()

    @property
    def layer(self) -> Layer | None:
        """The layer of spots; None if there is none."""
        return self._spots

    @property
    def image(self) -> Layer | None:
        """The layer of the tissue image; None if there is none."""
        return self._image

    def close(self) -> None:
        """Let go of session and viewer; the layers stay."""
        self.wipe.close()
        self._connections.close()
        self.aspects.connections.close()
        if self.viewer is not None and self._on_mouse_move in self.viewer.mouse_move_callbacks:
            self.viewer.mouse_move_callbacks.remove(self._on_mouse_move)

    # ---- how it is drawn -----------------------------------------------------------------------

    def set_percentiles(self, low: float, high: float) -> None:
        """Colour limits, as percentiles over the spots."""
        self.percentiles = (low, high)
        self.refresh()

    def set_colormap(self, colormap: str) -> None:
        """Colours of the values, by napari's name."""
        self.colormap = colormap
        self.refresh()

    def set_opacity(self, opacity: float) -> None:
        """Opacity of the spots, 0–1."""
        self.opacity = opacity
        for layer in (self._spots, self.side_by_side.layer, self.wipe.layer):
            if layer is not None:
                layer.opacity = opacity

    def shown_for(self, source: str = "") -> Shown | None:
        """What to draw for a source ("" for the session's): the column, or the gene."""
        session = self.session
        if session.adata is None:
            return None
        if session.column:
            codes, names, palette = session.labels()
            return Categories(codes, names, palette, session.column)
        if not session.gene:
            return None
        source = self.drawable_source(source or session.source)
        shown = self.values_of(source)
        said = {s.name: s for s in session.sources}[source]
        return self.aspects.seen(shown, said) if source in session.runs else shown

    def values_of(self, source: str) -> Values:
        """The shown gene by a source that has it, on the scale of all in its unit."""
        session = self.session
        values = session.expression(source=source)
        low, high = self.percentiles
        limits = session.limits(source=source, low=low, high=high)
        said = {s.name: s for s in session.sources}[source]
        title = f"{session.gene} · {said.title}"
        return Values(values, limits, self.colormap, title, said.unit)

    def drawable_source(self, source: str) -> str:
        """The source itself, or counts where the shown gene was not modelled."""
        session = self.session
        if source in session.runs and not session.is_modelled(session.gene):
            return session.sources[0].name
        return source

    # ---- following the session -----------------------------------------------------------------

    def refresh(self) -> None:
        """Recolour; makes the layer again if someone removed it."""
        if self.viewer is None or self.session.adata is None or self.no_map:
            return
        if self._spots is None or self._spots not in self.viewer.layers:
            self._draw_anew()
            return
        self.shown = self.shown_for()
        if self.shown is not None and self.wipe.is_on:
            self.shown = self.wipe.repaint(self.shown)
        elif self.shown is not None:
            paint(self._spots, self.shown)
            self.side_by_side.repaint()
        self.show_title()
        self.changed.emit(self.shown)

    def _draw_anew(self) -> None:
        """Replace our layers by those of the data that are open now."""
        if self.viewer is None:
            return
        self.side_by_side.stop()
        self.wipe.stop()
        self._remove_others()
        self._tree, self.no_map = None, ""
        self._image = self._ours("image") or self._added(self._make_image())
        try:
            self._spots = self._ours("spots") or self._added(self._make_spots())
        except StimputeError as error:
            self._spots, self.no_map = None, str(error)
        if self._image is not None:
            self._image.name = "Tissue image"
        if self._spots is not None:
            self._spots.name = "Spots"
            uncut(self._spots)
            self.viewer.layers.selection.active = self._spots
            self.refresh()
            self.viewer.reset_view()
        else:
            self.shown = None
            self.show_title()
            self.changed.emit(None)

    def _make_image(self) -> Layer | None:
        try:
            return image_layer(self.session)
        except StimputeError:  # the data card says what is wrong with it
            return None

    def _make_spots(self) -> Layer | None:
        if self.session.adata is None:
            return None
        layer = spots_layer(self.session)
        layer.opacity = self.opacity
        return layer

    def _added(self, layer: Layer | None) -> Layer | None:
        if layer is not None:
            self.viewer.add_layer(layer)
        return layer

    def _ours(self, role: str) -> Layer | None:
        """The layer that draws the open data already, for example from a file reader."""
        for layer in self.viewer.layers:
            mark = mark_of(layer)
            if mark is not None and mark.adata is self.session.adata and mark.role == role:
                return layer
        return None

    def _remove_others(self) -> None:
        """Remove layers of other data, and what a closed panel left of a comparison."""
        for layer in list(self.viewer.layers):
            mark = mark_of(layer)
            if mark is None:
                continue
            if mark.adata is not self.session.adata or mark.role in ("second", "divider"):
                self.viewer.layers.remove(layer)

    # ---- following the viewer ------------------------------------------------------------------

    def _on_layer(self, event: Any) -> None:
        mark = mark_of(event.value)
        if mark is not None and mark.opened is not None and mark.role == "spots":
            self._take(mark)

    def _pick_up(self) -> None:
        """Begin with what is there: the session's data, or a layer that a reader made."""
        if self.session.adata is not None:
            self._draw_anew()
            return
        marks = [m for m in map(mark_of, self.viewer.layers) if m is not None]
        for mark in reversed(marks):
            if mark.opened is not None:
                self._take(mark)
                return

    def _take(self, mark: Mark) -> None:
        if mark.adata is self.session.adata:
            return
        try:
            self.session.adopt(mark.opened)
        except StimputeError as error:
            self.session.problem = str(error)

    def _on_mouse_move(self, viewer: Any, event: Any) -> None:
        place = self.spot_at(event.position)
        if place != self._under_mouse:
            self._under_mouse = place
            self.hovered.emit(place)

    def spot_at(self, position: Any) -> int:
        """Number of the spot at a place of the canvas (y, x last), or −1."""
        mark = mark_of(self._spots) if self._spots is not None else None
        if mark is None or self.session.adata is None:
            return -1
        place = np.asarray(position, dtype=np.float64)[-2:]
        if mark.raster is not None:
            return mark.raster.spot_at(place)
        if self._tree is None:
            self._tree = self._make_tree()
            self._radius = self.session.spot_diameter / 2
        distance, nearest = self._tree.query(place)
        return int(nearest) if distance <= self._radius else -1

    def _make_tree(self) -> cKDTree:
        from scipy.spatial import cKDTree

        from ..data.graph import spatial_coordinates

        return cKDTree(spatial_coordinates(self.session.adata)[:, ::-1])

    def show_title(self) -> None:
        """Say on the canvas what is shown; side by side, each map has its own title."""
        text = self.viewer.canvas.overlays.text
        text.position = "top_center" if self.wipe.is_split else "top_left"
        text.font_size = 11
        text.text = "" if self.shown is None else self.shown.headline or self.shown.caption
        text.visible = self.shown is not None and not self.side_by_side.is_on
