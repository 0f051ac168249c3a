"""What is to be drawn now: what is shown of the spots, and where they lie."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from psygnal import Signal

from ..connections import Connections
from ..errors import StimputeError
from ..session.edited import EDITED
from ..session.session import Session
from .aspects import Aspects
from .colours import Ground
from .computing import Computing
from .maps import MOST_UMAP, MapOf, Maps
from .pair import Pair
from .picks import Picks
from .places import Places, map_places, tissue_places
from .shown import Shown, Style, change_shown, column_shown, drawable_source, gene_shown
from .tissue import ground_of


class Scene:
    """Resolves what a session looks at to values and colours, on the tissue or on a map.

    `changed` is emitted once for each change of either. Opacity, camera, and how two sources are
    laid out belong to whatever draws this.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        self.session = session
        self.computing = Computing(session)
        self.aspects = Aspects(session, self.computing)
        self.pair = Pair(session, self.aspects)
        self.maps, self.picks = Maps(session), Picks(session)
        self.shown: Shown | None = None
        """What is shown of the spots, wherever they lie; None for nothing."""
        self.places: Places | None = None
        """Where the spots lie; None while there is nothing to draw them on."""
        self.no_map = ""
        """Why there are no places although data are open, in words; "" when there are."""
        self.has_tissue = False
        self.ground: Ground = None
        """What the tissue image pales to: white under a stain, black under fluorescence."""
        self.map = MapOf()
        """The map that is wanted in place of a tissue, if the data have no coordinates."""
        self._drawn_map: MapOf | None = None
        self.connections = Connections()
        self.connections.add(session.events.adata, self._open)  # after the maps forgot theirs
        self.connections.add(session.events.contents, self._follow_contents)
        self.connections.add(session.display.changed, self._follow_display)
        self.connections.add(self.maps.changed, self._follow_maps)
        self.connections.add(self.pair.changed, self._look)
        self.connections.add(self.computing.changed, self._look)
        self._open()
        self.computing.look()  # what is shown may have been chosen before

    def close(self) -> None:
        """Stop listening to the session."""
        for part in (self, self.computing, self.maps, self.picks):
            part.connections.close()

    @property
    def style(self) -> Style:
        """How the spots are drawn, where there are places for them."""
        display, places = self.session.display, self.places
        diameter = 1.0 if places is None else places.diameter * display.spot_size
        return Style(diameter, display.outline, self.ground)

    @property
    def no_pair(self) -> str:
        """Why counts and imputed values cannot be seen beside one another; "" where they can."""
        if self.session.adata is None:
            return "Open data first."
        return self.session.contents.no_run or self.no_map

    def shown_for(self, source: str = "") -> Shown | None:
        """What to draw for a source ("" for the session's): the column, or the gene."""
        found = self._found_for(source)
        in_sight = None if self.places is None else self.places.in_sight
        return found if found is None or in_sight is None else replace(found, in_sight=in_sight)

    def _found_for(self, source: str) -> Shown | None:
        session = self.session
        if session.adata is None or not (session.display.column or session.display.gene):
            return None
        if session.display.column:
            return column_shown(session)
        source = drawable_source(session, source or session.display.source)
        if source == EDITED and session.display.edited is not None:
            return change_shown(session, session.display.edited)
        shown = gene_shown(session, source)
        return self.aspects.seen(shown, source) if source in session.contents.runs else shown

    def show_map(self, wanted: MapOf) -> None:
        """Draw data without coordinates on another map, as soon as there is that map."""
        if wanted == self.map:
            return
        self.map = wanted
        if self.has_tissue:
            return
        if self.places is not None and self.maps.find(wanted) is None:
            self.maps.draw_soon(wanted)
        else:
            self._find_map()
            self._look()

    # ---- following the session -----------------------------------------------------------------

    def _open(self) -> None:
        """Other data are open: on their tissue, or on a map, which is drawn if there is none."""
        adata = self.session.adata
        self._adata = adata
        self.map = MapOf(kind="umap" if adata is None or adata.n_obs <= MOST_UMAP else "pca")
        self.places, self._drawn_map, self.no_map = None, None, ""
        self.has_tissue, self.ground = False, None
        if adata is not None:
            try:
                self.places = tissue_places(self.session)
                self.has_tissue = True
            except StimputeError:  # the data card says what is wrong with them
                self._find_map()
        self._find_ground()
        self._look()

    def _find_ground(self) -> None:
        images = () if self.places is None else self.places.images
        self.ground = ground_of(images[0]) if images else None

    def _follow_display(self, changed: frozenset[str]) -> None:
        if "section" in changed and self.has_tissue and self.session.adata is self._adata:
            self.places = tissue_places(self.session)
            self._find_ground()
        self._look()

    def _follow_contents(self) -> None:
        """Something was written: a run, a column, or a map."""
        if self.session.adata is None or self.session.adata is not self._adata:
            return  # other data were opened: `_open` comes next
        if not self.has_tissue:
            self._find_map()
        self._look()

    def _follow_maps(self) -> None:
        """Say how a map comes on that is waited for."""
        if self.no_map:
            self._find_map()  # someone else may have asked for another one since
            self.changed.emit()

    def _look(self) -> None:
        self.shown = self.shown_for()
        self.changed.emit()

    def _find_map(self) -> None:
        """The wanted map, or the drawn one until that is there; the same places stay the same."""
        maps, adata = self.maps, self.session.adata
        chosen = self.map if maps.find(self.map) is not None else self._drawn_map
        found = None if chosen is None else maps.find(chosen)
        if adata is None or chosen is None or found is None:
            self.places = self._drawn_map = None
            if adata is not None:  # a canvas without a tissue needs its map, however many spots
                maps.draw_soon(self.map, most=adata.n_obs + 1)
            self.no_map = self._why_no_map()
            return
        places, before = map_places(found, maps.title(chosen)), self.places
        is_other = before is None or not np.array_equal(
            places.points, before.points, equal_nan=True
        )
        if is_other or chosen != self._drawn_map:
            self.places = places
        self._drawn_map, self.no_map = chosen, ""

    def _why_no_map(self) -> str:
        maps, title = self.maps, self.maps.title(self.map)
        if maps.problem:
            return f"These data have no coordinates, and no map: {maps.problem}"
        if maps.waits_for(self.map):
            return f"These data have no coordinates: the {title} is being drawn."
        return f"These data have no coordinates: press “Draw map” for the {title}."
