"""The tab Train: a model, its settings, its button, and its run."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QCheckBox, QLineEdit, QSpinBox, QVBoxLayout, QWidget

from ...connections import Connections
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
    TrainPanel,
)
from ...panels.tune import TunePanel
from ..widgets.choice import MenuBox
from ..widgets.fold import Fold
from ..widgets.forecast import ForecastView
from ..widgets.form import ConfigForm
from ..widgets.sight import bring_into_sight
from ..widgets.words import Words, hint, labelled, rule
from ..widgets.work_box import WorkBox
from .run_card import RunCardBox
from .tune_section import TuneSection


class TrainTab(QWidget):
    """Draws the settings of one model and the run that is under way."""

    def __init__(self, panel: TrainPanel) -> None:
        super().__init__()
        self.panel = panel
        self.forms: dict[str, ConfigForm] = {}
        self._make_head()
        self.tune = TuneSection(panel.tune)
        self.forecast = ForecastView(panel.forecast)
        self.work = WorkBox(panel.work, self.forecast)
        self.card = RunCardBox(panel)
        self._lay_out()
        self.connections = Connections()
        self.connections.add(panel.changed, self._draw)
        self.connections.add(panel.work.began, self._bring_into_sight)
        self.connections.add(panel.work.ended, self._bring_into_sight)
        self.work.progress.looked.connect(self.card.draw)
        inner = (self, self.card, self.tune, self.forecast)
        self.parts = [*(part.connections for part in inner), panel]
        self._draw()

    @property
    def in_sight(self) -> TrainPanel | TunePanel:
        """What the tab is about now: the search while it is unfolded, else the training."""
        return self.panel.tune if self.tune.fold.button.isChecked() else self.panel

    @property
    def form(self) -> ConfigForm:
        """Draws the settings of the model that is set."""
        name, form = self.panel.now.model.chosen, self.panel.form
        if name not in self.forms:
            self.forms[name] = ConfigForm(form)
            self._form_place.addWidget(self.forms[name])
        return self.forms[name]

    def _make_head(self) -> None:
        panel = self.panel
        self.model, self.summary = MenuBox(panel.choose_model), hint("")
        self.preset, self.device = MenuBox(panel.choose_preset), MenuBox(panel.choose_device)
        self.seed, self.key = QSpinBox(), QLineEdit()
        self.seed.setRange(0, MOST_SEED)
        self.seed.setToolTip(SEED_HELP)
        self.key.setPlaceholderText(USUAL_KEY)
        self.key.setToolTip(KEY_HELP)
        self.also, self.no_also = QLineEdit(), Words("error")
        self.also.setPlaceholderText(USUAL_ALSO)
        self.also.setToolTip(ALSO_HELP)

        self.blend = _ticked(BLEND, BLEND_HELP)
        self.judge = _ticked(JUDGE, JUDGE_HELP)
        self.keep = _ticked(KEEP, KEEP_HELP)
        self.exact = _ticked(EXACT, EXACT_HELP)
        self.seed.valueChanged.connect(
            lambda seed: panel.set_options(replace(panel.options, seed=seed))
        )
        self.key.textEdited.connect(lambda key: panel.set_options(replace(panel.options, key=key)))
        self.also.editingFinished.connect(self._choose_also)
        self.blend.toggled.connect(lambda on: panel.set_options(replace(panel.options, blend=on)))
        self.judge.toggled.connect(lambda on: panel.set_options(replace(panel.options, judged=on)))
        self.keep.toggled.connect(lambda on: panel.set_options(panel.options.keeping(on)))
        self.exact.toggled.connect(
            lambda on: panel.set_options(replace(panel.options, deterministic=on))
        )

    def _choose_also(self) -> None:
        if self.also.isModified():  # it is also called when the cursor leaves the line
            self.also.setModified(False)
            self.panel.choose_also(self.also.text())

    def _lay_out(self) -> None:
        """The button, and what comes of it, in sight at once; what is seldom set is folded away."""
        self.head, self._options = QWidget(), QWidget()
        self.head.setLayout(labelled([("Model", self.model), ("Preset", self.preset)]))
        self._form_place = QVBoxLayout(self._options)
        self._form_place.setContentsMargins(0, 0, 0, 0)
        options = [("Device", self.device), (SEED, self.seed), (KEY, self.key), (ALSO, self.also)]
        self._form_place.addLayout(labelled(options))
        for below in (self.no_also, self.blend, self.judge, self.keep, self.exact):
            self._form_place.addWidget(below)
        self._form_place.addWidget(rule())
        self.settings = Fold(SETTINGS, self._options)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        parts = (self.head, self.summary, self.work, self.card, self.settings, self.tune)
        for widget in parts:
            layout.addWidget(widget)
        layout.addStretch(1)

    def _draw(self) -> None:
        now, form = self.panel.now, self.form
        self.model.draw(now.model)
        self.summary.setText(now.summary)
        self.preset.draw(now.preset)
        self.device.draw(now.device)
        self.seed.setValue(now.options.seed)
        if self.key.text() != now.options.key:
            self.key.setText(now.options.key)
        if not self.also.hasFocus() or not self.also.isModified():
            self.also.setText(now.also)
        self.no_also.draw(now.no_also)
        self.blend.setChecked(now.options.blend)
        self.judge.setChecked(now.options.judged)
        self.keep.setChecked(now.options.keeps_values)
        self.exact.setChecked(now.options.deterministic)
        for other in self.forms.values():
            other.setVisible(other is form)
        self.head.setEnabled(now.is_free)
        self._options.setEnabled(now.is_free)
        if self.panel.form.problems or now.no_also:
            self.settings.set_open(True)
        self.work.draw(now.work)
        self.card.draw()

    def _bring_into_sight(self) -> None:
        for part in (self.card, self.work):  # the last is seen for certain
            QTimer.singleShot(0, partial(bring_into_sight, part))  # once it is laid out


def _ticked(text: str, help_text: str) -> QCheckBox:
    box = QCheckBox(text)
    box.setChecked(True)
    box.setToolTip(help_text)
    return box
