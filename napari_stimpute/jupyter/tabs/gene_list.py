"""All modelled genes with their verdicts: sort, filter, walk through them, export."""

from __future__ import annotations

import ipywidgets as widgets

from ...panels.gene_list import VALUES, VALUES_HELP, GeneListPanel
from ...panels.saving import with_ending
from ..widgets.controls import Button, MenuBox
from ..widgets.page import Page
from ..widgets.saving import SaveBox
from ..widgets.table import TableView
from ..widgets.words import Hint, show


class GeneListBox:
    """Draws the list of one run's genes; pressing a name shows the gene."""

    def __init__(self, page: Page) -> None:
        self.panel, self._page = page.keep(GeneListPanel(page.session)), page
        panel, home = self.panel, page.home
        self.about, self.nothing = Hint(), Hint()
        self.verdict = MenuBox("Verdict", panel.choose_verdict, home)
        self.elsewhere = Button(
            "",
            panel.show_elsewhere,
            home,
            "Show its counts; adding it to the modelled genes is offered.",
        )
        self.table = TableView(
            panel.table,
            home,
            page.session.display.show_gene,
            save=panel.save,
            search=panel.search,
        )
        self.values = SaveBox(
            VALUES.rstrip("…"), lambda: panel.values_name, panel.save_values, with_ending, home
        )
        self.found = widgets.VBox([self.verdict.widget, self.table.widget, self.values.widget])
        self.found.children += (self.elsewhere.widget,)
        self.widget = widgets.VBox([self.about.widget, self.found, self.nothing.widget])
        panel.changed.connect(self._draw, thread="current")
        page.looked.connect(self._look)
        self._look()
        self._draw()

    def _look(self) -> None:
        self.panel.watch(is_watched=self._page.in_sight == "genes")

    def _draw(self) -> None:
        now = self.panel.now
        show(self.found, not now.nothing)
        self.about.say("" if now.nothing else now.about)
        self.nothing.say(now.nothing)
        self.verdict.draw(now.verdict)
        self.table.export.enable("" if now.n_listed else now.export_help, now.export_help)
        self.values.enable(now.no_values, VALUES_HELP)
        self.table.saved.draw(now.message)
        self.elsewhere.widget.description = f"Show {now.elsewhere}"
        show(self.elsewhere.widget, bool(now.elsewhere))
        self.table.mark(self.panel.session.display.gene)
