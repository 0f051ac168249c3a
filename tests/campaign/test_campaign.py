"""A part of `make campaign`, spread over all its classes, and what it counts as faulty."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from .case import CHECK, IMPUTE, Case
from .classes import all_cases
from .driver import Outcome
from .place import Stood
from .sound import put
from .verdict import judged

CASE = Case("files", "sound", IMPUTE, put, "refused")
FILE = Stood(0o100644, 1, "a digest")
FOLDER = Stood(0o040755, 0, "")
BEFORE = {"in": FOLDER, "out": FOLDER, "in/in.h5ad": FILE}
SENTENCE = "stimpute: Expected a file, but found none. Check the path.\n"
REFUSED = Outcome(1, "", SENTENCE, BEFORE, BEFORE, ())


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="each case is forked")
def test_a_part_of_the_campaign_is_clean() -> None:
    tests = Path(__file__).parents[1]
    paths = os.pathsep.join([str(tests), str(tests.parent)])
    environment = {**os.environ, "PYTHONPATH": paths}
    command = [sys.executable, "-m", "campaign", "--every", "97"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 tracebacks, 0 signals, 0 files changed or left." in done.stdout


def test_each_case_is_named_once() -> None:
    cases = all_cases()
    assert len(cases) > 1_900
    assert len({case.id for case in cases}) == len(cases)


def test_one_clear_sentence_is_no_fault() -> None:
    assert judged(CASE, REFUSED).faults == ()


@pytest.mark.parametrize(
    ("outcome", "fault"),
    [
        (replace(REFUSED, code=0), "taken"),
        (replace(REFUSED, code=None), "no end"),
        (replace(REFUSED, code=-11), "SIGSEGV"),
        (replace(REFUSED, code=3), "exit code 3"),
        (replace(REFUSED, err=""), "no sentence"),
        (replace(REFUSED, err="Traceback (most recent call last):\nKeyError"), "traceback"),
        (replace(REFUSED, err="stimpute: 'NoneType' object\n"), "jargon"),
        (replace(REFUSED, err="stimpute: Something unforeseen\n"), "unforeseen"),
        (replace(REFUSED, out="\x1b[2J"), "control characters"),
        (replace(REFUSED, after={**BEFORE, "in/in.h5ad": FOLDER}), "input changed: in/in.h5ad"),
        (replace(REFUSED, after={**BEFORE, "in/new": FILE}), "input changed: in/new"),
        (replace(REFUSED, after={**BEFORE, "ran": FILE}), "left outside: ran"),
        (replace(REFUSED, after={**BEFORE, "out/x": FILE}), "left by a failed run: out/x"),
        (replace(REFUSED, results=("a result of other cells",)), "a result of other cells"),
    ],
)
def test_anything_else_is_one(outcome: Outcome, fault: str) -> None:
    assert fault in judged(CASE, outcome).faults


def test_what_was_there_must_stay() -> None:
    there = {**BEFORE, "out/out.h5ad": FILE, "out/mine": FILE}
    gone = {**BEFORE, "out/out.h5ad": FILE._replace(mode=0o100600)}
    done = Outcome(0, "", "", there, gone, ())
    assert judged(replace(CASE, want="taken"), done).faults == (
        "lost: out/mine",
        "permissions 100644 became 100600",
    )


def test_what_warns_of_a_bad_file_may_go_on() -> None:
    told = Outcome(0, "! no counts", "", BEFORE, BEFORE, ())
    assert judged(replace(CASE, line=CHECK), told).faults == ()
    assert judged(replace(CASE, want="taken"), REFUSED).faults == ("refused",)
