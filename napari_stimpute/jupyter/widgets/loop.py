"""The thread and asyncio loop that panels live on: events of workers and clicks are brought there.

JupyterLab may handle clicks in a thread beside the kernel's own (a "subshell"), so that widgets
answer while a cell runs; a `Session` is written by one thread only.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import ipywidgets as widgets
from psygnal import EmitLoopError, emit_queued

from ...job import UNDER_WAY

INTERVAL = 0.05
"""Seconds between two deliveries while something runs."""

IDLE = 1.0
"""Seconds without work after which deliveries stop."""


class Home:
    """Where a panel was made, and where it is changed.

    What workers queue is delivered here as long as any job is under way.
    """

    def __init__(self) -> None:
        self._thread = threading.current_thread()
        self._loop = running_loop()
        self._delivery: asyncio.Task[None] | None = None
        self._waiting: list[Callable[[], object]] = []
        self._is_quiet = False
        UNDER_WAY.began.connect(self.deliver)

    @property
    def is_delivering(self) -> bool:
        """Whether queued events are being delivered."""
        return self._delivery is not None and not self._delivery.done()

    def run(self, act: Callable[[], object]) -> None:
        """Do something on this thread: at once if it is the running one, else in its turn."""
        if self._loop is None or threading.current_thread() is self._thread:
            act()
        else:
            self._loop.call_soon_threadsafe(act)

    def run_once(self, act: Callable[[], object]) -> None:
        """Do something in the next turn of the loop, once however often it is asked for."""
        loop = running_loop()
        if loop is None:
            act()
        elif act not in self._waiting:
            self._waiting.append(act)
            loop.call_soon(self._take_turn, act)

    def observe(self, widget: widgets.DOMWidget, act: Callable[[], object]) -> None:
        """Do something when a person changes a control."""
        widget.observe(lambda _change: self.on_change(act), "value")

    def on_change(self, act: Callable[[], object]) -> None:
        """Do what a person asked for; a control that the panel itself sets asks for nothing."""
        if not (self._is_quiet and threading.current_thread() is self._thread):
            self.run(act)

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Set controls without anything being asked for."""
        before, self._is_quiet = self._is_quiet, True
        try:
            yield
        finally:
            self._is_quiet = before

    def deliver_while(self, is_busy: Callable[[], bool]) -> None:
        """Deliver what other threads queue for this one, until idle for a while.

        A plain script has no loop; there `Job.wait` delivers.
        """
        if running_loop() is self._loop is not None and not self.is_delivering:
            self._delivery = asyncio.create_task(_deliver(is_busy))

    def deliver(self) -> None:
        """Deliver as long as any job is under way."""
        self.deliver_while(lambda: bool(UNDER_WAY))

    def close(self) -> None:
        """Begin no further delivery; one that is under way goes on, for whoever else listens."""
        UNDER_WAY.began.disconnect(self.deliver)

    def _take_turn(self, act: Callable[[], object]) -> None:
        self._waiting.remove(act)
        act()


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Asyncio loop of this thread, None in a plain script."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


async def _deliver(is_busy: Callable[[], bool]) -> None:
    loop = asyncio.get_running_loop()
    last_busy = loop.time()
    while True:
        woken = loop.time()  # a cell may have held the loop for long: deliver before giving up
        try:
            emit_queued()
        except EmitLoopError as error:  # one receiver's fault must not silence the others
            loop.call_exception_handler({"message": "an event went wrong", "exception": error})
        if is_busy():
            last_busy = woken
        elif woken - last_busy > IDLE:
            return
        await asyncio.sleep(INTERVAL)
