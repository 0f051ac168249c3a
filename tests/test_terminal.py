"""What a person at a terminal, a log file and Ctrl-C see of a running job."""

from __future__ import annotations

import io
import itertools
import time
from collections.abc import Iterator

import pytest

from napari_stimpute import terminal
from napari_stimpute.errors import TooSmall
from napari_stimpute.job import Job, JobState
from napari_stimpute.progress import Progress, StopEarly
from napari_stimpute.terminal import Teller, follow, progress_line, whole


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Clock:
    """A clock that stands still until it is set on."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


def counting(n: int = 30, pause: float = 0.01) -> Iterator[Progress]:
    for step in range(1, n + 1):
        time.sleep(pause)
        yield Progress("train", step, n, {"loss": 2.0 / step})


def endless(reached: list[str]) -> Iterator[Progress]:
    try:
        for step in itertools.count(1):
            time.sleep(0.01)
            yield Progress("train", step, 10**6)
    except StopEarly:
        reached.append("finished with the best so far")


def test_line_says_what_how_far_the_measure_and_the_time_left() -> None:
    line = progress_line("Training PCA", Progress("fit", 3, 1200, {"loss": 0.51234}), 75.0)
    assert line == "Training PCA · fit 3 of 1,200 · loss 0.5123 · about 1 min 15 s left"
    unknown = progress_line("Training PCA", Progress("fit", 3, 1200), None)
    assert unknown == "Training PCA · fit 3 of 1,200"


def test_terminal_rewrites_one_line() -> None:
    screen = Screen()
    follow(Job(counting(), "Counting"), Teller(stream=screen))
    assert screen.getvalue().count("\r") >= 2
    assert screen.getvalue().count("\n") == 1
    assert "Counting · done in" in screen.getvalue().rsplit("\r", 1)[1]


@pytest.mark.parametrize(("n_steps", "between"), [(999, 5), (32, 4)])
def test_log_file_gets_a_whole_line_every_five_seconds_or_tenth_of_the_work(
    n_steps: int, between: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, log = Clock(), io.StringIO()
    monkeypatch.setattr(terminal, "time", clock)
    tell = Teller(stream=log)
    for step in range(1, 33):
        clock.now += 1
        tell.progress("Counting", Progress("train", step, n_steps), 9.0)
    assert log.getvalue().splitlines() == [
        f"Counting · train {step} of {n_steps} · about 9 s left" for step in range(1, 33, between)
    ]


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    tell = Teller(quiet=True)
    tell.say("hello")
    follow(Job(counting(5), "Counting"), tell)
    assert capsys.readouterr() == ("", "")


def test_message_of_a_step_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    def steps() -> Iterator[Progress]:
        for step in (1, 2, 3):
            time.sleep(0.1)
            yield Progress("retry", step, 3, message="Memory ran out; smaller blocks.")

    follow(Job(steps(), "Training"), Teller(stream=io.StringIO()))
    assert capsys.readouterr().out.count("Memory ran out; smaller blocks.") == 1


def test_error_of_a_job_is_raised_to_whoever_follows() -> None:
    def failing() -> Iterator[Progress]:
        yield Progress("fit", 1, 2)
        raise TooSmall(expected="two spots", found="one", remedy="Open more data.")

    with pytest.raises(TooSmall, match="Open more data"):
        follow(Job(failing(), "Training"), Teller(quiet=True))


def interrupting(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Make `Job.wait` meet Ctrl-C in its first so many calls."""
    wait, left = Job.wait, [times]

    def interrupted(job: Job, *args: object, **kwargs: object) -> JobState:
        if left[0]:
            left[0] -= 1
            time.sleep(0.1)
            raise KeyboardInterrupt
        return wait(job, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Job, "wait", interrupted)


def test_first_ctrl_c_finishes_with_the_best_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    interrupting(monkeypatch, times=1)
    reached: list[str] = []
    text = io.StringIO()
    state = follow(Job(endless(reached), "Training"), Teller(stream=text))
    assert state is JobState.CANCELLED
    assert reached == ["finished with the best so far"]
    assert "the best so far is kept. Press Ctrl-C again to give up" in text.getvalue()


def test_of_work_that_is_whole_or_nothing_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    interrupting(monkeypatch, times=1)
    text = io.StringIO()
    with pytest.raises(KeyboardInterrupt):
        whole(Job(endless([]), "Generating"), Teller(stream=text))
    assert "Stopping; nothing will be written" in text.getvalue()
    assert "is kept" not in text.getvalue()


def test_second_ctrl_c_gives_up_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    interrupting(monkeypatch, times=2)
    job = Job(endless([]), "Training")
    with pytest.raises(KeyboardInterrupt):
        follow(job, Teller(quiet=True))
    job.cancel()
