"""Train a model: choose, set, start, watch, cancel."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import ipywidgets as widgets

from .. import keys
from ..config import ModelConfig
from ..devices import Device, devices
from ..errors import InvalidSetting, NoDevice, StimputeError
from ..job import Job, JobState
from ..models import MODELS, model_info
from ..progress import Progress
from ..session.session import Session
from .run_view import RunView
from .widgets.form import LABEL, WIDTH, ConfigForm, control, offer
from .widgets.loop import Home
from .widgets.words import Words, faint, heading

DEVICES = [("Automatic", "auto"), ("CPU", "cpu"), ("NVIDIA GPU", "cuda"), ("Apple GPU", "mps")]
"""What is offered until it is known what this machine has."""

CUSTOM = "custom"
"""What the preset menu shows once a setting was changed by hand."""


class TrainPanel:
    """Models, their settings, and the run that is under way."""

    def __init__(self, session: Session, home: Home) -> None:
        self.session, self.home = session, home
        self._job: Job[Any] | None = None
        self._models_before: dict[str, Any] = {}
        self._forms: dict[str, ConfigForm] = {}
        self._found: list[Device] = []
        self._make_head()
        self._make_run()
        self.form = self._form_of(session.model)
        self._form_place = widgets.VBox()
        self.widget = self._laid_out()
        for event in (session.events.adata, session.events.contents):
            event.connect(self._offer_columns, thread="current")
        session.events.model.connect(self._show_model, thread="current")
        session.events.job.connect(self._follow, thread="current")
        self._show_model(session.model)
        self._follow()
        self.look_for_devices()

    # ---- actions -------------------------------------------------------------------------------

    def train(self) -> Job[Any] | None:
        """Start what is set here; whatever is wrong is said beside it."""
        self._clear_words()
        try:
            config = self.form.read()
            return self.session.train(
                self.model.value,
                config,
                seed=self.seed.value,
                device=self.device.value,
                key=self.key.value.strip(),
                blend=self.blend.value,
                judged=self.judged.value,
            )
        except StimputeError as error:
            self._say(error)
        return None

    def cancel(self) -> None:
        """Stop what runs, and keep the best so far."""
        self.session.cancel()
        self._enable()

    def look_for_devices(self) -> Job[Any]:
        """List devices in the background: it needs torch, which takes a second to import."""
        self._found = found = list[Device]()

        def looking() -> Generator[Progress, None, None]:
            yield Progress("devices", 0, 1)
            found.extend(devices())
            yield Progress("devices", 1, 1)

        job: Job[Any] = Job(looking(), "Looking for devices")
        job.finished.connect(self._offer_devices, thread="current")
        job.start()
        self.home.deliver_while(lambda: job.is_running or self.session.is_busy)
        return job

    def show_preset(self, preset: str) -> None:
        """Fill the form with a named set of settings."""
        if preset in presets(self.form.config):
            with self.home.quiet():
                self.form.write(presets(self.form.config)[preset])
                self.preset.value = preset

    # ---- controls ------------------------------------------------------------------------------

    def _make_head(self) -> None:
        self.model = control(
            widgets.Dropdown, "Model", options=[(info.title, name) for name, info in MODELS.items()]
        )
        self.summary = widgets.HTML(layout=widgets.Layout(margin=f"0 0 4px calc({LABEL} + 8px)"))
        self.preset = control(
            widgets.Dropdown,
            "Preset",
            options=["default"],
            tooltip="A named set of settings: default, tiny (a quick try), paper (as published).",
        )
        self.device = control(
            widgets.Dropdown,
            "Device",
            value="auto",
            options=DEVICES,
            tooltip="What computes, and how much memory is free there.",
        )
        self.device_words = Words()
        self.seed = control(
            widgets.IntText,
            "Seed",
            value=0,
            tooltip="The same seed gives the same result on the same device.",
        )
        self.key = control(
            widgets.Text,
            "Name of result",
            placeholder="the model's name",
            tooltip="Keep this run beside others under a name of its own; empty: the model's name.",
        )
        self.blend = control(
            widgets.Checkbox,
            "Blend with simple predictors",
            value=True,
            tooltip="Mix in neighbours, components and counts where hidden molecules ask for it.",
        )
        self.judged = control(
            widgets.Checkbox,
            "Judge on hidden molecules",
            value=True,
            tooltip="A tenth of the molecules is hidden before training, to judge each gene on.",
        )
        self.home.observe(self.model, lambda: setattr(self.session, "model", self.model.value))
        self.home.observe(self.preset, lambda: self.show_preset(self.preset.value))
        self.home.observe(self.device, lambda: self.device_words.say(""))

    def _make_run(self) -> None:
        self.button = widgets.Button(description="Train", button_style="primary")
        self.button.on_click(lambda _button: self._press())
        self.reason = widgets.HTML()
        self.words = Words()
        self.run = RunView()

    def _laid_out(self) -> widgets.VBox:
        head = [self.model, self.summary, self.preset, self.device, self.device_words.widget]
        head += [self.seed, self.key, self.blend, self.judged]
        settings = widgets.VBox([*head, self._form_place])
        settings.layout.width = WIDTH
        run = widgets.VBox([self.button, self.reason, self.words.widget, self.run.widget])
        run.layout.flex, run.layout.padding = "1 1 320px", "0 0 0 16px"
        beside = widgets.HBox([settings, run])
        beside.layout.flex_flow = "row wrap"
        return widgets.VBox([heading("Train a model"), beside])

    def _offer_devices(self) -> None:
        names = [device.name for device in self._found]
        if names:
            chosen = self.device.value if self.device.value in names else "auto"
            with self.home.quiet():
                offer(self.device, [(d.title, d.name) for d in self._found], chosen)

    def _form_of(self, model: str) -> ConfigForm:
        if model not in self._forms:
            form = ConfigForm(model_info(model).config, self.session.contents.columns)
            form.connect(lambda: self.home.on_change(self._name_preset))
            self._forms[model] = form
        return self._forms[model]

    def _show_model(self, model: str) -> None:
        self.form = self._form_of(model)
        with self.home.quiet():
            self.model.value = model
        self.summary.value = faint(model_info(model).summary)
        self._form_place.children = [self.form.widget]
        self._name_preset()
        self._enable()

    def _name_preset(self) -> None:
        shown = {name: widget.value for name, widget in self.form.widgets.items()}
        config, known = self.form.config, presets(self.form.config)
        names = [n for n, values in known.items() if config.checked(values).model_dump() == shown]
        with self.home.quiet():
            offer(self.preset, [(n, n) for n in (*known, CUSTOM)], (*names, CUSTOM)[0])

    def _offer_columns(self) -> None:
        for form in self._forms.values():
            form.set_columns(self.session.contents.columns)
        self._enable()

    def _press(self) -> None:
        if self.session.is_busy:
            self.cancel()  # safe in any thread, and it must not wait for a running cell
        else:
            self.home.run(self.train)

    # ---- words ---------------------------------------------------------------------------------

    def _say(self, error: Exception) -> None:
        if isinstance(error, InvalidSetting) and error.field in self.form.fields:
            self.form.mark(error.field, str(error))
        elif isinstance(error, NoDevice):
            self.device_words.say(str(error))
        else:
            self.words.say(self.session.problem or str(error))

    def _clear_words(self) -> None:
        self.form.clear_mark()
        self.device_words.say("")
        self.words.say("")

    # ---- following the session -----------------------------------------------------------------

    def _follow(self) -> None:
        job = self.session.job
        if job is not None and self.session.is_busy and job is not self._job:
            self._watch(job)
        elif job is not None and job is self._job and not self.session.is_busy:
            self._finish(job)
        self._enable()

    def _watch(self, job: Job[Any]) -> None:
        self._job, self._models_before = job, dict(self.session.models)
        job.progressed.connect(self._take_step, thread="current")
        self._clear_words()
        self.run.begin()
        self.home.deliver_while(lambda: self.session.is_busy)

    def _take_step(self, progress: Progress) -> None:
        if self._job is not None:
            self.run.take(self._job, progress)
            self._enable()

    def _finish(self, job: Job[Any]) -> None:
        self._job = None
        before = self._models_before
        new = [key for key, model in self.session.models.items() if before.get(key) is not model]
        self.run.end(job, self.session.contents.record(new[-1]) if new else None)
        if job.state is JobState.FAILED and job.error is not None:
            self._say(job.error)
        elif self.session.problem:
            self.words.say(self.session.problem)

    def _enable(self) -> None:
        job, busy = self.session.job, self.session.is_busy
        stopping = busy and job is not None and job.is_cancelling
        reason = "It is finishing with the best so far." if stopping else self._why_not()
        self.button.description = "Cancelling…" if stopping else "Cancel" if busy else "Train"
        self.button.button_style = "" if busy else "primary"
        self.button.disabled = bool(reason)
        self.reason.value = faint(reason)

    def _why_not(self) -> str:
        """Why training cannot start now, in words; "" when it can (or when it can be cancelled)."""
        if self.session.is_busy:
            return ""
        adata, info = self.session.adata, model_info(self.session.model)
        if adata is None:
            return "Open data first."
        if "spatial" in info.needs and keys.SPATIAL not in adata.obsm:
            return f"{info.title} needs coordinates; these data have none."
        return ""


def presets(config: type[ModelConfig]) -> dict[str, dict[str, Any]]:
    """Named sets of settings of a model."""
    found: dict[str, dict[str, Any]] = getattr(config, "PRESETS", {"default": {}})
    return found
