"""One canvas of a scene: it draws what is shown, and says what was picked or pointed at."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
from matplotlib.colors import to_hex
from matplotlib.image import imsave
from psygnal import Signal

from ...panels.legend import ENTRY_HELP, LegendPanel
from ...scene.colours import table
from ...scene.picks import HOW_HELP, how_of
from ...scene.places import Places
from ...scene.scene import Scene
from ...scene.shown import Shown, Values, colours_of
from ...scene.spot import spot_rows
from ...session.display import Picked
from ..widgets.loop import Home
from .spots import Spots, as_colours, as_order, as_places

_DARK = (0.06, 0.07, 0.08)
"""Ground where there is no tissue image."""

_STEPS = 16
"""Colours that a colour bar is made of."""

PICK_HELP = f"Drag to draw around some (L begins and ends). {HOW_HELP}"


class SpotsView:
    """Draws a scene on one map, and passes on what is done there.

    `hovered` is emitted with the number of the spot under the mouse, −1 for none.

    Parameters
    ----------
    scene : what is shown; the caller closes it
    places : where the spots lie on this canvas, None while that is not known
    nothing : why there are no places, in words
    legend : says and changes which groups are drawn
    """

    hovered = Signal(int)

    def __init__(
        self,
        scene: Scene,
        home: Home,
        places: Callable[[], Places | None],
        nothing: Callable[[], str],
        legend: LegendPanel,
    ) -> None:
        self.scene, self.home, self.legend = scene, home, legend
        self._where, self._nothing = places, nothing
        self._places: Places | None = None
        self._ordered: tuple[Places | None, Picked | None] = (None, None)
        self.is_pair = False
        self.widget = Spots(legend_help=ENTRY_HELP, pick_help=PICK_HELP)
        self.widget.on_msg(lambda _widget, message, _buffers: home.run(lambda: self._told(message)))
        scene.changed.connect(self.draw_soon, thread="current")
        legend.changed.connect(self.draw_soon, thread="current")
        self.draw()

    def set_pair(self, is_pair: bool) -> None:
        """Counts and imputed values beside one another, or what is shown alone."""
        self.is_pair = is_pair
        self.draw_soon()

    def ring(self, place: int) -> None:
        """Mark the spot that is pointed at elsewhere; −1 for none."""
        self.widget.ringed = place

    def draw_soon(self) -> None:
        """Draw in the next turn of the loop, once for all that changes until then."""
        self.home.run_once(self.draw)

    def draw(self) -> None:
        """Send the browser what has changed."""
        shown, places = self.scene.shown, self._where()
        with self.widget.hold_sync():
            self._draw_places(places)
            drawn = [] if places is None or shown is None else self._drawn(shown)
            self._draw_colours(drawn, places)
            self._draw_words(shown, drawn)
            self._draw_legend(shown)

    # ---- within --------------------------------------------------------------------------------

    def _drawn(self, shown: Shown) -> list[tuple[str, Shown]]:
        """What stands in each pane, and its name."""
        pair = self.scene.pair
        if self.is_pair and not self.scene.no_pair and not pair.why_not(shown):
            return list(zip(pair.names(), pair.drawn(), strict=True))
        return [(shown.headline or shown.caption, shown)]

    def _draw_places(self, places: Places | None) -> None:
        widget, display = self.widget, self.scene.session.display
        if places is not self._places:
            self._places = places
            widget.places = b"" if places is None else as_places(places.points)
            widget.images = [] if places is None else self._images(places)
            widget.titles = [] if places is None else _titles(places)
            widget.microns = 1.0 if places is not None and places.microns else 0.0
        if not (places is self._ordered[0] and display.picked is self._ordered[1]):
            self._ordered = (places, display.picked)
            widget.order = b"" if places is None else as_order(places.points, display.picked)
        if places is not None:
            widget.diameter = places.diameter * display.spot_size
            widget.are_square = places.are_square
        widget.outline, widget.image_opacity = display.outline, display.image_opacity
        widget.ground = list(self._ground(places) or _DARK)

    def _ground(self, places: Places | None) -> tuple[float, float, float] | None:
        has_image = places is not None and not places.map_title
        return self.scene.ground if has_image else None

    def _images(self, places: Places) -> list[dict[str, Any]]:
        found = []
        for image in places.images:
            file = BytesIO()
            imsave(file, np.ascontiguousarray(image.pixels), format="png")
            (x, y), (width, height) = image.corner, image.size
            box = np.array([x, y, width, height]) * places.per_unit
            named = zip(("x", "y", "width", "height"), box.tolist(), strict=True)
            found.append({"pixels": file.getvalue(), **dict(named)})
        return found

    def _draw_colours(self, drawn: list[tuple[str, Shown]], places: Places | None) -> None:
        ground = self._ground(places)
        sent = [as_colours(colours_of(shown, ground)) for _name, shown in drawn]
        self.widget.colours, self.widget.beside = [*sent, b"", b""][:2]

    def _draw_words(self, shown: Shown | None, drawn: list[tuple[str, Shown]]) -> None:
        self.widget.names = [name for name, _shown in drawn]
        nothing = self._nothing()
        if not nothing and shown is None:
            nothing = "Nothing is shown yet: choose a gene or a column."
        self.widget.nothing = "" if drawn else nothing

    def _draw_legend(self, shown: Shown | None) -> None:
        now, widget, is_bar = self.legend.now, self.widget, isinstance(shown, Values)
        widget.bar = bar_of(shown) if isinstance(shown, Values) else {}
        widget.legend_title = "" if is_bar else now.title
        widget.groups = [
            {
                "name": entry.name,
                "colour": to_hex(entry.colour),
                "count": entry.count,
                "is_hidden": entry.is_hidden,
                "about": now.about(entry),
            }
            for entry in (() if is_bar else now.entries)
        ]
        widget.note = "" if is_bar else now.note

    def _told(self, message: dict[str, Any]) -> None:
        """What was done in the browser."""
        picks, legend = self.scene.picks, self.legend
        match message:
            case {"kind": "hover", "place": int(place)}:
                self._point_at(place)
            case {"kind": "lasso", "outline": list(outline), "held": list(held)}:
                self._pick(np.asarray(outline, dtype=np.float64), held)
            case {"kind": "clear"}:
                picks.clear()
            case {"kind": "undo"}:
                picks.undo()
            case {"kind": "isolate", "name": str(name)}:
                legend.isolate(name)
            case {"kind": "toggle", "name": str(name)}:
                legend.toggle(name)
            case {"kind": "recolour", "name": str(name), "colour": str(colour)}:
                legend.recolour(name, colour)

    def _pick(self, outline: np.ndarray[Any, np.dtype[np.float64]], held: list[str]) -> None:
        if self._places is not None and self.scene.session.adata is not None:
            self.scene.picks.pick_within(self._places, outline[:, ::-1], how_of(held))

    def _point_at(self, place: int) -> None:
        adata = self.scene.session.adata
        is_there = adata is not None and 0 <= place < adata.n_obs
        rows = spot_rows(self.scene, place) if is_there else []
        self.widget.send({"kind": "spot", "place": place, "rows": rows})
        self.hovered.emit(place if is_there else -1)


def _titles(places: Places) -> list[dict[str, Any]]:
    """Names of sections, each above the first of its spots."""
    if places.layout is None:
        return []
    corners = (places.layout.spot_corners * places.per_unit).tolist()
    return [
        {"text": text, "x": corners[code][0], "y": corners[code][1] - places.diameter}
        for code, text in places.layout.titles.items()
    ]


def bar_of(shown: Values) -> dict[str, Any]:
    """A colour bar: its title, colours from left to right, and numbers below."""
    every = np.linspace(0, 255, _STEPS).round().astype(int)
    return {
        "title": shown.caption,
        "colours": [to_hex(colour) for colour in table(shown.colormap)[every]],
        "ticks": [list(tick) for tick in shown.ticks],
        "missing": shown.missing,
    }
