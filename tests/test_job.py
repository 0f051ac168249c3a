from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator

import pytest
import torch
from psygnal import emit_queued

from napari_stimpute.errors import Busy
from napari_stimpute.job import Job, JobState
from napari_stimpute.progress import Progress, StopEarly

LONG = 5_000


class Counting:
    """Work that counts, and keeps how it was ended."""

    def __init__(self, n_steps: int = LONG, pause: float = 0.001) -> None:
        self.n_steps, self.pause = n_steps, pause
        self.n_done, self.ends = 0, list[str]()

    def steps(self) -> Iterator[Progress]:
        try:
            for i in range(1, self.n_steps + 1):
                time.sleep(self.pause)
                self.n_done = i
                yield Progress("count", i, self.n_steps)
        except StopEarly:
            self.ends.append("asked")
            yield Progress("tidy up", self.n_done, self.n_steps)
            self.ends.append("tidied")
        finally:
            self.ends.append("closed")


def wait_for(claim: Callable[[], bool]) -> None:
    """Wait until something is so, without delivering events."""
    end = time.monotonic() + 20
    while not claim():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_work_that_comes_to_its_end_is_done() -> None:
    work = Counting(n_steps=3)
    job = Job(work.steps(), "Counting")
    assert job.state is JobState.PENDING
    assert job.start().wait(20) is JobState.DONE
    assert (work.n_done, work.ends) == (3, ["closed"])
    assert (job.error, job.is_running) == (None, False)


def counted(*, fails: bool = False) -> Generator[Progress, None, int]:
    """Count until asked to stop; return how far it came."""
    for step in range(1, LONG):
        time.sleep(0.001)
        try:
            yield Progress("count", step, LONG)
        except StopEarly:
            return step
        if fails:
            raise ZeroDivisionError
    return LONG


def test_a_job_keeps_what_its_work_returned_also_after_a_cancel() -> None:
    job = Job(counted())
    assert job.result is None
    job.progressed.connect(lambda progress: job.cancel())
    assert job.start().wait(20) is JobState.CANCELLED
    assert job.latest is not None and job.result == job.latest.step < LONG


def test_a_job_that_failed_has_no_result() -> None:
    job = Job(counted(fails=True)).start()
    assert (job.wait(20), job.result) == (JobState.FAILED, None)


def test_a_cancelled_job_is_asked_after_its_step_and_may_finish_with_what_it_has() -> None:
    work = Counting()
    job = Job(work.steps()).start()
    wait_for(lambda: job.latest is not None)
    job.cancel()
    assert job.wait(20) is JobState.CANCELLED
    assert work.ends == ["asked", "tidied", "closed"]
    assert work.n_done < LONG
    assert job.latest is not None and job.latest.phase == "tidy up"


def test_a_job_cancelled_before_it_started_takes_one_step() -> None:
    work = Counting()
    job = Job(work.steps())
    job.cancel()
    assert job.start().wait(20) is JobState.CANCELLED
    assert work.n_done == 1


def test_work_that_ignores_the_request_is_closed() -> None:
    closed = threading.Event()

    def deaf() -> Iterator[Progress]:
        try:
            for i in range(LONG):
                time.sleep(0.001)
                yield Progress("work", i, LONG)
        finally:
            closed.set()

    job = Job(deaf()).start()
    job.cancel()
    assert job.wait(20) is JobState.CANCELLED
    assert closed.is_set()


def test_a_job_that_is_finishing_with_what_it_has_says_so() -> None:
    gate = threading.Event()

    def slow_to_stop() -> Iterator[Progress]:
        try:
            yield Progress("work", 1, 2)
            gate.wait(20)
            yield Progress("work", 2, 2)
        except StopEarly:
            pass

    job = Job(slow_to_stop()).start()
    assert not job.is_cancelling
    job.cancel()
    assert job.is_cancelling
    gate.set()
    job.wait(20)
    assert not job.is_cancelling


def test_an_error_is_kept_and_the_work_is_closed() -> None:
    def failing() -> Iterator[Progress]:
        yield Progress("work", 1, 2)
        raise ZeroDivisionError("in the work")

    states: list[JobState] = []
    job = Job(failing())
    job.finished.connect(states.append, thread="current")
    assert job.start().wait(20) is JobState.FAILED
    assert isinstance(job.error, ZeroDivisionError)
    assert states == [JobState.FAILED]


def test_an_error_while_stopping_fails_the_job() -> None:
    def failing() -> Iterator[Progress]:
        try:
            yield Progress("work", 1, 2)
        except StopEarly:
            raise ValueError("while stopping") from None

    job = Job(failing())
    job.cancel()
    assert job.start().wait(20) is JobState.FAILED
    assert isinstance(job.error, ValueError)


def test_a_job_runs_once() -> None:
    job = Job(Counting(n_steps=1).steps()).start()
    with pytest.raises(Busy, match=r"has not begun, but found one that is (running|done)"):
        job.start()
    job.wait(20)
    with pytest.raises(Busy, match=r"one that is done\. Make a new one\."):
        job.start()


def test_a_cancel_after_the_end_changes_nothing() -> None:
    job = Job(Counting(n_steps=1).steps()).start()
    job.wait(20)
    job.cancel()
    assert job.state is JobState.DONE


def test_events_reach_the_thread_that_connected_and_only_when_it_asks() -> None:
    threads: list[threading.Thread] = []
    worker: list[threading.Thread] = []

    def steps() -> Iterator[Progress]:
        worker.append(threading.current_thread())
        yield Progress("work", 1, 1)

    job = Job(steps())
    for signal in (job.progressed, job.finished):
        signal.connect(lambda: threads.append(threading.current_thread()), thread="current")
    job.start()
    wait_for(lambda: not job.is_running)
    assert threads == []
    job.wait(20)
    assert set(threads) == {threading.current_thread()}
    assert worker[0] is not threading.current_thread()


def test_many_steps_make_few_events_but_the_last_one_always_makes_one() -> None:
    seen: list[Progress] = []
    job = Job(Counting(n_steps=2_000, pause=0).steps())
    job.progressed.connect(seen.append, thread="current")
    job.start().wait(20)
    assert seen[0].step == 1
    assert seen[-1].step == 2_000
    assert len(seen) < 500


def test_waiting_reports_the_last_step_also_when_the_work_was_quicker() -> None:
    for n_steps in (1, 2, 50):
        seen: list[Progress] = []
        job = Job(Counting(n_steps=n_steps, pause=0).steps()).start()
        wait_for(lambda job=job: not job.is_running)  # type: ignore[misc]
        job.wait(20, seen.append)
        assert seen[-1].step == n_steps


def test_waiting_gives_up_in_words_and_the_work_goes_on() -> None:
    job = Job(Counting().steps(), "Counting").start()
    with pytest.raises(TimeoutError, match=r"Counting still running after 0\.1 s"):
        job.wait(0.1)
    assert job.is_running
    job.cancel()
    job.wait(20)


def test_time_left_follows_the_pace() -> None:
    work = Counting(n_steps=LONG, pause=0.002)
    job = Job(work.steps())
    assert job.seconds_left is None
    job.start()
    wait_for(lambda: work.n_done > 50)
    left = job.seconds_left
    assert left is not None and left > 0.002 * (LONG - work.n_done) * 0.9
    job.cancel()
    job.wait(20)
    assert job.seconds_left is None


def test_one_job_after_another_has_the_same_threads() -> None:
    counts: list[int] = []

    def steps() -> Iterator[Progress]:
        counts.append(torch.get_num_threads())
        yield Progress("work", 1, 1)

    torch.set_num_threads(8)
    for _ in range(3):
        Job(steps()).start().wait(20)
    assert counts[0] == counts[1] == counts[2] >= 1


def test_nothing_is_left_in_the_queue_after_waiting() -> None:
    states: list[JobState] = []
    job = Job(Counting(n_steps=1).steps())
    job.finished.connect(states.append, thread="current")
    job.start().wait(20)
    emit_queued()
    assert states == [JobState.DONE]


class _Gone(BaseException):
    """What no work should raise."""


def test_whatever_is_raised_ends_the_job() -> None:
    def leaving() -> Iterator[Progress]:
        yield Progress("count", 1, 2)
        raise _Gone

    job = Job(leaving(), "Counting")
    assert job.start().wait(20) is JobState.FAILED
    assert isinstance(job.error, _Gone)


def test_work_that_cannot_be_closed_has_failed() -> None:
    def clinging() -> Iterator[Progress]:
        try:
            while True:
                yield Progress("count", 1, 2)
        finally:
            raise MemoryError

    job = Job(clinging(), "Counting").start()
    job.cancel()
    assert job.wait(20) is JobState.FAILED
    assert isinstance(job.error, MemoryError)


def test_the_end_of_the_program_stops_what_runs_first() -> None:
    """A thread that imports or computes while Python is taken down ends in a crash."""
    code = (
        "import time\n"
        "from napari_stimpute.job import Job\n"
        "from napari_stimpute.progress import Progress\n"
        "def steps():\n"
        "    try:\n"
        "        while True:\n"
        "            time.sleep(0.01)\n"
        "            yield Progress('count', 0, 1)\n"
        "    finally:\n"
        "        time.sleep(0.3)\n"
        "        print('closed', flush=True)\n"
        "job = Job(steps()).start()\n"
        "while job.latest is None:\n"
        "    time.sleep(0.01)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, "closed"), done.stderr
