"""The time left is that of the running phase, and is told only where it is known."""

from __future__ import annotations

import pytest

from napari_stimpute.progress import Pace, Progress


class Clock:
    """A clock that stands still until it is set on."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def training(phase: str, step: int, ends: int) -> Progress:
    """A step of a phase, of a training of 1,000 steps."""
    return Progress(phase, step, 1_000, phase_ends=ends)


def go(pace: Pace, clock: Clock, phase: str, steps: range, ends: int, seconds: float) -> None:
    """Take these steps, so many seconds each."""
    for step in steps:
        clock.now += seconds
        pace.see(training(phase, step, ends))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pace(clock: Clock) -> Pace:
    return Pace(clock)


def test_nothing_is_promised_before_five_steps_of_the_phase(pace: Pace, clock: Clock) -> None:
    assert pace.seconds_left is None
    go(pace, clock, "pretrain", range(1, 5), 400, 2.0)
    assert pace.seconds_left is None
    go(pace, clock, "pretrain", range(5, 6), 400, 2.0)
    assert pace.seconds_left == pytest.approx(395 * 2.0)


def test_the_first_step_with_all_that_it_sets_up_is_not_counted(pace: Pace, clock: Clock) -> None:
    clock.now += 60
    go(pace, clock, "pretrain", range(1, 11), 400, 2.0)
    assert pace.seconds_left == pytest.approx(390 * 2.0)


def test_a_slow_phase_says_nothing_of_the_quick_one_after_it(pace: Pace, clock: Clock) -> None:
    go(pace, clock, "pretrain", range(1, 51), 400, 10.0)
    assert pace.seconds_left == pytest.approx(350 * 10.0)
    clock.now += 120  # it stopped early, and something unseen was done
    go(pace, clock, "mixture", range(401, 405), 440, 0.5)
    assert pace.seconds_left is None
    go(pace, clock, "mixture", range(405, 411), 440, 0.5)
    assert pace.seconds_left == pytest.approx(30 * 0.5)


def test_after_the_last_step_of_a_phase_nothing_is_promised(pace: Pace, clock: Clock) -> None:
    go(pace, clock, "mixture", range(1, 40), 40, 2.0)
    assert pace.seconds_left == pytest.approx(2.0)
    go(pace, clock, "mixture", range(40, 41), 40, 2.0)
    assert pace.seconds_left is None


def test_a_step_that_takes_long_makes_the_time_longer(pace: Pace, clock: Clock) -> None:
    go(pace, clock, "train", range(1, 11), 20, 1.0)
    clock.now += 9
    assert pace.seconds_left == pytest.approx(10 * (9 + 9) / 9)


def test_a_training_that_begins_again_is_timed_anew(pace: Pace, clock: Clock) -> None:
    go(pace, clock, "train", range(1, 21), 40, 8.0)
    go(pace, clock, "train", range(1, 5), 40, 1.0)  # with smaller blocks
    assert pace.seconds_left is None
    go(pace, clock, "train", range(5, 21), 40, 1.0)
    assert pace.seconds_left == pytest.approx(20.0)


@pytest.mark.parametrize("ends", [0, 1_000])
def test_steps_that_say_nothing_of_time_give_none(pace: Pace, clock: Clock, ends: int) -> None:
    for _ in range(10):
        clock.now += 1
        pace.see(Progress("prepare", 0, 1) if ends else Progress("trying", 5, 9, phase_ends=0))
    assert pace.seconds_left is None


def test_work_that_knows_its_time_is_believed_until_it_is_over(pace: Pace, clock: Clock) -> None:
    pace.see(Progress("trial", 1, 100, seconds_left=30.0))
    clock.now += 10
    assert pace.seconds_left == pytest.approx(20.0)
    clock.now += 21
    assert pace.seconds_left is None


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Progress("fit", 3, 10), "about 1 min 15 s left"),
        (Progress("fit", 3, 10, phase_ends=10), "about 1 min 15 s left"),
        (Progress("fit", 3, 10, may_end=5), "at most 1 min 15 s left"),
        (Progress("fit", 3, 10, phase_ends=6), "about 1 min 15 s left in this phase"),
        (
            Progress("fit", 3, 10, phase_ends=6, may_end=5),
            "at most 1 min 15 s left in this phase",
        ),
        (Progress("fit", 3, 10, phase_ends=0, seconds_left=75.0), "about 1 min 15 s left"),
    ],
)
def test_words_promise_no_more_than_is_known(step: Progress, words: str) -> None:
    assert step.time_left(75.0) == words
    assert step.time_left(None) == ""
