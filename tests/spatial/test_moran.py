"""Moran's I is that of squidpy and of the textbook, for sparse and dense, in any blocks."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from anndata import AnnData

from napari_stimpute.data.counts import counts_of, log_normalise, size_factors
from napari_stimpute.spatial import moran
from napari_stimpute.spatial.moran import autocorrelation, morans_i, neighbour_weights

from ..simulated import simulate_section


@pytest.fixture(scope="module")
def section() -> AnnData:
    whole = simulate_section(seed=0, n_rows=16, n_genes=100)
    return whole[:, np.asarray(whole.X.sum(axis=0)).ravel() > 0].copy()


@pytest.fixture(scope="module")
def weights(section: AnnData) -> sp.csr_matrix:
    return neighbour_weights(section.obsm["spatial"])


def by_the_book(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    found = []
    for x in values.T:
        z = x - x.mean()
        found.append(len(x) / weights.sum() * (weights * np.outer(z, z)).sum() / (z**2).sum())
    return np.array(found)


def test_it_is_the_formula_with_all_pairs_of_spots(
    section: AnnData, weights: sp.csr_matrix
) -> None:
    counts = section.X.toarray().astype(float)
    expected = by_the_book(counts, weights.toarray())
    np.testing.assert_allclose(morans_i(section.X, weights), expected, rtol=1e-10)
    np.testing.assert_allclose(morans_i(counts, weights), expected, rtol=1e-10)


def test_it_is_that_of_squidpy(section: AnnData, weights: sp.csr_matrix) -> None:
    import squidpy as sq  # takes seconds, of which every worker would have its share

    logged = log_normalise(counts_of(section, "X"), size_factors(counts_of(section, "X")))
    theirs = AnnData(logged, var=section.var[[]], obsp={"spatial_connectivities": weights})
    table = sq.gr.spatial_autocorr(theirs, mode="moran", copy=True, show_progress_bar=False)
    expected = table["I"].loc[list(section.var_names)].to_numpy()
    found = autocorrelation(section.X, section.obsm["spatial"], weights).morans_i
    np.testing.assert_allclose(found, expected, rtol=1e-4)  # squidpy reads float32


def test_blocks_do_not_change_it(
    section: AnnData, weights: sp.csr_matrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = morans_i(section.X, weights)
    monkeypatch.setattr(moran, "BLOCK", 7 * section.n_obs)
    np.testing.assert_array_equal(morans_i(section.X, weights), whole)


def test_a_constant_gene_has_none(weights: sp.csr_matrix) -> None:
    n = weights.shape[0]
    flat = np.column_stack([np.zeros(n), np.full(n, 0.1, np.float32), np.arange(n)])
    found = morans_i(flat, weights)
    assert found[0] == found[1] == 0.0
    assert found[2] > 0.5


def test_depth_makes_no_pattern(section: AnnData, weights: sp.csr_matrix) -> None:
    """Gene mean × depth, where depth itself has a pattern."""
    depth = 1 + section.obsm["spatial"][:, 0] / section.obsm["spatial"][:, 0].max()
    flat = np.outer(depth, [0.2, 0.7, 3.0]).astype(np.float32)
    assert (morans_i(flat, weights) > 0.5).all()
    assert (autocorrelation(flat, section.obsm["spatial"], weights).morans_i == 0).all()


def test_weights_of_each_spot_add_up_to_one_within_its_section(section: AnnData) -> None:
    sections = np.arange(section.n_obs) % 2
    weights = neighbour_weights(section.obsm["spatial"], sections)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-6)
    rows, columns = weights.nonzero()
    assert (sections[rows] == sections[columns]).all()


def test_error_is_that_of_repeated_measurements(weights: sp.csr_matrix, section: AnnData) -> None:
    """Jackknife over parts against 60 independent fields without pattern."""
    generator = np.random.default_rng(0)
    coords = section.obsm["spatial"]

    def median(values: np.ndarray) -> float:
        return float(np.median(values))

    medians, errors = [], []
    for _ in range(60):
        shared = generator.normal(size=(section.n_obs, 2))  # genes that vary together
        genes = np.exp(shared @ generator.normal(size=(2, 30)))
        one = autocorrelation(genes, coords, weights)
        medians.append(median(one.morans_i))
        errors.append(one.error(median))
    assert np.mean(errors) == pytest.approx(np.std(medians), rel=0.35)


def test_parts_of_the_tissue_are_alike_in_size(section: AnnData) -> None:
    coords = section.obsm["spatial"][: section.n_obs // 2 * 2]
    turn = np.arange(len(coords)) % 2
    two = np.column_stack(
        [1 + turn, 2 - turn]
    )  # each strays as far in every spot, so squares count
    square = autocorrelation(two, coords, neighbour_weights(coords)).square[:, 0]
    sizes = len(coords) * square / square.sum()
    assert len(sizes) == 16
    assert sizes.max() - sizes.min() < 1.001
