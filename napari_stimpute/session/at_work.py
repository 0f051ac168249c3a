"""One piece of long work at a time, in a thread, and what became of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from psygnal import SignalGroupDescriptor

from ..data.readers.found import Undecided
from ..errors import Busy, StimputeError, in_words
from ..job import Job, JobState

if TYPE_CHECKING:
    from ..progress import Progress

T = TypeVar("T")
_log = logging.getLogger(__name__)


@dataclass(eq=False)
class AtWork:
    """What runs, and the last problem, of a session. A field emits an event when it is set."""

    events: ClassVar[SignalGroupDescriptor]

    job: Job[Any] | None = None
    problem: str = ""
    """The last error in words; "" when all is well."""
    at_fault: str = ""
    """Owner of the work that the last error is about."""
    undecided: Undecided | None = None
    """What must be chosen before the last file can be read; None when nothing is."""

    def __post_init__(self) -> None:
        self._take: Callable[[Any], None] | None = None
        self._is_busy = False

    def work_later(
        self,
        steps: Generator[Progress, None, T],
        title: str,
        take: Callable[[T], None] | None = None,
        *,
        owner: str = "",
    ) -> Job[T]:
        """Run long work on the open data in a thread; an error lands in `problem`.

        Parameters
        ----------
        title : what the work is, for people
        take : called with what the work returned, in the session's own thread; not if it failed, or
            was cancelled before it returned anything
        owner : whose work it is: what shows its progress knows it by this name
        """
        self._require_idle()
        job = Job(steps, title, owner)
        job.finished.connect(self._finish, thread="current")
        self._is_busy, self.problem, self.undecided, self._take = True, "", None, take
        self.job = job
        return job.start()

    def cancel(self) -> None:
        """Stop what runs, and keep the best so far; does nothing when nothing runs."""
        if self.job is not None:
            self.job.cancel()

    @property
    def is_busy(self) -> bool:
        """Whether a job is running or its results are not yet in."""
        return self._is_busy

    @property
    def wait(self) -> str:
        """What is at work, as a reason why something else cannot begin; "" while nothing is."""
        return f"Wait: “{self.job.title}” is at work." if self._is_busy and self.job else ""

    def report(self, problem: str, owner: str) -> None:
        """Say what went wrong, and in whose work; also in that of a viewer's own file menu."""
        self.at_fault, self.problem = owner, problem

    def _finish(self, state: JobState) -> None:
        job, take = self.job, self._take
        assert job is not None
        self._take, self._is_busy = None, False
        try:
            if isinstance(job.error, Undecided):
                self.undecided = job.error
            elif state is JobState.FAILED:
                self.report(in_words(job.error), job.owner)
            elif take is not None and job.result is not None:
                take(job.result)
        except StimputeError as error:
            self.report(in_words(error), job.owner)
        except Exception as error:  # noqa: BLE001  said, and logged with its traceback
            _log.exception("What %s gave could not be taken", job.title)
            self.report(in_words(error), job.owner)
        self.events.job.emit(job, job)
        job.result = None  # it was taken: data that are closed later are not kept by it

    def _require_idle(self) -> None:
        if self.is_busy:
            assert self.job is not None
            raise Busy(
                expected="nothing else running",
                found=f"“{self.job.title}” at work",
                remedy="Wait until it is done, or cancel it.",
            )
