"""A call in a thread that does not keep the program from ending, and memory given back."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable, Generator
from multiprocessing.pool import ThreadPool
from typing import Generic, TypeVar

from .progress import Progress

T = TypeVar("T")

_MOMENT = 0.25
"""Seconds after which it is asked whether to stop."""


class Background(Generic[T]):
    """Calls a function once, in a daemon thread of its own.

    Parameters
    ----------
    call : whatever it returns or raises is kept
    """

    def __init__(self, call: Callable[[], T]) -> None:
        self._kept: list[T] = []
        self._errors: list[BaseException] = []
        kept = self._kept  # not through self, so that the result is freed with this object
        self._pool = ThreadPool(1)  # kept, or the call would be dropped with the pool
        self._result = self._pool.apply_async(
            lambda: kept.append(call()), error_callback=self._errors.append
        )
        self._pool.close()

    def is_over(self, within: float = 0.0) -> bool:
        """Wait for the end at most so many seconds, and say whether it has come."""
        self._result.wait(within)
        return self._result.ready()

    @property
    def error(self) -> BaseException | None:
        """What went wrong; None as long as nothing has."""
        return self._errors[0] if self._errors else None

    def value(self) -> T:
        """Return what the call returned, once it is over; its error is raised here."""
        if self._errors:
            raise self._errors[0]
        return self._kept[0]


def in_steps(progress: Progress, call: Callable[[], T]) -> Generator[Progress, None, T]:
    """Call in a thread, and report the same step until it is over; who stops does not wait for it.

    What was stopped computes on for nobody, so it must change nothing that others look at.
    """
    work = Background(call)
    while not work.is_over(within=_MOMENT):
        yield progress
    return work.value()


def give_back_memory() -> None:
    """Return freed memory to the system, where that is possible: no method is charged for it."""
    gc.collect()
    release_memory()


def release_memory() -> None:
    """As `give_back_memory`, but quick: nothing is looked for that could be freed, too."""
    if pyarrow := sys.modules.get("pyarrow"):
        pyarrow.default_memory_pool().release_unused()
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)
