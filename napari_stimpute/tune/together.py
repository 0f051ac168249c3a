"""The fits of one trial at the same time, by several processes.

What to try next is learned from the trials before, so trials stay one after the other. Fits count
in the order of their seeds, whichever ends first: what is found is what is found in series.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import partial

from ..config import ModelConfig
from ..errors import in_words
from ..progress import Progress
from ..workers.crew import Crew
from ..workers.workers import Done, Workers
from .fit import Fit, FitFailed
from .score import Fitted, Ground

_MOMENT = 1.0
"""Seconds between two looks at whether a fit is over."""

Part = tuple[ModelConfig, int]
"""Settings, and the seed of a fit."""

FitCrew = Crew[Part, Fitted | FitFailed]
"""Processes that fit."""


def fit_crew(workers: Workers, ground: Ground, model: str, device: str) -> FitCrew:
    """Start processes that fit a model to the kept counts; a context, at whose end they end."""
    return Crew(workers, partial(_fit, ground, model, device))


def fit_together(
    crew: FitCrew,
    config: ModelConfig,
    seeds: Sequence[int],
    is_hopeless: Callable[[Fitted], bool],
    report: Callable[[int], Progress],
) -> Generator[Progress, None, list[Fitted]]:
    """Fit with each seed; after a hopeless first fit the others are dropped.

    Parameters
    ----------
    report : makes a step of how many fits are over; asked about once a second

    Raises
    ------
    FitFailed : as the first fit that fails, in the order of the seeds
    """
    found: dict[int, Done[Part, Fitted | FitFailed]] = {}
    fits: list[Fitted] = []
    crew.give((config, seed) for seed in seeds)
    try:
        while len(fits) < len(seeds):
            found |= {done.part[1]: done for done in crew.finished(_MOMENT)}
            while len(fits) < len(seeds) and seeds[len(fits)] in found:
                fits.append(_result(found[seeds[len(fits)]]))
                if len(fits) == 1 and is_hopeless(fits[0]):
                    return fits
            yield report(len(found))
        return fits
    finally:
        crew.drop()


def _fit(ground: Ground, model: str, device: str, part: Part) -> Fitted | FitFailed:
    """Fit once, in a worker."""
    fit = Fit(ground, model, part[0], part[1], device)
    while not fit.is_over(within=_MOMENT):
        pass
    failure = fit.failure()
    return FitFailed(failure) if failure else fit.result()


def _result(done: Done[Part, Fitted | FitFailed]) -> Fitted:
    if isinstance(done.value, Fitted):
        return done.value
    raise done.value or FitFailed(in_words(done.error))
