"""The chance of a random draw's sum: against all draws, and draws that are truly drawn."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest
from scipy import stats

from napari_stimpute.analysis.saddlepoint import Pool, two_sided, upper_tail


def pool_of(*genes: np.ndarray) -> Pool:
    """Scores of each gene, centred, by value."""
    value, weight = zip(*(np.unique(g - g.mean(), return_counts=True) for g in genes), strict=True)
    start = np.append(0, np.cumsum([len(v) for v in value]))
    return Pool(np.concatenate(value), np.concatenate(weight).astype(float), start)


def test_it_is_near_the_share_of_all_draws_far_into_the_tail() -> None:
    scores = np.random.default_rng(0).gamma(0.5, size=24)
    scores -= scores.mean()
    sums = np.sort([sum(draw) for draw in combinations(scores, 5)])  # 42,504 of them
    for share in (0.1, 0.01, 1e-3, 3e-4):
        x = float(np.quantile(sums, 1 - share, method="lower"))
        exact = (sums >= x - 1e-12).mean()
        assert upper_tail(pool_of(scores), 5, np.array([x]))[0] == pytest.approx(exact, rel=0.2)
    x = 1.2 * sums.std()
    exact = (np.abs(sums) >= x).mean()
    assert two_sided(pool_of(scores), 5, np.array([-x]))[0] == pytest.approx(exact, rel=0.1)


def test_it_is_near_draws_by_scipy_where_the_normal_approximation_fails() -> None:
    generator = np.random.default_rng(0)
    scores = generator.poisson(0.05, 2_000) * generator.uniform(0.8, 1.2, 2_000)
    scores -= scores.mean()
    x = np.sort(scores)[-2:].sum() + np.sort(scores)[:18].sum()  # two with molecules among twenty
    sides = scores[:20].copy(), scores[20:]

    def statistic(here: np.ndarray, there: np.ndarray, axis: int) -> np.ndarray:
        return here.sum(axis=axis)

    drawn = stats.permutation_test(
        sides, statistic, n_resamples=20_000, vectorized=True, rng=generator, batch=500
    )
    exact = (drawn.null_distribution >= 0.9 * x).mean()
    normal = stats.norm.sf(0.9 * x / np.sqrt(20 * 1_980 / 1_999 * scores.var()))
    found = upper_tail(pool_of(scores), 20, np.array([0.9 * x]))[0]
    assert normal < exact / 2
    assert found == pytest.approx(exact, rel=0.3)


def test_a_rare_gene_is_somewhat_below_the_hypergeometric_less_half_of_what_was_seen() -> None:
    """A continuous tail through steps runs below their middle, the mid-p, but not far below."""
    seen = np.r_[np.ones(40), np.zeros(1_960)]
    law = stats.hypergeom(2_000, 40, 30)
    for n in (2, 3, 4, 5):
        found = upper_tail(pool_of(seen), 30, np.array([n - 0.6]))[0]
        middle = law.sf(n) + law.pmf(n) / 2
        assert 0.65 * middle < found < middle


def test_the_highest_sum_is_exact_and_none_is_higher() -> None:
    seen = np.r_[np.full(6, 2.0), np.zeros(94)]
    alike = np.r_[3.0, np.full(5, 2.0), np.zeros(94)]
    highest = [8 - 4 * seen.mean(), 9 - 4 * alike.mean()]
    found = upper_tail(pool_of(seen, alike), 4, np.array(highest))
    np.testing.assert_allclose(found, [comb(6, 4) / comb(100, 4), comb(5, 3) / comb(100, 4)])
    assert (upper_tail(pool_of(seen, alike), 4, np.array(highest) + 0.1) == 0).all()


def test_genes_beside_one_another_do_not_change_each_other() -> None:
    generator = np.random.default_rng(0)
    genes = [generator.gamma(shape, size=200) for shape in (0.1, 1.0, 10.0)]
    sums = np.array([6.0, 9.0, 20.0])
    together = two_sided(pool_of(*genes), 10, sums)
    alone = [two_sided(pool_of(g), 10, sums[[at]])[0] for at, g in enumerate(genes)]
    np.testing.assert_allclose(together, alone, rtol=1e-4)  # as near as steps end


def test_far_sums_end_and_are_ever_less_likely() -> None:
    scores = np.random.default_rng(0).normal(size=4_000)
    sums = np.array([20.0, 60.0, 80.0, 110.0, 150.0])  # the highest is about 207
    found = upper_tail(pool_of(*[scores] * 5), 100, sums)
    assert (np.diff(found) < 0).all() and 0 < found[-1] < 1e-50
    assert found[0] == pytest.approx(stats.norm.sf(20 / np.sqrt(100 * 39 / 40)), rel=0.1)
