"""Distributions of counts: their likelihoods beside scipy's, their draws beside their means."""

import numpy as np
import pytest
import torch
from scipy import stats

from napari_stimpute.models.scdiffusion.heads import HEADS, Decoded

N_GENES = 4


@pytest.fixture
def decoded() -> Decoded:
    generator = torch.Generator().manual_seed(0)
    log_size = torch.tensor([0.3, -0.5, 0.0])
    log_mean = torch.randn(3, N_GENES, generator=generator) + log_size[:, None]
    lost = torch.randn(3, N_GENES, generator=generator)
    return Decoded(log_mean, log_size, torch.linspace(-0.5, 1.0, N_GENES), lost)


COUNTS = np.array([[0, 3, 1, 0], [2, 0, 0, 7], [0, 0, 0, 0]])


def surprise(name: str, decoded: Decoded, counts: np.ndarray = COUNTS) -> np.ndarray:
    rows, columns = counts.nonzero()
    values = torch.from_numpy(counts[rows, columns]).float()
    entries = (torch.from_numpy(rows), torch.from_numpy(columns), values)
    return HEADS[name].surprise(entries, decoded).numpy()


def test_poisson_is_scipys(decoded: Decoded) -> None:
    expected = -stats.poisson.logpmf(COUNTS, decoded.log_mean.exp().numpy()).sum(1)
    np.testing.assert_allclose(surprise("poisson", decoded), expected, rtol=1e-5)


def test_negative_binomial_is_scipys(decoded: Decoded) -> None:
    mean, theta = decoded.log_mean.exp().numpy(), decoded.log_dispersion.exp().numpy()
    expected = -stats.nbinom.logpmf(COUNTS, theta, theta / (theta + mean)).sum(1)
    np.testing.assert_allclose(surprise("nb", decoded), expected, rtol=1e-5)


def test_bernoulli_is_scipys(decoded: Decoded) -> None:
    binary = (COUNTS > 0).astype(int)
    p = torch.sigmoid(decoded.log_mean).numpy()
    expected = -stats.bernoulli.logpmf(binary, p).sum(1)
    np.testing.assert_allclose(surprise("bernoulli", decoded, binary), expected, rtol=1e-5)


def test_gaussian_is_scipys_on_log_values(decoded: Decoded) -> None:
    size = decoded.log_size.exp().numpy()[:, None]
    mean = np.log1p(decoded.log_mean.exp().numpy() / size)
    scale = decoded.log_dispersion.exp().numpy()
    expected = -stats.norm.logpdf(np.log1p(COUNTS / size), mean, scale).sum(1)
    np.testing.assert_allclose(surprise("gaussian", decoded), expected, rtol=1e-5)


@pytest.mark.parametrize("name", ["nb", "poisson", "bernoulli"])
def test_draws_have_the_mean_that_was_asked(name: str) -> None:
    rng, mean = np.random.default_rng(0), np.array([0.02, 0.3, 0.9])
    drawn = [HEADS[name].draw(rng, mean, 1.0, np.full(3, 2.0)) for _ in range(4000)]
    np.testing.assert_allclose(np.mean(drawn, axis=0), mean, atol=0.04)
    assert np.min(drawn) == 0


def test_gaussian_draws_are_whole_counts() -> None:
    rng = np.random.default_rng(0)
    drawn = HEADS["gaussian"].draw(rng, np.array([0.0, 5.0, 40.0]), 2.0, np.full(3, 0.3))
    assert drawn.dtype.kind == "i"
    assert drawn.min() >= 0


def test_odds_become_probabilities() -> None:
    odds = torch.tensor([0.0, 1.0, 3.0])
    assert HEADS["bernoulli"].expected(odds).tolist() == pytest.approx([0.0, 0.5, 0.75])
    assert HEADS["nb"].expected(odds).tolist() == odds.tolist()
