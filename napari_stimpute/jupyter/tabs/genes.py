"""Look at a gene on the tissue, or on a map, and at whether to believe it."""

from __future__ import annotations

import ipywidgets as widgets

from ...panels.add_gene import AddPanel
from ...panels.genes import MADE_OF, GenesPanel
from ...panels.message import Message
from ...panels.saving import figure_path
from ...scene.scene import Scene
from ..canvas.box import CanvasBox
from ..widgets import markup
from ..widgets.controls import Button, MenuBox, beside, row
from ..widgets.gene_box import GeneBox
from ..widgets.page import Page
from ..widgets.saving import SaveBox
from ..widgets.words import Words, show
from ..widgets.work_box import WorkBox
from .gene_display import DisplayBox
from .gene_list import GeneListBox


class GenesTab:
    """Gene, source and verdict; how they are drawn; the list of all genes; and the canvas."""

    def __init__(self, page: Page) -> None:
        self.page, self.home = page, page.home
        self.scene = page.keep(Scene(page.session))
        self.panel = page.keep(GenesPanel(self.scene))
        self.add = page.keep(AddPanel(page.session))
        self._make_controls()
        self.display = DisplayBox(self.panel, page.home)
        self.list = GeneListBox(page)
        self.canvas = page.keep(CanvasBox(self.scene, page.home))
        self.widget = self._laid_out()
        self.panel.changed.connect(self._draw, thread="current")
        self.add.changed.connect(self._draw_add, thread="current")
        self._draw()
        self._draw_add()

    def _make_controls(self) -> None:
        panel, home = self.panel, self.home
        self.gene = GeneBox("Gene", lambda: panel.search, panel.choose_gene, home)
        self.source = MenuBox("Values", panel.choose_source, home)
        self.chip = widgets.HTML()
        self.words, self.trust, self.blend = Words(), Words("note"), Words("note")
        self.made_of = widgets.Accordion([self.blend.widget], titles=(MADE_OF,))
        self.lacking, self.adding = Words("note"), WorkBox(self.add.work, home)
        self.flip = Button("⇄ Raw / imputed", panel.flip, home, "Flip between counts and imputed.")
        self.figure = SaveBox(
            "Save figure",
            lambda: f"{panel.now.gene or 'gene'}.png",
            panel.save_figure,
            figure_path,
            home,
        )
        self.saved = Words("good")

    def _laid_out(self) -> widgets.VBox:
        head = [self.gene.widget, self.source.widget, row(self.flip.widget, self.chip)]
        head += [self.words.widget, self.lacking.widget, self.adding.widget, self.trust.widget]
        listed = widgets.Accordion([self.list.widget], titles=("Gene list",), selected_index=0)
        parts = [self.canvas.widget, self.figure.widget, self.saved.widget]
        left = widgets.VBox([*head, self.made_of, self.display.widget])
        return widgets.VBox([beside(left, widgets.VBox([*parts, listed]))])

    def _draw(self) -> None:
        now = self.panel.now
        self.gene.show_gene(now.gene)
        self.gene.widget.disabled = bool(now.not_open)
        self.source.draw(now.source)
        self.flip.enable(now.no_run)
        message = now.message or Message(now.no_map)
        self.words.say(message.text, tone=message.tone)
        self.chip.value = "" if now.badge is None else markup.chip(now.badge.verdict)
        self.trust.draw(now.trust)
        self.blend.say(now.blend)
        show(self.made_of, now.badge is not None)
        self.figure.enable(now.no_figure, now.figure_help)
        self.saved.draw(now.saved)
        self.display.draw(now)

    def _draw_add(self) -> None:
        now = self.add.now
        self.lacking.draw(now.message)
        self.adding.draw(now.work)
        show(self.adding.button, now.is_offered)
        if not now.is_offered:
            self.adding.why_not.say("")
