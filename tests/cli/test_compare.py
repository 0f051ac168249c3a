"""`stimpute compare`: a table, a page and a plain sentence, and how it ends."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import anndata as ad
import pytest

from napari_stimpute.cli import main
from napari_stimpute.compare import methods
from napari_stimpute.job import Job

from .conftest import PressCtrlC

SIMPLE = "raw,gene_mean,pca"


@pytest.fixture(autouse=True)
def _no_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """MAGIC and scVI are absent, whatever is installed where the tests run."""
    monkeypatch.setattr(methods, "find_spec", lambda name: None)


def compare(*argv: object) -> int:
    return main(["compare", *(str(a) for a in argv)])


def wrong_usage(*argv: object) -> None:
    with pytest.raises(SystemExit) as stopped:
        compare(*argv)
    assert stopped.value.code == 2


# ---- what it says and writes -------------------------------------------------------------------


def test_every_method_has_its_row_the_best_first(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(file, "--models", SIMPLE, "--seeds", 2) == 0
    output = capsys.readouterr().out
    assert output.index("PCA denoiser  ") < output.index("Counts as they are  ")
    told = " ".join(output.split())  # lines are as long as the terminal is wide
    assert "methods compared" in told and "Not tried: nearest in expression" in told


def test_by_default_all_that_can_run_is_compared(
    section: ad.AnnData, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = section[:40, :40].copy()
    del cells.obsm["spatial"]
    cells.write_h5ad(tmp_path / "cells.h5ad")
    assert compare(tmp_path / "cells.h5ad", "--seeds", 1, "--preset", "tiny") == 0
    output = capsys.readouterr().out
    assert "Mixture" in output and "PCA denoiser" in output
    assert "GMM-VGAE" not in output and "MAGIC" not in output


def test_table_holds_every_score_of_every_seed(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    compare(file, "--models", SIMPLE, "--seeds", 2, "--seed", 4, "--out", out, "--quiet")
    with out.open() as lines:
        rows = list(csv.DictReader(lines))
    assert sorted((r["method"], r["seed"]) for r in rows) == [
        (name, seed) for name in ("gene_mean", "pca", "raw") for seed in ("4", "5")
    ]
    assert all(float(r["deviance_explained"]) < 1 for r in rows)


def test_json_holds_the_sentence_the_summary_and_the_winners(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.json"
    compare(file, "--models", f"{SIMPLE},magic", "--seeds", 1, "--out", out, "--quiet")
    held = json.loads(out.read_text())
    assert held["complete"] and held["seeds"] == [0] and "hidden molecules" in held["verdict"]
    assert sum(held["genes_won"].values()) == pytest.approx(1.0)
    assert set(held["winner_of_gene"].values()) <= {"raw", "gene_mean", "pca"}
    magic = next(m for m in held["methods"] if m["method"] == "magic")
    assert magic["failure"] == "MAGIC is not installed: pip install magic-impute"
    assert magic["deviance_explained"] is None


def test_report_is_written_with_maps_of_the_genes_asked_for(file: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    show = ("--show", "Layer1_a, Flat_a")
    assert compare(file, "--models", SIMPLE, "--seeds", 1, "--report", page, *show, "--quiet") == 0
    text = page.read_text(encoding="utf-8")
    assert "Layer1_a, as counted and under each method." in text
    assert "Flat_a, as counted and under each method." in text


def test_input_is_never_changed(file: Path) -> None:
    before = file.read_bytes()
    compare(file, "--models", "raw", "--seeds", 1, "--quiet")
    assert file.read_bytes() == before
    assert [p.name for p in file.parent.iterdir()] == ["in.h5ad"]


def test_quiet_says_nothing(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compare(file, "--models", "raw,pca", "--seeds", 1, "--quiet")
    assert capsys.readouterr() == ("", "")


def test_help_lists_every_method_and_what_is_missing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wrong = pytest.raises(SystemExit)
    with wrong as stopped:
        compare("--help")
    output = " ".join(capsys.readouterr().out.split())
    assert stopped.value.code == 0
    for name, method in methods.methods().items():
        assert f"{name} {method.title}" in output
    assert "MAGIC is not installed: pip install magic-impute" in output


# ---- what goes wrong ---------------------------------------------------------------------------


def test_a_tool_that_is_not_installed_does_not_sink_the_rest(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(file, "--models", "scvi,pca,raw", "--seeds", 1) == 0
    output = capsys.readouterr().out
    assert "– %" not in output  # one split has no spread
    assert "scVI is not installed: pip install scvi-tools" in output
    assert "PCA denoiser" in output


def test_nothing_but_a_tool_that_is_not_installed_fails_in_words(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "report.html"
    assert compare(file, "--models", "magic", "--report", page) == 1
    assert "MAGIC is not installed: pip install magic-impute" in capsys.readouterr().err
    assert not page.exists()


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("--models", "pca,nope"), "found 'nope', which is not one"),
        (
            ("--models", "raw", "--show", "NoSuchGene"),
            "found 'NoSuchGene', which is not among",
        ),
        (("--models", "raw", "--show", "layer1_a"), "Did you mean 'Layer1_a'?"),
        (("--models", "raw", "--genes", "hvg:5", "--show", "Flat_a"), "add --also Flat_a"),
        (("--models", "pca", "--preset", "huge"), "found 'huge', which is not one"),
        (("--seeds", "0"), "'0' is not a whole number from 1"),
        (("--seeds", "few"), "'few' is not a whole number from 1"),
        (("--device", "abacus"), "found 'abacus'"),
        (("--genes", "hvg:few"), "'hvg:' and a number of genes"),
    ],
)
def test_wrong_usage_is_named_and_ends_with_2(
    argv: tuple[str, ...], words: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong_usage(file, *argv)
    output = capsys.readouterr().err
    assert words in output and "See: stimpute compare --help" in output


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("missing.h5ad",), "no such file"),
        (("in.h5ad", "--report", "no/report.html"), "its folder is missing"),
        (("in.h5ad", "--report", "in.h5ad"), "a page ending in .html"),
        (("in.h5ad", "--out", "scores.txt"), "a table ending in .csv or .json"),
        (("in.h5ad", "--out", "."), "a table ending in .csv or .json"),
    ],
)
def test_failure_is_said_before_any_work(
    argv: tuple[str, ...],
    words: str,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(file.parent)
    monkeypatch.setattr(Job, "start", lambda _job: pytest.fail("began before it was checked"))
    assert compare(*argv) == 1
    output = capsys.readouterr().err
    assert output.startswith("stimpute: Expected ") and words in output


def test_too_few_molecules_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import numpy as np

    ad.AnnData(np.eye(3, dtype=np.float32)).write_h5ad(tmp_path / "empty.h5ad")
    assert compare(tmp_path / "empty.h5ad", "--genes", "all") == 1
    assert "3 molecules in all" in capsys.readouterr().err


# ---- Ctrl-C ------------------------------------------------------------------------------------


def model_has_begun(job: Job) -> bool:
    return job.latest is not None and "GMM-VGAE, model alone" in job.latest.phase


def test_ctrl_c_keeps_what_was_scored_and_says_it_is_not_all(
    file: Path, tmp_path: Path, press_ctrl_c: PressCtrlC, capsys: pytest.CaptureFixture[str]
) -> None:
    press_ctrl_c(model_has_begun)
    page, out = tmp_path / "report.html", tmp_path / "scores.json"
    models = ("--models", "raw,pca,gmm_vgae_alone")
    assert compare(file, *models, "--seeds", 1, "--report", page, "--out", out) == 0
    output = capsys.readouterr().out
    assert "Stopped early: the comparison is incomplete." in output
    assert "GMM-VGAE, model alone: Not reached before the comparison was stopped." in output
    assert "this comparison is incomplete" in page.read_text(encoding="utf-8")
    held = json.loads(out.read_text())
    assert not held["complete"]
    assert {s["method"] for s in held["scores"] if s["failure"] is None} == {"raw", "pca"}


def test_ctrl_c_before_the_first_score_writes_nothing(
    file: Path, tmp_path: Path, press_ctrl_c: PressCtrlC, capsys: pytest.CaptureFixture[str]
) -> None:
    press_ctrl_c(model_has_begun)
    page = tmp_path / "report.html"
    assert compare(file, "--models", "gmm_vgae_alone", "--report", page) == 1
    assert "given up; nothing was written" in capsys.readouterr().err
    assert not page.exists()


def test_comparing_loads_no_front_end() -> None:
    import subprocess

    code = "import sys; import napari_stimpute.compare.table, napari_stimpute.compare.page"
    names = "{'napari', 'qtpy', 'magicgui', 'ipywidgets', 'scvi', 'magic'}"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; sys.exit(' '.join({names} & set(sys.modules)) or 0)"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
