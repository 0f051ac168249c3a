"""Neighbours among more spots than are compared with all others are nearly the true ones.

The three searches are tested in one file, as what they share takes most of a minute to compile.
"""

from __future__ import annotations

import numpy as np
import pytest
import scanpy as sc
from anndata import AnnData

from napari_stimpute.analysis import spaces
from napari_stimpute.data import ppmi
from napari_stimpute.models.simple import neighbours
from napari_stimpute.progress import Progress, drain

pytestmark = pytest.mark.slow


def test_the_nearest_spots_are_mostly_the_true_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    places = np.random.default_rng(0).normal(size=(400, 4))
    true = neighbours.nearest(places, 10, 0)
    monkeypatch.setattr(neighbours, "MOST_EXACT", 100)
    found = neighbours.nearest(places, 10, 0)
    shared = [len(set(a) & set(b)) for a, b in zip(true, found, strict=True)]
    assert np.mean(shared) > 9


def test_neighbours_in_every_batch_are_nearly_the_exact_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    points = np.random.default_rng(3).normal(size=(600, 4))
    batch = np.arange(600) % 2
    exact = ppmi.balanced_neighbours(points, batch, k_per_batch=3, seed=0)
    monkeypatch.setattr(ppmi, "MOST_EXACT", 100)
    found = ppmi.balanced_neighbours(points, batch, k_per_batch=3, seed=0)
    assert found.multiply(exact).nnz > 0.97 * exact.nnz
    again = ppmi.balanced_neighbours(points, batch, k_per_batch=3, seed=0)
    assert (found != again).nnz == 0


def test_the_graph_of_a_map_is_nearly_that_of_scanpy(monkeypatch: pytest.MonkeyPatch) -> None:
    places = np.random.default_rng(0).normal(size=(100, 5)).astype(np.float32)
    places[::2, 0] += 20  # two clouds
    expected = AnnData(places)
    sc.pp.neighbors(expected, n_neighbors=15, use_rep="X")
    monkeypatch.setattr(spaces, "MOST_EXACT", 50)
    found = drain(spaces.neighbour_steps(places, 0, Progress("space", 1, 3)))
    both = (found.obsp["connectivities"] > 0).multiply(expected.obsp["connectivities"] > 0)
    assert both.nnz >= 0.97 * expected.obsp["connectivities"].nnz
