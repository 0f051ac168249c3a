"""How long work reports its progress, one step at a time, and how long that will take.

A time is told from the pace of the running phase, and for this phase alone: how long those to come
will take is not known from it. Where neither the pace nor the work itself can tell, none is told.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from .words import duration

T = TypeVar("T")

_FEWEST_SEEN = 5
"""Steps of a phase after which its time left is worth telling."""


@dataclass(frozen=True)
class Progress:
    """One step of long work, from a model or a run.

    ``step`` counts from 1 to ``n_steps`` over the whole work, not per phase; 0 while preparing.
    ``epoch`` counts within a phase of training; 0 where there are no epochs.
    ``phase_ends`` is the last step of the phase, or the last possible one where it ``may_end``
    before: with that step, if nothing gets better until then; 0 where it cannot. None for
    ``n_steps``, 0 where steps say nothing of the time. ``seconds_left`` is to the end of the whole
    work, where that knows it by itself.
    """

    phase: str
    step: int
    n_steps: int
    metrics: Mapping[str, float] = field(default_factory=dict)
    message: str = ""
    epoch: int = 0
    phase_ends: int | None = None
    may_end: int = 0
    seconds_left: float | None = None

    @property
    def last_of_phase(self) -> int:
        """The step with which the phase ends at the latest; 0 if nobody knows."""
        return self.n_steps if self.phase_ends is None else self.phase_ends

    def time_left(self, seconds: float | None) -> str:
        """What `Pace` found, in words that do not promise more than is known; "" for None."""
        if seconds is None:
            return ""
        is_whole = self.seconds_left is not None or self.last_of_phase == self.n_steps
        how = "at most" if self.may_end else "about"
        return f"{how} {duration(seconds)} left{'' if is_whole else ' in this phase'}"

    @property
    def title(self) -> str:
        """What is going on, in a few words: "Pretrain (own counts alone), epoch 12"."""
        name = self.message or self.phase.capitalize()
        return f"{name}, epoch {self.epoch:,}" if self.epoch else name


@dataclass(frozen=True)
class _Stretch:
    """The steps of one phase that were seen: how many, the first, the last, and when."""

    first: Progress
    first_at: float
    n_seen: int
    latest: Progress
    latest_at: float


class Pace:
    """How fast the running phase goes; a new phase begins anew. One thread tells, any may ask.

    Parameters
    ----------
    clock : gives seconds
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stretch: _Stretch | None = None

    def see(self, step: Progress) -> None:
        """Take note of a step that was reached now."""
        now, before = self._clock(), self._stretch
        goes_on = before is not None and before.latest.phase == step.phase
        if before is None or not goes_on or step.step < before.latest.step:
            self._stretch = _Stretch(step, now, 1, step, now)
        else:
            n_seen = before.n_seen + 1
            self._stretch = _Stretch(before.first, before.first_at, n_seen, step, now)

    @property
    def seconds_left(self) -> float | None:
        """Seconds to the end of the phase, or of all if the work knows; None if nobody does."""
        seen = self._stretch
        if seen is None:
            return None
        now, told = self._clock(), seen.latest.seconds_left
        if told is not None:
            left = told - (now - seen.latest_at)
            return left if left > 0 else None
        n_done, n_left = seen.latest.step - seen.first.step, _n_left(seen.latest)
        if seen.n_seen < _FEWEST_SEEN or min(n_done, n_left) < 1:
            return None
        return n_left * (now - seen.first_at) / n_done


def _n_left(latest: Progress) -> int:
    return latest.last_of_phase - latest.step if latest.step else 0


class StopEarly(Exception):
    """Thrown into a generator of `Progress` to ask it to finish with what it has so far."""


def drain(steps: Generator[Progress, None, T]) -> T:
    """Run long work to its end, and return what it returned."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: T = end.value
            return found
