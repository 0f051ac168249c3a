"""A call in the background keeps its value or its error, and never keeps the program alive."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from napari_stimpute.background import Background


def test_value_is_kept() -> None:
    work = Background(lambda: 42)
    assert work.is_over(within=10)
    assert work.value() == 42 and work.error is None


def test_error_is_kept_and_raised_for_who_asks() -> None:
    work: Background[float] = Background(lambda: 1 / 0)
    assert work.is_over(within=10)
    assert isinstance(work.error, ZeroDivisionError)
    with pytest.raises(ZeroDivisionError):
        work.value()


def test_what_still_runs_is_not_waited_for() -> None:
    may_end, ended = threading.Event(), threading.Event()

    def wait() -> None:
        may_end.wait(30)
        ended.set()

    work = Background(wait)
    assert not work.is_over(within=0.05)
    del work
    assert not ended.is_set()
    may_end.set()


def test_the_program_may_end_while_it_runs() -> None:
    code = (
        "import time; from napari_stimpute.background import Background\n"
        "work = Background(lambda: time.sleep(60)); print(work.is_over(0.1))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout.strip()) == (0, "False"), done.stderr
