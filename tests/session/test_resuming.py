"""A training that was broken off in a window or a notebook goes on by the same button."""

from __future__ import annotations

import os
import time

import numpy as np
import pytest
from anndata import AnnData

from napari_stimpute.job import Job, JobState
from napari_stimpute.models import model_info
from napari_stimpute.models.unfinished import MOST_LEFT, folder
from napari_stimpute.nn.checkpoint import Checkpoint, Stand
from napari_stimpute.session.session import Session

from ..simulated import simulate_section


@pytest.fixture(scope="module")
def section() -> AnnData:
    return simulate_section(n_rows=15, n_genes=100, n_domains=3)


@pytest.fixture(autouse=True)
def _nothing_left() -> None:
    for file in folder().iterdir():
        file.unlink()


def trained(section: AnnData) -> tuple[Session, Job]:
    """A new session, as after a start of the program, and what came of a training in it."""
    session = Session()
    session.open(section.copy())
    config = model_info("scziva").config
    settings = config.checked(config.PRESETS["tiny"] | {"epochs": 6})
    job = session.train("scziva", settings, device="cpu", blend=False, judged=False)
    job.wait(60)
    return session, job


def test_it_goes_on_to_the_same_values_and_leaves_nothing(
    section: AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = trained(section)
    keep = Checkpoint.keep

    def killed(self: Checkpoint, phase: str, state: dict[str, object], stand: Stand) -> None:
        keep(self, phase, state, stand)
        if stand.epoch == 3:
            raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoint, "is_due", True)
        patched.setattr(Checkpoint, "keep", killed)
        _, job = trained(section)
    assert job.state is JobState.FAILED and len(list(folder().iterdir())) == 1
    again, job = trained(section)
    assert job.state is JobState.DONE and list(folder().iterdir()) == []
    assert "Training went on from epoch 3 of 6 (train)." in again.contents.record("scziva").notes
    found, wanted = (s.contents.required for s in (again, whole))
    np.testing.assert_array_equal(found.obsm["X_scziva"], wanted.obsm["X_scziva"])
    gene = wanted.var_names[0]
    values = (s.expression(gene, "scziva") for s in (again, whole))
    np.testing.assert_array_equal(next(values), next(values))


def test_of_many_that_were_broken_off_the_newest_are_kept() -> None:
    for number in range(MOST_LEFT + 2):
        file = folder() / f"{number}.training"
        file.touch()
        os.utime(file, (time.time() + number,) * 2)
    assert sorted(int(file.stem) for file in folder().iterdir()) == [2, 3, 4]
