"""Progress at a terminal: what happens, how long it will take, and Ctrl-C."""

from __future__ import annotations

import math
import shutil
import sys
import time
from typing import Any, TextIO, TypeVar

from .job import Job, JobState
from .progress import Progress
from .words import duration, shown

T = TypeVar("T")

_REWRITE_EVERY = 0.2  # seconds, where one line is rewritten
_LINE_EVERY = 5.0  # seconds, where each report is a new line (a log file, a cluster job)
_LINE_SHARE = 0.1  # of the whole work, if that comes sooner


class Teller:
    """Sentences go to standard output, progress to standard error.

    On a terminal progress is one line that is rewritten, elsewhere a new line now and then.

    Parameters
    ----------
    quiet : say nothing
    stream : where progress goes; standard error if not given
    """

    def __init__(self, *, quiet: bool = False, stream: TextIO | None = None) -> None:
        self.quiet = quiet
        self._stream = stream if stream is not None else sys.stderr
        self._rewrites = self._stream.isatty()
        self._reported = -math.inf
        self._share = -1.0
        self._message = ""

    def say(self, *sentences: str) -> None:
        """Print sentences, one per line."""
        for sentence in sentences if not self.quiet else ():
            print(shown(sentence), flush=True)

    def warn(self, sentence: str) -> None:
        """Print a sentence on standard error, also when quiet."""
        self._end_line()
        print(shown(sentence), file=self._stream, flush=True)

    def progress(self, title: str, progress: Progress, seconds_left: float | None) -> None:
        """Report a step, unless the last report was a moment ago."""
        if progress.message and progress.message != self._message:
            self._message = progress.message
            self._end_line()
            self.say(progress.message)
        share = progress.step / max(1, progress.n_steps)
        if not self.quiet and self._is_due(share):
            self._reported, self._share = time.monotonic(), share
            self._put(shown(progress_line(title, progress, seconds_left)))

    def done(self, title: str, seconds: float) -> None:
        """Report that work has ended, and begin anew."""
        if not self.quiet:
            self._put(f"{title} · done in {duration(seconds)}")
        self._end_line()
        self._reported, self._share, self._message = -math.inf, -1.0, ""

    def _is_due(self, share: float) -> bool:
        waited = time.monotonic() - self._reported
        if self._rewrites:
            return waited >= _REWRITE_EVERY
        return waited >= _LINE_EVERY or (waited >= 1 and share - self._share >= _LINE_SHARE)

    def _put(self, line: str) -> None:
        if self._rewrites:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write(f"\r\x1b[K{line[:width]}")
        else:
            self._stream.write(line + "\n")
        self._stream.flush()

    def _end_line(self) -> None:
        if self._rewrites and self._reported > -math.inf:
            self._stream.write("\n")


def whole(job: Job[T], tell: Teller) -> T:
    """As `follow`, for work of which a part is worth nothing: its result, or KeyboardInterrupt."""
    state = follow(job, tell, kept="nothing will be written")
    if state is JobState.CANCELLED or job.result is None:
        raise KeyboardInterrupt
    return job.result


def follow(job: Job[Any], tell: Teller, *, kept: str = "the best so far is kept") -> JobState:
    """Wait for a job and report on it; its error, if it fails, is raised here.

    The first Ctrl-C cancels it, so that it ends with what is ``kept``, in words; a second one
    raises KeyboardInterrupt at once.
    """
    begun = time.monotonic()
    if job.state is JobState.PENDING:
        job.start()

    def report(progress: Progress) -> None:
        if job.is_running:
            tell.progress(job.title, progress, job.seconds_left)

    try:
        state = job.wait(on_progress=report)
    except KeyboardInterrupt:
        tell.warn(f"Stopping; {kept}. Press Ctrl-C again to give up.")
        job.cancel()
        state = job.wait(on_progress=report)
    if job.error is not None:
        raise job.error
    tell.done(job.title, time.monotonic() - begun)
    return state


def progress_line(title: str, progress: Progress, seconds_left: float | None) -> str:
    """One line on a step: what, how far, the measured values, and the time left."""
    parts = [f"{title} · {progress.phase} {progress.step:,} of {progress.n_steps:,}"]
    parts += [f"{name} {value:.4g}" for name, value in progress.metrics.items()]
    parts.append(progress.time_left(seconds_left))
    return " · ".join(part for part in parts if part)
