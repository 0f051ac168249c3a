"""`--processes`: what cannot be is said; one that is killed ends nothing for good."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import anndata as ad
import psutil  # type: ignore[import-untyped]
import pytest

from napari_stimpute.cli import main

BRIEF = ("--model", "scziva", "--preset", "tiny", "--no-judge", "--no-blend", "--device", "cpu")


def test_one_that_is_killed_is_begun_again(
    file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    killer = threading.Thread(target=kill_the_second)
    killer.start()
    out = tmp_path / "out.h5ad"
    assert main(["impute", str(file), str(out), *BRIEF, "--processes", "2"]) == 0
    killer.join()
    said = capfd.readouterr()
    assert "One of 2 processes was killed. It is begun again" in said.err
    assert said.out.count("Wrote ") == 1
    assert "Trained by 2 processes together." in ad.read_h5ad(out).uns["stimpute"]["scziva"]


def kill_the_second(seconds: float = 120.0) -> None:
    """Kill the second process once it has met the first."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for child in psutil.Process().children():
            try:
                if child.environ().get("RANK") == "1" and child.net_connections():
                    child.kill()
                    return
            except psutil.Error:  # it is just beginning, or ending
                continue
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--processes", "0"), "is not a whole number from 1"),
        (("--processes", str((os.cpu_count() or 1) + 1)), "as this machine has so many cores"),
        (("--processes", "2", "--model", "mixture"), "trains no network; leave out --processes"),
    ],
)
def test_what_cannot_be_is_wrong_usage(
    options: tuple[str, ...], words: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["impute", str(file), "out.h5ad", *BRIEF, *options])
    assert end.value.code == 2
    assert words in capsys.readouterr().err


def test_a_folder_is_worked_on_by_one_process(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["impute", str(file.parent), "out", *BRIEF, "--processes", "2"])
    assert "a folder of samples there is --workers" in capsys.readouterr().err
