"""The open data made fuller: what is added, the button, and what it changed."""

from __future__ import annotations

from dataclasses import replace

import ipywidgets as widgets

from ....panels.enhance import (
    COLUMN,
    DEEPEN,
    DENOISE,
    EXPLAINED,
    FACTOR,
    FACTOR_HELP,
    FACTORS,
    KIND,
    LABEL,
    MOST_CELLS,
    N_HELP,
    RAISE,
    TIME,
    TIME_HELP,
    TIMES,
    EnhancePanel,
    N,
)
from ....panels.generators import HYPOTHESIS, Generators
from ...widgets.controls import MenuBox, control, enable
from ...widgets.page import Page
from ...widgets.section import Section
from ...widgets.words import Words, show
from ...widgets.work_box import WorkBox
from .made import MadeBox


class EnhanceBox:
    """Draws what is added to a copy of the open data."""

    def __init__(self, page: Page, generators: Generators) -> None:
        self.panel, self.home = page.keep(EnhancePanel(page.session, generators)), page.home
        panel, home = self.panel, page.home
        self.kind = MenuBox(KIND, panel.choose_kind, home)
        self.column = MenuBox(COLUMN, panel.choose_column, home)
        self.label = MenuBox(LABEL, panel.choose_label, home)
        self._make_amounts()
        self.work, self.hypothesis, self.said = (
            WorkBox(panel.work, home),
            Words("warning"),
            Words("note"),
        )
        self.hypothesis.say(HYPOTHESIS)
        self.made = MadeBox(page, panel.file, panel.save_to, panel.open_made)
        menus = [self.kind.widget, self.column.widget, self.label.widget]
        self.section = Section(
            EXPLAINED,
            [*menus, self.n, self.factor, self.time, self.work.widget],
            [self.hypothesis.widget, self.said.widget, self.made.widget],
        )
        self.widget = self.section.widget
        panel.changed.connect(self._draw, thread="current")
        self._draw()

    def _make_amounts(self) -> None:
        whole, real = widgets.BoundedIntText, widgets.BoundedFloatText
        self.n = control(whole, N, min=1, max=MOST_CELLS, step=100, tooltip=N_HELP)
        low, high = FACTORS
        self.factor = control(real, FACTOR, min=low, max=high, step=0.5, tooltip=FACTOR_HELP)
        low, high = TIMES
        self.time = control(real, TIME, min=low, max=high, step=0.01, tooltip=TIME_HELP)
        for box in (self.n, self.factor, self.time):
            self.home.observe(box, self._set_amounts)

    def _set_amounts(self) -> None:
        n, factor, time = self.n.value, self.factor.value, self.time.value
        self.panel.set_amounts(replace(self.panel.amounts, n=n, factor=factor, time=time))

    def _draw(self) -> None:
        now = self.panel.now
        self.kind.draw(now.kind)
        self.column.draw(now.column)
        self.label.draw(now.label)
        with self.home.quiet():
            self.n.value, self.factor.value = now.amounts.n, now.amounts.factor
            self.time.value = now.amounts.time
        for box in (self.column.widget, self.label.widget, self.n):
            show(box, now.kind.chosen == RAISE)
        show(self.factor, now.kind.chosen == DEEPEN)
        show(self.time, now.kind.chosen == DENOISE)
        enable(now.no_options, self.n, self.factor, self.time)
        self.work.draw(now.work)
        self.said.draw(now.said)
        self.made.draw(now.wait)
        self.section.show_answer(has_answer=now.has_answer)
