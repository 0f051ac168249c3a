"""Look at a gene on the tissue: counted, and beside it what the chosen source says."""

from __future__ import annotations

import ipywidgets as widgets

from ..panels.add_gene import AddPanel
from ..panels.genes import IMAGE_HELP, MADE_OF, SIZE_HELP, GenesPanel
from ..panels.message import Message
from ..scene.figure import maps_figure
from ..scene.scene import Scene
from ..session.session import Session
from .widgets.form import CONTROL, control, offer
from .widgets.loop import Home, running_loop
from .widgets.picture import Picture
from .widgets.words import Words, heading
from .widgets.work_box import WorkBox

MOST_SUGGESTED = 3000
"""Genes offered while typing; every other one can be typed in full."""


class GenesTab:
    """Gene, source, and maps on one colour scale."""

    def __init__(self, session: Session, home: Home) -> None:
        self.panel, self.home = GenesPanel(Scene(session)), home
        self.gene = control(widgets.Combobox, "Gene", continuous_update=False)
        self.source = control(widgets.Dropdown, "Values", options=[])
        self.image = control(
            widgets.FloatSlider, "Tissue image", min=0, max=1, step=0.05, continuous_update=False
        )
        self.size = control(
            widgets.FloatSlider, "Spot size", min=0.2, max=3, step=0.1, continuous_update=False
        )
        self.image.tooltip, self.size.tooltip = IMAGE_HELP, SIZE_HELP
        self.words, self.trust, self.blend = Words(), Words("note"), Words("note")
        self.made_of = widgets.Accordion([self.blend.widget], titles=(MADE_OF,))
        self.add = AddPanel(session)
        self.lacking, self.adding = Words("note"), WorkBox(self.add.work, home)
        self.map, self._drawn = Picture(), ""
        menus = widgets.HBox([self.gene, self.source, self.image, self.size])
        menus.layout.flex_flow = "row wrap"
        for menu in menus.children:
            menu.layout.width = CONTROL
        parts = [heading("Look at a gene"), menus, self.words.widget, self.lacking.widget]
        parts += [self.adding.widget, self.trust.widget, self.made_of, self.map.widget]
        self.widget = widgets.VBox(parts)
        home.observe(self.gene, self._choose_gene)
        home.observe(self.source, lambda: self.panel.choose_source(self.source.value))
        home.observe(self.image, lambda: self.panel.choose_image_opacity(self.image.value))
        home.observe(self.size, lambda: self.panel.choose_size(self.size.value))
        self.panel.changed.connect(self._draw, thread="current")
        self.add.changed.connect(self._draw_add, thread="current")
        self.add.work.progressed.connect(self.adding.draw_progress)
        self.panel.scene.changed.connect(self._draw_soon, thread="current")
        self.panel.scene.maps.due.connect(self._draw_map_soon, thread="current")
        self._draw()
        self._draw_add()
        self._draw_soon()
        self._draw_map_soon()  # the scene may have asked for one already

    def _draw_map_soon(self) -> None:
        """Draw a wanted map once the cell is done; in a plain script nobody would see it."""
        if running_loop() is not None:
            self.home.run_once(self.panel.scene.maps.draw_wanted)

    def _choose_gene(self) -> None:
        if self.gene.value:
            self.panel.choose_gene(self.panel.search.meant(self.gene.value))

    def _draw(self) -> None:
        now, search = self.panel.now, self.panel.search
        with self.home.quiet():
            self.gene.options = search.genes[:MOST_SUGGESTED]
            if now.gene != self._drawn or not now.message:  # an unknown name stays, to be mended
                self.gene.value = self._drawn = now.gene
            offered = [e for e in now.source.entries if not e.why_not]
            offer(self.source, [(e.title, e.name) for e in offered], now.source.chosen)
            self.image.value, self.image.disabled = now.look.image_opacity, bool(now.look.no_image)
            self.size.value = now.look.size
        message = now.message or Message(now.no_map)
        self.words.say(message.text, tone=message.tone)
        self.trust.draw(now.trust)
        self.blend.say(now.blend)
        self.made_of.layout.display = None if now.badge is not None else "none"

    def _draw_add(self) -> None:
        now = self.add.now
        self.lacking.draw(now.message)
        self.adding.draw(now.work)
        self.adding.button.layout.display = None if now.is_offered else "none"
        if not now.is_offered:
            self.adding.why_not.say("")

    def _draw_soon(self) -> None:
        self.home.run_once(self.draw)

    def draw(self) -> None:
        """Draw the maps anew."""
        scene = self.panel.scene
        if self.panel.now.gene and scene.places is not None:
            self.map.show(maps_figure(scene))
        else:
            self.map.hide()
