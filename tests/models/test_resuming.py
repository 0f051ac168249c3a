"""A training that was killed goes on, and ends in the very numbers of one that never was."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from anndata import AnnData

from napari_stimpute.models import model_class, model_info
from napari_stimpute.models.base import Model
from napari_stimpute.progress import Progress

from .conftest import results

SETTINGS = {
    "batch_size": 50,  # two blocks in a pass over 120 spots, and a rest
    "epochs": 6,
    "mixture_epochs": 8,
    "finetune_epochs": 4,
    "cluster_epochs": 4,
    "decoder_epochs": 4,
    "least_steps": 1,
    "diffusion_steps": 300,
    "prune": True,
}
DEEP = ["gmm_vgae", "scziva", "scamzi", "scimta", "scdiffusion"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.training"


def new(name: str, **settings: object) -> Model:
    known = model_info(name).config.model_fields
    short = {key: value for key, value in SETTINGS.items() if key in known}
    return model_class(name).preset("tiny", **(short | settings))


def trained(model: Model, adata: AnnData, n_steps: int | None = None) -> list[Progress]:
    """Steps of training; after so many the generator is left, as by a program that is killed."""
    steps = (p for p in model.fit_steps(adata, seed=2, device="cpu") if p.epoch)
    return list(islice(steps, n_steps))


@pytest.mark.parametrize("name", DEEP)
def test_it_goes_on_to_the_same_numbers(name: str, path: Path, section: AnnData) -> None:
    whole = new(name)
    steps = trained(whole, section)
    for share in (0.2, 0.75):  # early, and in the last phase
        again = new(name).keeping(path, every=0.0)
        begun = trained(again, section, round(share * len(steps)))[0].step
        assert not again.completed_
    assert begun > 1
    last = new(name).keeping(path, every=0.0)
    rest = trained(last, section)
    assert rest[0].step > begun and rest[-1].step == steps[-1].step
    assert any("went on from epoch" in note for note in last.notes_)
    assert [note for note in last.notes_ if "went on" not in note] == whole.notes_
    assert last.history_ == whole.history_
    wanted, found = results(whole, section), results(last, section)
    for key, array in wanted.items():
        np.testing.assert_array_equal(found[key], array, err_msg=key)
    saved = [
        torch.load(model.save(path.with_name(folder)) / "weights.pt", weights_only=True)
        for folder, model in (("whole", whole), ("last", last))
    ]
    assert saved[0].keys() == saved[1].keys()
    assert all(torch.equal(value, saved[1][key]) for key, value in saved[0].items())


def test_one_that_was_whole_is_not_trained_again(path: Path, section: AnnData) -> None:
    first = new("scziva").keeping(path, every=0.0)
    trained(first, section)
    again = new("scziva").keeping(path, every=0.0)
    assert trained(again, section) == []
    np.testing.assert_array_equal(again.impute(section), first.impute(section))


def test_a_short_training_leaves_no_file(path: Path, section: AnnData) -> None:
    trained(new("scziva").keeping(path), section)
    assert list(path.parent.iterdir()) == []


def other_counts(adata: AnnData) -> None:
    adata.X[0, 0] += 1


def other_places(adata: AnnData) -> None:
    adata.obsm["spatial"][0] += 1


@pytest.mark.parametrize(
    ("settings", "change"),
    [
        ({"n_latent": 5}, lambda adata: None),
        ({}, other_counts),
        ({}, other_places),
    ],
)
def test_another_training_begins_anew_and_says_so(
    settings: dict[str, object],
    change: Callable[[AnnData], None],
    path: Path,
    section: AnnData,
) -> None:
    trained(new("gmm_vgae").keeping(path, every=0.0), section, 20)
    change(section)
    other = new("gmm_vgae", **settings).keeping(path, every=0.0)
    assert trained(other, section, 5)[0].step == 1
    assert f"{path} is of other data, settings, versions or another seed" in other.notes_[0]


def test_labels_that_cells_are_asked_by_tell_trainings_apart(path: Path, section: AnnData) -> None:
    trained(new("scdiffusion", condition="domain").keeping(path, every=0.0), section, 20)
    section.obs["domain"] = section.obs["domain"].astype(str).str.replace("band 0", "band 1")
    other = new("scdiffusion", condition="domain").keeping(path, every=0.0)
    assert trained(other, section, 5)[0].step == 1


@pytest.mark.parametrize("damage", [b"", b"damaged", None])
def test_a_damaged_file_is_not_used(damage: bytes | None, path: Path, section: AnnData) -> None:
    trained(new("scziva").keeping(path, every=0.0), section, 20)
    path.write_bytes(path.read_bytes()[:-200] if damage is None else damage)
    again = new("scziva").keeping(path, every=0.0)
    assert trained(again, section)[0].step == 1
    assert f"{path} is damaged: training began anew." in again.notes_
