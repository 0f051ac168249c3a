"""Compare methods on hidden molecules: choose them, start, watch, cancel, and keep a report."""

from __future__ import annotations

import ipywidgets as widgets

from ...panels.compare import (
    EXPLAINED,
    GENES_HELP,
    GENES_TITLE,
    KINDS,
    NO_GENES,
    REPORT_TITLE,
    SPLITS,
    SPLITS_HELP,
    SPLITS_TITLE,
    ComparePanel,
    CompareState,
    Offered,
)
from ...panels.saving import with_ending
from ...panels.scores import COLUMNS, WINNERS, Scores, genes_table, wins_figure, won_by
from ...panels.workers import TITLE as WORKERS
from ..widgets.controls import beside, control, enable
from ..widgets.forecast import ForecastView
from ..widgets.grid import Grid
from ..widgets.page import Page, laid_out
from ..widgets.picture import Picture
from ..widgets.saving import SaveBox
from ..widgets.table import TableView
from ..widgets.words import Hint, Words, heading, show
from ..widgets.work_box import WorkBox


class CompareTab:
    """Draws what can be compared, and what was found."""

    def __init__(self, page: Page) -> None:
        self.panel, self.home = page.keep(ComparePanel(page.session)), page.home
        panel, home = self.panel, page.home
        self.forecast = ForecastView(panel.forecast, page, "compare")
        self.work = WorkBox(panel.work, home, self.forecast.widget)
        self._make_choice()
        self._drawn: Scores | None = None
        self.explained, self.status = Hint(EXPLAINED), Hint()
        self.sentence, self.saved, self.about_genes = Words("good"), Words("good"), Hint()
        self.table = Grid(COLUMNS, home, sort=panel.sort)
        self.winners, self.picture = heading(WINNERS), Picture()
        self.won = TableView(genes_table(), home, page.session.display.show_gene)
        self.report = SaveBox(
            REPORT_TITLE, lambda: panel.file_name, panel.save_report, with_ending, home
        )
        right = widgets.VBox(laid_out(self.explained, self.status, self.sentence))
        top = beside(widgets.VBox([self.work.widget, self.methods]), right)
        below = laid_out(self.table, self.report, self.saved)
        below += [self.winners, self.about_genes.widget, self.picture.widget, self.won.widget]
        self.widget = widgets.VBox([top, *below])
        panel.changed.connect(self._draw, thread="current")
        panel.work.began.connect(self._fold)
        self._draw()

    def _make_choice(self) -> None:
        panel = self.panel
        self.boxes = {m.name: self._tick_box(m.name) for m in panel.now.methods}
        self.reasons = {method.name: Hint() for method in panel.now.methods}
        self.splits = control(widgets.BoundedIntText, SPLITS_TITLE, min=SPLITS[0], max=SPLITS[1])
        self.splits.tooltip = SPLITS_HELP
        most = panel.now.workers.most
        self.workers = control(widgets.BoundedIntText, WORKERS, min=1, max=most)
        self.genes = control(widgets.Text, GENES_TITLE, placeholder=NO_GENES, tooltip=GENES_HELP)
        self.home.observe(self.splits, lambda: panel.choose_splits(self.splits.value))
        self.home.observe(self.workers, lambda: panel.choose_workers(self.workers.value))
        self.home.observe(self.genes, lambda: panel.draw_genes(self.genes.value))
        self.groups = {kind: widgets.VBox() for kind in KINDS}
        listed = [
            widgets.VBox([heading(KINDS[kind]), group]) for kind, group in self.groups.items()
        ]
        inside = widgets.VBox([*listed, self.splits, self.genes, self.workers])
        self.methods = widgets.Accordion([inside], titles=("",), selected_index=0)

    def _tick_box(self, name: str) -> widgets.Checkbox:
        box = widgets.Checkbox(indent=False)
        box.layout.width = "auto"
        self.home.observe(box, lambda: self.panel.tick(name, wanted=box.value))
        return box

    def _fold(self) -> None:
        """The methods give their room to the scores."""
        self.methods.selected_index = None

    def _draw(self) -> None:
        now = self.panel.now
        self._draw_methods(now)
        self.work.draw(now.work)
        show(self.explained.widget, not now.scores.rows)
        self.status.say(now.status)
        self.sentence.draw(now.scores.sentence)
        self.table.draw(now.scores.rows, order=(now.order, not now.falls))
        show(self.table.widget, bool(now.scores.rows))
        show(self.report.widget, now.has_report)
        self.report.enable(now.no_report, now.report_help)
        self.saved.draw(now.saved)
        if now.scores != self._drawn:  # last: a figure takes a moment
            self._drawn = now.scores
            self._draw_genes(now.scores)

    def _draw_methods(self, now: CompareState) -> None:
        with self.home.quiet():
            for method in now.methods:
                self._draw_method(method, now.wait)
            self.splits.value, self.genes.value = now.n_splits, now.genes
            self.workers.value, self.workers.tooltip = now.workers.n, now.workers.help
        for kind, group in self.groups.items():
            names = [method.name for method in now.methods if method.kind == kind]
            parts = [w for n in names for w in (self.boxes[n], self.reasons[n].widget)]
            if list(group.children) != parts:
                group.children = parts
        enable(now.wait, self.splits, self.genes)
        enable(now.wait or now.workers.why_not, self.workers)
        self.methods.titles = (now.chosen,)

    def _draw_method(self, method: Offered, wait: str) -> None:
        box = self.boxes[method.name]
        box.description, box.tooltip, box.value = method.title, method.help, method.is_ticked
        box.disabled = bool(method.why_not or wait)
        self.reasons[method.name].say(method.why_not)

    def _draw_genes(self, scores: Scores) -> None:
        for part in (self.winners, self.won.widget):
            show(part, bool(scores.dots))
        self.won.table.show(won_by(scores))
        self.about_genes.say(scores.about_genes)
        if scores.dots:
            self.picture.show(wins_figure(scores), WINNERS)
        else:
            self.picture.hide()
