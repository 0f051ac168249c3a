"""Events of workers arrive on the kernel's loop, and clicks from other threads too."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable

import ipywidgets as widgets
import pytest
from psygnal import Signal

from napari_stimpute.jupyter.widgets import loop
from napari_stimpute.jupyter.widgets.loop import Home

Until = Callable[..., Awaitable[None]]


class Worker:
    spoke = Signal(str)


def in_a_thread(act: object, *arguments: object) -> None:
    thread = threading.Thread(target=act, args=arguments)
    thread.start()
    thread.join()


def test_events_of_a_worker_arrive_on_the_loops_thread(until: Until) -> None:
    async def main() -> None:
        home, worker, arrived = Home(), Worker(), []
        worker.spoke.connect(lambda _: arrived.append(threading.current_thread()), thread="current")
        home.deliver_while(lambda: False)
        in_a_thread(worker.spoke.emit, "done")
        await until(lambda: bool(arrived))
        assert arrived == [threading.current_thread()]

    asyncio.run(main())


def test_delivery_stops_when_idle(until: Until, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        home, left = Home(), list(range(10))
        home.deliver_while(lambda: bool(left) and left.pop() >= 0)
        await until(lambda: not home.is_delivering)
        assert not left

    monkeypatch.setattr(loop, "IDLE", 0.0)
    monkeypatch.setattr(loop, "INTERVAL", 0.001)
    asyncio.run(main())


def test_a_cell_that_holds_the_loop_for_long_only_delays_delivery(
    until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        home, worker, arrived = Home(), Worker(), []
        worker.spoke.connect(arrived.append, thread="current")
        home.deliver_while(lambda: not arrived)
        await asyncio.sleep(0.01)
        in_a_thread(worker.spoke.emit, "done")
        time.sleep(0.3)
        await until(lambda: arrived == ["done"])

    monkeypatch.setattr(loop, "IDLE", 0.1)
    asyncio.run(main())


def test_a_receiver_that_fails_does_not_silence_the_others(until: Until) -> None:
    async def main() -> None:
        problems: list[dict[str, object]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, p: problems.append(p))
        home, worker, arrived = Home(), Worker(), []

        def hear(word: str) -> None:
            arrived.append(word)
            if word == "bad":
                raise ValueError(word)

        worker.spoke.connect(hear, thread="current")
        home.deliver_while(lambda: False)
        in_a_thread(lambda: [worker.spoke.emit(word) for word in ("bad", "good")])
        await until(lambda: len(arrived) == 2)
        assert arrived == ["bad", "good"]
        assert len(problems) == 1

    asyncio.run(main())


def test_a_click_handled_in_another_thread_is_brought_home() -> None:
    async def main() -> None:
        home, threads = Home(), []
        in_a_thread(home.run, lambda: threads.append(threading.current_thread()))
        assert not threads
        await asyncio.sleep(0.01)
        assert threads == [threading.current_thread()]

    asyncio.run(main())


def test_what_is_asked_for_often_is_done_once() -> None:
    async def main() -> None:
        home, done = Home(), []

        def draw() -> None:
            done.append("drawn")

        home.run_once(draw)
        home.run_once(draw)
        await asyncio.sleep(0)
        assert done == ["drawn"]
        home.run_once(draw)
        await asyncio.sleep(0)
        assert done == ["drawn", "drawn"]

    asyncio.run(main())


def test_a_control_set_by_the_panel_asks_for_nothing() -> None:
    home, asked = Home(), []
    control = widgets.IntText()
    home.observe(control, lambda: asked.append(control.value))
    with home.quiet():
        control.value = 1
    control.value = 2
    assert asked == [2]


def test_a_script_without_a_loop_needs_no_delivery() -> None:
    home, done = Home(), []
    home.deliver_while(lambda: True)
    home.run(lambda: done.append(1))
    home.run_once(lambda: done.append(2))
    assert done == [1, 2]
    assert not home.is_delivering
