"""A saved model is opened: what it can be used for is said, and what is bad is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from napari_stimpute import GeneMean, ScDiffusion
from napari_stimpute.panels.data import DataPanel
from napari_stimpute.panels.edit import EditPanel
from napari_stimpute.panels.enhance import DEEPEN
from napari_stimpute.panels.generators import Generators
from napari_stimpute.panels.model_folder import ModelFolder
from napari_stimpute.session.session import Session

from ..generating import cells, folder
from .generated import enhancing, generating
from .waiting import until_done


@pytest.fixture
def models(session: Session) -> ModelFolder:
    return ModelFolder(session, Generators(session))


def test_an_opened_model_is_offered_to_generate_and_to_edit(session: Session) -> None:
    session.open(cells().copy())
    generate = generating(session)
    models = ModelFolder(session, generate.generators)
    assert models.now.why_not_save == "Train a model first." and models.now.work.is_enabled
    until_done(models.open(folder()))
    assert generate.generators.key == "model (opened)" and not models.now.work.outcome
    assert models.now.fit.text == (
        "Learned from 400 cells. All of its 100 genes are in these data, found by name."
    )
    assert generate.now.work.is_enabled
    assert EditPanel(session).now.form.run.chosen == "model (opened)"
    assert DataPanel(session).now.no_model == "Train a model first."  # it keeps what was made here


def test_genes_are_found_by_name_and_missing_ones_are_told(
    session: Session, models: ModelFolder
) -> None:
    until_done(models.open(folder()))  # nothing is open yet
    assert not models.now.fit
    session.open(cells()[:, ::-1].copy(), genes="all")
    assert "All of its 100 genes" in models.now.fit.text  # in another order
    fewer = cells()[:, 3:].copy()
    session.open(fewer)
    assert models.now.fit.tone == "warning"
    first = ", ".join(cells().var_names[:3])
    assert f"3 of the model's 100 genes are not in these data ({first})." in models.now.fit.text
    enhance = enhancing(session)
    enhance.choose_kind(DEEPEN)
    assert "3 of the model's 100 genes" in enhance.now.work.why_not.text
    assert enhance.make() is None
    generate = generating(session)
    until_done(generate.make())
    assert generate.now.has_answer and "Not judged" in generate.now.notes.text
    fewer.var_names = [f"other_{name}" for name in fewer.var_names]
    session.open(fewer)
    assert "None of the model's 100 genes" in models.now.fit.text
    assert models.generators.key == "model (opened)"
    without = cells().copy()
    del without.obs["condition"]
    session.open(without)
    assert "no column “condition”" in models.now.fit.text


def test_a_bad_folder_is_a_sentence_and_loses_nothing(
    session: Session, models: ModelFolder, tmp_path: Path
) -> None:
    session.open(cells().copy())
    until_done(models.open(folder()))
    there = dict(session.models)

    def copy(name: str) -> Path:
        return Path(shutil.copytree(folder(), tmp_path / name))

    part, altered, nan = copy("part"), copy("altered"), copy("nan")
    (part / "weights.pt").unlink()
    record = json.loads((altered / "record.json").read_text())
    record["var_names"] = record["var_names"][1:]
    (altered / "record.json").write_text(json.dumps(record))
    weights = torch.load(nan / "weights.pt", weights_only=True)
    weights["network.log_dispersion"][0] = float("nan")
    torch.save(weights, nan / "weights.pt")
    other = GeneMean().fit(cells()).save(tmp_path / "other")
    for path, words in (
        (part, "weights.pt"),
        (altered, "other genes"),
        (nan, "NaN"),
        (other, "a saved scDiffusion"),
        (tmp_path / "nothing", "a saved model"),
    ):
        until_done(models.open(path))
        assert models.now.work.outcome.tone == "error"
        assert words in models.now.work.outcome.text, models.now.work.outcome.text
        assert session.models == there and models.generators.key == "model (opened)"


def test_an_opened_model_is_kept_and_opened_again_beside_itself(
    session: Session, models: ModelFolder, tmp_path: Path
) -> None:
    session.open(cells().copy())
    until_done(models.open(folder()))
    assert models.name == "model_model"
    models.save_to(tmp_path / "again")
    assert models.now.saved.tone == "good" and ScDiffusion.load(tmp_path / "again")
    models.save_to(__file__)
    assert models.now.saved.tone == "error"
    until_done(models.open(folder()))
    assert list(session.models) == ["model (opened)", "model_2 (opened)"]
    assert models.generators.key == "model_2 (opened)" and not models.now.saved
