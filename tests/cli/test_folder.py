"""`stimpute impute` and `cluster` for a folder: each file once, whatever happens to the others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import anndata as ad
import h5py
import pytest

from napari_stimpute import GeneMean, keys
from napari_stimpute.cli import main
from napari_stimpute.data.records import read_records
from napari_stimpute.data.structure import named
from napari_stimpute.job import Job
from napari_stimpute.progress import StopEarly
from napari_stimpute.trust.judgement import Judgement

from ..formats import some_barcodes, some_counts, write_10x, write_hd, write_visium
from ..simulated import simulate_section
from .conftest import PressCtrlC

QUICK = ("--model", "gene_mean", "--no-blend", "--no-judge")


@pytest.fixture(scope="module")
def section() -> ad.AnnData:
    return simulate_section(n_rows=15, n_genes=100)[:60, :40].copy()


@pytest.fixture
def folder(section: ad.AnnData, tmp_path: Path) -> Path:
    """A folder with b.h5ad and a.h5ad, and things that are none of its business."""
    made = tmp_path / "in"
    (made / "within").mkdir(parents=True)
    for name in ("b.h5ad", "a.h5ad", ".hidden.h5ad", "within/c.h5ad"):
        section.write_h5ad(made / name)
    (made / "notes.txt").write_text("Notes.")
    (made / "odd.h5ad").mkdir()
    return made


def run(*argv: object) -> int:
    return main([str(a) for a in argv])


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def table(text: str) -> dict[str, str]:
    """What the table says of each file."""
    lines = text[text.index("File ") :].splitlines()[1:]
    return {line.split()[0]: " ".join(line.split()[1:]) for line in lines if ".h5ad" in line}


# ---- what is written ---------------------------------------------------------------------------


def test_every_file_gets_a_result_of_the_same_name_in_order(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = folder.with_name("deep") / "out"
    assert run("impute", folder, out, *QUICK) == 0
    assert names(out) == ["a.h5ad", "b.h5ad"]
    for file in out.iterdir():
        assert keys.imputed("gene_mean") in ad.read_h5ad(file).layers
    text = capsys.readouterr()
    assert text.out.index("1 of 2: a.h5ad") < text.out.index("2 of 2: b.h5ad")
    assert "2 of 2 · Training Gene mean × depth · done in" in text.err
    assert [row.split()[0] for row in table(text.out).values()] == ["done", "done"]
    assert text.out.endswith("2 done.\n")


def test_files_of_other_genes_are_worked_on_and_it_is_said_how_many_they_share(
    folder: Path, section: ad.AnnData, capsys: pytest.CaptureFixture[str]
) -> None:
    section[:, 10:].copy().write_h5ad(folder / "b.h5ad")
    (folder / "shared.txt").write_text("\n".join(section.var_names[10:]))
    out = folder.with_name("out")
    assert run("impute", folder, out, *QUICK) == 0
    said = "Not the same genes are modelled in all files: 30 of 40 are. Name genes that all hold"
    assert said in capsys.readouterr().out
    assert run("impute", folder, out, *QUICK, "--overwrite", "--genes", folder / "shared.txt") == 0
    assert "Not the same genes" not in capsys.readouterr().out


def test_inputs_are_never_changed(folder: Path) -> None:
    before = {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}
    run("impute", folder, folder.with_name("out"), *QUICK, "--quiet")
    assert {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()} == before


def test_cluster_takes_a_folder_too_and_models_are_kept_apart(folder: Path) -> None:
    out, models = folder.with_name("out"), folder.with_name("models")
    tiny = ("--model", "scziva", "--preset", "tiny", "--set", "epochs=2", "--n-clusters", 2)
    assert run("cluster", folder, out, *tiny, "--save-model", models, "--quiet") == 0
    for file in out.iterdir():
        written = ad.read_h5ad(file)
        assert keys.cluster("scziva") in written.obs
        assert keys.imputed("scziva") not in written.layers
    assert names(models) == ["a", "b"]


def test_models_of_a_folder_can_be_loaded(folder: Path) -> None:
    models = folder.with_name("models")
    run("impute", folder, folder.with_name("out"), *QUICK, "--save-model", models, "--quiet")
    written = ad.read_h5ad(folder.with_name("out") / "b.h5ad")
    assert GeneMean.load(models / "b").impute(written).shape == written.shape


# ---- what is there already ---------------------------------------------------------------------


def test_a_result_that_is_there_is_skipped_and_said_until_it_may_be_overwritten(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = folder.with_name("out")
    assert run("impute", folder, out, *QUICK, "--quiet") == 0
    before = (out / "a.h5ad").stat().st_mtime_ns
    (out / "b.h5ad").unlink()
    assert run("impute", folder, out, *QUICK) == 0
    assert (out / "a.h5ad").stat().st_mtime_ns == before
    text = capsys.readouterr().out
    assert f"1 of 2: a.h5ad is skipped, as {out / 'a.h5ad'} is there already." in text
    assert table(text)["a.h5ad"] == "skipped a result is there; --overwrite makes it anew"
    assert text.endswith("1 skipped, 1 done.\n")
    assert run("impute", folder, out, *QUICK, "--overwrite", "--quiet") == 0
    assert (out / "a.h5ad").stat().st_mtime_ns > before  # in one second it may hold the same


def test_a_file_without_the_wanted_result_is_no_result_and_stays(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = folder.with_name("out")
    assert run("impute", folder, out, *QUICK, "--key", "other", "--quiet") == 0
    (out / "a.h5ad").write_text("mine")
    before = (out / "b.h5ad").read_bytes()
    assert run("impute", folder, out, *QUICK) == 1
    assert (out / "a.h5ad").read_text() == "mine" and (out / "b.h5ad").read_bytes() == before
    text = capsys.readouterr()
    assert "without a result “gene_mean”. Choose another folder, or --overwrite." in text.err
    assert text.out.endswith("2 failed.\n")


def test_a_stop_while_judging_is_made_anew_next_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: object) -> None:
        raise StopEarly

    out = folder.with_name("out")
    with monkeypatch.context() as patch:
        patch.setattr(Judgement, "judge", stopped)
        run("impute", folder, out, "--model", "gene_mean", "--quiet")
    assert run("impute", folder, out, "--model", "gene_mean") == 0
    assert "whose result was stopped early, is made anew" in capsys.readouterr().out
    assert read_records(ad.read_h5ad(out / "a.h5ad"))["gene_mean"].completed


def test_a_result_that_was_stopped_early_is_made_anew(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = folder.with_name("out")
    assert run("impute", folder, out, *QUICK, "--quiet") == 0
    half = ad.read_h5ad(out / "a.h5ad")
    records = dict(half.uns[keys.UNS])
    records["gene_mean"] = records["gene_mean"].replace('"completed":true', '"completed":false')
    half.uns[keys.UNS] = records
    half.write_h5ad(out / "a.h5ad")
    assert run("impute", folder, out, *QUICK) == 0
    text = capsys.readouterr().out
    assert "1 of 2: a.h5ad, whose result was stopped early, is made anew." in text
    assert text.endswith("1 done, 1 skipped.\n")
    again = ad.read_h5ad(out / "a.h5ad").uns[keys.UNS]["gene_mean"]
    assert '"completed":true' in again


# ---- what goes wrong ---------------------------------------------------------------------------


def test_a_bad_file_does_not_stop_the_others(
    section: ad.AnnData, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "aa.h5ad").write_text("These are notes.")
    logged = section.copy()
    logged.X = logged.X.log1p()
    for layer in named(logged, "layers"):
        del logged.layers[layer]
    logged.write_h5ad(folder / "ab.h5ad")
    out = folder.with_name("out")
    assert run("impute", folder, out, *QUICK) == 1
    assert names(out) == ["a.h5ad", "b.h5ad"]
    text = capsys.readouterr()
    assert "stimpute: aa.h5ad: Expected an .h5ad file" in text.err
    assert "stimpute: ab.h5ad: Expected counts (whole numbers ≥ 0)" in text.err
    assert "Traceback" not in text.err
    rows = table(text.out)
    assert rows["aa.h5ad"] == "failed a file that is not HDF5, in spite of its ending"
    assert rows["ab.h5ad"].startswith("failed values like")
    assert text.out.endswith("2 done, 2 failed.\n")


def test_settings_that_do_not_fit_one_file_fail_that_file_only(
    section: ad.AnnData, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    section[:4].copy().write_h5ad(folder / "few.h5ad")
    tiny = ("--model", "scziva", "--preset", "tiny", "--set", "epochs=1", "--n-clusters", 5)
    assert run("cluster", folder, folder.with_name("out"), *tiny) == 1
    text = capsys.readouterr()
    assert "at most the number of cells (4)" in text.err
    row = "failed expected n_clusters to be at most the number of cells (4), not 5"
    assert table(text.out)["few.h5ad"] == row
    assert names(folder.with_name("out")) == ["a.h5ad", "b.h5ad"]


def test_quiet_says_only_what_goes_wrong(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "aa.h5ad").write_text("These are notes.")
    assert run("impute", folder, folder.with_name("out"), *QUICK, "--quiet") == 1
    text = capsys.readouterr()
    assert text.out == "" and text.err.startswith("stimpute: aa.h5ad: ")
    assert len(text.err.splitlines()) == 1


def test_a_folder_without_files_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in" / "within").mkdir(parents=True)
    assert run("impute", tmp_path / "in", tmp_path / "out", *QUICK) == 1
    text = capsys.readouterr().err
    assert f"at least one file or folder of data in {tmp_path / 'in'}, but found none" in text
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("in", "the folder of the input itself"),
        ("in/../in", "the folder of the input itself"),
        ("in/out", "a folder within that of the input"),
        ("in/within/out", "a folder within that of the input"),
        ("there.h5ad", "a file. Choose another name."),
        ("new.h5ad", "the ending .h5ad of a file. Name a folder."),
        ("link", "the folder of the input itself"),
        ("there.h5ad/out", "that it cannot be made"),
    ],
)
def test_an_output_that_cannot_be_is_refused_before_any_work(
    out: str,
    words: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Job, "start", lambda _job: pytest.fail("it began"))
    folder.with_name("there.h5ad").write_text("A file.")
    folder.with_name("link").symlink_to(folder)
    before = names(folder), names(folder.parent)
    assert run("impute", folder, folder.parent / out, *QUICK) == 1
    text = capsys.readouterr().err
    assert "a folder for the results" in text and words in text
    assert (names(folder), names(folder.parent)) == before


def test_a_setting_that_cannot_be_is_wrong_usage_before_any_file(folder: Path) -> None:
    with pytest.raises(SystemExit) as stopped:
        run("impute", folder, folder.with_name("out"), "--model", "pca", "--set", "n_components=0")
    assert stopped.value.code == 2
    assert not folder.with_name("out").exists()


class FailsAtFirst(GeneMean):
    """Fails in its first fit, in a way that nobody foresaw."""

    calls: ClassVar[list[int]] = []

    def _learn(self, *args: Any) -> Any:
        self.calls.append(1)
        if len(self.calls) == 1:
            raise ZeroDivisionError("odd")
        return super()._learn(*args)


def test_what_nobody_foresaw_fails_that_file_only(
    folder: Path, stand_in: Callable[[type[GeneMean]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    FailsAtFirst.calls.clear()
    stand_in(FailsAtFirst)
    assert run("impute", folder, folder.with_name("out"), *QUICK) == 1
    text = capsys.readouterr()
    assert "a.h5ad: Something unforeseen went wrong: ZeroDivisionError: odd" in text.err
    assert text.out.endswith("1 failed, 1 done.\n")


# ---- Ctrl-C ------------------------------------------------------------------------------------


def second_has_learned(job: Job) -> bool:
    second = job.title.startswith("2 of")
    return second and job.latest is not None and job.latest.step >= 5


LONG = ("--model", "scziva", "--preset", "tiny", "--set", "epochs=60")


@pytest.fixture
def three(section: ad.AnnData, folder: Path) -> Path:
    section.write_h5ad(folder / "c.h5ad")
    return folder


def test_ctrl_c_keeps_the_best_of_this_file_and_leaves_the_rest(
    three: Path, press_ctrl_c: PressCtrlC, capsys: pytest.CaptureFixture[str]
) -> None:
    press_ctrl_c(second_has_learned)
    out = three.with_name("out")
    assert run("impute", three, out, *LONG) == 1
    assert names(out) == ["a.h5ad", "b.h5ad"]
    completed = [read_records(ad.read_h5ad(out / n))["scziva"].completed for n in names(out)]
    assert completed == [True, False]
    text = capsys.readouterr().out
    states = {name: row.split(" the ")[0] for name, row in table(text).items()}
    assert states["a.h5ad"].startswith("done") and states["c.h5ad"] == "not begun"
    assert states["b.h5ad"].startswith("stopped early")
    assert "1 done, 1 stopped early, 1 not begun." in text


def test_a_second_ctrl_c_gives_this_file_up_and_keeps_those_before(
    three: Path, press_ctrl_c: PressCtrlC, capsys: pytest.CaptureFixture[str]
) -> None:
    press_ctrl_c(second_has_learned, times=2)
    out = three.with_name("out")
    assert run("impute", three, out, *LONG) == 1
    assert names(out) == ["a.h5ad"]
    rows = table(capsys.readouterr().out)
    assert rows["b.h5ad"] == "given up nothing was written"
    assert rows["c.h5ad"] == "not begun"


def test_ctrl_c_leaves_a_finished_result_and_the_rest(
    three: Path, press_ctrl_c: PressCtrlC, capsys: pytest.CaptureFixture[str]
) -> None:
    out = three.with_name("out")
    assert run("impute", three, out, *QUICK, "--key", "mine", "--quiet") == 0
    before = {name: (out / name).read_bytes() for name in names(out)}
    press_ctrl_c(second_has_learned)
    assert run("impute", three, out, *LONG, "--key", "mine", "--overwrite") == 1
    changed = [name for name in names(out) if (out / name).read_bytes() != before[name]]
    assert changed == ["a.h5ad"]
    text = capsys.readouterr()
    assert "stimpute: Expected a whole run, as “mine” is" in text.err
    rows = table(text.out)
    assert rows["b.h5ad"] == "given up nothing was written"
    assert rows["c.h5ad"] == "not begun"


# ---- damaged sparse files ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "at", "value"),
    [("indices", 5, 1_000_000), ("indices", 5, -1), ("indptr", 5, 10**9), ("indptr", -1, 3)],
)
def test_a_damaged_sparse_file_does_not_keep_the_others_from_their_results(
    part: str,
    at: int,
    value: int,
    folder: Path,
    section: ad.AnnData,
    capsys: pytest.CaptureFixture[str],
) -> None:
    section.write_h5ad(folder / "aa.h5ad")
    with h5py.File(folder / "aa.h5ad", "r+") as file:
        file[f"X/{part}"][at] = value
    before, out = (folder / "aa.h5ad").read_bytes(), folder.with_name("out")
    for _ in range(2):  # and it is not in the way when the folder is gone on with
        assert run("impute", folder, out, *QUICK) == 1
        said = table(capsys.readouterr().out)
        assert "failed" in said["aa.h5ad"].lower()
        assert names(out) == ["a.h5ad", "b.h5ad"]
    assert (folder / "aa.h5ad").read_bytes() == before


def test_files_and_folders_of_other_formats_are_worked_on(tmp_path: Path) -> None:
    data = tmp_path / "in"
    data.mkdir()
    write_10x(data / "a.h5", some_counts(), some_barcodes())
    write_visium(data / "b", some_counts(), some_barcodes())
    (data / "notes.txt").write_text("These are notes.")
    assert run("impute", data, tmp_path / "out", *QUICK) == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a.h5.h5ad", "b.h5ad"]


def test_a_folder_that_is_one_sample_is_read_as_one(tmp_path: Path) -> None:
    write_hd(tmp_path / "hd", some_counts(), some_barcodes())
    out = tmp_path / "out.h5ad"
    assert run("impute", tmp_path / "hd", out, "--read", "bin=16", *QUICK) == 0
    assert ad.read_h5ad(out).n_obs == 4
