"""Draw a session in a napari viewer, and keep what is drawn in step with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np
from psygnal import Signal

from ...connections import Connections
from ...errors import StimputeError
from ...scene.aspects import Aspects
from ...scene.maps import MOST_UMAP, Choice, Maps
from ...scene.picks import Picks
from ...scene.places import Places, map_places, tissue_places
from ...scene.shown import Values, column_shown
from ...session.session import Session
from .cut import uncut
from .lasso import TissueLasso
from .side_by_side import SideBySide
from .spots import image_layer, layer_name, mark_of, paint, spots_layer, waiting_layer
from .wipe import Wipe

if TYPE_CHECKING:
    from napari.layers import Layer
    from scipy.spatial import cKDTree

    from ...scene.shown import Shown
    from .spots import Mark

DEFAULT_LOW, DEFAULT_HIGH = 0.0, 99.0

_PASSING = ("second", "divider", "lasso", "waiting")
"""Layers that come and go with what is done on the canvas."""


class SpotsView:
    """The tissue image and the spots of one session in one viewer; a map without coordinates.

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
        self.places: Places | None = None
        """Where the spots are drawn; None while there is nothing to draw."""
        self.has_tissue = False
        self.map = Choice()
        """The map that is wanted in place of a tissue, if the data have no coordinates."""
        self.n_docks = 0
        """How many docks show this; it is closed by the last of them."""
        self._viewer = ref(viewer)
        self._image: Layer | None = None
        self._spots: Layer | None = None
        self._tree: cKDTree | None = None
        self._radius = 0.0
        self._drawn_map: Choice | None = None
        self._under_mouse = -1
        self.side_by_side = SideBySide(viewer, self)
        self.wipe = Wipe(viewer, self)
        self.aspects = Aspects(session)  # listens before this: it forgets what this asks anew
        self.maps, self.picks = Maps(session), Picks(session)
        self.lasso = TissueLasso(viewer, self)
        self.connections = Connections()
        events = session.events
        for event in (session.display.changed, events.job):
            self.connections.add(event, self.refresh)
        self.connections.add(events.adata, self._draw_opened)
        self.connections.add(events.contents, self._follow_written)
        self.connections.add(self.maps.changed, self._follow_maps)
        self.connections.add(viewer.layers.events.inserted, self._on_layer)
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
        """A dock has closed: with the last one, let go of session and viewer; the layers stay."""
        self.n_docks -= 1
        if self.n_docks > 0:
            return
        self.wipe.close()
        self.lasso.close()
        for part in (self, self.aspects, self.maps, self.picks):
            part.connections.close()
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
        if session.adata is None or not (session.display.column or session.display.gene):
            return None
        if session.display.column:
            shown = column_shown(session, self.colormap, self.percentiles)
            return replace(shown, picked=session.display.picked)
        source = self.drawable_source(source or session.display.source)
        shown = self.values_of(source)
        if source in session.contents.runs:
            described = {s.name: s for s in session.contents.sources}[source]
            shown = self.aspects.seen(shown, described)
        return replace(shown, picked=session.display.picked)

    def values_of(self, source: str) -> Values:
        """The shown gene by a source that has it, on the scale of all in its unit."""
        session = self.session
        values = session.expression(source=source)
        low, high = self.percentiles
        limits = session.limits(source=source, low=low, high=high)
        described = {s.name: s for s in session.contents.sources}[source]
        title = f"{session.display.gene} · {described.title}"
        picked = session.display.picked
        return Values(values, limits, self.colormap, title, described.unit, picked=picked)

    def drawable_source(self, source: str) -> str:
        """The source itself, or counts where the shown gene was not modelled."""
        session = self.session
        if source in session.contents.runs and not session.contents.is_modelled(
            session.display.gene
        ):
            return session.contents.sources[0].name
        return source

    # ---- following the session -----------------------------------------------------------------

    def refresh(self) -> None:
        """Recolour; makes the layer again if someone removed it."""
        if self.viewer is None or self.session.adata is None:
            return
        if self.no_map:
            self.changed.emit(None)
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

    def show_map(self, choice: Choice) -> None:
        """Draw data without coordinates on another map, as soon as there is that map."""
        if choice == self.map:
            return
        self.map = choice
        if self.maps.find(choice) is None:
            self.maps.draw_soon(choice)
        elif not self.has_tissue:
            self._draw_on_map()

    def _draw_opened(self) -> None:
        adata = self.session.adata
        is_small = adata is None or adata.n_obs <= MOST_UMAP
        self.map = Choice(kind="umap" if is_small else "pca")
        self._draw_anew()

    def _draw_on_map(self) -> None:
        """Draw at the places of the chosen map; a layer at other places goes away."""
        if self._spots is not None and self._spots in self.viewer.layers:
            self.wipe.stop()
            self.viewer.layers.remove(self._spots)
        self._draw_anew()

    def _follow_written(self) -> None:
        """A map, or a column, was written."""
        if self.viewer is not None and self._has_other_map():
            self._draw_on_map()
        elif self.session.display.column:
            self.refresh()

    def _has_other_map(self) -> bool:
        """Whether the wanted map came, or the drawn one was stored anew or taken away."""
        wanted = self._drawn_map if self.maps.find(self.map) is None else self.map
        if self.has_tissue or wanted is None:
            return False
        found = self.maps.find(wanted)
        if found is None or self.places is None or wanted != self._drawn_map:
            return True
        return not np.array_equal(map_places(found, "").points, self.places.points)

    def _follow_maps(self) -> None:
        """Say how a map comes on that the canvas waits for."""
        if self.no_map and self.viewer is not None:
            self._draw_map_soon()  # someone else may have asked for another one since
            self.no_map = self._why_no_map()
            self.show_title()
            self.changed.emit(None)

    def _draw_anew(self) -> None:
        """Replace our layers by those of the data that are open now."""
        if self.viewer is None:
            return
        self.side_by_side.stop()
        self.wipe.stop()
        self._remove_others()
        self._tree, self.no_map = None, ""
        self.places = self._find_places()
        self._image = self._ours("image") or self._added(self._make_image())
        self._spots = self._ours("spots") or self._added(self._make_spots())
        if self.no_map:
            self._added(waiting_layer(self.session))
        if self._image is not None:
            self._image.name = "Tissue image"
        if self._spots is not None:
            self._spots.name = layer_name(self.session)
            uncut(self._spots)
            self.viewer.layers.selection.active = self._spots
            self.refresh()
            self.viewer.reset_view()
        else:
            self.shown = None
            self.show_title()
            self.changed.emit(None)

    def _find_places(self) -> Places | None:
        """On the tissue; for data without coordinates on a map, which is drawn if there is none."""
        self.has_tissue, self._drawn_map = False, None
        if self.session.adata is None:
            return None
        try:
            places = tissue_places(self.session)
        except StimputeError:  # the data card says what is wrong with them
            found = self.maps.find(self.map)
            if found is not None:
                self._drawn_map = self.map
                return map_places(found, self.maps.title(self.map))
            self._draw_map_soon()
            self.no_map = self._why_no_map()
            return None
        self.has_tissue = True
        return places

    def _draw_map_soon(self) -> None:
        """A canvas without a tissue needs its map, however many spots there are."""
        if self.session.adata is not None:
            self.maps.draw_soon(self.map, most=self.session.adata.n_obs + 1)

    def _why_no_map(self) -> str:
        maps, title = self.maps, self.maps.title(self.map)
        if maps.problem:
            return f"No coordinates in obsm['spatial'], and no map: {maps.problem}"
        if maps.waits_for(self.map):
            return f"No coordinates in obsm['spatial']: the {title} is being drawn."
        return f"No coordinates in obsm['spatial']: press “Draw map” for the {title}."

    def _make_image(self) -> Layer | None:
        if not self.has_tissue:
            return None
        try:
            return image_layer(self.session)
        except StimputeError:  # the data card says what is wrong with it
            return None

    def _make_spots(self) -> Layer | None:
        if self.places is None:
            return None
        layer = spots_layer(self.session, self.places)
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
            if mark.adata is not self.session.adata or mark.role in _PASSING:
                self.viewer.layers.remove(layer)

    # ---- following the viewer ------------------------------------------------------------------

    def _on_layer(self, event: Any) -> None:
        mark = mark_of(event.value)
        if mark is not None and mark.opened is not None and mark.role == "spots":
            self._take(mark)

    def _pick_up(self) -> None:
        """Begin with what is there: the session's data, or a layer that a reader made."""
        if self.session.adata is not None:
            self._draw_opened()
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
        if mark is None or self.places is None:
            return -1
        place = np.asarray(position, dtype=np.float64)[-2:]
        if mark.raster is not None:
            return mark.raster.spot_at(place)
        if self._tree is None:
            self._tree = self._make_tree(self.places)
            self._radius = self.places.diameter / 2
        distance, nearest = self._tree.query(place)
        return int(nearest) if distance <= self._radius else -1

    def _make_tree(self, places: Places) -> cKDTree:
        from scipy.spatial import cKDTree

        return cKDTree(places.points)

    def show_title(self) -> None:
        """Say on the canvas what is shown; side by side, each map has its own title."""
        text = self.viewer.canvas.overlays.text
        text.position = "top_center" if self.wipe.is_split else "top_left"
        text.font_size = 11
        text.text = self._title()
        text.visible = bool(text.text) and not self.side_by_side.is_on

    def _title(self) -> str:
        if self.shown is None:
            return self.no_map
        title = self.shown.headline or self.shown.caption
        on_map = "" if self.places is None else self.places.map_title
        return f"{title}\non the {on_map}" if on_map else title
