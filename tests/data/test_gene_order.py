"""An order of genes: a permutation, always the same, with co-expressed genes side by side."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray

from napari_stimpute.data import gene_order as module
from napari_stimpute.data.gene_order import gene_order

N_PROGRAMS, PER_PROGRAM = 6, 20
ALL_AT_ONCE, IN_GROUPS = 5000, 50
"""Most genes that are correlated pair by pair: more, and fewer, than the data have."""


def programs(seed: int = 0, n_obs: int = 300) -> tuple[sp.csr_matrix, NDArray[np.intp]]:
    """Log values of six programs that vary independently, genes shuffled; program of each gene."""
    rng = np.random.default_rng(seed)
    program = rng.permutation(np.repeat(np.arange(N_PROGRAMS), PER_PROGRAM))
    activity = rng.normal(0, 1, (n_obs, N_PROGRAMS))
    level = np.exp(1 + activity[:, program])
    return sp.csr_matrix(np.log1p(rng.poisson(level)).astype(np.float32)), program


def share_of_like_neighbours(order: NDArray[np.intp], program: NDArray[np.intp]) -> float:
    """Share of genes beside a gene of the same program; at most 114 of 119."""
    ordered = program[order]
    return float((ordered[1:] == ordered[:-1]).mean())


@pytest.mark.parametrize("most_at_once", [ALL_AT_ONCE, IN_GROUPS])
def test_co_expressed_genes_come_side_by_side(most_at_once: int) -> None:
    logged, program = programs()
    assert share_of_like_neighbours(np.arange(logged.shape[1]), program) < 0.3
    order = gene_order(logged, most_at_once)
    assert sorted(order) == list(range(logged.shape[1]))
    # groups by k-means of √120 genes cut a program now and then
    least = {ALL_AT_ONCE: 114 / 119, IN_GROUPS: 0.85}[most_at_once]
    assert share_of_like_neighbours(order, program) >= least - 1e-9


@pytest.mark.parametrize("most_at_once", [ALL_AT_ONCE, IN_GROUPS])
def test_it_is_the_same_every_time(most_at_once: int) -> None:
    logged, _ = programs()
    first = gene_order(logged, most_at_once)
    np.random.seed(5)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    np.testing.assert_array_equal(gene_order(logged, most_at_once), first)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_correlations_are_pearsons() -> None:
    logged, _ = programs()
    expected = np.corrcoef(logged.toarray().T.astype(np.float64))
    np.testing.assert_allclose(module.correlation(logged), expected, atol=1e-5)


def test_strong_expression_alone_does_not_make_neighbours() -> None:
    """By covariance the two strongest genes would be alike; by correlation each joins its own."""
    rng = np.random.default_rng(0)
    activity = rng.normal(0, 1, (500, 2))
    strength = np.array([1, 20, 1, 20])
    values = activity[:, [0, 0, 1, 1]] * strength + 30
    order = list(gene_order(sp.csr_matrix(values.astype(np.float32))))
    assert abs(order.index(0) - order.index(1)) == 1
    assert abs(order.index(2) - order.index(3)) == 1


@pytest.mark.parametrize("most_at_once", [ALL_AT_ONCE, 40])
def test_constant_genes_are_kept(most_at_once: int) -> None:
    logged, _ = programs()
    dense = logged.toarray()
    dense[:, 3], dense[:, 70], dense[:, 90] = 0, 0, 1.5
    order = gene_order(sp.csr_matrix(dense), most_at_once)
    assert sorted(order) == list(range(dense.shape[1]))


@pytest.mark.parametrize("most_at_once", [ALL_AT_ONCE, 40])
def test_only_constant_genes_are_no_failure(most_at_once: int) -> None:
    order = gene_order(sp.csr_matrix(np.ones((30, 60), dtype=np.float32)), most_at_once)
    assert sorted(order) == list(range(60))


@pytest.mark.parametrize("n_vars", [1, 2, 3])
@pytest.mark.parametrize("most_at_once", [ALL_AT_ONCE, 2])
def test_a_few_genes_are_enough(n_vars: int, most_at_once: int) -> None:
    logged, _ = programs()
    order = gene_order(logged[:, :n_vars], most_at_once)
    assert sorted(order) == list(range(n_vars))


def test_two_cells_are_enough() -> None:
    logged, _ = programs()
    for most_at_once in (ALL_AT_ONCE, IN_GROUPS):
        assert sorted(gene_order(logged[:2], most_at_once)) == list(range(logged.shape[1]))


def test_many_genes_make_no_array_of_genes_by_genes(monkeypatch: pytest.MonkeyPatch) -> None:
    logged, _ = programs()
    monkeypatch.setattr(module, "correlation", lambda _: pytest.fail("all pairs were correlated"))
    assert len(gene_order(logged, IN_GROUPS)) == logged.shape[1]
