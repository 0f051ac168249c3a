"""One button for long work: what is said of its begin, its way and its end."""

from __future__ import annotations

import threading
from collections.abc import Generator
from typing import Any

import pytest

from napari_stimpute.job import Job, JobState
from napari_stimpute.panels.work import Work
from napari_stimpute.progress import Progress
from napari_stimpute.session.session import Session


class Baking(Work):
    """Work with words of its own."""

    stopping = "The oven cools down."
    cancelled = "No cake."

    def tell(self, job: Job[Any], latest: Progress, left: float | None) -> str:
        """How far the cake is."""
        return f"Layer {latest.step} of {latest.n_steps}"


@pytest.fixture
def baked() -> threading.Event:
    """Set by a test when the cake may be finished."""
    return threading.Event()


@pytest.fixture
def baking(session: Session, baked: threading.Event) -> Baking:
    def bake() -> None:
        work.run(steps(), "Baking a cake")

    def steps() -> Generator[Progress, None, str]:
        yield Progress("bake", 1, 4)
        while not baked.wait(0.01):
            yield Progress("bake", 2, 4)
        return "cake"

    work = Baking(session, "cake", "Bake", "Make a cake.", begin=bake, needs_data=False)
    return work


def test_begin_and_end_are_told_once_each_with_the_job(
    baking: Baking, baked: threading.Event
) -> None:
    told: list[tuple[str, Job[Any]]] = []
    baking.began.connect(lambda job: told.append(("began", job)))
    baking.ended.connect(lambda job: told.append(("ended", job)))
    baking.press()
    job = baking.job
    assert job is not None
    baked.set()
    assert job.wait(60) is JobState.DONE
    assert told == [("began", job), ("ended", job)]
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
