"""Ctrl-C, pressed when it matters."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from napari_stimpute.job import Job, JobState

PressCtrlC = Callable[..., None]


@pytest.fixture
def press_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> PressCtrlC:
    """Press Ctrl-C so many times, the first when a running job is where it should be."""

    def press(when: Callable[[Job], bool], times: int = 1) -> None:
        wait, left = Job.wait, [times]

        def interrupted(job: Job, *args: object, **kwargs: object) -> JobState:
            while left[0] == times and job.is_running and not when(job):
                time.sleep(0.005)
            if left[0] and job.is_running:
                left[0] -= 1
                raise KeyboardInterrupt
            return wait(job, *args, **kwargs)  # type: ignore[arg-type]

        monkeypatch.setattr(Job, "wait", interrupted)

    return press
