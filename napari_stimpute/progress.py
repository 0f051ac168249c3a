"""What long work says while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field


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


def drain(steps: Iterator[Progress], on_progress: Callable[[Progress], None] | None = None) -> None:
    """Run a generator of `Progress` to its end, telling `on_progress` of each step."""
    for progress in steps:
        if on_progress is not None:
            on_progress(progress)
