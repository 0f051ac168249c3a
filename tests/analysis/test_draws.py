"""Groups against random draws: few spots, rare genes and unlike depth call nothing by chance."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy import stats

from napari_stimpute.analysis.contrast import Contrast
from napari_stimpute.analysis.draws import draw_steps
from napari_stimpute.analysis.scores import depth_bins, score
from napari_stimpute.data.counts import log_normalise, size_factors
from napari_stimpute.progress import drain

N_OBS, N_VARS = 1_000, 600


def contrast_of(counts: sp.csr_matrix, *groups: np.ndarray) -> Contrast:
    """Groups, each given by its spots."""
    of_spot = np.full(counts.shape[0], -1)
    for at, spots in enumerate(groups):
        of_spot[spots] = at
    return drain(draw_steps(counts, of_spot))


def calls(p: np.ndarray) -> int:
    return int((stats.false_discovery_control(p) < 0.05).sum())


@pytest.fixture(scope="module")
def rates() -> np.ndarray:
    """Genes most of which are rare, at depths that differ tenfold."""
    generator = np.random.default_rng(0)
    depth = generator.lognormal(0, 0.5, N_OBS)
    return depth[:, None] * generator.gamma(0.3, 0.5, N_VARS) + 1e-3


@pytest.fixture(scope="module")
def counts(rates: np.ndarray) -> sp.csr_matrix:
    return sp.csr_matrix(np.random.default_rng(1).poisson(rates).astype(np.float32))


@pytest.mark.parametrize("size", [5, 10, 30, 100])
def test_groups_drawn_at_random_call_no_gene(counts: sp.csr_matrix, size: int) -> None:
    generator = np.random.default_rng(2)
    often = counts.getnnz(axis=0) >= 0.1 * N_OBS
    found, shares = [], []
    for _ in range(5):
        p = contrast_of(counts, generator.choice(N_OBS, size, replace=False)).p[0]
        found.append(calls(p))
        shares.append((p[often] < 0.05).mean())
    assert sum(found) == 0
    assert 0.03 < np.mean(shares) < 0.06


def test_ranks_taken_for_normal_would_call_genes_in_small_groups(counts: sp.csr_matrix) -> None:
    """What the test above would see if the null were that of scipy's asymptotic test."""
    here = np.isin(np.arange(N_OBS), np.random.default_rng(2).choice(N_OBS, 10, replace=False))
    values = log_normalise(counts, size_factors(counts)).toarray()[:, counts.getnnz(axis=0) > 0]
    p = stats.mannwhitneyu(values[here], values[~here], method="asymptotic").pvalue
    assert calls(p) > 3


@pytest.mark.parametrize("size", [10, 100, N_OBS // 2])
def test_spots_thinned_to_half_are_no_different(counts: sp.csr_matrix, size: int) -> None:
    generator = np.random.default_rng(3)
    here = generator.choice(N_OBS, size, replace=False)
    kept = np.where(np.isin(np.arange(N_OBS), here), 0.5, 1.0)
    thin = counts.copy()
    thin.data = generator.binomial(
        thin.data.astype(int), np.repeat(kept, np.diff(thin.indptr))
    ).astype(np.float32)
    thin.eliminate_zeros()
    p = contrast_of(thin, here).p[0]
    often = thin.getnnz(axis=0) >= 0.1 * N_OBS
    assert calls(p) == 0
    assert (p[often] < 0.05).mean() < 0.09  # 5 %, of about 180 genes


def test_genes_that_are_higher_are_found_in_ten_spots(rates: np.ndarray) -> None:
    changed = rates.copy()
    often = np.flatnonzero(rates.mean(axis=0) > 0.5)[:20]
    changed[np.ix_(np.arange(10), often)] *= 8
    counts = sp.csr_matrix(np.random.default_rng(4).poisson(changed).astype(np.float32))
    found = contrast_of(counts, np.arange(10))
    is_called = stats.false_discovery_control(found.p[0]) < 0.05
    assert is_called[often].mean() > 0.8
    is_higher = is_called & (found.score[0] > 0)  # the shares of all others are lower
    assert is_higher[often].sum() == is_called[often].sum() >= is_higher.sum() - 1


def test_p_is_that_of_draws_by_scipy(counts: sp.csr_matrix) -> None:
    """For genes from rare to frequent, with 4,000 draws: as near as those can tell."""
    generator = np.random.default_rng(5)
    group = generator.choice(N_OBS, 20, replace=False)
    found = contrast_of(counts, group)
    genes = np.flatnonzero((found.p[0] > 0.005) & (found.p[0] < 0.045))[:6]
    bins = depth_bins(counts)
    scores = score(counts.tocsc()[:, genes], bins)
    every = scores.beyond.toarray() + scores.of_zero.T[bins.of]
    here = np.isin(np.arange(N_OBS), group)
    drawn = stats.permutation_test(
        (every[here], every[~here]),
        lambda x, y, axis: x.sum(axis=axis),
        n_resamples=4_000,
        vectorized=True,
        batch=250,
        rng=generator,
    ).null_distribution
    far = np.abs(drawn) >= np.abs(every[here].sum(axis=0))
    for p, share in zip(found.p[0, genes], far.mean(axis=0), strict=True):
        assert p == pytest.approx(share, rel=0.4, abs=0.004)


def test_groups_beside_one_another_are_tested_as_alone(counts: sp.csr_matrix) -> None:
    one, other = np.arange(40), np.arange(40, 300)
    both = contrast_of(counts, one, other)
    for at, group in enumerate((one, other)):
        alone = contrast_of(counts, group)
        np.testing.assert_allclose(both.p[at], alone.p[0], rtol=1e-6)
        np.testing.assert_allclose(both.score[at], alone.score[0], rtol=1e-6)


def test_a_gene_that_never_varies_differs_in_no_group() -> None:
    counts = np.column_stack([np.ones(50), np.arange(50) % 3, 10 - np.arange(50) % 3])
    found = contrast_of(sp.csr_matrix(counts.astype(np.float32)), np.arange(8))
    assert found.p[0, 0] == 1 and found.score[0, 0] == 0


def test_p_far_away_is_finite_and_ranked() -> None:
    """Beyond the smallest number there is, genes still have an order."""
    generator = np.random.default_rng(6)
    counts = generator.poisson(5.0, (4_000, 12)).astype(np.float32)
    counts[:2_000, :2] = generator.poisson([[60.0, 30.0]], (2_000, 2))
    counts[:, 11] += 300 - counts[:, :2].sum(axis=1)
    found = contrast_of(sp.csr_matrix(counts), np.arange(2_000))
    assert np.isfinite(found.score).all() and np.isfinite(found.p).all()
    assert (found.score[0, :2] > 30).all()
