"""Train a model: its settings, its button, and its run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import ipywidgets as widgets

from ...panels.train import (
    ALSO,
    ALSO_HELP,
    BLEND,
    BLEND_HELP,
    EXACT,
    EXACT_HELP,
    JUDGE,
    JUDGE_HELP,
    KEEP,
    KEEP_HELP,
    KEY,
    KEY_HELP,
    MOST_SEED,
    SEED,
    SEED_HELP,
    SETTINGS,
    USUAL_ALSO,
    USUAL_KEY,
    Options,
    TrainPanel,
)
from ...panels.tune import TunePanel
from ..widgets.controls import LABEL, beside, control, draw
from ..widgets.forecast import ForecastView
from ..widgets.form import ConfigForm
from ..widgets.page import Page
from ..widgets.words import Hint, Words
from ..widgets.work_box import WorkBox
from .run_card import RunCardBox
from .tune import TuneSection


class TrainTab:
    """Draws the settings of one model and the run that is under way."""

    def __init__(self, page: Page) -> None:
        self.panel, self.home = page.keep(TrainPanel(page.session)), page.home
        self.forms: dict[str, ConfigForm] = {}
        self._make_head()
        self.forecast = ForecastView(self.panel.forecast, page, "train")
        self.work = WorkBox(self.panel.work, page.home, self.forecast.widget)
        self.card = RunCardBox(self.panel, page.home)
        self.tune = TuneSection(self.panel.tune, page.home)
        self.widget = self._laid_out()
        self.panel.changed.connect(self._draw)
        self.panel.curve.changed.connect(self.card.draw_curve)
        self._draw()
        self.panel.look_for_devices()

    @property
    def in_sight(self) -> TrainPanel | TunePanel:
        """What the tab is about now: the search while it is unfolded, else the training."""
        return self.panel if self.tune.widget.selected_index is None else self.panel.tune

    @property
    def form(self) -> ConfigForm:
        """Draws the settings of the model that is set."""
        name = self.panel.now.model.chosen
        if name not in self.forms:
            self.forms[name] = ConfigForm(self.panel.form, self.home)
        return self.forms[name]

    def _make_head(self) -> None:
        panel = self.panel
        self.model = self._menu("Model", panel.choose_model)
        self.summary = Hint()
        self.summary.widget.layout.margin = f"0 0 4px calc({LABEL} + 10px)"
        self.preset = self._menu("Preset", panel.choose_preset)
        self.device = self._menu("Device", panel.choose_device)
        self.seed = control(widgets.BoundedIntText, SEED, value=0, max=MOST_SEED, tooltip=SEED_HELP)
        self.key = control(widgets.Text, KEY, placeholder=USUAL_KEY, tooltip=KEY_HELP)
        self.blend = control(widgets.Checkbox, BLEND, value=True, tooltip=BLEND_HELP)
        self.judge = control(widgets.Checkbox, JUDGE, value=True, tooltip=JUDGE_HELP)
        self.keep = control(widgets.Checkbox, KEEP, value=True, tooltip=KEEP_HELP)
        self.exact = control(widgets.Checkbox, EXACT, value=False, tooltip=EXACT_HELP)
        self.also = control(widgets.Text, ALSO, placeholder=USUAL_ALSO, tooltip=ALSO_HELP)
        self.also.continuous_update, self.no_also = False, Words()
        self.home.observe(self.also, lambda: panel.choose_also(self.also.value))
        for box in (self.seed, self.key, self.blend, self.judge, self.keep, self.exact):
            self.home.observe(box, self._set_options)

    def _menu(self, title: str, choose: Callable[[str], object]) -> widgets.Dropdown:
        menu = control(widgets.Dropdown, title)
        self.home.observe(menu, lambda: choose(menu.value))
        return menu

    def _set_options(self) -> None:
        boxes = (self.seed, self.key, self.blend, self.judge)
        options = Options(*(box.value for box in boxes)).keeping(self.keep.value)
        self.panel.set_options(replace(options, deterministic=self.exact.value))

    def _laid_out(self) -> widgets.VBox:
        self._form_place = widgets.VBox()
        options = [self.device, self.seed, self.key, self.also, self.no_also.widget]
        options += [self.blend, self.judge, self.keep, self.exact, self._form_place]
        self.settings = widgets.Accordion([widgets.VBox(options)], titles=(SETTINGS,))
        settings = [self.model, self.summary.widget, self.preset, self.settings]
        run = widgets.VBox([self.work.widget, self.card.widget])
        return widgets.VBox([beside(widgets.VBox(settings), run), self.tune.widget])

    def _draw(self) -> None:
        now, form = self.panel.now, self.form
        with self.home.quiet():
            draw(self.model, now.model)
            draw(self.preset, now.preset)
            draw(self.device, now.device)
            self.seed.value, self.key.value = now.options.seed, now.options.key
            self.also.value = now.also
            self.blend.value, self.judge.value = now.options.blend, now.options.judged
            self.keep.value = now.options.keeps_values
            self.exact.value = now.options.deterministic
        self.no_also.draw(now.no_also)
        menus = (self.model, self.preset, self.device)
        boxes = (self.seed, self.key, self.also, self.blend, self.judge, self.keep, self.exact)
        for box in (*menus, *boxes, *form.widgets.values()):
            box.disabled = not now.is_free
        self.summary.say(now.summary)
        if self._form_place.children != (form.widget,):
            self._form_place.children = [form.widget]
        if self.panel.form.problems or now.no_also:
            self.settings.selected_index = 0
        self.work.draw(now.work)
        self.card.draw()
