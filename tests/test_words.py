"""Numbers read the same everywhere."""

from __future__ import annotations

import pytest

from napari_stimpute.words import (
    counted,
    did_you_mean,
    duration,
    memory,
    nearest,
    number,
    percent,
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (0.44, "0.4 s"),
        (12.4, "12 s"),
        (59.7, "1 min 00 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 05 min"),
    ],
)
def test_durations_are_in_the_unit_one_thinks_in(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"), [(300 * 2**10, "300 kB"), (3 * 2**20, "3 MB"), (1.2 * 2**30, "1.2 GB")]
)
def test_little_memory_is_not_said_to_be_none(size: float, text: str) -> None:
    assert memory(size) == text


def test_zero_has_no_sign_and_a_minus_is_a_minus() -> None:
    assert number(-1e-9) == "0.000"
    assert number(-0.25, 2) == "−0.25"
    assert percent(-0.031) == "−3 %"


def test_what_is_unknown_is_a_dash() -> None:
    assert number(float("nan")) == percent(float("nan")) == "–"


@pytest.mark.parametrize(
    ("n", "written"), [(0, "0 genes"), (1, "1 gene"), (2, "2 genes"), (2000, "2,000 genes")]
)
def test_one_is_counted_in_the_singular(n: int, written: str) -> None:
    assert counted(n, "gene") == written


GENES = ["Gad1", "GAD1", "Gad2", "Gadd45a", "Reln", "Mobp", "mt-Co1"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gad1", ["Gad1", "GAD1"]),  # another case before another spelling
        ("RELN", ["Reln"]),
        ("Gadd", ["Gadd45a"]),
        ("Rlen", ["Reln"]),
        ("Mbop ", ["Mobp"]),
        ("Xist", []),
        ("", []),
    ],
)
def test_the_name_that_was_meant_is_found(typed: str, meant: list[str]) -> None:
    assert nearest(typed, GENES)[: len(meant) or None] == meant


def test_it_is_asked_which_name_was_meant() -> None:
    assert did_you_mean("gad1", GENES) == "Did you mean 'Gad1' or 'GAD1'?"
    assert did_you_mean("Xist", GENES) == ""
