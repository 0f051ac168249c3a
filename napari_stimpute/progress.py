"""How long work reports its progress, one step at a time."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Progress:
    """One step of long work, from a model or a run.

    ``step`` counts from 1 to ``n_steps`` over the whole work, not per phase; 0 while preparing.
    ``epoch`` counts within a phase of training; 0 where there are no epochs.
    """

    phase: str
    step: int
    n_steps: int
    metrics: Mapping[str, float] = field(default_factory=dict)
    message: str = ""
    epoch: int = 0

    @property
    def title(self) -> str:
        """What is going on, in a few words: "Pretrain (own counts alone), epoch 12"."""
        name = self.message or self.phase.capitalize()
        return f"{name}, epoch {self.epoch:,}" if self.epoch else name


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
