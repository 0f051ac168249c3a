"""Permuted data lose their pattern and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from anndata import AnnData

from napari_stimpute.data.counts import counts_of
from napari_stimpute.spatial.moran import autocorrelation, neighbour_weights
from napari_stimpute.spatial.permuted import permuted_coordinates, without_pattern

from ..simulated import simulate_section


@pytest.fixture(scope="module")
def section() -> AnnData:
    return simulate_section(seed=0, n_rows=20, n_genes=100)


def test_places_are_exchanged_within_a_section(section: AnnData) -> None:
    coords = section.obsm["spatial"]
    sections = (coords[:, 0] > np.median(coords[:, 0])).astype(int)
    moved = permuted_coordinates(coords, sections, np.random.default_rng(0))
    assert (moved != coords).any(axis=1).mean() > 0.9
    for code in (0, 1):
        here = sections == code
        assert sorted(map(tuple, moved[here])) == sorted(map(tuple, coords[here]))


def test_dealt_genes_keep_their_total_and_others_are_left_alone(section: AnnData) -> None:
    counts = counts_of(section, "X")
    genes = np.array([3, 8, 21])
    dealt = without_pattern(counts, genes, np.random.default_rng(0)).toarray()
    others = np.setdiff1d(np.arange(100), genes)
    before = counts.toarray()
    np.testing.assert_array_equal(dealt[:, others], before[:, others])
    np.testing.assert_array_equal(dealt[:, genes].sum(axis=0), before[:, genes].sum(axis=0))
    assert (dealt[:, genes] != before[:, genes]).any(axis=0).all()
    assert (dealt == np.round(dealt)).all() and (dealt >= 0).all()


def test_dealt_genes_are_as_unevenly_spread_as_before() -> None:
    generator = np.random.default_rng(0)
    rest = generator.poisson(500.0, 2_000)  # makes the depth
    for dispersion in (0.01, 2.0):
        rate = 3 * generator.gamma(1 / dispersion, dispersion, 2_000)
        counts = np.column_stack([generator.poisson(rate), rest]).astype(np.float32)
        dealt = without_pattern(sp.csr_matrix(counts), np.array([0]), generator).toarray()
        assert dealt[:, 0].var() == pytest.approx(counts[:, 0].var(), rel=0.2)  # 2,000 spots


def test_spots_are_dealt_molecules_in_proportion_to_their_depth() -> None:
    generator = np.random.default_rng(0)
    depth = np.repeat([200.0, 1_000.0], 500)
    marker = generator.poisson(np.repeat([0.0, 10.0], 500))  # richer where spots are deep
    counts = sp.csr_matrix(np.column_stack([marker, depth]).astype(np.float32))
    dealt = without_pattern(counts, np.array([0]), generator).toarray()[:, 0]
    assert dealt[500:].sum() / dealt[:500].sum() == pytest.approx(5.0, rel=0.25)


def test_a_gene_counted_in_one_spot_alone_is_dealt_too() -> None:
    counts = np.zeros((50, 2), dtype=np.float32)
    counts[:, 1] = 100
    counts[7, 0] = 40
    dealt = without_pattern(sp.csr_matrix(counts), np.array([0]), np.random.default_rng(0))
    assert dealt.toarray()[:, 0].sum() == 40


def test_the_data_given_are_not_changed(section: AnnData) -> None:
    counts = counts_of(section, "X")
    before = counts.toarray()
    without_pattern(counts, np.arange(100), np.random.default_rng(0))
    np.testing.assert_array_equal(counts.toarray(), before)


def test_dealt_genes_lose_the_tissue(section: AnnData) -> None:
    counts = counts_of(section, "X")
    coords = section.obsm["spatial"]
    weights = neighbour_weights(coords)
    shuffled = without_pattern(counts, np.arange(100), np.random.default_rng(0))
    before = autocorrelation(counts, coords, weights).morans_i
    after = autocorrelation(shuffled, coords, weights).morans_i
    strong = before > np.quantile(before, 0.8)
    assert before[strong].mean() > 0.1
    assert abs(after[strong].mean()) < 0.03  # one standard deviation of a single gene: 0.04


def test_dealt_genes_lose_the_genes_they_were_expressed_with() -> None:
    generator = np.random.default_rng(0)
    one = generator.poisson(3.0, 400)
    rest = generator.poisson(500.0, 400)  # makes the depth
    twins = sp.csr_matrix(np.column_stack([one, one, rest]).astype(np.float32))
    shuffled = without_pattern(twins, np.array([1]), generator).toarray()
    assert abs(np.corrcoef(shuffled[:, 0], shuffled[:, 1])[0, 1]) < 0.2  # chance: 4 × 0.05
