"""`stimpute edit`: what it writes and says, and what it refuses."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from napari_stimpute import ScDiffusion, keys
from napari_stimpute.cli import main
from napari_stimpute.job import Job

from .conftest import PressCtrlC

N_GENES, PER_CELL = 12, 15


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> ad.AnnData:
    """Two types at rest and stimulated; genes g0 to g2 respond."""
    rng, obs, blocks = np.random.default_rng(0), [], []
    for kind in ("A", "B"):
        for condition in ("ctrl", "stim"):
            mean = np.where(np.arange(N_GENES) < 3, 8.0 if condition == "stim" else 2.0, 4.0)
            blocks.append(rng.poisson(mean, (PER_CELL, N_GENES)))
            obs += [(kind, condition)] * PER_CELL
    frame = pd.DataFrame(obs, columns=["type", "condition"])
    frame.index = pd.Index([f"cell{i}" for i in range(len(frame))])
    frame["batch"] = "one"
    var = pd.DataFrame(index=pd.Index([f"g{j}" for j in range(N_GENES)]))
    return ad.AnnData(sp.csr_matrix(np.vstack(blocks).astype(np.float32)), obs=frame, var=var)


@pytest.fixture(scope="module")
def place(cells: ad.AnnData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with in.h5ad, and a model that hardly learned."""
    folder = tmp_path_factory.mktemp("edit")
    cells.write_h5ad(folder / "in.h5ad")
    quick = {"epochs": 1, "least_steps": 1, "diffusion_steps": 1, "n_clusters": 2}
    model = ScDiffusion.preset("tiny", condition="type,condition", **quick)
    model.fit(cells, device="cpu").save(folder / "model")
    return folder


def edit(place: Path, *argv: str, out: str = "out.h5ad") -> int:
    files = [str(place / "in.h5ad"), str(place / out), "--model-dir", str(place / "model")]
    return main(["edit", *files, *argv])


def test_cells_are_edited_to_a_condition(
    place: Path, cells: ad.AnnData, capsys: pytest.CaptureFixture[str]
) -> None:
    assert edit(place, "--cells", "type=B", "--to", "condition=stim", out="stim.h5ad") == 0
    said, found = capsys.readouterr().out, ad.read_h5ad(place / "stim.h5ad")
    assert found.n_obs == PER_CELL  # those that were stimulated are left out
    assert found.obs[keys.SYNTHETIC].all()
    assert keys.HYPOTHESIS in said
    assert "15 cells were stim already" in said
    assert (found.var[keys.EDIT_CHANGE][:3] > 0.3).all()
    before = cells[found.obs_names].X
    assert (sp.csr_matrix(found.layers[keys.BEFORE_EDIT]) != before).nnz == 0


def test_cells_are_edited_to_two_conditions_at_once(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ("--cells", "type=B", "--cells", "condition=ctrl", "--to", "type=A,condition=stim")
    assert edit(place, *argv, "--groups", "batch", out="both.h5ad") == 0
    assert "type: A, condition: stim" in capsys.readouterr().out
    assert (ad.read_h5ad(place / "both.h5ad").var[keys.EDIT_CHANGE][:3] > 0.3).all()


def test_genes_are_changed_in_cells_of_a_file(place: Path) -> None:
    names = place / "names.txt"
    names.write_text("cell3\ncell1\n")
    assert edit(place, "--cells", str(names), "--genes", "g5=0,g6=4x,g7=over") == 0
    found = ad.read_h5ad(place / "out.h5ad")
    assert list(found.obs_names) == ["cell1", "cell3"]
    counts = found.to_df()
    assert (counts["g5"] == 0).all()
    assert counts["g6"].sum() > 2 * found.to_df(keys.BEFORE_EDIT)["g6"].sum()
    assert set(found.var[keys.trust("edit")]) == {"cannot be judged"}


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--cells", "type=C", "--to", "condition=stim"), "'C'"),
        (("--cells", "kind=B", "--to", "condition=stim"), "'kind'"),
        (("--cells", "type=B", "--to", "condition=heat"), "'heat'"),
        (("--cells", "type=B", "--genes", "nope=0"), "'nope'"),
        (("--cells", "type=A", "--to", "condition=stim,type=heat, then B"), "'heat, then B'"),
    ],
)
def test_what_is_not_there_is_refused(
    place: Path, argv: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert edit(place, *argv, out="never.h5ad") == 1
    assert said in capsys.readouterr().err
    assert not (place / "never.h5ad").exists()


@pytest.mark.parametrize(
    "argv",
    [
        ("--cells", "type=B"),
        ("--cells", "type=B", "--to", "stim"),
        ("--cells", "type=B", "--to", "condition=stim,type="),
        ("--cells", "nowhere.txt", "--to", "condition=stim"),
        ("--cells", "type=B", "--to", "condition=stim", "--strength", "9"),
        ("--cells", "type=B", "--genes", "g1=lots"),
        ("--cells", "type=B", "--genes", "g1=0,g1=2x"),
    ],
)
def test_wrong_usage_ends_with_2(place: Path, argv: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as stopped:
        edit(place, *argv, out="never.h5ad")
    assert stopped.value.code == 2
    assert not (place / "never.h5ad").exists()


def test_ctrl_c_that_comes_while_it_is_written_is_too_late(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    really_write, pressed = os.write, iter([True])

    def interrupted_write(descriptor: int, content: bytes) -> int:
        if next(pressed, False):
            signal.raise_signal(signal.SIGINT)
        return really_write(descriptor, content)

    monkeypatch.setattr(os, "write", interrupted_write)
    assert edit(place, "--cells", "type=B", "--genes", "g1=0", out="whole.h5ad") == 0
    assert next(pressed, None) is None
    assert "Wrote" in capsys.readouterr().out and (place / "whole.h5ad").exists()


def test_ctrl_c_writes_nothing(place: Path, press_ctrl_c: PressCtrlC) -> None:
    def has_begun(job: Job) -> bool:
        return job.is_running

    press_ctrl_c(has_begun)
    code = edit(place, "--cells", "type=B", "--genes", "g1=0", out="never.h5ad")
    assert (code == 1) != (place / "never.h5ad").exists()
