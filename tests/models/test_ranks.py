"""Two processes train one network: alike in both, and as good as that of one process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from napari_stimpute.errors import TooSmall
from napari_stimpute.nn import ranks

from .conftest import make_brief, make_section
from .in_ranks import DEEP, longer_score

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What each of two processes found, which were started as torchrun does."""
    folder = tmp_path_factory.mktemp("ranks")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    common = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    threads = {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.models.in_ranks", str(folder)]
    processes = [
        subprocess.Popen(command, cwd=ROOT, env=os.environ | common | threads | {"RANK": rank})
        for rank in "01"
    ]
    assert [process.wait(240) for process in processes] == [0, 0]
    return [torch.load(folder / f"{rank}.pt") for rank in "01"]


@pytest.mark.parametrize("what", [*DEEP, "resumed"])
def test_both_learn_the_same_network(what: str, found: list[dict[str, Any]]) -> None:
    one, other = (process[what] for process in found)
    assert one.keys() == other.keys()
    assert all(torch.equal(value, other[name]) for name, value in one.items())


def test_what_was_broken_off_ends_in_the_same_numbers(found: list[dict[str, Any]]) -> None:
    whole, resumed = found[0]["scimta"], found[0]["resumed"]
    assert all(torch.equal(value, resumed[name]) for name, value in whole.items())


def test_a_stop_of_the_first_is_told_to_the_other(found: list[dict[str, Any]]) -> None:
    assert [process["stopped"] for process in found] == [3, 3]


def test_two_predict_hidden_molecules_as_well_as_one(found: list[dict[str, Any]]) -> None:
    assert found[0]["score"] == pytest.approx(longer_score(), abs=1e-3)


@pytest.mark.parametrize(("n_processes", "size", "most"), [(17, 16, 16), (121, 512, 120)])
def test_more_processes_than_spots_of_a_step_are_refused_before_anything_starts(
    n_processes: int, size: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    section = make_section()
    monkeypatch.setattr(ranks, "n_ranks", lambda: n_processes)
    with pytest.raises(TooSmall, match=rf"{n_processes} processes.*{most} in a step.*at most"):
        make_brief("gmm_vgae", batch_size=size).check(section)
    monkeypatch.setattr(ranks, "n_ranks", lambda: most)
    make_brief("gmm_vgae", batch_size=size).check(section)
