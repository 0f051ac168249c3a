"""One button that begins a piece of long work and cancels it, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

from psygnal import Signal

from ..errors import StimputeError
from ..job import Job, JobState
from ..progress import Progress
from .message import SILENT, Message, error
from .panel import Panel

T = TypeVar("T")


@dataclass(frozen=True)
class WorkState:
    """The button and what stands around it, as they are to be drawn.

    ``tooltip`` says what pressing the button does, or why it cannot be pressed; ``why_not`` says
    the latter in the panel itself; ``outcome`` is what came of the last work.
    """

    button: str
    tooltip: str
    is_enabled: bool
    is_running: bool
    why_not: Message = SILENT
    outcome: Message = SILENT


class Work:
    """The long work of one panel: begin, watch, cancel, and why it cannot begin.

    A job is known by its owner, so that every panel of this name, in whichever front end, shows it,
    also one that is made while it runs. `began` and `ended` are emitted with the job, `progressed`
    between, and `changed` after begin and end, and whenever the button or what stands around it may
    be different. What came of it is no longer said once other data are open.

    Parameters
    ----------
    panel : whose work it is; what it listens to ends with the panel
    owner : name of the panel's work among all jobs of a session
    title : of the button while nothing runs
    help : what the button does
    begin : called when the button is pressed
    missing : why it cannot begin, in words; "" where it can
    cancel_help : what cancelling leaves
    needs_data : whether it can begin only once data are open
    """

    changed = Signal()
    began = Signal(Job)
    progressed = Signal(Progress)
    ended = Signal(Job)

    stopping = "It stops after this step."
    """Said while a cancel is under way."""

    cancelled = "Cancelled: nothing was kept."
    """Said when work was cancelled before it returned anything; "" for nothing."""

    def __init__(
        self,
        panel: Panel[Any],
        owner: str,
        title: str,
        help: str,
        *,
        begin: Callable[[], object],
        missing: Callable[[], str] = str,
        cancel_help: str = "Stop; nothing is kept.",
        needs_data: bool = True,
    ) -> None:
        self.session, self.owner, self.title, self.help = panel.session, owner, title, help
        self._begin, self.missing, self._cancel_help = begin, missing, cancel_help
        self._needs_data = needs_data
        self.outcome = error(self.problem) if self.problem else SILENT  # of work before
        self.connections = panel.connections
        self._watched: Job[Any] | None = None
        self._started = 0.0
        self._watch(self.job)
        self.connections.add(self.session.events.job, self._follow)
        self.connections.add(self.session.events.adata, self._fall_silent)

    @property
    def job(self) -> Job[Any] | None:
        """The work that is under way here; None between."""
        job = self.session.job
        is_mine = job is not None and job.owner == self.owner
        return job if is_mine and self.session.is_busy else None

    @property
    def is_running(self) -> bool:
        """Whether work of this owner is under way."""
        return self.job is not None

    @property
    def state(self) -> WorkState:
        """What is to be drawn."""
        job = self.job
        if job is None:
            reason = self.why_wait() or self.missing()
            why_not = Message(reason)
            return WorkState(
                self.title, reason or self.help, not reason, False, why_not, self.outcome
            )
        if job.is_cancelling:
            return WorkState("Cancelling…", self.stopping, False, True)
        return WorkState("Cancel", self._cancel_help, True, True)

    def why_wait(self) -> str:
        """What else is at work, or that no data are open; "" if neither."""
        if self.session.wait or not self._needs_data or self.session.adata is not None:
            return self.session.wait
        return "Open data first."

    def press(self) -> None:
        """Do what the button says."""
        if self.is_running:
            self.session.cancel()
            self.changed.emit()
        else:
            self._begin()

    def run(
        self,
        steps: Generator[Progress, None, T],
        title: str,
        take: Callable[[T], None] | None = None,
    ) -> Job[T] | None:
        """Begin work in a thread; `take` gets what it returned. What is wrong is said."""
        self.say(SILENT)
        try:
            return self.session.work_later(steps, title, take, owner=self.owner)
        except StimputeError as problem:
            self.say(error(problem))
            return None

    def say(self, outcome: Message) -> None:
        """Say something in the place of the outcome."""
        if outcome != self.outcome:
            self.outcome = outcome
            self.changed.emit()

    def progress(self) -> tuple[float | None, str]:
        """Share that is done (None while that is unknown), and what is being done, in words."""
        job = self.job
        if job is None or job.latest is None:
            return None, "Starting…"
        latest = job.latest
        share = latest.step / latest.n_steps if latest.n_steps and latest.step else None
        left = job.seconds_left if not job.is_cancelling and self.seconds > 1 else None
        return share, self.tell(job, latest, latest.time_left(left))

    def tell(self, job: Job[Any], latest: Progress, left: str) -> str:
        """What is being done, in words.

        Parameters
        ----------
        left : the time left, in words; "" while that is unknown or not worth telling
        """
        words = ["Cancelling…" if job.is_cancelling else latest.title, left]
        return " · ".join(part for part in words if part)

    @property
    def seconds(self) -> float:
        """Seconds since the last work began."""
        return time.monotonic() - self._started

    @property
    def problem(self) -> str:
        """What went wrong in the last work of this owner, in words; "" where nothing did."""
        return self.session.problem if self.session.at_fault == self.owner else ""

    def _watch(self, job: Job[Any] | None) -> None:
        self._watched = job
        if job is not None:
            self._started = job.started or time.monotonic()  # it is shown before it is started
            self.connections.add(job.progressed, self._pass_on, thread="current")

    def _pass_on(self, progress: Progress) -> None:
        self.progressed.emit(progress)

    def _fall_silent(self) -> None:
        self.say(SILENT)

    def _follow(self) -> None:
        job = self.job
        if job is not None and job is not self._watched:
            self._watch(job)
            self.outcome = SILENT
            self.began.emit(job)
        elif job is None and self._watched is not None:
            ended, self._watched = self._watched, None
            self.connections.remove(ended.progressed)
            if self.problem:
                self.outcome = error(self.problem)
            elif ended.state is JobState.CANCELLED and ended.result is None:
                self.outcome = Message(self.cancelled)
            self.ended.emit(ended)
        self.changed.emit()
