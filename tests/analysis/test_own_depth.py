"""The chance of a group's sum at its own depths: against counts drawn at these depths."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from napari_stimpute.analysis.own_depth import two_sided

MU = np.array([[0.1, 0.4]])
SIZES = np.array([6.0, 4.0])


def standardised(count: np.ndarray, mu: float, theta: float) -> np.ndarray:
    """Mid-rank of counts at one depth, as scipy has the negative binomial."""
    law = stats.nbinom(theta, theta / (theta + mu))
    every = np.arange(200)
    ranks = law.cdf(every) - law.pmf(every) / 2 - 0.5
    return ranks[count] / np.sqrt((law.pmf(every) * ranks**2).sum())


@pytest.mark.parametrize("theta", [0.5, 1_000.0])
def test_it_is_near_the_share_of_counts_drawn_at_these_depths(theta: float) -> None:
    generator = np.random.default_rng(0)
    z = np.zeros(100_000)
    for mu, size in zip(MU[0], SIZES.astype(int), strict=True):
        law = stats.nbinom(theta, theta / (theta + mu))
        counts = law.rvs((100_000, size), random_state=generator)
        z += standardised(counts, mu, theta).sum(axis=1)
    z /= np.sqrt(SIZES.sum())
    for level in (2.0, 3.0):
        found = two_sided(MU, np.array([theta]), SIZES, 100_000, np.array([level]))[0]
        steps = [(np.abs(z) >= level + shift).mean() for shift in (0.4, -0.4)]  # half a molecule
        assert steps[0] < found < steps[1]


def test_it_is_larger_where_a_group_is_shallower() -> None:
    p = [two_sided(MU * depth, np.ones(1), SIZES, 1_000, np.array([4.0]))[0] for depth in (1, 0.25)]
    assert 1e-4 < p[0] < p[1] / 2


def test_a_frequent_gene_in_many_spots_is_as_a_normal_one() -> None:
    found = two_sided(np.array([[2.0]]), np.ones(1), np.array([400.0]), 1_000, np.array([3.0]))
    assert found[0] == pytest.approx(2 * stats.norm.sf(3), rel=0.2)
    assert two_sided(MU, np.ones(1), SIZES, 1_000, np.zeros(1))[0] == 1


def test_genes_beside_one_another_do_not_change_each_other() -> None:
    mu, theta, z = np.repeat(MU, 3, axis=0) * [[1], [3], [0.01]], np.ones(3), np.array([3, -5, 9.0])
    together = two_sided(mu, theta, SIZES, 1_000, z)
    alone = [two_sided(mu[[at]], theta[[at]], SIZES, 1_000, z[[at]])[0] for at in range(3)]
    np.testing.assert_allclose(together, alone, rtol=1e-4)  # as near as steps end
