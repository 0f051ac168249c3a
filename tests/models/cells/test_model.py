"""What models of cells promise: each cell by itself, counts of any size, training that fails."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch
from anndata import AnnData

from napari_stimpute.errors import Diverged
from napari_stimpute.models import model_class

from ..conftest import MakeSection

Fitted = Callable[[str], Any]
MODELS = ("scziva", "scamzi", "scimta")
ALONE = ("scziva", "scamzi")
"""Those that look at no other cell."""


@pytest.mark.parametrize("name", ALONE)
def test_a_cell_is_embedded_the_same_whoever_comes_with_it(
    name: str, fitted: Fitted, section: AnnData
) -> None:
    model, whole = fitted(name), fitted(name).embed(section)
    shallow = np.argsort(np.asarray(section.X.sum(axis=1)).ravel())[:7]
    np.testing.assert_allclose(model.embed(section[shallow].copy()), whole[shallow], atol=1e-5)
    one = model.impute(section[[3]].copy())
    np.testing.assert_allclose(one, model.impute(section)[[3]], rtol=1e-3)


@pytest.mark.parametrize("name", MODELS)
def test_a_fitted_cell_stays_in_its_own_cluster(
    name: str, fitted: Fitted, section: AnnData
) -> None:
    model = fitted(name)
    if hasattr(model, "clusters_"):
        np.testing.assert_array_equal(model.cluster(section), model.clusters_.labels)
    assert set(model.cluster(section)) == set(range(model.cluster_probability(section).shape[1]))


@pytest.mark.parametrize("name", MODELS)
def test_genes_of_millions_of_counts_are_learned(name: str, make_section: MakeSection) -> None:
    deep = make_section(depth=3e7)
    model = model_class(name).preset("tiny", epochs=40).fit(deep, seed=0, device="cpu")
    score = [row["validation"] for row in model.history_ if "validation" in row]
    assert min(score) < 0.9  # of the deviance from gene mean × depth; 1 is nothing learned


@pytest.mark.parametrize("name", MODELS)
def test_a_training_that_breaks_off_leaves_the_best_so_far(
    name: str, section: AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "scimta.training" if name == "scimta" else name
    training = import_module(f"napari_stimpute.models.{module}").Training
    loss, steps = training.loss, iter(range(10_000))

    def breaks(self: object) -> torch.Tensor:
        found: torch.Tensor = loss(self)
        return found * (float("nan") if next(steps) > 20 else 1.0)

    monkeypatch.setattr(training, "loss", breaks)
    model = model_class(name).preset("tiny")
    with pytest.raises(Diverged):
        model.fit(section, seed=0, device="cpu")
    assert np.isfinite(model.impute(section)).all() and np.isfinite(model.embed(section)).all()
    assert len(model.cluster(section)) == section.n_obs
