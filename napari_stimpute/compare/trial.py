"""One method on one split: run in a thread of its own, watched, timed, and given up if need be."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import psutil  # type: ignore[import-untyped]
from numpy.typing import NDArray

from ..background import Background, give_back_memory
from ..data.counts import counts_of
from ..errors import StimputeError
from ..progress import Progress, StopEarly
from .methods import Kind, Method

if TYPE_CHECKING:
    from anndata import AnnData

Array = NDArray[np.floating]
Predicting = Generator[Progress, None, Array]
"""What a method does: steps first (the first one once all is imported), then (n_obs, n_vars)."""

_POLL = 0.02  # seconds between two looks at the memory
PATIENCE = 2.0  # seconds that a cancel waits for a method that does not answer
_GUESS: dict[Kind, float] = {"simple": 1.0, "model": 60.0, "tool": 30.0}
"""Seconds per 10 million spots × genes, until one was measured."""


@dataclass(frozen=True)
class Contender:
    """A method, and how to run it.

    Parameters
    ----------
    predict : called with the kept counts (in X) and a seed
    unavailable : why it cannot run at all, in words; "" if it can
    """

    method: Method
    predict: Callable[[AnnData, int], Predicting]
    unavailable: str = ""


def raw(kept: AnnData, _seed: int) -> Predicting:
    """Predict the kept counts themselves: what a spot's own molecules say of its hidden ones."""
    yield Progress("raw", 0, 1)
    return counts_of(kept, "X").toarray()


class Trial:
    """One method on one split, in a thread of its own: it can be watched, timed and given up."""

    def __init__(self, contender: Contender, kept: AnnData, seed: int) -> None:
        self.contender, self.seed = contender, seed
        self.latest: Progress | None = None
        self.began: float = 0.0
        self.seconds = 0.0
        self._before = self._peak = 0
        self._stop = threading.Event()
        self._work = Background(partial(self._run, kept))

    @property
    def memory(self) -> int:
        """Bytes at the peak, beyond what the program held before."""
        return max(0, self._peak - self._before)

    def is_over(self, within: float) -> bool:
        """Wait for the end at most so long, watching the memory."""
        end = time.monotonic() + within
        while time.monotonic() < end:
            if self._work.is_over(within=_POLL):
                return True
            self._look()
        return False

    def end(self) -> None:
        """Ask it to stop, if it still runs; one that does not answer is left to itself."""
        self._stop.set()
        self._work.is_over(within=PATIENCE)

    def prediction(self) -> Array:
        """What it predicted; whatever went wrong is raised in words."""
        error = self._work.error
        if error is None or isinstance(error, StimputeError):
            return self._work.value()
        raise StimputeError(
            expected="a prediction",
            found=f"{type(error).__name__}: {str(error)[:300]}",
            remedy="Leave the method out, or try other genes.",
        ) from error

    def _run(self, kept: AnnData) -> Array:
        steps = self.contender.predict(kept, self.seed)
        with closing(steps):
            next(steps)
            if self.contender.method.kind != "simple":  # it takes longer than a simple method
                give_back_memory()
            self._before = self._peak = _held()
            self.began = time.monotonic()
            while not self._stop.is_set():
                try:
                    self.latest = next(steps)
                except StopIteration as end:
                    self._look()
                    self.seconds = time.monotonic() - self.began
                    return np.asarray(end.value)
        raise StopEarly

    def _look(self) -> None:
        if self.began:
            self._peak = max(self._peak, _held())


@dataclass
class Pace:
    """Seconds passed and left, from what each method took before.

    Until all have been timed, the share that is done rests on a rough guess, and no time is told.
    """

    contenders: list[Contender]
    n_seeds: int
    n_values: int
    clock: Callable[[], float] = time.monotonic
    _begun: float = 0.0
    _since: float = 0.0
    _took: dict[str, float] = field(default_factory=dict)
    _left: dict[str, int] = field(default_factory=dict)

    def begin(self, trial: Trial) -> None:
        """Take note that a trial begins."""
        name, now = trial.contender.method.name, self.clock()
        self._begun, self._since = self._begun or now, now
        self._left.setdefault(name, self.n_seeds)
        self._left[name] -= 1

    def end(self, trial: Trial) -> None:
        """Take note that it ended, one way or another."""
        self._took[trial.contender.method.name] = self.clock() - self._since

    def progress(self, phase: str, trial: Trial) -> Progress:
        """Tell how far all of it is, in seconds."""
        now = self.clock()
        passed = now - self._begun
        left = max(0.0, self._whole(trial) - (now - self._since))
        for contender in self.contenders:
            name = contender.method.name
            left += self._left.get(name, self.n_seeds) * self._expected(contender)
        step = int(passed) + 1
        told = left if self._knows(trial) else None
        n_steps = max(step, round(passed + left))
        return Progress(phase, step, n_steps, phase_ends=0, seconds_left=told)

    def drop(self, method: Method) -> None:
        """Take note that a method will not be tried again."""
        self._took[method.name] = 0.0

    def _knows(self, trial: Trial) -> bool:
        """Whether all that is to come was timed before."""
        names = [c.method.name for c in self.contenders if not c.unavailable]
        to_come = [name for name in names if self._left.get(name, self.n_seeds)]
        return {trial.contender.method.name, *to_come} <= self._took.keys()

    def _whole(self, trial: Trial) -> float:
        """Seconds from begin to end of the running trial."""
        latest, expected = trial.latest, self._expected(trial.contender)
        if trial.contender.method.name in self._took or latest is None or latest.step < 1:
            return expected
        return (self.clock() - self._since) * latest.n_steps / latest.step

    def _expected(self, contender: Contender) -> float:
        if contender.unavailable:
            return 0.0
        guess = _GUESS[contender.method.kind] * self.n_values / 1e7
        return self._took.get(contender.method.name, guess)


def _held() -> int:
    return int(psutil.Process().memory_info().rss)
