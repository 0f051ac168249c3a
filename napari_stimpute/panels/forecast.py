"""What is known of work before it is started: how long, how much memory, and what would fit.

The time is rehearsed in the background while someone looks, a moment after the last change; never
while anything else is at work.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..data.opening import Opened
from ..errors import StimputeError, in_words
from ..forecast import (
    Duration,
    Plan,
    Rehearsal,
    genes_that_fit,
    memory_in_words,
    needed_memory,
    needed_on_device,
    room_in_words,
    short_of_device_memory,
    too_large_for_workers,
    too_large_in_words,
    too_many_in_words,
)
from ..job import Job, JobState
from ..memory import free_memory
from ..progress import Progress
from ..session.session import Session
from ..words import about, roughly
from .panel import Panel

if TYPE_CHECKING:
    from anndata import AnnData

PAUSE = 0.6
"""Seconds after a change until something is rehearsed: more may be about to change."""

HELP = (
    "Rehearsed on a few of the spots or cells, a few steps each. Where training may stop early, "
    "up to stands for a training that goes on to its last epoch."
)
SMALLER_HELP = "Open the data again with fewer genes."
"""Of the button that does so."""

_POLL = 0.05


@dataclass(frozen=True)
class ForecastState:
    """What stands beside the button: a quiet line, or why it cannot be pressed, and what would fit.

    ``smaller`` is the title of a button that opens the data with fewer genes; "" for none.
    """

    line: str = ""
    refusal: str = ""
    smaller: str = ""


@dataclass(frozen=True)
class Intended:
    """What would be run, and how often; ``untimed`` are names of what cannot be rehearsed.

    ``free_on_device`` are bytes, where a device with memory of its own computes; 0 elsewhere.
    ``n_at_once`` of the runs share this machine at a time.
    """

    runs: tuple[tuple[Plan, int], ...] = ()
    untimed: tuple[str, ...] = ()
    free_on_device: int = 0
    n_at_once: int = 1

    @property
    def plans(self) -> tuple[Plan, ...]:
        """Each plan, once."""
        return tuple(plan for plan, _ in self.runs)


class ForecastPanel(Panel[ForecastState]):
    """Follows what is intended, and tells what it would take.

    Parameters
    ----------
    intended : says what is set now
    """

    def __init__(
        self, session: Session, intended: Callable[[], Intended], *, pause: float = PAUSE
    ) -> None:
        super().__init__(session)
        self._ask, self._pause = intended, pause
        self._intended, self._is_seen = Intended(), False
        self._found: dict[Plan, Duration] = {}
        self._problems: dict[Plan, str] = {}
        self._needed = self._free = self._on_device = 0
        self.job: Job[Duration] | None = None
        """The rehearsal that is under way; None between."""
        self.connections.add(session.events.adata, self._forget)
        self.connections.add(session.events.job, self.update)
        self._forget()

    # ---- actions -------------------------------------------------------------------------------

    def look(self, *, is_seen: bool) -> None:
        """Rehearse only while someone looks."""
        self._is_seen = is_seen
        self.update()

    def update(self) -> None:
        """Look again at what is intended; nothing happens where that is the same."""
        session = self.session
        intended = Intended() if session.adata is None or session.is_busy else self._ask()
        if intended != self._intended:
            self._intended = intended
            self._needed = self._largest(needed_memory)
            self._on_device = self._largest(needed_on_device)
            self._free = free_memory()
            self._stop()
        if not self._is_seen:
            self._stop()
        elif self.job is None:
            self._begin(self._pause)
        self.refresh()

    def open_smaller(self) -> Job[Opened] | None:
        """Open the same data with as many genes as fit."""
        session, n = self.session, self._genes_that_fit()
        if session.adata is None or session.card is None or not n:
            return None
        source = session.path or session.adata
        counts = session.card.counts_where if session.path else "raw"
        return session.open_later(source, genes=f"hvg:{n}", also=session.also, counts=counts)

    def close(self) -> None:
        """Listen and rehearse no longer."""
        super().close()
        self._stop()

    @property
    def known(self) -> Duration | None:
        """How long the run that is intended takes, where that was found; None for several."""
        plans = self._intended.plans
        return self._found.get(plans[0]) if len(plans) == 1 else None

    # ---- rehearsing ----------------------------------------------------------------------------

    def _forget(self) -> None:
        self._found, self._problems, self._intended = {}, {}, Intended()
        self._stop()
        self.update()

    def _stop(self) -> None:
        if self.job is not None:
            self.job.cancel()
            self.job = None

    def _begin(self, pause: float) -> None:
        adata, known = self.session.adata, {**self._found, **self._problems}
        plan = next((plan for plan in self._intended.plans if plan not in known), None)
        if adata is None or plan is None or self._refusal():
            return
        try:
            rehearsal = Rehearsal(adata, plan)
        except StimputeError as error:
            self._problems[plan] = in_words(error)
            return

        def rehearsing() -> Generator[Progress, None, Duration]:
            until = time.monotonic() + pause
            while time.monotonic() < until:
                yield Progress("wait", 0, 1)
                time.sleep(_POLL)
            return (yield from rehearsal.steps())

        job = Job(rehearsing(), "Estimating the time")
        job.finished.connect(lambda state: self._take(job, plan, state), thread="current")
        self.job = job.start()

    def _take(self, job: Job[Duration], plan: Plan, state: JobState) -> None:
        if job is not self.job:
            return  # something else is intended by now
        self.job = None
        if state is JobState.DONE and job.result is not None:
            self._found[plan] = job.result
        else:
            self._problems[plan] = in_words(job.error)
        self._begin(0.0)
        self.refresh()

    # ---- what is to be drawn -------------------------------------------------------------------

    def _resolve(self) -> ForecastState:
        if not self._intended.plans:
            return ForecastState()
        refusal = self._refusal()
        if refusal:
            genes = self._genes_that_fit()
            smaller = f"Model the {genes:,} most variable genes" if genes else ""
            return ForecastState(refusal=refusal, smaller=smaller)
        return ForecastState(f"{self._time()}{self._memory()}")

    def _time(self) -> str:
        plans = self._intended.plans
        if any(plan in self._problems for plan in plans):
            return "How long it takes could not be estimated. "
        if not all(plan in self._found for plan in plans):
            return "Estimating the time… "
        parts = (self._found[plan].times(n) for plan, n in self._intended.runs)
        total, n = sum(parts, start=Duration(0.0, 0.0)), self._intended.n_at_once
        usual, most = about(total.usual / n), roughly(total.most / n)
        bound = "" if usual.endswith(most) else f" (up to {most})"
        without = f" without {_listed(self._intended.untimed)}" if self._intended.untimed else ""
        return f"{usual[:1].upper()}{usual[1:]}{bound}{without}, "

    def _largest(self, needed: Callable[[AnnData, Plan], int]) -> int:
        """Bytes; of several runs, which follow one another, those of the largest."""
        adata = self.session.adata
        if adata is None:
            return 0
        return max((needed(adata, plan) for plan in self._intended.plans), default=0)

    def _memory(self) -> str:
        adata = self.session.adata
        makes_values = all(plan.keeps != "model" for plan in self._intended.plans)
        room = room_in_words(adata) if adata is not None and makes_values else ""
        n = self._intended.n_at_once
        by = f" by {n} workers" if n > 1 else ""
        said = memory_in_words(n * self._needed, self._free) + by + room
        free = self._intended.free_on_device
        if not free or not self._on_device:
            return f"{said}."
        if self._on_device > free:
            return f"{said}. {short_of_device_memory(self._on_device, free)}"
        return f"{said}, {memory_in_words(self._on_device, free)} on the GPU."

    def _refusal(self) -> str:
        adata, plans, n = self.session.adata, self._intended.plans, self._intended.n_at_once
        alone = too_large_in_words(self._needed, self._free)
        together = too_large_for_workers(self._needed, self._free, n)
        too_many = "" if adata is None or not plans else too_many_in_words(adata, plans[0])
        return alone or together or too_many

    def _genes_that_fit(self) -> int:
        adata = self.session.adata
        if adata is None or not self._intended.plans:
            return 0
        free = self._free // self._intended.n_at_once
        return min(genes_that_fit(adata, plan, free) for plan in self._intended.plans)


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
