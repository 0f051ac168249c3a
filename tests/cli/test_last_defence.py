"""Whatever happens, the shell says one sentence, and nothing in it steers the terminal."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import anndata as ad
import numpy as np
import pytest

from napari_stimpute.cli import main

QUICK = ("--model", "gene_mean", "--no-blend", "--no-judge", "--quiet")


def said(capsys: pytest.CaptureFixture[str], *argv: object, code: int = 1) -> str:
    """What a command line that fails says."""
    try:
        assert main([str(a) for a in argv]) == code
    except SystemExit as end:
        assert end.code == code
    return capsys.readouterr().err


def test_what_nobody_foresaw_is_one_sentence_and_a_log(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("nobody thought of it")

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("napari_stimpute.data.card.data_card", broken)
    words = said(capsys, "check", file)
    log = next((tmp_path / "state" / "napari-stimpute").iterdir())
    assert words.count("\n") == 1
    assert f"(ZeroDivisionError). The details are in {log}" in words
    assert "nobody thought of it" in log.read_text()


@pytest.mark.parametrize("seed", [2**32, 10**40, -1, "9" * 5000])
def test_a_seed_that_libraries_do_not_take_is_wrong_usage(
    file: Path, capsys: pytest.CaptureFixture[str], seed: object
) -> None:
    words = said(capsys, "impute", file, "out.h5ad", f"--seed={seed}", code=2)
    assert "is not a whole number from 0 to 4,000,000,000" in words


@pytest.mark.parametrize(
    "genes", ["hvg:²", "hvg:" + "9" * 5000, "n" * 5000, "~nobody-of-that-name/x"]
)
def test_genes_that_cannot_be_are_said(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], genes: str
) -> None:
    code = 2 if genes.startswith("hvg") else 1
    words = said(capsys, "impute", file, tmp_path / "o.h5ad", *QUICK, "--genes", genes, code=code)
    assert "Expected" in words and "unforeseen" not in words


@pytest.mark.parametrize("text", ["[" * 200_000, '{"a":' * 100_000, "[1", "3"])
def test_settings_that_are_none_are_said(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (tmp_path / "s.json").write_text(text)
    asked = ("impute", file, tmp_path / "o.h5ad", "--settings", tmp_path / "s.json")
    assert "Expected settings written by 'stimpute tune'" in said(capsys, *asked)


def test_names_that_would_steer_the_terminal_are_shown(
    section: ad.AnnData, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    adata = section.copy()
    adata.obs["\x1b[2Jlabel"] = np.array(["a", "b"])[np.arange(adata.n_obs) % 2]
    adata.write_h5ad(tmp_path / "odd.h5ad")
    assert main(["check", str(tmp_path / "odd.h5ad")]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\\x1b[2Jlabel (2)" in shown
    asked = ("impute", tmp_path / "odd.h5ad", "o.h5ad", "--model", "pca", "--set", "\x1b[2J=1")
    assert "\\x1b[2J" in said(capsys, *asked, code=2)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_streams_without_a_letter_show_an_escape(file: Path, encoding: str) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", "napari_stimpute", "check", str(file)]
    done = subprocess.run(command, env=environment, capture_output=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"Technology" in done.stdout


def test_a_name_that_is_not_utf8_is_read(file: Path) -> None:
    odd = os.fsencode(file.parent) + b"/\xff.h5ad"
    os.rename(file, odd)
    command = [sys.executable, "-m", "napari_stimpute", "check", odd]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_broken_link_in_a_folder_is_failed_and_told(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gone.h5ad").symlink_to(tmp_path / "nowhere.h5ad")
    out = tmp_path.parent / f"{tmp_path.name}-out"
    words = said(capsys, "impute", tmp_path, out, *QUICK)
    assert "gone.h5ad: Expected" in words and "a link to a file that is gone" in words
    assert (out / file.name).exists()


def test_a_disk_that_fills_up_under_the_model_leaves_the_result(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("torch.save", full)
    out, folder = tmp_path / "out.h5ad", tmp_path / "model"
    words = said(capsys, "impute", file, out, *QUICK, "--save-model", folder)
    assert f"The result is whole, in {out}; only its model could not be saved." in words
    assert "writing failed (No space left on device). Free some space" in words
    assert "gene_mean_imputed" in ad.read_h5ad(out).layers
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.h5ad", "out.h5ad"]


@pytest.mark.skipif(os.name == "nt", reason="signals to a process")
def test_ctrl_c_is_never_a_traceback_nor_lost(file: Path, tmp_path: Path) -> None:
    program = """
import os, signal, sys, weakref
from napari_stimpute.cli import main
from napari_stimpute import cli

class Tidied:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(100):
            pass

def check(*_, **__):
    del Tidied.one
    import time
    time.sleep(300)
    print("went on")

if sys.argv[1] == "early":
    argparse = cli.command_parser
    def early():
        signal.raise_signal(signal.SIGINT)
        return argparse()
    cli.command_parser = early
else:
    import napari_stimpute.data.opening
    Tidied.one = Tidied()
    napari_stimpute.data.opening.sound = check
sys.argv = ["stimpute", "check", sys.argv[2]]
sys.exit(main())
"""
    for when in ("early", "tidying"):
        command = [sys.executable, "-c", program, when, str(file)]
        done = subprocess.run(command, capture_output=True, timeout=120, check=False, text=True)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == "\nstimpute: given up; nothing was written.\n"
