"""Train a model: choose, set, start, watch, cancel."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from magicgui.widgets import ComboBox, LineEdit, SpinBox
from qtpy.QtCore import QTimer
from qtpy.QtGui import QStandardItemModel
from qtpy.QtWidgets import QCheckBox, QPushButton, QScrollArea, QVBoxLayout, QWidget

from ... import keys
from ...connections import Connections
from ...devices import Device
from ...errors import InvalidSetting, StimputeError
from ...job import Job
from ...models import MODELS, model_info
from ...panels.message import Tone
from ...progress import Progress
from ...session.session import Session
from ...trust.summary import adds_nothing, is_judged, run_in_words
from ..widgets.connections import is_alive
from ..widgets.form import ConfigForm, magic_rows
from ..widgets.words import Words, hint, rule
from .run_view import RunView
from .tune_section import Setup, TuneSection

_LOOKING = "Looking for devices…"
_TRAINING = "Training"
_BLEND_HELP = (
    "Mix the model's values, gene by gene, with simple predictors (own count, gene mean, similar "
    "neighbours, …), as far as that predicts hidden molecules better. Off: the model alone."
)
_JUDGE_HELP = (
    "Hide a tenth of the molecules before training and judge each gene by them; the model is then "
    "applied to all molecules. Off: it learns from a tenth more, but no gene gets a verdict."
)


def is_training(job: Job[Any]) -> bool:
    """Whether a job's errors and progress belong on this panel."""
    return job.title.startswith(_TRAINING)


class TrainPanel(QWidget):
    """Models, their settings, and the run that is under way."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._found: list[Device] = []
        self._make_head()
        self._make_run()
        self._lay_out()
        self.connections = Connections()
        self.connections.add(session.events.adata, self._follow)
        self.connections.add(session.events.job, self._follow_job)
        self.connections.add(session.events.problem, self._follow_problem)
        for event in (session.events.contents, session.display.changed):
            self.connections.add(event, self._follow_run)
        self._show_model()
        self._follow()

    # ---- actions -------------------------------------------------------------------------------

    def train(self) -> Job[Any] | None:
        """Start what is set here; whatever is wrong is said beside it."""
        self.words.say("")
        try:
            config = self.form.read()
            return self.session.train(
                self.model.value,
                config,
                seed=self.seed.value,
                device=self.device.value or "auto",
                key=self.key.value.strip(),
                blend=self.blend.isChecked(),
                judged=self.judge.isChecked(),
            )
        except InvalidSetting as error:
            self.form.mark(error.field, str(error))
        except StimputeError as error:
            self.words.say(str(error), "error")
        return None

    def look_for_devices(self) -> Job[Any]:
        """List devices in the background: it needs torch, which takes a second to import."""
        self._found = found = list[Device]()

        def looking() -> Generator[Progress, None, None]:
            from ...devices import devices

            yield Progress("devices", 0, 1)
            found.extend(devices())
            yield Progress("devices", 1, 1)

        job: Job[Any] = Job(looking(), _LOOKING)
        job.finished.connect(self._offer_devices, thread="current")
        return job.start()

    def show_preset(self, preset: str) -> None:
        """Fill the form with a named set of settings."""
        presets = getattr(self.form.config, "PRESETS", {})
        self.form.write(presets.get(preset, {}))

    def setup(self) -> Setup:
        """What is set here; a bad setting raises `InvalidSetting` and is marked."""
        device = self.device.value or "auto"
        return Setup(self.model.value, self.form.read(), self.seed.value, device)

    # ---- controls ------------------------------------------------------------------------------

    def _make_head(self) -> None:
        titles = [(info.title, name) for name, info in MODELS.items()]
        self.model = ComboBox(name="model", label="Model", choices=titles, value=self.session.model)
        self.preset = ComboBox(
            name="preset",
            label="Preset",
            choices=[("Default", "default")],
            tooltip="A named set of settings: default, tiny (a quick try), paper (as published).",
        )
        self.device = ComboBox(
            name="device",
            label="Device",
            choices=[(_LOOKING, "auto")],
            tooltip="What computes, and how much memory is free there.",
        )
        self.seed = SpinBox(
            name="seed",
            label="Seed",
            min=0,
            max=2**31 - 1,
            value=0,
            tooltip="The same seed gives the same result on the same device.",
        )
        self.key = LineEdit(
            name="key",
            label="Name of result",
            tooltip="Keep this run beside others under a name of its own; empty: the model's name.",
        )
        self.key.native.setPlaceholderText("The model's name")
        self.summary = hint("")
        self.blend = _ticked("Blend with simple predictors", _BLEND_HELP)
        self.judge = _ticked("Judge on hidden molecules", _JUDGE_HELP)
        self.head = magic_rows(
            [
                self.model,
                self.summary,
                self.preset,
                self.device,
                self.seed,
                self.key,
                self.blend,
                self.judge,
            ]
        )
        self.model.changed.connect(lambda _name: self._show_model())
        self.preset.changed.connect(self.show_preset)

    def _make_run(self) -> None:
        self.button = QPushButton("Train")
        self.button.clicked.connect(lambda: self._press())
        self.words, self.why_not = Words("error"), Words("note")
        self.tune = TuneSection(self.session, self.setup, lambda found: self.form.write(found))
        self.run_view = RunView(self.session)
        self.verdicts = Words("good")

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addWidget(self.head)
        self._form_place = QVBoxLayout()
        layout.addWidget(rule())
        layout.addLayout(self._form_place)
        layout.addWidget(self.tune)
        layout.addWidget(rule())
        for widget in (self.button, self.why_not, self.words, self.verdicts, self.run_view):
            layout.addWidget(widget)
        layout.addStretch(1)

    def _show_model(self) -> None:
        info = model_info(self.model.value)
        old = getattr(self, "form", None)
        self.form = ConfigForm(info.config, self.session.contents.columns)
        self._form_place.addWidget(self.form)
        if old is not None:
            old.hide()
            self._form_place.removeWidget(old)
            old.deleteLater()
        self.summary.setText(info.summary)
        presets = getattr(info.config, "PRESETS", {"default": {}})
        self.preset.choices = [(preset.capitalize(), preset) for preset in presets]
        self.preset.value = "default"
        self.tune.show_model(self.model.value)
        self._enable()

    def _offer_devices(self) -> None:
        if self._found and is_alive(self):  # the panel may be closed by now
            self.device.choices = [(device.title, device.name) for device in self._found]

    def _press(self) -> None:
        if self._is_training:
            self.session.cancel()
            self.run_view.draw()
            self._enable()
        else:
            self.train()

    # ---- following the session -----------------------------------------------------------------

    @property
    def _is_training(self) -> bool:
        job = self.session.job
        return self.session.is_busy and job is not None and is_training(job)

    def _follow_job(self) -> None:
        job, watched = self.session.job, self.run_view.job
        if self._is_training and job is not None and job is not watched:
            self.words.say("")
            self.run_view.watch(job)
        if watched is not None and not self.session.is_busy:
            self.run_view.finish()
            self._follow_problem()
            QTimer.singleShot(0, self._scroll_to_verdicts)  # once they are laid out
        self._enable()
        self._follow_run()

    def _follow(self) -> None:
        self.tune.forget()
        self.form.set_columns(self.session.contents.columns)
        self._enable()
        self._follow_run()

    def _follow_run(self) -> None:
        """Say how the run that is shown (else the last one) was judged."""
        session = self.session
        runs = session.contents.runs if session.adata is not None else ()
        if not runs or self._is_training:
            self.verdicts.say("")
            return
        record = session.contents.record(
            session.display.source if session.display.source in runs else runs[-1]
        )
        tone: Tone = "good" if is_judged(record) else "note"
        tone = "warning" if adds_nothing(record) else tone
        sentence = "\n".join(run_in_words(record))
        self.verdicts.say(sentence.replace(" %", "\u00a0%"), tone)  # no line ends before a %

    def _scroll_to_verdicts(self) -> None:
        place: Any = self.parentWidget() if is_alive(self) else None
        while place is not None and not isinstance(place, QScrollArea):
            place = place.parentWidget()
        if place is not None and self.verdicts.isVisible():
            place.ensureWidgetVisible(self.verdicts)

    def _follow_problem(self) -> None:
        job = self.session.job
        if job is None or not is_training(job):
            return
        error = job.error
        if isinstance(error, InvalidSetting) and error.field in self.form.fields:
            self.form.mark(error.field, str(error))
        else:
            self.words.say(self.session.problem, "error")

    def _enable(self) -> None:
        job, busy, training = self.session.job, self.session.is_busy, self._is_training
        reason = self._why_not()
        self.button.setText("Cancel" if training else "Train")
        if training and job is not None and job.is_cancelling:
            self.button.setText("Cancelling…")
            reason = "It is finishing with the best so far."
        self.button.setEnabled(not reason)
        self.button.setToolTip(reason or self._button_help(training))
        self.why_not.say("" if training else reason)
        for widget in (self.head, self.form):
            widget.setEnabled(not busy)
        self.tune.follow(self._missing(self.model.value))
        self._mark_models()

    def _button_help(self, training: bool) -> str:
        if training:
            return "Stop after this step, and keep the best so far."
        return "Learn from the open data, then impute. The viewer stays usable."

    def _why_not(self) -> str:
        """Why training cannot start now, in words; "" when it can (or when it can be cancelled)."""
        job = self.session.job
        if self._is_training:
            return ""
        if self.session.is_busy and job is not None:
            return f"Wait: “{job.title}” is at work."
        if self.session.adata is None:
            return "Open data first."
        return self._missing(self.model.value)

    def _missing(self, model: str) -> str:
        adata = self.session.adata
        needs_tissue = "spatial" in model_info(model).needs
        if adata is not None and needs_tissue and keys.SPATIAL not in adata.obsm:
            return f"{model_info(model).title} needs coordinates; these data have none."
        return ""

    def _mark_models(self) -> None:
        combo: Any = self.model.native
        items = combo.model()
        if not isinstance(items, QStandardItemModel):
            return
        for place, (name, info) in enumerate(MODELS.items()):
            item, missing = items.item(place), self._missing(name)
            if item is not None:
                item.setEnabled(not missing)
                item.setToolTip(missing or info.summary)


def _ticked(text: str, help_text: str) -> QCheckBox:
    box = QCheckBox(text)
    box.setChecked(True)
    box.setToolTip(help_text)
    return box
