"""Graphs of cells and genes, and a graph as its decoder sees it."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from anndata import AnnData
from torch import Tensor

from napari_stimpute.data.counts import log_normalise, size_factors
from napari_stimpute.data.propagation import InputTransform
from napari_stimpute.models.scimta.sides import Side, Surroundings, cell_side, gene_side, rebuilt

HOW = Surroundings(n_neighbors=8, walk_steps=2, n_hops=2, seed=0)
CPU = torch.device("cpu")


def closeness(first: Tensor, second: Tensor) -> Tensor:
    """A decoder that knows distances."""
    return torch.exp(-(first - second).square().sum(dim=1))


def places(n: int = 90, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Points around three corners, and the corner of each."""
    corner = np.arange(n) % 3
    rng = np.random.default_rng(seed)
    return (4 * np.eye(3)[corner] + rng.normal(0, 0.3, (n, 3))).astype(np.float32), corner


def genes_of(counts: sp.csr_matrix) -> Side:
    parts = InputTransform.fit(counts, size_factors(counts), 10, 0).components
    return gene_side(parts.loadings, parts.scores.std(axis=0), HOW)


def check(graph: sp.csr_matrix, n: int) -> None:
    assert graph.shape == (n, n) and (graph != graph.T).nnz == 0
    assert graph.diagonal().sum() == 0
    assert graph.nnz == 0 or (graph.data.min() > 0 and graph.data.max() <= 1)


# ---- cells and genes ---------------------------------------------------------------------------


def test_cells_are_joined_with_their_like_and_features_are_averaged() -> None:
    points, corner = places()
    side = cell_side(points, np.zeros(90, dtype=np.int64), HOW)
    check(side.graph, 90)
    edges = side.graph.tocoo()
    assert (corner[edges.row] == corner[edges.col]).all()
    assert side.features.shape[0] == 90 and side.features.shape[2] == 3
    np.testing.assert_allclose(side.features[:, 0], points, rtol=1e-5)
    spread = [side.features[corner == 0, hop].std() for hop in (0, side.features.shape[1] - 1)]
    assert spread[1] < spread[0]


def test_with_batches_each_cell_has_neighbours_in_all_of_them() -> None:
    points, _ = places()
    batch = (np.arange(90) // 45).astype(np.int64)
    points[batch == 1] += 20  # another world: without batches no edge would lead there
    apart = cell_side(points, np.zeros(90, dtype=np.int64), HOW).graph.tocoo()
    joined = cell_side(points, batch, HOW).graph
    assert (batch[apart.row] == batch[apart.col]).all()
    other = sp.csr_matrix(batch[:, None] != batch[None, :])
    assert (np.asarray(joined.multiply(other).getnnz(axis=1)) > 0).all()


def test_genes_are_joined_by_correlation(section: AnnData) -> None:
    counts = sp.csr_matrix(section.X)
    side = genes_of(counts)
    check(side.graph, section.n_vars)
    edges = side.graph.tocoo()
    marks = (edges.row < 30) & (edges.col < 30)
    assert (edges.row // 10 == edges.col // 10)[marks].mean() > 0.9
    logged = log_normalise(counts, size_factors(counts)).toarray()
    correlation = np.corrcoef(logged.T)
    joined = correlation[edges.row, edges.col].mean()
    assert joined > correlation[~np.eye(60, dtype=bool)].mean() + 0.1


def test_a_gene_without_counts_has_finite_features(section: AnnData) -> None:
    counts = section.X.toarray()
    counts[:, 7] = 0
    empty = sp.csr_matrix(counts)
    side = genes_of(empty)
    assert np.isfinite(side.features).all() and np.isfinite(side.graph.data).all()


def test_genes_without_counts_take_no_places_among_the_neighbours() -> None:
    """A silent gene is nearer than one that is hardly correlated, and means nothing."""
    rng = np.random.default_rng(0)
    loadings, spread = rng.normal(size=(20, 60)).astype(np.float32), np.ones(20)
    alone = gene_side(loadings, spread, HOW).graph
    silent = np.zeros((20, 30), dtype=np.float32)
    found = gene_side(np.hstack([loadings, silent]), spread, HOW).graph
    assert alone.nnz > 0 and found[60:].nnz == 0
    np.testing.assert_array_equal(found[:60, :60].toarray(), alone.toarray())


def test_without_a_gene_that_was_counted_there_are_no_edges() -> None:
    side = gene_side(np.zeros((3, 5), dtype=np.float32), np.ones(3), HOW)
    assert side.graph.shape == (5, 5) and side.graph.nnz == 0 and not side.features.any()


# ---- as rebuilt --------------------------------------------------------------------------------


def test_the_strongest_edges_of_each_are_kept() -> None:
    z = np.random.default_rng(0).normal(0, 0.5, (80, 2)).astype(np.float32)
    found = rebuilt(closeness, z, CPU, 0)
    check(found, 80)
    grade = np.exp(-((z[:, None] - z[None]) ** 2).sum(axis=2))
    np.fill_diagonal(grade, 0)
    least = -np.sort(-grade, axis=1)[:, 9]  # the tenth strongest of each
    chosen = (grade >= least[:, None]) & (grade >= 0.05)
    expected = np.where(chosen | chosen.T, grade, 0)
    np.testing.assert_allclose(found.toarray(), expected, rtol=1e-4)


def test_weak_edges_are_left_out() -> None:
    z = np.arange(20, dtype=np.float32)[:, None] * 3  # exp(−9) to the nearest
    assert rebuilt(closeness, z, CPU, 0).nnz == 0


@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_few_points_are_enough(n: int) -> None:
    z = np.linspace(0, 1, n, dtype=np.float32)[:, None]
    found = rebuilt(closeness, z, CPU, 0)
    check(found, n)
    assert found.nnz == n * (n - 1)  # all are within reach of each other


def test_all_pairs_are_never_graded() -> None:
    graded = []

    def counting(first: Tensor, second: Tensor) -> Tensor:
        graded.append(len(first))
        return closeness(first, second)

    z = np.random.default_rng(0).normal(0, 1, (500, 3)).astype(np.float32)
    rebuilt(counting, z, CPU, 0)
    assert sum(graded) == 500 * 30  # the nearest of each
