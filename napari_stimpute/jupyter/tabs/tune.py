"""Find settings: a search in the background, its scores as dots, and the settings behind each."""

from __future__ import annotations

import ipywidgets as widgets

from ...panels.tune import (
    EXPLAINED,
    KEEP_HELP,
    KEEP_IN,
    LEGEND,
    NOWHERE,
    TITLE,
    TRIALS,
    TRIALS_HELP,
    USE,
    TunePanel,
)
from ...panels.workers import TITLE as WORKERS
from ..widgets.controls import Button, MenuBox, beside, control
from ..widgets.dots import dots_svg
from ..widgets.loop import Home
from ..widgets.words import Hint, Words, show
from ..widgets.work_box import WorkBox


class TuneSection:
    """Draws one search at a time; folded away at first."""

    def __init__(self, panel: TunePanel, home: Home) -> None:
        self.panel, self.home = panel, home
        self.searched, self.status, self.about_trial = Hint(), Hint(), Hint()
        low, high = TRIALS
        self.n_trials = control(
            widgets.BoundedIntText, "Trials", min=low, max=high, tooltip=TRIALS_HELP
        )
        most = panel.now.workers.most
        self.workers = control(widgets.BoundedIntText, WORKERS, min=1, max=most)
        self.study = control(widgets.Text, KEEP_IN, placeholder=NOWHERE, tooltip=KEEP_HELP)
        home.observe(self.n_trials, lambda: panel.set_n_trials(self.n_trials.value))
        home.observe(self.workers, lambda: panel.choose_workers(self.workers.value))
        home.observe(self.study, lambda: panel.keep_in(self.study.value))
        self.work, self.verdict, self.used = WorkBox(panel.work, home), Words("note"), Words("good")
        self.dots = widgets.HTML()
        self.trial = MenuBox("Trial", lambda number: panel.choose(int(number)), home)
        self.use = Button(USE, panel.use, home)
        controls = [Hint(EXPLAINED).widget, self.searched.widget, self.n_trials, self.workers]
        controls += [self.study, self.work.widget, self.status.widget]
        answer = [self.verdict.widget, self.dots, Hint(LEGEND).widget, self.trial.widget]
        answer += [self.about_trial.widget, self.use.widget, self.used.widget]
        self.answer = widgets.VBox(answer)
        inside = beside(widgets.VBox(controls), self.answer)
        self.widget = widgets.Accordion([inside], titles=(TITLE,), selected_index=None)
        panel.changed.connect(self._draw, thread="current")
        self._draw()

    def _draw(self) -> None:
        now = self.panel.now
        self.searched.say(now.searched)
        with self.home.quiet():
            self.n_trials.value, self.study.value = now.n_trials, now.study
            self.workers.value, self.workers.tooltip = now.workers.n, now.workers.help
        self.n_trials.disabled = self.study.disabled = not now.is_free
        self.workers.disabled = bool(now.workers.why_not) or not now.is_free
        self.work.draw(now.work)
        self.status.say(now.status)
        show(self.answer, bool(now.dots))
        self.verdict.draw(now.verdict)
        self.dots.value = dots_svg(now)
        self.trial.draw(now.trials)
        self.about_trial.say(now.about_trial)
        self.use.enable("" if now.can_use else now.use_help, now.use_help)
        self.used.draw(now.used)
