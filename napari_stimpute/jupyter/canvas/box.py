"""Tissue and map beside one another, coloured alike, and what is picked on either."""

from __future__ import annotations

import ipywidgets as widgets

from ...panels.genes import PAIR_HELP
from ...panels.legend import LegendPanel
from ...panels.map import MapChoice
from ...panels.picks import CLEAR_HELP, KEEP_HELP, NAME, NAME_HELP, UNDO_HELP, PicksPanel
from ...panels.regions import RegionsPanel
from ...panels.sections import GRID, SectionsPanel
from ...scene.places import Places, map_places
from ...scene.scene import Scene
from ..widgets.controls import Button, MenuBox, row
from ..widgets.loop import Home, running_loop
from ..widgets.words import Hint, Words, show
from .choice import MapChoiceBox
from .region_box import RegionBox
from .view import SpotsView

PAIR, MAP = "Raw beside imputed", "Map of what they express"
_MAP_HELP = "A map of the same spots by what they express: who is picked here is picked there."
_HIGH, _LOW = 440, 360
"""Pixels of height of a canvas, and of two."""


class CanvasBox:
    """Draws a scene on its tissue, and on a map; data without coordinates on the map alone."""

    def __init__(self, scene: Scene, home: Home) -> None:
        self.scene, self.home = scene, home
        self.legend, self.choice = LegendPanel(scene), MapChoice(scene.maps)
        self.picks, self.sections = PicksPanel(scene.picks), SectionsPanel(scene)
        self.regions = RegionBox(RegionsPanel(scene), home)
        self._found: tuple[object, Places | None] = (None, None)
        self._make_controls()
        self.spots = SpotsView(scene, home, lambda: scene.places, self._nothing, self.legend)
        self.beside = SpotsView(
            scene, home, self._map_places, lambda: self.choice.now.nothing, self.legend
        )
        self.widget = self._laid_out()
        self.choice.show_newest()
        self._connect()
        self._draw()
        self._draw_picks()
        self._draw_sections()
        self._draw_map_soon()  # the scene may have asked for one already

    def close(self) -> None:
        """Listen no longer."""
        parts = (self.legend, self.choice, self.picks, self.sections, self.regions.panel)
        for part in parts:
            part.close()

    # ---- controls ------------------------------------------------------------------------------

    def _make_controls(self) -> None:
        home, picks, panel = self.home, self.picks.picks, self.picks
        self.pair, self.map = _check(PAIR, PAIR_HELP), _check(MAP, _MAP_HELP)
        sections = self.sections
        self.section = MenuBox("Section", sections.choose, home)
        self.before = Button("‹", lambda: sections.step(-1), home, "The section before.")
        self.next = Button("›", sections.step, home, "The next section.")
        self.grid = widgets.ToggleButton(description=GRID)
        for part in (self.before.widget, self.next.widget, self.grid):
            part.layout.width, part.layout.min_width = "max-content", "36px"
        home.observe(self.grid, lambda: sections.set_grid(self.grid.value))
        self.no_pair, self.menus = Hint(), MapChoiceBox(self.choice, home)
        self.picked, self.kept = Hint(), Words("good")
        self.undo = Button("Undo", picks.undo, home, UNDO_HELP)
        self.clear = Button("Clear", picks.clear, home, CLEAR_HELP)
        self.name = widgets.Text(NAME, tooltip=NAME_HELP)
        self.name.layout.width = "160px"
        self.keep = Button("Keep", lambda: panel.keep(self.name.value), home, KEEP_HELP)

    def _laid_out(self) -> widgets.VBox:
        buttons = (self.undo, self.clear, self.keep)
        undo, clear, keep = (button.widget for button in buttons)
        self.picking = row(self.picked.widget, undo, clear, self.name, keep)
        steps = (self.before.widget, self.next.widget, self.grid)
        self.which = row(self.section.widget, *steps)
        parts = [self.which, row(self.pair, self.map), self.no_pair.widget, self.spots.widget]
        parts += [self.menus.widget, self.beside.widget, self.picking, self.kept.widget]
        parts.append(self.regions.widget)
        return widgets.VBox(parts)

    def _connect(self) -> None:
        home, scene, choice = self.home, self.scene, self.choice
        home.observe(self.pair, lambda: self.spots.set_pair(self.pair.value))
        home.observe(self.map, self._show_map)
        self.spots.hovered.connect(self.beside.ring)
        self.beside.hovered.connect(self.spots.ring)
        self.picks.changed.connect(self._draw_picks, thread="current")
        self.sections.changed.connect(self._draw_sections, thread="current")
        choice.changed.connect(self._draw, thread="current")
        choice.chosen.connect(scene.show_map, thread="current")
        scene.changed.connect(self._draw, thread="current")
        scene.maps.due.connect(self._draw_map_soon, thread="current")
        events = scene.session.events
        choice.connections.add(events.adata, choice.show_newest)
        choice.connections.add(events.contents, self._follow_runs)

    # ---- within --------------------------------------------------------------------------------

    @property
    def _has_second(self) -> bool:
        return self.scene.has_tissue and bool(self.map.value)

    def _follow_runs(self) -> None:
        """The map beside a tissue is of the newest run; one in its place stays as chosen."""
        if self.scene.has_tissue:
            self.choice.follow_runs()

    def _nothing(self) -> str:
        return self.scene.no_map if self.scene.session.adata is not None else "Open data first."

    def _show_map(self) -> None:
        if self._has_second and not self.choice.now.is_there:
            self.choice.draw_soon()
        self._draw()

    def _draw_map_soon(self) -> None:
        """Draw a wanted map once the cell is done; in a plain script nobody would see it."""
        if running_loop() is not None:
            self.home.run_once(self.scene.maps.draw_wanted)

    def _map_places(self) -> Places | None:
        """Of the second canvas: the chosen map, laid out once."""
        if not self._has_second:
            return None
        found = self.scene.maps.find(self.choice.wanted)
        if found is not self._found[0]:
            title = self.scene.maps.title(self.choice.wanted)
            self._found = (found, None if found is None else map_places(found, title))
        return self._found[1]

    def _draw(self) -> None:
        scene = self.scene
        if not scene.has_tissue and self.choice.wanted != scene.map:
            self.choice.show(scene.map)
        self.pair.disabled = bool(scene.no_pair)
        is_asked = self.pair.value and not scene.no_pair and scene.shown is not None
        why_not = scene.pair.why_not(scene.shown) if is_asked and scene.shown is not None else ""
        self.no_pair.say(why_not)
        self.pair.tooltip = scene.no_pair or PAIR_HELP
        show(self.map, scene.has_tissue)
        is_open = scene.session.adata is not None
        show(self.menus.widget, is_open and (self._has_second or not scene.has_tissue))
        show(self.beside.widget, self._has_second)
        self.spots.widget.height = self.beside.widget.height = _LOW if self._has_second else _HIGH
        self.beside.draw_soon()

    def _draw_sections(self) -> None:
        now = self.sections.now
        show(self.which, now.is_offered)
        self.section.draw(now.menu)
        self.grid.tooltip = now.grid_help
        with self.home.quiet():
            self.grid.value = now.is_grid

    def _draw_picks(self) -> None:
        now = self.picks.now
        self.picked.say(now.picked)
        self.undo.enable("" if now.can_undo else "Nothing was picked before.")
        self.clear.enable("" if now.picked else "Nothing is picked.")
        self.keep.enable(now.no_keeping)
        show(self.name, bool(now.picked))
        show(self.keep.widget, bool(now.picked))
        show(self.picking, bool(now.picked or now.can_undo))
        self.kept.draw(now.outcome)


def _check(title: str, help: str) -> widgets.Checkbox:
    box = widgets.Checkbox(description=title, indent=False, tooltip=help)
    box.layout.width, box.layout.margin = "max-content", "2px 14px 2px 2px"
    return box
