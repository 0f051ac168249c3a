"""The `stimpute` command: what it writes, what it says, and how it ends."""

from __future__ import annotations

import errno
import re
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import anndata as ad
import numpy as np
import pytest
import scipy.sparse as sp

from napari_stimpute import GeneByGene, __version__, keys
from napari_stimpute.cli import command_parser, main
from napari_stimpute.cli.options import config_of
from napari_stimpute.config import form_fields
from napari_stimpute.data.records import read_records
from napari_stimpute.job import Job
from napari_stimpute.models import MODELS

from ..formats import some_barcodes, some_counts, write_hd
from .conftest import PressCtrlC

TINY = ("--preset", "tiny")


def wrong_usage(*argv: object) -> None:
    """The command line is refused as such."""
    with pytest.raises(SystemExit) as stopped:
        main([str(a) for a in argv])
    assert stopped.value.code == 2


def run(*argv: object) -> int:
    return main([str(a) for a in argv])


# ---- help --------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["impute", "cluster"])
def test_help_names_every_setting_of_every_model_that_can(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    sentence = " ".join(capsys.readouterr().out.split())
    gives = {"impute": "imputed", "cluster": "clusters"}[command]
    assert stopped.value.code == 0
    for info in MODELS.values():
        if gives not in info.provides:
            assert f"settings of {info.name} " not in sentence
            continue
        assert f"settings of {info.name} " in sentence
        for field in form_fields(info.config):
            assert field.name in sentence
            assert " ".join(field.help.split()) in sentence
            if field.maximum is not None:
                assert f"[{field.minimum:g} to {field.maximum:g}; {field.default}]" in sentence


@pytest.mark.parametrize("command", ["models", "check", "demo"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    assert f"usage: stimpute {command}" in capsys.readouterr().out


VERBS = ("models", "check", "impute", "cluster", "compare", "tune", "demo")


@pytest.mark.parametrize("command", ["", *VERBS])
def test_help_ends_with_examples_that_the_program_takes(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([*filter(None, [command]), "--help"])
    lines = capsys.readouterr().out.rpartition("examples:\n")[2].strip().splitlines()
    assert 2 <= len(lines) <= 4
    for program, *argv in map(str.split, lines):
        assert program == "stimpute"
        if "--help" not in argv:
            args, unknown = command_parser().parse_known_args(argv)
            assert not unknown
            if "model" in args:
                config_of(args.__class__(**{**vars(args), "settings_file": ""}))


@pytest.mark.parametrize("argv", ["models", "impute --help", "demo --help"])
def test_help_and_models_load_nothing_heavy(argv: str) -> None:
    code = (
        "import sys; from napari_stimpute.cli import main\n"
        f"try: main({argv.split()!r})\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'anndata', 'scanpy', 'matplotlib', 'pandas', 'scipy', 'napari'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_models_lists_all_with_needs_and_gifts(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("models") == 0
    sentence = capsys.readouterr().out
    for info in MODELS.values():
        assert info.name in sentence and info.title in sentence
    assert "needs counts, spatial · gives imputed, embedding, clusters" in sentence


def test_module_can_be_run_in_a_process_of_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "napari_stimpute", "--version"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout.strip()) == (0, f"stimpute {__version__}")


# ---- impute ------------------------------------------------------------------------------------


def test_impute_writes_imputed_values_for_every_cell_in_order(
    section: ad.AnnData, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = file.with_name("out.h5ad")
    assert run("impute", file, out, "--model", "pca", "--genes", "hvg:50") == 0
    written = ad.read_h5ad(out)
    layer = written.layers[keys.imputed("pca")]
    assert list(written.obs_names) == list(section.obs_names)
    assert written.n_vars == 50 and layer.shape == written.shape
    assert np.isfinite(layer).all() and layer.dtype == np.float32
    assert keys.embedding("pca") in written.obsm
    sentence = capsys.readouterr().out
    assert "The 50 most variable of 120 genes are modelled" in sentence
    assert re.search(r"Needs about 0\.[0-9] of [0-9.]+ GB free memory\.", sentence)
    assert f"Wrote {out}: {section.n_obs:,} × 50" in sentence


def test_kept_models_give_in_place_of_values_what_these_would_be(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, kept = file.with_name("whole.h5ad"), file.with_name("kept.h5ad")
    asked = ("--model", "mixture", "--genes", "hvg:50")
    assert run("impute", file, whole, *asked) == run("impute", file, kept, *asked, "--keep=model")
    said = capsys.readouterr().out
    assert "Values were not kept: each gene is computed" in said
    assert "uns['stimpute_models']['mixture']" in said
    values, found = ad.read_h5ad(whole), ad.read_h5ad(kept)
    assert keys.imputed("mixture") not in found.layers
    gene = found.var_names[7]
    np.testing.assert_allclose(
        GeneByGene.of(found, "mixture").expression(gene),
        values[:, gene].layers[keys.imputed("mixture")].ravel(),
        rtol=1e-5,
    )


def test_impute_keeps_counts_of_all_genes_and_whatever_else_was_there(
    section: ad.AnnData, file: Path
) -> None:
    out = file.with_name("out.h5ad")
    run("impute", file, out, "--model", "gene_mean", "--genes", "hvg:50", "--quiet")
    written = ad.read_h5ad(out)
    assert list(written.raw.var_names) == list(section.var_names)
    assert (sp.csr_matrix(written.raw.X) != section.X).nnz == 0
    assert list(written.obs) == list(section.obs)
    assert set(section.uns) <= set(written.uns)
    np.testing.assert_array_equal(written.obsm["spatial"], section.obsm["spatial"])


def test_genes_asked_for_are_modelled_too_and_recorded(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, names = file.with_name("out.h5ad"), file.with_name("names.txt")
    names.write_text("Layer1_a\nLayer1_b\n")
    assert (
        run("impute", file, out, "--model", "gene_mean", "--genes", "hvg:9", "--also", names) == 0
    )
    written = ad.read_h5ad(out)
    assert {"Layer1_a", "Layer1_b"} <= set(written.var_names)
    record = read_records(written)["gene_mean"]
    assert record.also == ["Layer1_a", "Layer1_b"] == list(written.uns[keys.ALSO])
    assert run("check", file, "--genes", "hvg:9", "--also", "Layer1a") == 1
    assert "Did you mean 'Layer1_a'" in " ".join(capsys.readouterr().out.split())


def test_input_is_never_changed(file: Path) -> None:
    before = file.read_bytes()
    run("impute", file, file.with_name("out.h5ad"), "--model", "gene_mean", "--quiet")
    assert file.read_bytes() == before


def test_gmm_vgae_runs_from_the_shell_with_its_settings(file: Path) -> None:
    out = file.with_name("out.h5ad")
    settings = ("--n-domains", 4, "--mode", "fill", "--set", "n_latent=5", "--seed", 3)
    assert run("impute", file, out, *TINY, *settings, "--key", "mine", "--quiet") == 0
    written = ad.read_h5ad(out)
    record = read_records(written)["mine"]
    assert record.config["n_domains"] == 4 and record.config["mode"] == "fill"
    assert record.config["n_latent"] == 5 and record.seed == 3 and record.completed
    assert written.obsm[keys.embedding("mine")].shape[1] == 5
    assert keys.imputed("mine") in written.layers
    assert written.obs[keys.cluster("mine")].nunique() <= 4


def test_saved_model_can_be_loaded_again(file: Path, tmp_path: Path) -> None:
    from napari_stimpute import PCADenoiser

    out, folder = tmp_path / "out.h5ad", tmp_path / "model"
    run("impute", file, out, "--model", "pca", "--save-model", folder, "--quiet")
    written = ad.read_h5ad(out)
    again = PCADenoiser.load(folder).impute(written)
    np.testing.assert_allclose(again, written.layers[keys.imputed("pca")], rtol=1e-5, atol=1e-6)


def test_progress_goes_to_stderr_and_sentences_to_stdout(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("impute", file, file.with_name("out.h5ad"), "--model", "gene_mean")
    sentence = capsys.readouterr()
    assert "Training Gene mean × depth · done in" in sentence.err
    assert "Training" not in sentence.out


def test_quiet_says_nothing(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("impute", file, file.with_name("out.h5ad"), "--model", "gene_mean", "--quiet")
    assert capsys.readouterr() == ("", "")


# ---- cluster and check -------------------------------------------------------------------------


def test_cluster_writes_clusters_and_embedding_but_no_imputed_values(file: Path) -> None:
    out = file.with_name("out.h5ad")
    assert run("cluster", file, out, *TINY, "--quiet") == 0
    written = ad.read_h5ad(out)
    assert keys.cluster("gmm_vgae") in written.obs
    assert keys.embedding("gmm_vgae") in written.obsm
    assert keys.imputed("gmm_vgae") not in written.layers


def test_cluster_refuses_a_model_that_finds_none(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong_usage("cluster", file, file.with_name("out.h5ad"), "--model", "pca")
    assert "PCA denoiser gives no clusters; choose one of: gmm_vgae" in capsys.readouterr().err


def test_check_says_what_is_in_the_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", file) == 0
    sentence = capsys.readouterr().out
    assert "in X: whole numbers" in sentence and "10x Visium" in sentence


def test_check_says_how_a_folder_is_read_and_how_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_hd(tmp_path / "hd", some_counts(), some_barcodes())
    assert run("check", folder, "--read", "bin=16") == 0
    said = capsys.readouterr().out
    assert "Visium HD output of Space Ranger, bin size: 16 µm" in said
    assert "--read bin=… takes also 2 (2 µm: 8 bins" in said
    assert run("check", folder, "--read", "bin=9") == 1
    assert "'9', which is not one" in capsys.readouterr().err


def test_check_of_a_file_without_counts_fails_in_words(
    section: ad.AnnData, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logged = ad.AnnData(section.X.log1p(), obsm={"spatial": section.obsm["spatial"]})
    logged.write_h5ad(tmp_path / "log.h5ad")
    assert run("check", tmp_path / "log.h5ad") == 1
    sentence = capsys.readouterr()
    assert "values like 0.693 in X" in " ".join(sentence.out.split())
    assert "cannot be used as it is" in sentence.err


# ---- what goes wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("--model", "nope"), "found 'nope', which is not one"),
        (("--set", "nope=3"), "nope to be a setting of GMMVGAEConfig"),
        (("--set", "n_latent"), "--set takes NAME=VALUE"),
        (("--set", "n_latent=900"), "n_latent to be less than or equal to 200"),
        (("--set", "n_latent=many"), "n_latent to be a whole number"),
        (("--n-domains", "500"), "n_domains to be less than or equal to 60"),
        (("--mode", "guess"), "mode to be 'denoise' or 'fill'"),
        (("--model", "pca", "--mode", "fill"), "mode to be a setting of PCADenoiserConfig"),
        (("--preset", "huge"), "preset of gmm_vgae, but found 'huge', which is not one. Choose"),
        (("--preset", "Tinny"), "Did you mean 'tiny'? Choose one of: 'default', 'tiny'"),
        (("--model", "sciva"), "Did you mean 'scziva' or"),
        (("--model", "PCA2"), "Did you mean 'pca'?"),
        (("--set", "n_latnet=3"), "Did you mean 'n_latent'? Its settings are: n_domains, mode"),
        (("--mode", "Fil"), "but found 'Fil'. Did you mean 'fill'?"),
        (("--presett", "tiny"), "unrecognized arguments: --presett tiny. Did you mean '--preset'"),
        (("--device", "abacus"), "found 'abacus'"),
        (("--key", "a/b"), "key to be letters, digits"),
        (("--genes", "no_such_file.txt"), "'no_such_file.txt', which is none of these"),
        (("--genes", "hvg:few"), "'hvg:' and a number of genes"),
        (("--seed", "one"), "argument --seed: 'one' is not a whole number from 0"),
        (("--seed=-1",), "argument --seed: '-1' is not a whole number from 0"),
    ],
)
def test_wrong_usage_is_named_and_ends_with_2(
    argv: tuple[str, ...], words: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = file.with_name("out.h5ad")
    wrong_usage("impute", file, out, *argv)
    sentence = capsys.readouterr().err
    assert words in sentence and "See: stimpute impute --help" in sentence
    assert not out.exists()


def test_a_misspelt_command_is_asked_about(capsys: pytest.CaptureFixture[str]) -> None:
    wrong_usage("inpute", "in.h5ad", "out.h5ad")
    assert "Did you mean 'impute'?\nSee: stimpute --help" in capsys.readouterr().err


def test_more_domains_than_spots_are_refused_before_training(
    section: ad.AnnData, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    section[:20].copy().write_h5ad(tmp_path / "few.h5ad")
    wrong_usage("impute", tmp_path / "few.h5ad", tmp_path / "out.h5ad", "--n-domains", 40)
    assert "at most the number of spots (20)" in capsys.readouterr().err


@pytest.mark.parametrize("argv", [(), ("impute",), ("impute", "in.h5ad"), ("nonsense",)])
def test_incomplete_commands_end_with_2(argv: tuple[str, ...]) -> None:
    wrong_usage(*argv)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("missing.h5ad", "out.h5ad"), "no such file"),
        (("in.h5ad", "in.h5ad"), "the input file itself"),
        (("in.h5ad", "no/out.h5ad"), "its folder is missing"),
        (("in.h5ad", "out.csv"), "the ending '.csv'"),
        (("in.h5ad", "out.h5ad", "--counts", "spliced"), "found 'spliced', which is not one"),
        (("in.h5ad", "out.h5ad", "--device", "cuda"), "a CUDA device"),
        (("in.h5ad", "out.h5ad", "--counts", "true_rate"), "in layer 'true_rate'"),
    ],
)
def test_failure_is_said_in_one_line_and_ends_with_1(
    argv: tuple[str, ...],
    words: str,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.chdir(file.parent)
    assert run("impute", *argv, "--model", "gene_mean") == 1
    sentence = capsys.readouterr().err
    assert sentence.startswith("stimpute: Expected ") and words in sentence
    assert "Traceback" not in sentence


def test_output_is_checked_before_work_is_put_into_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Job, "start", lambda _job: pytest.fail("trained before it was checked"))
    assert run("impute", file, file, "--model", "gene_mean", "--quiet") == 1


def test_genes_that_are_not_there_are_named(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = file.with_name("genes.txt")
    wanted.write_text("Layer1_a\nFlat_a\nNoSuchGene\n")
    out = file.with_name("out.h5ad")
    assert run("impute", file, out, "--model", "gene_mean", "--genes", wanted) == 0
    assert "the data do not hold them (1): NoSuchGene" in capsys.readouterr().out
    wanted.write_text("NoSuchGene\n")
    assert run("impute", file, out, "--model", "gene_mean", "--genes", wanted) == 1


def test_full_disk_fails_in_words_and_leaves_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(source: object, target: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    out = file.with_name("out.h5ad")
    monkeypatch.setattr("os.replace", full)
    assert run("impute", file, out, "--model", "gene_mean", "--quiet") == 1
    assert "the disk is full" in capsys.readouterr().err
    assert sorted(p.name for p in file.parent.iterdir()) == ["in.h5ad"]


# ---- Ctrl-C ------------------------------------------------------------------------------------


LONG = (*TINY, "--set", "epochs=5000")


def has_learned(job: Job) -> bool:
    return job.latest is not None and job.latest.step >= 5


def test_ctrl_c_writes_the_best_so_far_and_says_so(
    file: Path, press_ctrl_c: PressCtrlC, capsys: pytest.CaptureFixture[str]
) -> None:
    press_ctrl_c(has_learned)
    out = file.with_name("out.h5ad")
    assert run("impute", file, out, *LONG) == 0
    written = ad.read_h5ad(out)
    assert not read_records(written)["gmm_vgae"].completed
    assert keys.imputed("gmm_vgae") in written.layers
    sentence = capsys.readouterr()
    assert "Stopping; the best so far is kept" in sentence.err
    assert "Stopped early: marked as incomplete." in sentence.out


def test_second_ctrl_c_writes_nothing(
    file: Path, press_ctrl_c: PressCtrlC, capsys: pytest.CaptureFixture[str]
) -> None:
    press_ctrl_c(has_learned, times=2)
    out = file.with_name("out.h5ad")
    assert run("impute", file, out, *LONG) == 1
    assert "given up; nothing was written" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("key", ["mine", "another"])
def test_ctrl_c_leaves_the_finished_run_of_the_output_as_it_is(
    key: str, file: Path, press_ctrl_c: PressCtrlC, capsys: pytest.CaptureFixture[str]
) -> None:
    out = file.with_name("out.h5ad")
    assert run("impute", file, out, "--model", "gene_mean", "--key", "mine", "--quiet") == 0
    before = out.read_bytes()
    press_ctrl_c(has_learned)
    assert run("impute", file, out, *LONG, "--key", key) == 1
    sentence = capsys.readouterr().err
    assert "a whole run, as “mine” is, but found one that was not completed" in sentence
    assert "name another file as OUT" in sentence
    assert "given up; nothing was written" in sentence
    assert out.read_bytes() == before


@pytest.mark.parametrize("key", ["mine", "another"])
def test_ctrl_c_keeps_the_best_in_a_new_file_whatever_the_input_holds(
    key: str, file: Path, press_ctrl_c: PressCtrlC
) -> None:
    whole, out = file.with_name("whole.h5ad"), file.with_name("out.h5ad")
    assert run("impute", file, whole, "--model", "gene_mean", "--key", "mine", "--quiet") == 0
    press_ctrl_c(has_learned, times=1)
    assert run("impute", whole, out, *LONG, "--key", key) == 0
    found = read_records(ad.read_h5ad(out))
    assert {k: record.completed for k, record in found.items()} == {"mine": True, key: False}
    assert read_records(ad.read_h5ad(whole))["mine"].completed


def test_ctrl_c_in_a_real_process_keeps_the_best_and_twice_leaves_at_once(file: Path) -> None:
    out = file.with_name("out.h5ad")
    command = [sys.executable, "-m", "napari_stimpute", "impute", str(file), str(out), *TINY]

    def interrupted(times: int) -> tuple[int, str]:
        with subprocess.Popen(
            [*command, "--set", "epochs=5000"],
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # ignored under nohup
        ) as process:
            assert process.stderr is not None
            sentence = ""
            while "pretrain" not in sentence:
                sentence += process.stderr.readline()
            for _ in range(times):
                process.send_signal(signal.SIGINT)
                sentence += process.stderr.readline()
            sentence += process.stderr.read()
            return process.wait(60), sentence

    code, sentence = interrupted(2)
    assert code == 1, sentence
    assert "given up; nothing was written" in sentence and not out.exists()
    code, sentence = interrupted(1)
    assert code == 0, sentence
    assert not read_records(ad.read_h5ad(out))["gmm_vgae"].completed


def test_a_model_is_not_saved_in_place_of_the_output(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = file.with_name("out.h5ad")
    assert run("impute", file, out, "--model", "gene_mean", "--save-model", out, "--quiet") == 1
    assert "another file of the same work" in capsys.readouterr().err
    assert not out.exists()
