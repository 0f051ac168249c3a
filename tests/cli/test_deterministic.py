"""`--deterministic`: what is computed so says so."""

from __future__ import annotations

from pathlib import Path

import anndata as ad
import pytest
import torch

from napari_stimpute.cli import main
from napari_stimpute.devices import DETERMINISTIC

BRIEF = ("--model", "pca", "--genes", "all", "--deterministic")


def test_a_result_and_a_training_say_that_they_are_deterministic(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.h5ad"
    assert main(["impute", str(file), str(out), *BRIEF, "--no-judge", "--no-blend"]) == 0
    assert DETERMINISTIC in ad.read_h5ad(out).uns["stimpute"]["pca"]
    capsys.readouterr()
    assert main(["train", str(file), str(tmp_path / "model"), *BRIEF]) == 0
    assert DETERMINISTIC in capsys.readouterr().out
    assert not torch.are_deterministic_algorithms_enabled()
