"""One button for long work: what is said of its begin, its way and its end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from typing import Any

import pytest
from anndata import AnnData
from psygnal import emit_queued

from napari_stimpute.errors import NotReadable
from napari_stimpute.job import Job, JobState
from napari_stimpute.panels.panel import Panel
from napari_stimpute.panels.work import Work
from napari_stimpute.progress import Progress
from napari_stimpute.session.session import Session


class Baking(Work):
    """Work with words of its own."""

    stopping = "The oven cools down."
    cancelled = "No cake."

    def tell(self, job: Job[Any], latest: Progress, left: str) -> str:
        """How far the cake is."""
        return f"Layer {latest.step} of {latest.n_steps}"


@pytest.fixture
def baked() -> threading.Event:
    """Set by a test when the cake may be finished."""
    return threading.Event()


class Kitchen(Panel[str]):
    """A panel with one button."""

    def __init__(self, session: Session, bake: Callable[[], object]) -> None:
        super().__init__(session)
        self.work = Baking(self, "cake", "Bake", "Make a cake.", begin=bake, needs_data=False)

    def _resolve(self) -> str:
        return self.work.state.button


@pytest.fixture
def baking(session: Session, baked: threading.Event) -> Baking:
    def bake() -> None:
        work.run(steps(), "Baking a cake")

    def steps() -> Generator[Progress, None, str]:
        yield Progress("bake", 1, 4)
        while not baked.wait(0.01):
            yield Progress("bake", 2, 4)
        return "cake"

    work = Kitchen(session, bake).work
    return work


def test_begin_and_end_are_announced_once_each_with_the_job(
    baking: Baking, baked: threading.Event
) -> None:
    announced: list[tuple[str, Job[Any]]] = []
    baking.began.connect(lambda job: announced.append(("began", job)))
    baking.ended.connect(lambda job: announced.append(("ended", job)))
    baking.press()
    job = baking.job
    assert job is not None
    baked.set()
    assert job.wait(60) is JobState.DONE
    assert announced == [("began", job), ("ended", job)]
    assert baking.seconds < 60


def test_what_it_says_on_the_way_can_be_its_own(baking: Baking) -> None:
    baking.press()
    job = baking.job
    assert job is not None
    while job.latest is None or job.latest.step < 2:
        pass
    assert baking.progress() == (0.5, "Layer 2 of 4")
    baking.press()
    assert baking.state.tooltip == "The oven cools down." and not baking.state.is_enabled
    job.wait(60)
    assert baking.state.outcome.text == "No cake."


def test_a_panel_that_is_made_meanwhile_hears_how_it_went(baking: Baking, session: Session) -> None:
    failed = threading.Event()

    def failing() -> Generator[Progress, None, None]:
        while not failed.wait(0.01):
            yield Progress("bake", 1, 4)
        raise NotReadable(expected="flour", found="none", remedy="Buy some.")

    job = baking.run(failing(), "Baking a cake")
    later = Kitchen(session, lambda: None).work
    ended: list[Job[Any]] = []
    steps: list[Progress] = []
    later.ended.connect(ended.append)
    later.progressed.connect(steps.append)
    assert job is not None and later.is_running
    while not steps:
        emit_queued()
    failed.set()
    assert job.wait(60) is JobState.FAILED
    assert ended == [job] and later.seconds < 60
    assert "Expected flour" in later.state.outcome.text
    last = Kitchen(session, lambda: None).work
    assert last.state.outcome == later.state.outcome


def test_an_error_of_something_else_is_not_its_outcome(
    baking: Baking, baked: threading.Event, session: Session
) -> None:
    baking.press()
    job = baking.job
    assert job is not None
    session.report("The other file is broken.", "open")
    baked.set()
    assert job.wait(60) is JobState.DONE
    assert session.problem and not baking.problem and not baking.state.outcome


def test_what_came_of_it_is_not_said_of_other_data(
    baking: Baking, session: Session, section: AnnData
) -> None:
    baking.press()
    baking.press()
    assert session.job is not None
    session.job.wait(60)
    assert baking.state.outcome.text == "No cake."
    session.open(section)
    assert not baking.state.outcome


def test_a_closed_panel_hears_nothing_more(session: Session) -> None:
    kitchen = Kitchen(session, lambda: None)
    announced: list[object] = []
    for signal in (kitchen.work.began, kitchen.work.progressed, kitchen.work.changed):
        signal.connect(lambda *found: announced.append(found))
    kitchen.close()
    job = Kitchen(session, lambda: None).work.run(iter_of(3), "Baking a cake")
    assert job is not None and job.wait(60) is JobState.DONE
    assert announced == []


def iter_of(n: int) -> Generator[Progress, None, None]:
    """Some steps that end by themselves."""
    for step in range(1, n + 1):
        yield Progress("bake", step, n)
