"""`stimpute tune`: a table, the best settings in a file, and how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import anndata as ad
import pytest

from napari_stimpute import PCADenoiser
from napari_stimpute.cli import main
from napari_stimpute.data.records import read_records
from napari_stimpute.models.configs import PCADenoiserConfig

from ..slow_models import SlowButForDefaults
from .conftest import PressCtrlC

StandIn = Callable[[type[PCADenoiser]], None]
PCA = ("--model", "pca")
N_PCA = len(PCADenoiserConfig.SEARCH["n_components"])


def run(*argv: object) -> int:
    return main([str(a) for a in argv])


def wrong_usage(*argv: object) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(*argv)
    assert stopped.value.code == 2


def test_best_settings_go_through_a_file_into_a_run(file: Path) -> None:
    best, out = file.with_name("best.json"), file.with_name("out.h5ad")
    assert run("tune", file, *PCA, "--out", best, "--quiet") == 0
    held = json.loads(best.read_text(encoding="utf-8"))
    assert held["model"] == "pca" and held["score"] > held["score_of_start"]
    assert held["settings"] != {"n_components": 20}
    assert run("impute", file, out, *PCA, "--settings", best, "--quiet") == 0
    assert read_records(ad.read_h5ad(out))["pca"].config == held["settings"]
    wins = ("--settings", best, "--set", "n_components=3")
    assert run("impute", file, out, *PCA, *wins, "--quiet") == 0
    assert read_records(ad.read_h5ad(out))["pca"].config == {"n_components": 3}


def test_table_names_every_trial_the_best_first(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("tune", file, *PCA, "--trials", 4, "--labels", "domain") == 0
    lines = capsys.readouterr().out.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("Trial "))
    assert "domain" in lines[start]
    rows = lines[start + 1 : start + 5]
    assert "*" in rows[0] and sum("as begun" in row for row in rows) == 1
    assert {row.split()[0] for row in rows} == {"0", "1", "2", "3"}
    assert any(line.startswith("PCA denoiser finds no clusters") for line in lines)


def test_trials_compared_with_another_column_show_none(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    section = ad.read_h5ad(file)[:60, :60].copy()
    section.obs["half"] = ["a" if i % 2 else "b" for i in range(section.n_obs)]
    section.write_h5ad(file)
    quick = ("--preset", "tiny", "--set", "epochs=3", "--study", file.with_name("s.log"))
    assert run("tune", file, *quick, "--trials", 1, "--labels", "domain") == 0
    assert run("tune", file, *quick, "--trials", 2, "--labels", "half") == 0
    lines = capsys.readouterr().out.splitlines()
    header = next(line for line in lines if line.startswith("Trial ") and "half" in line)
    ends = header.index("half") + len("half")
    rows = lines[lines.index(header) + 1 : lines.index(header) + 3]
    agreement = {row.split()[0]: row[:ends].split()[-1] for row in rows}
    assert agreement["0"] == "–" != agreement["1"]
    assert "1 of the trials was not compared with 'half'." in lines


class Counted(PCADenoiser):
    """Counts its fits, by the number of components."""

    fits: ClassVar[list[int]] = []

    def _learn(self, *rest: Any) -> Any:
        self.fits.append(self.config.n_components)
        return super()._learn(*rest)


def test_a_second_run_goes_on_with_the_study(
    file: Path, capsys: pytest.CaptureFixture[str], stand_in: StandIn
) -> None:
    stand_in(Counted)
    fits = Counted.fits
    fits.clear()
    study = ("--study", file.with_name("s.log"))
    run("tune", file, *PCA, "--trials", 2, *study, "--quiet")
    assert len(fits) == 6
    run("tune", file, *PCA, "--trials", 3, *study, "--quiet")
    assert len(set(fits)) == 3 and len(fits) == 9
    assert run("tune", file, *PCA, "--seed", 5, *study) == 1
    assert "found one of the seed 0" in capsys.readouterr().err


def test_a_killed_process_loses_no_trial_that_was_done(file: Path, stand_in: StandIn) -> None:
    ad.read_h5ad(file)[:60, :60].copy().write_h5ad(file)
    study = file.with_name("s.log")
    settings = (*PCA, "--study", str(study), "--quiet")
    command = [sys.executable, "-m", "napari_stimpute", "tune", str(file), *settings]
    with subprocess.Popen(command) as process:
        while not study.exists() or '"values":[' not in study.read_text():
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    stand_in(Counted)
    Counted.fits.clear()
    best = file.with_name("best.json")
    assert main([*command[3:], "--out", str(best)]) == 0
    assert json.loads(best.read_text(encoding="utf-8"))["trials"] == N_PCA
    assert 20 not in Counted.fits  # the first, with the settings it began with


def test_ctrl_c_keeps_what_was_scored(
    file: Path,
    stand_in: StandIn,
    press_ctrl_c: PressCtrlC,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stand_in(SlowButForDefaults)
    press_ctrl_c(lambda job: job.latest is not None and "trial 1 " in job.latest.phase)
    best = file.with_name("best.json")
    assert run("tune", file, *PCA, "--out", best) == 0
    assert "Stopped after 1 of 20 trials." in capsys.readouterr().out
    assert json.loads(best.read_text(encoding="utf-8"))["settings"] == {"n_components": 20}


def test_fixed_settings_are_not_searched(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong_usage("tune", file, *PCA, "--set", "n_components=7")
    assert "not all of them fixed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("--model", "gene_mean"), "one with settings to search"),
        (("--model", "nope"), "'nope', which is not one"),
        (("--trials", "0"), "not a whole number from 1"),
        (("--out", "best.txt"), "ending in .json"),
        (("--labels", "nope", *PCA), "'nope', which is not one"),
    ],
)
def test_wrong_usage_is_named(
    argv: tuple[str, ...], words: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong_usage("tune", file, *argv)
    assert words in capsys.readouterr().err


def test_settings_of_another_model_and_other_files_are_refused(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    best, out = file.with_name("best.json"), file.with_name("out.h5ad")
    best.write_text('{"model": "pca", "settings": {"n_components": 5}}')
    wrong_usage("impute", file, out, "--settings", best)
    assert "add --model pca" in capsys.readouterr().err
    best.write_text('{"model": "pca", "settings": {"n_components": 500}}')
    wrong_usage("impute", file, out, *PCA, "--settings", best)
    for content in ("not json", "[1]", "{}"):
        best.write_text(content)
        assert run("impute", file, out, *PCA, "--settings", best) == 1
        assert "settings written by 'stimpute tune'" in capsys.readouterr().err
    assert run("impute", file, out, *PCA, "--settings", "missing.json") == 1


def test_help_names_what_is_searched(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = pytest.raises(SystemExit)
    with wrong:
        run("tune", "--help")
    text = " ".join(capsys.readouterr().out.split())
    assert "searched for pca, unless fixed with --set: n_components 5, 10" in text


def test_optuna_is_not_loaded_before_it_searches() -> None:
    code = (
        "import sys, napari_stimpute.cli, napari_stimpute.tune.search\n"
        "import napari_stimpute.plugin.train.tune_section\n"
        "sys.exit('optuna' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
