"""Scores: the mid-rank of a count at its depth, on one level at every depth."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy import stats

from napari_stimpute.analysis.scores import Scores, depth_bins, score


def scored(counts: np.ndarray) -> tuple[Scores, np.ndarray]:
    """Of all genes; and every score, (n_obs, n_genes)."""
    matrix = sp.csr_matrix(counts.astype(np.float32))
    bins = depth_bins(matrix)
    found = score(matrix.tocsc(), bins)
    return found, found.beyond.toarray() + found.of_zero.T[bins.of]


@pytest.fixture(scope="module")
def counts() -> np.ndarray:
    """2,000 spots × 60 genes that do not differ, at depths of 100 to 6,400."""
    generator = np.random.default_rng(0)
    depth = np.repeat(100.0 * 2.0 ** np.arange(7), [286, 286, 286, 286, 286, 285, 285])
    share = generator.dirichlet(np.full(60, 0.5))
    noise = generator.gamma(2.0, 0.5, (2_000, 60))
    return generator.poisson(depth[:, None] * share * noise)


def test_it_is_the_mid_rank_of_a_poisson_count_at_one_depth() -> None:
    """Where zeros are as many as Poisson has them, and every spot is as deep."""
    x = np.repeat([0, 1, 2, 3], [368, 368, 184, 80])  # mean 0.976
    counts = np.column_stack([x, 100 - x])
    _, found = scored(counts)
    law = stats.poisson(x.mean())
    rank = law.cdf(x) - law.pmf(x) / 2
    np.testing.assert_allclose(found[:, 0], stats.zscore(rank), atol=0.01)


def test_scores_are_alike_in_mean_and_spread_at_every_depth(counts: np.ndarray) -> None:
    _, found = scored(counts)
    for start in range(0, 2_000, 286):
        some = found[start : start + 286]
        assert abs(some.mean()) < 0.05
        assert some.std() == pytest.approx(1, abs=0.1)


def test_the_pool_holds_every_score_once(counts: np.ndarray) -> None:
    found, every = scored(counts)
    pool = found.pool
    for gene in (0, 20, 59):
        here = slice(pool.start[gene], pool.start[gene + 1])
        listed = np.repeat(pool.value[here], pool.weight[here].astype(int))
        np.testing.assert_allclose(np.sort(listed), np.sort(every[:, gene]), atol=1e-9)
    np.testing.assert_allclose(every.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(every.std(axis=0), 1)


def test_higher_counts_score_higher_and_no_count_much_higher_than_all() -> None:
    x = np.random.default_rng(0).poisson(1.0, 400)
    x[0] = 80
    counts = np.column_stack([x, 1_000 - x])
    _, found = scored(counts)
    order = np.argsort(x, kind="stable")
    assert (np.diff(found[order, 0]) >= -1e-9).all()
    assert found[0, 0] - found[x == 3, 0].max() < 1


def test_empty_spots_score_as_an_average_spot() -> None:
    counts = np.random.default_rng(0).poisson(1.0, (200, 30))
    counts[:5] = 0
    _, found = scored(counts)
    assert np.isfinite(found).all() and np.abs(found[:5]).max() < 0.3
