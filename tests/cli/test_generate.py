"""Models are trained, taught and asked for cells from the shell; what is wrong is said."""

from __future__ import annotations

from pathlib import Path

import anndata as ad
import numpy as np
import pytest

from napari_stimpute import ScDiffusion, keys
from napari_stimpute.cli import main

from ..generating import SMALL, cells, folder

TRAIN = ("--condition", "cell_type", *(f"--set={name}={value}" for name, value in SMALL.items()))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "cells.h5ad"
    cells().write_h5ad(path)
    return path


def test_a_model_is_trained_and_kept(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(data), str(tmp_path / "model"), *TRAIN]) == 0
    said = capsys.readouterr().out
    assert "cells were kept apart" in said
    assert f"stimpute generate {tmp_path / 'model'}" in said
    model = ScDiffusion.load(tmp_path / "model")
    assert model.completed_ and model.table_.names == ("cell_type",)


def test_any_model_can_be_trained(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "model"
    assert main(["train", str(data), str(path), "--model", "pca", "--quiet"]) == 0
    assert (path / "weights.pt").exists()


def test_cells_are_generated_and_judged(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "made.h5ad"
    argv = ["generate", str(folder()), str(out), "-n", "60", "--steps", "4", "--seed", "2"]
    assert main([*argv, "--against", str(data)]) == 0
    made = ad.read_h5ad(out)
    assert made.n_obs == 60
    assert made.obs[keys.SYNTHETIC].all()
    said = capsys.readouterr().out
    assert "forest" in said and "Gaussian mixture" in said
    assert "marked as synthetic" in said


def test_cells_of_a_condition_are_generated(tmp_path: Path) -> None:
    out = tmp_path / "made.h5ad"
    asked = "cell_type=Type B,condition=control"
    argv = ["generate", str(folder()), str(out), "-n", "5", "--condition", asked, "--quiet"]
    assert main(argv) == 0
    made = ad.read_h5ad(out).obs
    assert set(made["cell_type"]) == {"Type B"}
    assert set(made["condition"]) == {"control"}


@pytest.mark.parametrize(
    ("options", "words", "code"),
    [
        (("-n", "0"), "at least one cell", 2),
        (("-n", "many"), "not a whole number", 2),
        (("--guidance", "11"), "from 0 to 10", 2),
        (("--condition", "cell_type"), "COLUMN=VALUE", 2),
        (("--condition", "cell_type=Type A,cell_type=Type B"), "more than once", 2),
        (("--steps", "1001"), "from 1 to 1,000", 2),
        (("--condition", "cell_type=Type BB"), "Did you mean 'Type B'", 1),
        (("--sampler", "huen"), "heun", 2),
    ],
)
def test_what_cannot_be_generated_is_said(
    options: tuple[str, ...],
    words: str,
    code: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "made.h5ad"
    try:
        found = main(["generate", str(folder()), str(out), *options])
    except SystemExit as end:
        found = int(end.code or 0)
    assert found == code
    assert words in capsys.readouterr().err
    assert not out.exists()


def test_a_rare_type_is_raised_and_depth_drawn(data: Path, tmp_path: Path) -> None:
    common = ["--model-dir", str(folder()), "--quiet"]
    more, deeper = tmp_path / "more.h5ad", tmp_path / "deeper.h5ad"
    argv = ["enhance", str(data), str(more), *common, "--raise", "cell_type=Type E:60"]
    assert main(argv) == 0
    assert (ad.read_h5ad(more).obs["cell_type"] == "Type E").sum() == 60
    assert main(["enhance", str(data), str(deeper), *common, "--depth", "2"]) == 0
    assert keys.deeper("scdiffusion") in ad.read_h5ad(deeper).layers


def test_a_model_is_taught_new_cells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = cells()[:100].copy()
    new.X = new.X[:, np.random.default_rng(0).permutation(new.n_vars)]
    new.obs["cell_type"] = "Type New"
    new.write_h5ad(tmp_path / "new.h5ad")
    few = new[:, :50].copy()
    few.write_h5ad(tmp_path / "few.h5ad")
    out = tmp_path / "model"
    assert main(["finetune", str(folder()), str(tmp_path / "few.h5ad"), str(out)]) == 1
    assert "50 of them (50 %)" in capsys.readouterr().err
    assert not out.exists()
    argv = ["finetune", str(folder()), str(tmp_path / "new.h5ad"), str(out), "--steps", "20"]
    assert main(argv) == 0
    assert "New in cell_type: Type New" in capsys.readouterr().out
    assert "Type New" in ScDiffusion.load(out).table_.labels["cell_type"]


def test_condition_is_for_a_model_that_takes_it(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["train", str(data), str(tmp_path / "m"), "--model", "pca", "--condition", "x"])
    assert "takes no --condition" in capsys.readouterr().err
    argv = ["train", str(data), str(tmp_path / "m"), "--condition", "cell_typ", "--quiet"]
    assert main(argv) == 1
    assert "a column 'cell_typ' in obs" in capsys.readouterr().err
