"""A training that was killed goes on by the same command, and leaves nothing once it is whole."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import anndata as ad
import numpy as np
import pytest

from napari_stimpute.cli import main
from napari_stimpute.nn.checkpoint import Checkpoint, Stand

BRIEF = ("--model", "scziva", "--preset", "tiny", "--set", "epochs=6", "--no-judge", "--no-blend")


class Killed(BaseException):
    """Stands for the end of the program at some moment."""


def kill_at(epoch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write after every epoch, and end the program after one of them."""
    keep = Checkpoint.keep

    def kept(self: Checkpoint, phase: str, state: dict[str, object], stand: Stand) -> None:
        keep(self, phase, state, stand)
        if stand.epoch == epoch:
            raise Killed

    monkeypatch.setattr(Checkpoint, "is_due", True)
    monkeypatch.setattr(Checkpoint, "keep", kept)


def run(file: Path, out: Path, *more: str) -> str:
    assert main(["impute", str(file), str(out), *BRIEF, *more]) == 0
    return str(ad.read_h5ad(out).uns["stimpute"]["scziva"])


def test_a_killed_training_goes_on_by_the_same_command(
    file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole, out = tmp_path / "whole.h5ad", tmp_path / "out.h5ad"
    kept = tmp_path / "out.h5ad.training"
    run(file, whole)
    wanted = ad.read_h5ad(whole).layers["scziva_imputed"]
    for more, goes_on in (((), True), (("--fresh",), False)):
        with monkeypatch.context() as patched, pytest.raises(Killed):
            kill_at(3, patched)
            main(["impute", str(file), str(out), *BRIEF])
        assert kept.exists() and (goes_on or out.exists())
        capsys.readouterr()
        record = run(file, out, *more)
        assert ("Training went on from epoch 3 of 6" in record) == goes_on
        assert (f"stands in {kept}. It is gone on with" in capsys.readouterr().out) == goes_on
        np.testing.assert_array_equal(ad.read_h5ad(out).layers["scziva_imputed"], wanted)
        assert not kept.exists()


def test_a_full_disk_stops_no_training(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Checkpoint, "is_due", True)
    monkeypatch.setattr("torch.save", full)
    record = run(file, tmp_path / "out.h5ad", "--set", "epochs=1")
    assert "Where training stood could not be kept: No space left on device." in record
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.h5ad", "out.h5ad"]
