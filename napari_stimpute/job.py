"""Run a generator of `Progress` in a thread: watch it, cancel it, and never block the viewer.

States::

    PENDING ── start() ──▶ RUNNING ──▶ DONE
                              ├─ cancel() ──▶ CANCELLED   (what was reached so far is kept)
                              └─ exception ─▶ FAILED      (kept in `error`)

Signals are emitted in the worker thread. Connect with ``thread="current"``: the receiver then runs
when its own thread delivers queued events (`psygnal.emit_queued`), which `wait` does by itself and
the front ends do on their event loops.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator
from enum import Enum
from typing import Generic, TypeVar

from psygnal import Signal, emit_queued

from .errors import Busy
from .progress import Pace, Progress, StopEarly

_MIN_INTERVAL = 0.05
"""Seconds between two `progressed` events: more would only keep the viewer busy."""


T = TypeVar("T")


class JobState(Enum):
    """Where a job stands."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


class UnderWay:
    """The jobs of this process that were started and have not ended; `began` tells of another.

    It is emitted in the thread that starts the job.
    """

    began = Signal()

    def __init__(self) -> None:
        self._jobs: set[object] = set()

    def __bool__(self) -> bool:
        return bool(self._jobs)

    def add(self, job: object) -> None:
        """One is started."""
        self._jobs.add(job)
        self.began.emit()

    def remove(self, job: object) -> None:
        """One has ended, and said so."""
        self._jobs.discard(job)


UNDER_WAY = UnderWay()


class Job(Generic[T]):
    """One piece of long work in a thread of its own.

    ``result`` is what the generator returned; None before, and where it never came so far.
    ``started`` is when, in seconds of `time.monotonic`.

    Parameters
    ----------
    steps : generator of `Progress`; it is closed when the job ends, whatever the way
    title : what the work is, for people ("Training GMM-VGAE")
    owner : whose work it is, for the program: titles may be reworded
    """

    progressed = Signal(Progress)
    finished = Signal(JobState)

    def __init__(
        self, steps: Generator[Progress, None, T], title: str = "", owner: str = ""
    ) -> None:
        self.title, self.owner = title, owner
        self.result: T | None = None
        self.state = JobState.PENDING
        self.error: BaseException | None = None
        self.latest: Progress | None = None
        self.started = 0.0
        self._steps = steps
        self._cancel = threading.Event()
        self._ended = threading.Event()
        # no daemon: one that imports or computes while Python is taken down crashes it
        self._thread = threading.Thread(target=self._work, name=f"stimpute {title}")
        self._pace = Pace()

    @property
    def is_running(self) -> bool:
        """Whether the work has begun and not ended."""
        return self.state is JobState.RUNNING

    @property
    def is_cancelling(self) -> bool:
        """Whether a cancel was asked for and the work is finishing with what it has."""
        return self.is_running and self._cancel.is_set()

    @property
    def seconds_left(self) -> float | None:
        """Seconds to the end of the running phase, or of all; None while that cannot be known.

        ``latest.time_left`` puts it into words.
        """
        return self._pace.seconds_left if self.is_running else None

    def start(self) -> Job[T]:
        """Begin. A job runs once."""
        if self.state is not JobState.PENDING:
            raise Busy(
                expected="a job that has not begun",
                found=f"one that is {self.state.value}",
                remedy="Make a new one.",
            )
        self.state, self.started = JobState.RUNNING, time.monotonic()
        UNDER_WAY.add(self)
        self._thread.start()
        return self

    def cancel(self) -> None:
        """Ask to stop after the running step; does nothing to a job that has ended."""
        self._cancel.set()

    def wait(
        self, timeout: float | None = None, on_progress: Callable[[Progress], None] | None = None
    ) -> JobState:
        """Block until the end, delivering queued events; for scripts and tests.

        Raises `TimeoutError` after `timeout` seconds.
        """
        end = None if timeout is None else time.monotonic() + timeout
        shown: Progress | None = None
        is_alive = True
        while is_alive:
            # not Thread.join: Ctrl-C within it makes Python 3.11 take a living thread for dead
            is_alive = not self._ended.wait(0.05)  # asked first: what follows then sees the end
            emit_queued()
            if on_progress is not None and self.latest is not None and self.latest is not shown:
                shown = self.latest
                on_progress(shown)
            if is_alive and end is not None and time.monotonic() > end:
                raise TimeoutError(f"{self.title or 'job'} still running after {timeout} s")
        return self.state

    def join(self) -> None:
        """Block until the end, as `wait` does, and raise what went wrong; for scripts."""
        if self.wait() is JobState.FAILED:
            assert self.error is not None
            raise self.error

    def _work(self) -> None:
        try:
            _leave_a_core_to_the_viewer()
            state = self._run_steps()
        except BaseException as error:  # noqa: BLE001  kept for whoever watches; nowhere else
            self.error, state = error, JobState.FAILED
        self.state = state
        try:
            self.finished.emit(state)
        finally:
            self._ended.set()
            UNDER_WAY.remove(self)

    def _run_steps(self) -> JobState:
        try:
            self._iterate()
        except StopEarly:
            return JobState.CANCELLED
        finally:
            self._steps.close()
        return JobState.CANCELLED if self._cancel.is_set() else JobState.DONE

    def _iterate(self) -> None:
        emitted, asked = 0.0, False
        try:
            progress = next(self._steps)
            while True:
                self.latest = progress
                self._pace.see(progress)
                is_due = time.monotonic() - emitted >= _MIN_INTERVAL
                if is_due or "validation" in progress.metrics:  # an epoch's end is always emitted
                    emitted = time.monotonic()
                    self.progressed.emit(progress)
                if not threading.main_thread().is_alive():  # the program ends, and waits for this
                    self._cancel.set()
                if self._cancel.is_set() and not asked:
                    asked = True
                    progress = self._steps.throw(StopEarly())
                else:
                    progress = next(self._steps)
        except StopIteration as end:
            self.result = end.value
            if self.latest is not None:
                self.progressed.emit(self.latest)


def _leave_a_core_to_the_viewer() -> None:
    import torch

    n_cores = os.cpu_count() or 2
    torch.set_num_threads(min(torch.get_num_threads(), max(1, n_cores - 1)))
