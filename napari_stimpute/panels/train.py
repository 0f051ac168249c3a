"""Train a model: choose, set, start, watch, cancel, and how far its results can be believed."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..config import WithSections
from ..data.extend import not_modelled
from ..data.gene_choice import names_in
from ..devices import Device, devices
from ..errors import InvalidSetting, StimputeError
from ..forecast import Plan, Remaining
from ..job import Job, JobState
from ..models import model_info
from ..progress import Progress
from ..session.models import fitting_first, titled, why_not
from ..session.session import TRAIN, Session
from ..words import about
from .curve import Curve
from .forecast import ForecastPanel, Intended
from .form import Form
from .menu import Choice, Entry, Menu
from .message import SILENT, Message, error
from .panel import Panel
from .run_card import RunCard, run_card, show_best, show_groups
from .saving import Saving
from .tune import Setup, TunePanel
from .work import Work, WorkState

if TYPE_CHECKING:
    from ..models.kept import Keeps
    from ..run import Run

SEED, KEY, ALSO, BLEND, JUDGE, KEEP, EXACT = (
    "Seed",
    "Name of result",
    "Always model",
    "Blend with simple predictors",
    "Judge on hidden molecules",
    "Keep the values of all genes",
    "Deterministic on a GPU",
)
"""Titles of the options of a run."""

SETTINGS = "Settings"
"""Title of the fold that holds these options, and the model's own settings."""

MOST_SEED = 2**31 - 1
USUAL_KEY = "The model's name"
"""Shown where no name was given to a result."""

SEED_HELP = "The same seed gives the same result on the same device; on a GPU but for last digits."
EXACT_HELP = "The same seed gives the same last digits on the same GPU, too, which takes longer."
USUAL_ALSO = "Genes, with commas between"
"""Shown where no gene is modelled in any case."""

ALSO_HELP = (
    "Genes that are modelled whatever is chosen in the Data tab: type or paste names with commas "
    "between, or the path of a text file. To model one no longer, take it out and press “Model "
    "these genes” in the Data tab."
)
KEY_HELP = "Keep this run beside others under a name of its own; empty: the model's name."
BLEND_HELP = (
    "Mix the model's values, gene by gene, with simple predictors (own count, gene mean, similar "
    "neighbours, …), as far as that predicts hidden molecules better. Off: the model alone."
)
JUDGE_HELP = (
    "Hide a tenth of the molecules before training and judge each gene by them; the model is then "
    "applied to all molecules. Off: it learns from a tenth more, but no gene gets a verdict."
)
KEEP_HELP = (
    "Off: the model is kept in place of the values, and each gene is computed when it is shown, "
    "in about a second at 100,000 spots. For data whose values are too many for memory and "
    "disk. What needs all genes at once is then not offered."
)


@dataclass(frozen=True)
class Options:
    """What is set of a run beside its model's settings; an empty key is the model's name."""

    seed: int = 0
    key: str = ""
    blend: bool = True
    judged: bool = True
    keeps: Keeps = "values"
    deterministic: bool = False

    @property
    def keeps_values(self) -> bool:
        """Whether the values of all genes are kept."""
        return self.keeps == "values"

    def keeping(self, values: bool) -> Options:
        """The same, with the values of all genes kept, or the model in their place."""
        return replace(self, keeps="values" if values else "model")


@dataclass(frozen=True)
class TrainState:
    """What the tab shows.

    ``also`` are the genes that are always modelled, in one line, and ``no_also`` says what is wrong
    with them; ``is_free`` says whether anything can be set now; ``ended`` is said of a run that
    left nothing; ``card`` is about the run that is shown.
    """

    model: Menu
    summary: str
    preset: Menu
    device: Menu
    options: Options
    also: str
    no_also: Message
    is_free: bool
    work: WorkState
    ended: Message
    card: RunCard


class TrainWork(Work):
    """The button that trains."""

    stopping = "It is finishing with the best so far."
    cancelled = ""

    remaining: Remaining | None = None
    """Follows the run by what it was said to take; None where nothing was said."""

    def tell(self, job: Job[Any], latest: Progress, left: str) -> str:
        """What the model does, at which step, and for how long."""
        if job.is_cancelling:
            return "Cancelling: finishing with the best so far…"
        usually = self._usually_left(latest, job.seconds_left) if left else None
        if usually is not None:
            left = f"usually {about(usually)} left"
        words = [latest.title, f"step {latest.step:,} of {latest.n_steps:,}", left]
        return " · ".join(part for part in words if part)

    def _usually_left(self, latest: Progress, seconds: float | None) -> float | None:
        """By the forecast, at the pace of the steps that were seen.

        Parameters
        ----------
        seconds : to the end of the phase, if it does not stop early
        """
        n_left = latest.last_of_phase - latest.step
        if self.remaining is None or seconds is None or n_left < 1:
            return None
        return self.remaining.seconds(latest, seconds / n_left)


class TrainPanel(Panel[TrainState]):
    """Models, their settings, and the run that is under way; `curve` collects its steps."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.curve = Curve()
        self.options = Options()
        self._forms: dict[str, Form] = {}
        self._free_on = dict[str, int]()
        self._device = Choice(
            "What computes, and how much memory is free there.",
            [Entry("Looking for devices…", "auto")],
        )
        self._ended, self._no_also, self._also = SILENT, SILENT, ""
        self.saving = Saving(session)
        self.forecast = ForecastPanel(session, self._intended)
        self.work = TrainWork(
            self,
            TRAIN,
            "Train",
            "Learn from the open data, then impute. All else stays usable.",
            begin=self.train,
            missing=lambda: self._missing(session.model) or self.forecast.now.refusal,
            cancel_help="Stop after this step, and keep the best so far.",
        )
        self.tune = TunePanel(
            session, self.setup, lambda found: self.form.write(found), self.work.missing
        )
        self.connections.add(self.work.began, self._forget)
        self.connections.add(self.work.progressed, self.curve.add)
        self.connections.add(self.work.ended, self._end)
        self.connections.add(session.events.contents, self._offer_columns)
        self.connections.add(session.events.adata, self._forget)
        self.connections.add(session.display.changed, self._look)
        self.connections.add(session.events.also, self._forget_also)
        self.follow(self.work.changed, session.events.model, session.events.adata)
        self.follow(self.forecast.changed)
        self.refresh()

    # ---- actions -------------------------------------------------------------------------------

    def train(self) -> Job[Run] | None:
        """Start what is set here; whatever is wrong is said beside it."""
        self.work.say(self._no_also)
        if self._no_also:
            return None
        options = self.options
        known = self.forecast.known
        self.work.remaining = Remaining(known) if known else None
        try:
            return self.session.train(
                self.session.model,
                self.form.read(),
                seed=options.seed,
                device=self._device.name,
                key=options.key.strip(),
                blend=options.blend,
                judged=options.judged,
                keeps=options.keeps,
                deterministic=options.deterministic,
            )
        except StimputeError as problem:
            if not self._mark(problem):
                self.work.say(error(problem))
        return None

    def choose_model(self, name: str) -> None:
        """Set another model; each keeps the settings that it was given."""
        self.session.model = name

    def choose_preset(self, name: str) -> None:
        """Fill the form with a named set of settings."""
        self.form.choose_preset(name)

    def choose_device(self, name: str) -> None:
        """Compute elsewhere."""
        self._device.choose(name)
        self.refresh()

    def set_options(self, options: Options) -> None:
        """Set what belongs to the run, not to its model."""
        self.options = options
        self.refresh()

    def choose_also(self, text: str) -> None:
        """Set which genes are always modelled: names, or a file of them; unknown ones are said."""
        session, self._also = self.session, text
        try:
            names = names_in(text)
            if session.adata is not None:
                not_modelled(session.adata, names)
        except StimputeError as problem:
            self._no_also = error(problem)
        else:
            session.also, self._also, self._no_also = tuple(names), "", SILENT
        self.refresh()

    def show_best(self) -> None:
        """Show the gene that the run on the card imputes best."""
        show_best(self.session, self.now.card.key)

    def show_groups(self) -> None:
        """Colour by the domains, or clusters, of the run on the card."""
        show_groups(self.session, self.now.card.key)

    def look_for_devices(self) -> Job[list[Device]]:
        """List devices in the background: it needs torch, which takes a second to import."""

        def looking() -> Generator[Progress, None, list[Device]]:
            yield Progress("devices", 0, 1)
            found = devices()
            yield Progress("devices", 1, 1)
            return found

        def offer() -> None:
            if job.result:
                self._device.offer(Entry(device.title, device.name) for device in job.result)
                self._free_on = {device.name: device.free for device in job.result}
                self.refresh()

        job = Job(looking(), "Looking for devices")
        job.finished.connect(offer, thread="current")
        return job.start()

    @property
    def form(self) -> Form:
        """The settings of the model that is set."""
        name = self.session.model
        if name not in self._forms:
            contents = self.session.contents
            form = Form(model_info(name).config, contents.columns, self._found())
            form.changed.connect(self.refresh)  # its preset is shown here
            self._forms[name] = form
        return self._forms[name]

    def refresh(self) -> None:
        """Look again at what is set, and what that would take."""
        super().refresh()
        self.forecast.update()

    def setup(self) -> Setup:
        """What is set here; a bad setting raises `InvalidSetting` and is marked."""
        return Setup(self.session.model, self.form.read(), self.options.seed, self._device.name)

    def close(self) -> None:
        """Listen no longer."""
        super().close()
        self.tune.close()
        self.saving.close()
        self.forecast.close()

    # ---- following the session -----------------------------------------------------------------

    def _forget(self) -> None:
        """The last run, or one of data that were closed, is shown no longer."""
        self._ended = SILENT
        self.curve.clear()
        self.refresh()

    def _end(self, job: Job[Run]) -> None:
        if job.state is JobState.FAILED:
            if self._mark(job.error):
                self.work.say(SILENT)
            return
        if job.result is None or job.result.results is None:
            self._ended = Message("Nothing had been learned yet, so nothing is kept.")

    def _mark(self, problem: BaseException | None) -> bool:
        """Say what is wrong beside the setting that it is about; False if it is about none."""
        return isinstance(problem, InvalidSetting) and self.form.mark(problem.field, str(problem))

    def _forget_also(self) -> None:
        """What was entered and could not be used gives way to what is known now."""
        self._also, self._no_also = "", SILENT
        self.refresh()

    def _offer_columns(self) -> None:
        for form in self._forms.values():
            form.offer_columns(self.session.contents.columns, self._found())
        self.refresh()

    def _found(self) -> dict[str, str]:
        """What settings that name no column take from the data."""
        column, _n = self.session.contents.sections_told_by
        return {"section_key": column} if column else {}

    def _summary(self) -> str:
        """What the model is for; and that it learns from all sections, where there are several."""
        about, settings = model_info(self.session.model).summary, self.form.settings
        column, n = self.session.contents.sections_told_by
        if n < 2 or settings is None:
            return about
        if not isinstance(settings, WithSections) or settings.section_key:
            return about
        return (
            f"{about} It learns from all {n:,} sections, told apart by “{column}”, with no "
            "neighbours across two; another column can be chosen in the Data tab or under Settings."
        )

    def _look(self, names: frozenset[str]) -> None:
        if "source" in names:
            self.refresh()

    # ---- what is to be drawn -------------------------------------------------------------------

    def _resolve(self) -> TrainState:
        model = self.session.model
        models = tuple(
            Entry(titled(name), name, model_info(name).summary, self._missing(name))
            for name in fitting_first(self.session.adata)
        )
        return TrainState(
            model=Menu(models, model),
            summary=self._summary(),
            preset=self.form.preset,
            device=self._device.menu(),
            options=self.options,
            also=self._also or ", ".join(self.session.also),
            no_also=self._no_also,
            is_free=not self.session.is_busy,
            work=self.work.state,
            ended=self._ended,
            card=RunCard() if self.work.is_running else run_card(self.session),
        )

    def _intended(self) -> Intended:
        """What the button would run, as far as it can be."""
        model, options, config = self.session.model, self.options, self.form.settings
        if config is None or self._missing(model):
            return Intended()
        device = self._device.name
        plan = Plan(model, config, device, options.blend, options.judged, keeps=options.keeps)
        return Intended(((plan, 1),), free_on_device=self._free_on.get(device, 0))

    def _missing(self, model: str) -> str:
        return why_not(model, self.session.adata)
