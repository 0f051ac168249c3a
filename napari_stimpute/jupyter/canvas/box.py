"""Tissue and map beside one another, coloured alike, and what is picked on either."""

from __future__ import annotations

import ipywidgets as widgets

from ...panels.genes import PAIR_HELP
from ...panels.legend import LegendPanel
from ...panels.map import MapChoice
from ...panels.picks import NAME, PicksPanel
from ...scene.places import Places, map_places
from ...scene.scene import Scene
from ..widgets.controls import CONTROL, control, draw
from ..widgets.loop import Home, running_loop
from ..widgets.markup import faint
from ..widgets.words import Words
from ..widgets.work_box import WorkBox
from .view import SpotsView

PAIR, MAP = "Raw beside imputed", "Map of what they express"
_MAP_HELP = "A map of the same spots by what they express: who is picked here is picked there."
_LOW = 360
"""Pixels of height of two canvases, one below the other where there is no room beside."""


class CanvasBox:
    """Draws a scene on its tissue, and on a map; data without coordinates on the map alone."""

    def __init__(self, scene: Scene, home: Home) -> None:
        self.scene, self.home = scene, home
        self.legend, self.choice = LegendPanel(scene), MapChoice(scene.maps)
        self.picks = PicksPanel(scene.picks)
        self._map: tuple[object, Places | None] = (None, None)
        self._make_controls()
        self.spots = SpotsView(scene, home, lambda: scene.places, lambda: scene.no_map, self.legend)
        self.beside = SpotsView(
            scene, home, self._map_places, lambda: self.choice.now.nothing, self.legend
        )
        self.spots.hovered.connect(self.beside.ring)
        self.beside.hovered.connect(self.spots.ring)
        self._lay_out()
        self.choice.show_newest()
        self._connect()
        self._draw()
        self._draw_picks()
        self._draw_map_soon()  # the scene may have asked for one already

    def close(self) -> None:
        """Listen no longer."""
        for part in (self.legend, self.choice, self.picks):
            part.close()

    # ---- within --------------------------------------------------------------------------------

    def _make_controls(self) -> None:
        def check(title: str, text: str) -> widgets.Checkbox:
            box = widgets.Checkbox(description=title, indent=False, tooltip=text)
            box.layout.width = "max-content"
            return box

        self.pair, self.map = check(PAIR, PAIR_HELP), check(MAP, _MAP_HELP)
        self.no_pair = widgets.HTML()
        self.key, self.kind = control(widgets.Dropdown, "Map of"), control(widgets.Dropdown, "Kind")
        for menu in (self.key, self.kind):
            menu.layout.width = CONTROL
        self.work, self.explained = WorkBox(self.choice.work, self.home), widgets.HTML()
        self.picked, self.kept = widgets.HTML(), Words("good")
        self.undo = widgets.Button(description="Undo", tooltip="Back to who was picked before.")
        self.clear = widgets.Button(description="Clear", tooltip="Pick none (Esc).")
        self.name = widgets.Text(NAME, tooltip="Name of the column that will say who was picked.")
        self.keep = widgets.Button(description="Keep")
        for button in (self.undo, self.clear, self.keep):
            button.layout.width = "max-content"
        self.name.layout.width = "160px"

    def _lay_out(self) -> None:
        wrap = widgets.Layout(flex_flow="row wrap", align_items="center", grid_gap="4px 16px")
        self.switches = widgets.HBox([self.pair, self.map, self.no_pair], layout=wrap)
        self.menus = widgets.VBox(
            [widgets.HBox([self.key, self.kind], layout=wrap), self.work.widget, self.explained]
        )
        buttons = [self.undo, self.clear, self.name, self.keep]
        self.picking = widgets.HBox([self.picked, *buttons], layout=wrap)
        self.widget = widgets.VBox(
            [
                self.switches,
                self.spots.widget,
                self.menus,
                self.beside.widget,
                self.picking,
                self.kept.widget,
            ]
        )

    def _connect(self) -> None:
        home, scene, choice = self.home, self.scene, self.choice
        home.observe(self.pair, lambda: self.spots.set_pair(self.pair.value))
        home.observe(self.map, self._show_map)
        home.observe(self.key, lambda: choice.choose_key(self.key.value))
        home.observe(self.kind, lambda: choice.choose_kind(self.kind.value))
        self.undo.on_click(lambda _button: home.run(self.picks.picks.undo))
        self.clear.on_click(lambda _button: home.run(self.picks.picks.clear))
        self.keep.on_click(lambda _button: home.run(lambda: self.picks.keep(self.name.value)))
        self.picks.changed.connect(self._draw_picks, thread="current")
        choice.changed.connect(self._draw, thread="current")
        choice.chosen.connect(scene.show_map, thread="current")
        events = scene.session.events
        choice.connections.add(events.adata, choice.show_newest)
        choice.connections.add(events.contents, choice.follow_runs)
        choice.connections.add(events.contents, self._draw)
        choice.connections.add(scene.maps.due, self._draw_map_soon)
        scene.changed.connect(self._draw, thread="current")

    @property
    def _has_second(self) -> bool:
        return self.scene.has_tissue and bool(self.map.value)

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
        if found is not self._map[0]:
            title = self.scene.maps.title(self.choice.wanted)
            self._map = (found, None if found is None else map_places(found, title))
        return self._map[1]

    def _draw(self) -> None:
        scene, now = self.scene, self.choice.now
        with self.home.quiet():
            draw(self.key, now.key)
            draw(self.kind, now.kind)
        self.pair.disabled = bool(scene.no_pair)
        why_not = scene.no_pair if self.pair.value or scene.no_pair else ""
        if self.pair.value and not why_not and scene.shown is not None:
            why_not = scene.pair.why_not(scene.shown)
        self.no_pair.value = faint(why_not) if why_not and not scene.no_map else ""
        self.work.draw(now.work)
        is_silent = now.is_there and not now.work.is_running
        self.work.widget.layout.display = "none" if is_silent else None
        self.explained.value = faint(now.explained)
        for part, is_seen in (
            (self.map, scene.has_tissue),
            (self.menus, self._has_second or not scene.has_tissue),
            (self.beside.widget, self._has_second),
        ):
            part.layout.display = None if is_seen else "none"
        height = _LOW if self._has_second else 440
        self.spots.widget.height = self.beside.widget.height = height
        self.beside.draw_soon()

    def _draw_picks(self) -> None:
        now = self.picks.now
        self.picked.value = faint(now.picked)
        self.undo.disabled, self.clear.disabled = not now.can_undo, not now.picked
        self.keep.disabled, self.keep.tooltip = bool(now.no_keeping), now.no_keeping
        for part in (self.name, self.keep):
            part.layout.display = None if now.picked else "none"
        is_seen = bool(now.picked or now.can_undo)
        self.picking.layout.display = None if is_seen else "none"
        self.kept.draw(now.outcome)
