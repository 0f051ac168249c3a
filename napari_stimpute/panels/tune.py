"""Find settings: try some in the background, watch their scores, and take the best or another."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ..config import ModelConfig, form_fields
from ..errors import InvalidSetting
from ..forecast import Plan, needed_memory, too_large_for_workers
from ..job import Job, JobState
from ..memory import free_memory
from ..models import model_info
from ..progress import Progress
from ..session.session import Session
from ..tune.outcome import N_FITS, Outcome, TrialResult
from ..words import duration, number, percent
from ..workers.workers import Workers
from .menu import Entry, Menu
from .message import SILENT, Message, good
from .panel import Panel
from .work import Work, WorkState
from .workers import WorkersChoice, workers_choice

if TYPE_CHECKING:
    from ..tune.search import Tuning

EXPLAINED = (
    "Tries settings, each with three fits, and scores them without labels: hidden molecules "
    "predicted, plus clusters that stand apart, plus clusters that come again."
)
TRIALS = (2, 1000)
"""Least and most trials that can be asked for."""

TITLE, USE, KEEP_IN = "Find settings", "Use these settings", "Keep in"
TRIALS_HELP = "Settings to try in all; three fits each. After the end, a larger number goes on."
NOWHERE = "Nowhere: gone with the program"
"""Shown where no file is named."""

KEEP_HELP = (
    "Keep every trial in a file as it ends; a search with the same data and settings goes on from "
    "there."
)
LEGEND = (
    "Orange: the best so far. Bars: spread among three fits. Dashed: the settings as they were. "
    "Ring: given up after one fit. Cross: failed. Click a dot for its settings."
)


@dataclass(frozen=True)
class Setup:
    """What the form above is set to."""

    model: str
    config: ModelConfig
    seed: int
    device: str


@dataclass(frozen=True)
class TrialDot:
    """A trial as it is drawn: ``score`` is None if it has none, ``help`` says its settings."""

    number: int
    kind: Literal["best", "done", "pruned", "failed"]
    score: float | None
    spread: float
    help: str


@dataclass(frozen=True)
class TuneState:
    """What the section shows.

    ``n_trials`` are asked for; ``chosen`` is the number of a trial, −1 for none;
    ``about_trial`` are the settings of the chosen trial, or of the best.
    """

    searched: str
    n_trials: int
    workers: WorkersChoice
    study: str
    is_free: bool
    work: WorkState
    status: str
    dots: tuple[TrialDot, ...]
    chosen: int
    about_trial: str
    verdict: Message
    used: Message
    use_help: str
    can_use: bool

    @property
    def trials(self) -> Menu:
        """The trials by their scores, for where dots cannot be pressed."""
        scored = ("no score" if dot.score is None else number(dot.score) for dot in self.dots)
        best = (" (the best)" if dot.kind == "best" else "" for dot in self.dots)
        listed = zip(self.dots, scored, best, strict=True)
        offered = tuple(Entry(f"{d.number}: {s}{b}", str(d.number)) for d, s, b in listed)
        usual = next((dot.number for dot in self.dots if dot.kind == "best"), 0)
        chosen = self.chosen if self.chosen >= 0 else usual
        return Menu(offered, str(chosen) if offered else "", "The trial whose settings are shown.")

    @property
    def n_places(self) -> int:
        """Trials for which the picture has room."""
        return max(self.n_trials, len(self.dots))

    @property
    def limits(self) -> tuple[float, float]:
        """Scores at the ends of the axis, with room for spreads and for dots without a score."""
        ends = [
            dot.score + side * dot.spread
            for dot in self.dots
            for side in (-1, 1)
            if dot.score is not None
        ]
        low, high = min(ends, default=0.0), max(ends, default=1.0)
        room = 0.08 * (high - low) or 0.05
        has_lost = any(dot.score is None for dot in self.dots)
        return low - room * (2.5 if has_lost else 1.0), high + room


class Searching(Work):
    """The button of the search."""

    stopping = "The running fit is being stopped."
    cancelled = ""

    current: Callable[[], str]
    """What is being tried, in words."""

    def tell(self, job: Job[Any], latest: Progress, left: str) -> str:
        """Which fit of which trial is running."""
        if job.is_cancelling:
            return "Cancelling…"
        words = [self.current() or "Starting…", left]
        return " · ".join(part for part in words if part)


class TunePanel(Panel[TuneState]):
    """One search at a time, beginning with the settings of a form.

    Parameters
    ----------
    setup : what the form is set to; raises `InvalidSetting` if it cannot be
    use : fills the form with named settings
    missing : why the model of the session cannot be fitted to the open data, "" where it can
    """

    def __init__(
        self,
        session: Session,
        setup: Callable[[], Setup],
        use: Callable[[Mapping[str, Any]], None],
        missing: Callable[[], str],
    ) -> None:
        super().__init__(session)
        self.setup, self._use, self._missing = setup, use, missing
        self.n_trials, self.n_workers, self.study = 20, 1, ""
        self.tuning: Tuning | None = None
        self._begun_with: object = None
        self._chosen, self._status = -1, ""
        self._verdict, self._used = SILENT, SILENT
        self.work = Searching(
            self,
            "tune",
            "Search",
            "Start in the background.",
            begin=self.search,
            missing=self._why_not,
            cancel_help="Stop, and keep what was scored.",
        )
        self.work.current = lambda: "" if self.tuning is None else self.tuning.current
        self.connections.add(self.work.began, self._begin)
        self.connections.add(self.work.ended, self._end)
        self.connections.add(session.events.adata, self.forget)
        self.connections.add(session.events.model, self._follow_model)
        self.follow(self.work.changed, self.work.progressed)
        self.refresh()

    # ---- actions -------------------------------------------------------------------------------

    def set_n_trials(self, n: int) -> None:
        """Ask for so many trials in all; after the end of a search, a larger number goes on."""
        self.n_trials = n
        self.refresh()

    def choose_workers(self, n: int) -> None:
        """Have so many processes of this machine share the fits of a trial."""
        self.n_workers = n
        self.refresh()

    def keep_in(self, path: str) -> None:
        """Keep the search in a file, or go on with the one that is there; "" for no file."""
        self.study = path
        self.refresh()

    def search(self) -> Job[Any] | None:
        """Start, or go on with a search that began with the same settings."""
        try:
            setup, study = self.setup(), self.study.strip()
        except InvalidSetting:
            return None  # marked in the form
        self._used = SILENT
        if self._begun_with != (setup, study):
            self.forget()
            self._begun_with = (setup, study)
        steps = self._searching(setup, self.n_trials, Workers(self.n_workers), study)
        return self.work.run(steps, "Finding settings")

    def choose(self, trial: int) -> None:
        """Show a trial's settings, and offer them."""
        self._chosen, self._used = trial, SILENT
        self.refresh()

    def use(self) -> None:
        """Fill the form with the chosen trial's settings."""
        tuning, trial = self.tuning, self._trial()
        if tuning is not None and trial is not None:
            self._use(tuning.outcome.config_of(trial).model_dump())
            self._used = good(f"The form above holds the settings of trial {trial.number}.")
            self.refresh()

    def forget(self) -> None:
        """What was found for other data or settings is shown and chosen no longer."""
        self.tuning, self._chosen, self._status = None, -1, ""
        self._verdict, self._used = SILENT, SILENT
        self.work.say(SILENT)  # also for another model
        self.refresh()

    # ---- following -----------------------------------------------------------------------------

    def _searching(
        self, setup: Setup, n_trials: int, workers: Workers, study: str
    ) -> Generator[Progress, None, Tuning]:
        adata = self.session.adata
        assert adata is not None
        yield Progress("prepare", 0, 1)
        from ..tune.search import Search, Tuning  # torch: not before it is needed

        if self.tuning is None:
            search = Search(n_trials, setup.seed, study, device=setup.device)
            self.tuning = Tuning(adata, setup.model, setup.config, search)
        self.tuning.n_trials, self.tuning.workers = n_trials, workers
        yield from self.tuning.steps()
        return self.tuning

    def _begin(self, job: Job[Any]) -> None:
        self._verdict, self._status = SILENT, ""

    def _end(self, job: Job[Any]) -> None:
        if job.state is JobState.FAILED:
            return
        if self.tuning is None:  # another panel of this session began it
            self.tuning = job.result
        outcome, took = self._outcome(), duration(self.work.seconds)
        if outcome is None or not outcome.trials:
            self._status = f"Cancelled after {took}; nothing was scored yet."
        else:
            self._status = f"{'Done' if outcome.is_complete else 'Cancelled'} after {took}."
            tone: Literal["good", "note"] = "good" if outcome.is_better else "note"
            self._verdict = Message("\n".join(outcome.notes), tone)

    def _follow_model(self, model: str) -> None:
        if self.tuning is not None and self.tuning.model != model:
            self.forget()
        self.refresh()

    # ---- what is to be drawn -------------------------------------------------------------------

    def _outcome(self) -> Outcome | None:
        return None if self.tuning is None else self.tuning.outcome

    def _trial(self) -> TrialResult | None:
        """The trial that was chosen; the best one if none was."""
        outcome = self._outcome()
        if outcome is None or self._chosen >= len(outcome.trials):
            return None
        return outcome.best if self._chosen < 0 else outcome.trials[self._chosen]

    def _why_not(self) -> str:
        info = model_info(self.session.model)
        if not info.config.SEARCH:
            return f"{info.title} has no settings to search."
        return self._missing() or self._too_large()

    def _too_large(self) -> str:
        """Why the workers that are chosen cannot all fit at once; "" where they can."""
        adata, n = self.session.adata, min(self.n_workers, N_FITS)
        if adata is None or n == 1:
            return ""
        try:
            setup = self.setup()
        except InvalidSetting:
            return ""  # marked in the form
        needed = needed_memory(adata, Plan(setup.model, setup.config))
        return too_large_for_workers(needed, free_memory(), n)

    def _resolve(self) -> TuneState:
        trial, busy = self._trial(), self.session.is_busy
        dots = _dots(self._outcome())
        which = "best" if self._chosen < 0 else "chosen"
        use_help = f"Fill the form with the {which} trial."
        return TuneState(
            searched=self._searched(),
            n_trials=self.n_trials,
            workers=workers_choice(self.n_workers, "one fit of a trial", N_FITS),
            study=self.study,
            is_free=not busy,
            work=self.work.state,
            status=self._status,
            dots=dots,
            chosen=self._chosen,
            about_trial="" if trial is None else dots[trial.number].help,
            verdict=self._verdict,
            used=self._used,
            use_help="Wait until the work has ended." if busy else use_help,
            can_use=not busy and trial is not None,
        )

    def _searched(self) -> str:
        config = model_info(self.session.model).config
        titles = [field.title for field in form_fields(config) if field.name in config.SEARCH]
        listed = ", ".join(titles)
        return f"Searched: {listed}. The rest stays as set above." if titles else ""


def _dots(outcome: Outcome | None) -> tuple[TrialDot, ...]:
    if outcome is None:
        return ()
    best = outcome.best
    titles = {field.name: field.title for field in form_fields(type(outcome.config))}

    def help_of(trial: TrialResult) -> str:
        changed = [f"{titles[name]} {value}" for name, value in outcome.changes(trial).items()]
        lines = [f"Trial {trial.number}{', the best so far' * (trial == best)}", *_measured(trial)]
        return "\n".join([*lines, ", ".join(changed) or "The settings as they were."])

    return tuple(
        TrialDot(
            trial.number,
            "best" if trial == best else trial.state,
            trial.score,
            (trial.measures.spread or 0.0) if trial.measures is not None else 0.0,
            help_of(trial),
        )
        for trial in outcome.trials
    )


def _measured(trial: TrialResult) -> list[str]:
    m = trial.measures
    if trial.score is None or m is None:
        return [trial.reason]
    parts = {
        "Hidden molecules": None if m.molecules is None else percent(m.molecules, 1),
        "silhouette": None if m.silhouette is None else number(m.silhouette, 2),
        "stability": None if m.stability is None else number(m.stability, 2),
        "modularity": None if m.modularity is None else number(m.modularity, 2),
        "clusters": None if m.n_clusters is None else f"{m.n_clusters:.3g}",
    }
    shares = " · ".join(f"{name} {value}" for name, value in parts.items() if value is not None)
    return [f"Score {number(m.score)} ± {number(m.spread or 0.0)}", shares]
