"""A study file is never mixed with other data, and no other file is ever touched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from anndata import AnnData

from napari_stimpute.errors import InputError, NotReadable
from napari_stimpute.models.configs import GMMVGAEConfig, PCADenoiserConfig, ScIMTAConfig
from napari_stimpute.progress import drain
from napari_stimpute.tune.score import Measures
from napari_stimpute.tune.search import Search, Tuning
from napari_stimpute.tune.study import About, Study

from ..simulated import simulate_section

ABOUT = About("pca", "x", 0, {"n_components": 20}, {"n_components": (5, 10, 20)}, {}, "1")
QUICK = GMMVGAEConfig(
    n_hidden=16, n_latent=4, epochs=3, mixture_epochs=1, n_domains=3, smoothing="none"
)


@pytest.fixture(scope="module")
def section() -> AnnData:
    section = simulate_section(n_rows=15, n_genes=100)
    section.obs["slide"] = np.where(np.arange(section.n_obs) % 2, "a", "b")
    return section


def begin(adata: AnnData, model: str, config: Any, study: Path) -> None:
    """Open the study of a search, without a single fit."""
    drain(Tuning(adata, model, config, Search(n_trials=0, study=study)).steps())


# ---- files that are no study -------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        "hello\n",
        '{"a": 1}\n',
        "\x89PNG",
        '{"a": 1, "b": [1, 2]}',
        '{\n  "a": 1\n}',
        '{\n  "a": 1\n}\n',
        '{"a": 1}\n{"a": 2}',
        "[1, 2]\n[3",
        '{"op_code": 0, "work',
        "[]\n",
    ],
)
def test_a_file_that_is_no_study_is_refused_and_left(content: str, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(content.encode())
    with pytest.raises(NotReadable, match="left as it is"):
        Study(ABOUT, file)
    assert file.read_bytes() == content.encode()
    assert list(tmp_path.iterdir()) == [file]


def test_a_study_with_a_half_written_last_line_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "s.log"
    study = Study(ABOUT, file)
    study.finish(study.ask(), Measures(0.3, 0.0, 0.3, None, None, None, None, None, 1.0, 3))
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"op_code":8,"worker')
    again = Study(ABOUT, file)
    assert again.trials == study.trials
    assert file.read_bytes().startswith(whole) and b'"worker\n' not in file.read_bytes()
    assert again.ask().number == 1


@pytest.mark.parametrize(
    "line", ["null", "[]", '{"op_code": 99, "worker_id": "a"}', '{"op_code": "text"}']
)
def test_a_study_with_a_garbled_line_is_refused_and_left_as_it_is(
    line: str, tmp_path: Path
) -> None:
    file = tmp_path / "s.log"
    study = Study(ABOUT, file)
    study.finish(study.ask(), Measures(0.3, 0.0, 0.3, None, None, None, None, None, 1.0, 3))
    content = file.read_bytes() + line.encode() + b"\n"
    file.write_bytes(content)
    with pytest.raises(NotReadable, match="a study file of this program"):
        Study(ABOUT, file)
    assert file.read_bytes() == content


def test_an_empty_file_becomes_a_study(tmp_path: Path) -> None:
    (tmp_path / "s.log").touch()
    assert Study(ABOUT, tmp_path / "s.log").ask().number == 0


def test_a_study_that_is_refused_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "study.log"
    Study(ABOUT, file)
    before = file.read_bytes()
    with pytest.raises(InputError, match="found one of the seed 0"):
        Study(replace(ABOUT, seed=9), file)
    Study(ABOUT, file)
    assert file.read_bytes() == before


# ---- what a fit reads --------------------------------------------------------------------------


def test_a_study_of_other_places_is_refused_where_the_model_uses_them(
    section: AnnData, tmp_path: Path
) -> None:
    moved = section.copy()
    moved.obsm["spatial"] = moved.obsm["spatial"][::-1].copy()
    one, other = tmp_path / "gmm_vgae.log", tmp_path / "pca.log"
    begin(section, "gmm_vgae", QUICK, one)
    with pytest.raises(InputError, match=r"found one of other values in obsm\['spatial'\]"):
        begin(moved, "gmm_vgae", QUICK, one)
    begin(section.copy(), "gmm_vgae", QUICK, one)
    begin(section, "pca", PCADenoiserConfig(), other)
    begin(moved, "pca", PCADenoiserConfig(), other)


@pytest.mark.parametrize(
    ("model", "config"),
    [
        ("gmm_vgae", QUICK.model_copy(update={"section_key": "slide"})),
        ("scimta", ScIMTAConfig(batch_key="slide")),
    ],
)
def test_a_study_of_other_batches_is_refused(
    model: str, config: Any, section: AnnData, tmp_path: Path
) -> None:
    file = tmp_path / "s.log"
    begin(section, model, config, file)
    same, other = section.copy(), section.copy()
    same.obs["slide"] = same.obs["slide"].astype("category")
    begin(same, model, config, file)
    other.obs["slide"] = np.where(np.arange(section.n_obs) % 3, "a", "b")
    with pytest.raises(InputError, match=r"found one of other values in obs\['slide'\]"):
        begin(other, model, config, file)


def test_another_column_is_named_as_another_setting_alone(section: AnnData, tmp_path: Path) -> None:
    file = tmp_path / "s.log"
    begin(section, "scimta", ScIMTAConfig(), file)
    with pytest.raises(InputError, match="batch_key  instead of slide") as refused:
        begin(section, "scimta", ScIMTAConfig(batch_key="slide"), file)
    assert "other values" not in str(refused.value)


# ---- labels ------------------------------------------------------------------------------------


def test_agreement_with_one_column_is_never_taken_for_that_with_another(
    section: AnnData, tmp_path: Path
) -> None:
    def found(n_trials: int, labels: str) -> tuple[Measures, ...]:
        search = Search(n_trials, study=tmp_path / "s.log", labels=labels, device="cpu")
        tuning = Tuning(section, "gmm_vgae", QUICK, search)
        drain(tuning.steps())
        return tuple(t.measures for t in tuning.trials if t.measures is not None)

    first = found(1, "domain")[0]
    assert first.agreement_with("domain") == first.labels is not None
    again = found(2, "slide")
    assert again[0].agreement_with("slide") is None
    assert again[0].agreement_with("domain") == first.labels
    assert again[1].agreement_with("slide") is not None
    assert again[1].agreement_with("domain") is None
