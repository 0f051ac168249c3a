"""Independent parts of some work, dealt out to several processes.

No part knows of another, so what they give is the same as in series, whoever does them, and in
whatever order they end. A part whose process dies is given to another one; a part at which one
process after the other dies fails alone.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Generic, TypeVar

from ..background import Background
from ..errors import InputError
from ..words import counted
from .workers import Done, Workers

if TYPE_CHECKING:
    from distributed import Future

    from .clusters import Dask

P = TypeVar("P")
R = TypeVar("R")

_POLL = 0.02
"""Seconds between two looks at whether a part is over."""


class Crew(Generic[P, R]):
    """Processes that do one kind of work; a context, at whose end they end.

    Parameters
    ----------
    workers : who; those that `are_apart`
    work : does a part, in another process; what it holds is sent there once
    """

    def __init__(self, workers: Workers, work: Callable[[P], R]) -> None:
        self._waiting: deque[P] = deque()
        self._given: dict[Future[R], P] = {}
        self._n_at_work = 0
        self._starting = Background(lambda: _started(workers, work))

    def __enter__(self) -> Crew[P, R]:
        return self

    def __exit__(self, *_: object) -> None:
        while not self._starting.is_over(within=1.0):
            pass  # what was begun is started whole, so that all of it can be ended
        if self._starting.error is None:
            self._starting.value().close()

    @property
    def n_left(self) -> int:
        """Parts that are not over."""
        return len(self._waiting) + len(self._given)

    @property
    def doing(self) -> str:
        """Who is at work, in words: "3 workers", "Waiting for a worker"."""
        if not self._starting.is_over():
            return "Starting workers"
        return counted(self._n_at_work, "worker") if self._n_at_work else "Waiting for a worker"

    def give(self, parts: Iterable[P]) -> None:
        """Have these done, the first of them first."""
        self._waiting.extend(parts)

    def drop(self) -> None:
        """Have what is left not done; what has begun comes to its end for nobody."""
        self._waiting.clear()
        for future in self._given:
            future.cancel()
        self._given.clear()

    def finished(self, within: float) -> list[Done[P, R]]:
        """Parts that have come to their end; waits for one at most so many seconds.

        Raises
        ------
        StimputeError : there is no such cluster, or Dask, or what it needs, is not installed
        """
        until = time.monotonic() + within
        if not self._starting.is_over(within):
            return []
        dask = self._starting.value()
        self._deal(dask)
        while True:
            over = [future for future in self._given if future.done()]
            if over or time.monotonic() >= until:
                return [dask.done(future, self._given.pop(future)) for future in over]
            time.sleep(_POLL)

    def _deal(self, dask: Dask[P, R]) -> None:
        """As many parts as there are processes: where one dies, it is known at which part."""
        self._n_at_work = dask.n_at_work()
        while self._waiting and len(self._given) < self._n_at_work:
            part = self._waiting.popleft()
            self._given[dask.submit(part)] = part


def _started(workers: Workers, work: Callable[[P], R]) -> Dask[P, R]:
    try:
        from .clusters import Dask  # not before it is needed
    except ModuleNotFoundError as error:
        raise InputError(
            expected="Dask, which shares work among processes",
            found="that it is not installed",
            remedy="Install it: pip install 'napari-stimpute[scale]'.",
        ) from error
    return Dask(workers, work)
