"""Find settings: try some in the background, watch their scores, and take the best or another."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ...config import ModelConfig, form_fields
from ...errors import InvalidSetting, StimputeError
from ...job import Job, JobState
from ...models import model_info
from ...progress import Progress
from ...session.session import Session
from ...tune.outcome import Outcome, TrialResult
from ...words import duration, number, percent
from ..widgets.fold import Fold
from ..widgets.wheel import guard_wheel
from ..widgets.words import Words, hint, labelled, sentence
from .run_view import REDRAW
from .tune_dots import TuneDots

if TYPE_CHECKING:
    from ...tune.search import Search, Tuning

TUNING = "Finding settings"
"""Title of the job whose progress and errors belong here."""

_EXPLAINED = (
    "Tries settings, each with three fits, and scores them without labels: hidden molecules "
    "predicted, plus clusters that stand apart, plus clusters that come again."
)
_LEGEND = (
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


class TuneSection(QWidget):
    """One search at a time, beginning with the settings of the form.

    Parameters
    ----------
    setup : what the form is set to; raises `InvalidSetting` if it cannot be
    use : fills the form with named settings
    """

    def __init__(
        self, session: Session, setup: Callable[[], Setup], use: Callable[[dict[str, Any]], None]
    ) -> None:
        super().__init__()
        self.session, self._setup, self._use = session, setup, use
        self.tuning: Tuning | None = None
        self._begun_with: object = None
        self._model, self._started, self._missing = "", 0.0, ""
        self._make_choice()
        self._make_answer()
        self._lay_out()
        guard_wheel(self)

    # ---- actions -------------------------------------------------------------------------------

    def search(self) -> Job[Any] | None:
        """Start, or go on with a search that began with the same settings."""
        self.words.say("")
        self.used.say("")
        try:
            setup, study = self._setup(), self.study.text().strip()
            if self._begun_with != (setup, study):
                self.forget()
                self._begun_with = (setup, study)
            self._started = time.monotonic()
            return self.session.work_later(
                self._searching(setup, self.n_trials.value(), study), TUNING
            )
        except InvalidSetting:
            pass  # marked in the form
        except StimputeError as error:
            self.words.say(str(error), "error")
        return None

    def _searching(
        self, setup: Setup, n_trials: int, study: str
    ) -> Generator[Progress, None, None]:
        adata = self.session.adata
        assert adata is not None
        yield Progress("prepare", 0, 1)
        from ...tune.search import Search, Tuning  # torch: not before it is needed

        if self.tuning is None:
            search: Search = Search(n_trials, setup.seed, study, device=setup.device or "auto")
            self.tuning = Tuning(adata, setup.model, setup.config, search)
        self.tuning.n_trials = n_trials
        yield from self.tuning.steps()

    def use(self) -> None:
        """Fill the form with the chosen trial's settings."""
        tuning, trial = self.tuning, self.trial
        if tuning is not None and trial is not None:
            self._use(tuning.outcome.config_of(trial).model_dump())
            self.used.say(f"The form above holds the settings of trial {trial.number}.", "good")

    def choose(self, number_of: int) -> None:
        """Show a trial's settings, and offer them."""
        self.dots.select(number_of)
        trial = self.trial
        self.used.say("")
        self.told.setText("" if trial is None else self._tell(trial))
        self.told.setVisible(trial is not None)
        self._enable()

    @property
    def trial(self) -> TrialResult | None:
        """The trial that was chosen; the best one if none was."""
        if self.tuning is None or self.dots.selected >= len(self.tuning.trials):
            return None
        if self.dots.selected < 0:
            return self.tuning.outcome.best
        return self.tuning.trials[self.dots.selected]

    def _press(self) -> None:
        if self.is_at_work:
            self.session.cancel()
            self._look()
            self._enable()
        else:
            self.search()

    def _ask_study(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self,
            "Keep the search in",
            "search.log",
            "Search (*.log)",
            options=QFileDialog.Option.DontConfirmOverwrite,
        )
        if path:
            self.study.setText(path)

    # ---- controls ------------------------------------------------------------------------------

    def _make_choice(self) -> None:
        self.n_trials = QSpinBox()
        self.n_trials.setRange(2, 1000)
        self.n_trials.setValue(20)
        self.n_trials.setToolTip(
            "Settings to try in all; three fits each. After the end, a larger number goes on."
        )
        self.study, self.browse = QLineEdit(), QPushButton("…")
        self.study.setPlaceholderText("Nowhere: gone with the window")
        self.study.setToolTip(
            "Keep every trial in a file as it ends; a search with the same data and settings goes "
            "on from there."
        )
        self.browse.setFixedWidth(30)
        self.browse.setToolTip("Choose a file: a new one, or one to go on with.")
        self.browse.setAccessibleName("Choose a file for the search")
        self.browse.clicked.connect(lambda: self._ask_study())
        self.searched = hint("")
        self.button = QPushButton("Search")
        self.button.clicked.connect(lambda: self._press())
        self.why_not, self.words = Words("note"), Words("error")

    def _make_answer(self) -> None:
        self.bar, self.status = QProgressBar(), hint("")
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.dots, self.told = TuneDots(lambda trial: self._tell(trial)), sentence()
        self.dots.chosen.connect(self.choose)
        self.verdict, self.used = Words("note"), Words("good")
        self.use_button = QPushButton("Use these settings")
        self.use_button.clicked.connect(lambda: self.use())
        self.legend = hint(_LEGEND)
        self._timer = QTimer(self)
        self._timer.setInterval(REDRAW)
        self._timer.timeout.connect(self._look)

    def _lay_out(self) -> None:
        inside = QWidget()
        inner = QVBoxLayout(inside)
        inner.setContentsMargins(0, 4, 0, 0)
        inner.setSpacing(8)
        place = QWidget()
        beside = QHBoxLayout(place)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.addWidget(self.study, 1)
        beside.addWidget(self.browse)
        inner.addWidget(hint(_EXPLAINED))
        inner.addWidget(self.searched)
        inner.addLayout(labelled([("Trials", self.n_trials), ("Keep in", place)]))
        self.study.setAccessibleName("Keep in")
        self.answer = QWidget()
        answer = QVBoxLayout(self.answer)
        answer.setContentsMargins(0, 0, 0, 0)
        answer.setSpacing(8)
        shown = (self.verdict, self.dots, self.legend, self.told, self.use_button, self.used)
        for widget in shown:
            answer.addWidget(widget)
        for part in (self.button, self.why_not, self.words, self.bar, self.status, self.answer):
            inner.addWidget(part)
        self.fold = Fold("Find settings", inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.fold)
        self.answer.hide()

    # ---- following -----------------------------------------------------------------------------

    @property
    def is_at_work(self) -> bool:
        """Whether a search is running."""
        job = self.session.job
        return self.session.is_busy and job is not None and job.title == TUNING

    def show_model(self, model: str) -> None:
        """Another model is set above: what was found for the one before is put away."""
        self._model = model
        config = model_info(model).config
        titles = [f.title for f in form_fields(config) if f.name in config.SEARCH]
        listed = ", ".join(titles)
        self.searched.setText(f"Searched: {listed}. The rest stays as set above.")
        self.searched.setVisible(bool(titles))
        if self.tuning is not None and self.tuning.model != model:
            self.forget()
        self.follow("")

    def forget(self) -> None:
        """What was found for other data or settings is shown and chosen no longer."""
        self.tuning = None
        self.dots.select(-1)
        for words in (self.words, self.verdict, self.used):
            words.say("")
        self.told.setText("")
        self.status.setText("")
        self.answer.hide()
        self._enable()

    def follow(self, missing: str) -> None:
        """Follow the session; `missing` says why the model cannot be fitted to these data."""
        self._missing = missing
        if self.is_at_work:
            self._timer.start()
        elif self._timer.isActive() and not self.session.is_busy:
            self._timer.stop()
            self._look()
            self._end()
        self._enable()

    def _look(self) -> None:
        """Show how far it is, and what was scored since."""
        job, tuning = self.session.job, self.tuning
        if job is None or tuning is None:
            return
        progress, left = job.latest, job.seconds_left
        has_pace = progress is not None and progress.step > 0
        self.bar.setRange(0, progress.n_steps if has_pace and progress is not None else 0)
        self.bar.setValue(progress.step if progress is not None else 0)
        until = f" · about {duration(left)} left" if left is not None else ""
        says = f"{tuning.current or 'Starting…'}{until}"
        self.status.setText("Cancelling…" if job.is_cancelling else says)
        self.status.show()
        self.dots.show_trials(tuning.trials, tuning.n_trials)
        self.answer.setVisible(bool(tuning.trials))
        self._show_best(tuning.outcome)

    def _show_best(self, outcome: Outcome) -> None:
        """Until a dot is clicked, the best is the one that is told."""
        if self.dots.selected < 0:
            self.told.setText("" if outcome.best is None else self._tell(outcome.best))
            self.told.setVisible(outcome.best is not None)
        if self.is_at_work:
            self.verdict.say("")

    def _end(self) -> None:
        job, tuning = self.session.job, self.tuning
        took = duration(time.monotonic() - self._started)
        if job is not None and job.state is JobState.FAILED:
            self.words.say(self.session.problem, "error")
            self.status.setText("")
        elif tuning is None or not tuning.trials:
            self.status.setText(f"Cancelled after {took}; nothing was scored yet.")
        else:
            outcome = tuning.outcome
            self.status.setText(f"{'Done' if outcome.is_complete else 'Cancelled'} after {took}.")
            self.verdict.say("\n".join(outcome.notes), "good" if outcome.is_better else "note")

    def _enable(self) -> None:
        at_work, job = self.is_at_work, self.session.job
        reason = "" if at_work else self._why_not()
        self.button.setText("Cancel" if at_work else "Search")
        if at_work and job is not None and job.is_cancelling:
            self.button.setText("Cancelling…")
            reason = "The running fit is being stopped."
        self.button.setEnabled(not reason)
        self.button.setToolTip(
            reason or ("Stop, and keep what was scored." if at_work else "Start in the background.")
        )
        self.why_not.say("" if at_work else reason)
        for widget in (self.n_trials, self.study, self.browse):
            widget.setEnabled(not self.session.is_busy)
        self.bar.setVisible(at_work)
        self.status.setVisible(bool(self.status.text()))
        busy, trial = self.session.is_busy, self.trial
        self.use_button.setEnabled(not busy and trial is not None)
        which = "best" if self.dots.selected < 0 else "chosen"
        self.use_button.setToolTip(
            "Wait until the work has ended." if busy else f"Fill the form with the {which} trial."
        )

    def _why_not(self) -> str:
        job = self.session.job
        if self.session.is_busy and job is not None:
            return f"Wait: “{job.title}” is at work."
        if self.session.adata is None:
            return "Open data first."
        if self._model and not model_info(self._model).config.SEARCH:
            return f"{model_info(self._model).title} has no settings to search."
        return self._missing

    def _tell(self, trial: TrialResult) -> str:
        """A trial in words: score, parts, settings."""
        tuning = self.tuning
        assert tuning is not None
        outcome = tuning.outcome
        fields = {f.name: f.title for f in form_fields(type(outcome.config))}
        changed = [f"{fields[n]} {value}" for n, value in outcome.changes(trial).items()]
        best = ", the best so far" if trial == outcome.best else ""
        lines = [f"Trial {trial.number}{best}", *_measured(trial)]
        return "\n".join([*lines, ", ".join(changed) or "The settings as they were."])


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
