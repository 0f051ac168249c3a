"""New cells: what they are to be, the button, and at once what they are worth."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import ipywidgets as widgets

from ....panels.generate import (
    ADVANCED,
    EXPLAINED,
    FIGURE_HELP,
    LARGER,
    MOST_CELLS,
    MOST_SEED,
    MOST_STEPS,
    N_HELP,
    SAMPLER,
    SEED,
    SEED_HELP,
    STEPS,
    STEPS_HELP,
    GeneratePanel,
    N,
)
from ....panels.generators import HYPOTHESIS, Generators
from ....panels.realism import COLUMNS
from ...widgets.controls import Button, MenuBox, control, enable
from ...widgets.figure import FigureBox
from ...widgets.grid import Grid
from ...widgets.page import Page, laid_out
from ...widgets.picture import FINE, Picture
from ...widgets.section import Section
from ...widgets.words import Words, show
from ...widgets.work_box import WorkBox
from .conditions import ConditionsBox
from .made import MadeBox


class NewCellsBox:
    """Draws an order and what came of it."""

    def __init__(self, page: Page, generators: Generators) -> None:
        self.panel, self.home = page.keep(GeneratePanel(page.session, generators)), page.home
        panel, home = self.panel, page.home
        self.conditions = ConditionsBox(panel, home)
        self._make_options()
        self.about, self.work = Words("note"), WorkBox(panel.work, home)
        self.hypothesis, self.notes = Words("warning"), Words("note")
        self.verdict, self.doubts = Words("note"), Words("warning")
        self.hypothesis.say(HYPOTHESIS)
        self.table, self.picture = Grid(COLUMNS, home), Picture()
        self.larger = Button(LARGER, partial(panel.draw_figure, FINE), home, FIGURE_HELP)
        self.figure = FigureBox(panel.figures, home)
        self.made = MadeBox(page, panel.file, panel.save_to, panel.open_made)
        controls = [self.conditions.widget, self.n, self.about.widget, self.work.widget]
        words = (self.hypothesis, self.notes, self.verdict, self.doubts)
        figures = (self.table, self.picture, self.larger, self.made)
        answer, below = laid_out(*words, *figures), laid_out(self.figure)
        self.section = Section(EXPLAINED, [*controls, self.advanced], answer, below)
        self.widget = self.section.widget
        panel.changed.connect(self._draw, thread="current")
        self._draw()

    def _make_options(self) -> None:
        panel = self.panel
        self.n = control(widgets.BoundedIntText, N, min=1, max=MOST_CELLS, step=100, tooltip=N_HELP)
        self.steps = control(
            widgets.BoundedIntText, STEPS, min=1, max=MOST_STEPS, tooltip=STEPS_HELP
        )
        self.seed = control(widgets.BoundedIntText, SEED, max=MOST_SEED, tooltip=SEED_HELP)
        for box in (self.n, self.steps, self.seed):
            self.home.observe(box, self._set_options)
        self.method = MenuBox(SAMPLER, panel.choose_method, self.home)
        inside = [self.method.widget, self.steps, self.seed, self.conditions.guidance]
        self.advanced = widgets.Accordion(
            [widgets.VBox(inside)], titles=(ADVANCED,), selected_index=None
        )

    def _set_options(self) -> None:
        n, steps, seed = self.n.value, self.steps.value, self.seed.value
        self.panel.set_options(replace(self.panel.options, n=n, n_steps=steps, seed=seed))

    def _draw(self) -> None:
        now = self.panel.now
        self.conditions.draw(now.conditions, now.no_options)
        with self.home.quiet():
            self.n.value, self.steps.value = now.options.n, now.options.n_steps
            self.seed.value = now.options.seed
        self.method.draw(now.method)
        enable(now.no_options, self.n, self.steps, self.seed)
        self.about.draw(now.about)
        self.work.draw(now.work)
        self.notes.draw(now.notes)
        self.verdict.draw(now.verdict)
        self.doubts.draw(now.doubts)
        self.table.draw(now.rows)
        show(self.table.widget, bool(now.rows))
        self.picture.show_png(now.picture, f"Real and generated cells. {HYPOTHESIS}", FINE)
        self.larger.enable(now.wait)
        show(self.larger.widget, bool(now.picture))
        self.made.draw(now.wait)
        self.section.show_answer(has_answer=now.has_answer)
