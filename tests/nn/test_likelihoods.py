"""Likelihoods against scipy, known numbers, simulation and finite differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import special, stats
from torch import Tensor

from napari_stimpute.nn.likelihoods import (
    dropout_posterior,
    gaussian_log_prob,
    nb_log_prob,
    nb_negative_log_likelihood,
    nb_zero_log_prob,
    technical_zero_probability,
    zinb_log_prob,
)

GRID = [
    (mu, theta) for mu in (1e-4, 0.05, 1.0, 30.0, 2e4) for theta in (0.01, 0.7, 15.9, 16.1, 1e4)
]


def scipy_nb(x: np.ndarray, mu: float, theta: float) -> np.ndarray:
    return np.asarray(stats.nbinom.logpmf(x, theta, 1 / (1 + mu / theta)))


def block(
    generator: torch.Generator, n_cells: int, n_genes: int, density: float, dtype: torch.dtype
) -> tuple[Tensor, Tensor, Tensor]:
    """Dense counts (cells, genes), log_mu (cells, genes) and theta (genes,)."""
    shape = (n_cells, n_genes)
    x = torch.randint(1, 9, shape, generator=generator).to(dtype)
    x = x * (torch.rand(shape, generator=generator) < density)
    log_mu = torch.randn(shape, generator=generator).to(dtype) - 1
    theta = torch.exp(2 * torch.randn(n_genes, generator=generator)).to(dtype)
    return x, log_mu, theta


@pytest.mark.parametrize(("mu", "theta"), GRID)
def test_nb_equals_scipy(mu: float, theta: float) -> None:
    x = np.array([0, 1, 2, 5, 20, 100, 1000])
    ours = nb_log_prob(torch.tensor(x).float(), torch.tensor(mu), torch.tensor(theta)).numpy()
    # float32: the largest term is near x·log x = 7,000, so 1e-3 there and 1e-6 relative elsewhere
    np.testing.assert_allclose(ours, scipy_nb(x, mu, theta), rtol=3e-6, atol=1e-3)
    np.testing.assert_allclose(ours[:4], scipy_nb(x[:4], mu, theta), rtol=3e-6, atol=1e-5)


def test_nb_known_numbers() -> None:
    x = torch.arange(4000.0)
    pmf = nb_log_prob(x, torch.tensor(3.0), torch.tensor(0.7)).exp()
    assert pmf.sum().item() == pytest.approx(1, abs=1e-5)
    assert (pmf * x).sum().item() == pytest.approx(3.0, abs=1e-3)
    assert pmf[0].item() == pytest.approx(0.3118, abs=5e-5)


def test_nb_keeps_small_means_at_large_theta() -> None:
    """theta·log(1 + mu/theta) without log1p would be 0 in float32."""
    ours = nb_zero_log_prob(torch.tensor(1e-4), torch.tensor(1e4))
    assert ours.item() == pytest.approx(-1e-4, rel=1e-5)


def test_nb_keeps_digits_at_large_theta() -> None:
    """lgamma(x + theta) − lgamma(theta) is off by 0.008 in float32 at theta = 1e4."""
    ours = nb_log_prob(torch.tensor(3.0), torch.tensor(2.0), torch.tensor(1e4))
    assert ours.item() == pytest.approx(float(scipy_nb(np.array(3), 2.0, 1e4)), abs=1e-5)


@pytest.mark.parametrize("theta", [15.99, 16.0, 20.0])
def test_nb_series_meets_lgamma(theta: float) -> None:
    x = np.array([0.0, 1.0, 2.0, 9.0, 300.0])
    ours = nb_log_prob(*(torch.as_tensor(v, dtype=torch.float64) for v in (x, 2.5, theta)))
    np.testing.assert_allclose(ours.numpy(), scipy_nb(x, 2.5, theta), rtol=0, atol=5e-9)


@pytest.mark.parametrize("theta", [1e-4, 0.7, 15.99, 16.01, 1e4])
def test_sparse_loss_equals_scipy(theta: float, generator: torch.Generator) -> None:
    x, log_mu, _ = block(generator, 20, 30, 0.3, torch.float32)
    rows, columns = x.nonzero(as_tuple=True)
    ours = nb_negative_log_likelihood(
        rows, columns, x[rows, columns], log_mu, torch.full((30,), theta)
    )
    p = 1 / (1 + log_mu.double().exp().numpy() / theta)
    expected = -np.asarray(stats.nbinom.logpmf(x.numpy(), theta, p)).sum(axis=1)
    np.testing.assert_allclose(ours.numpy(), expected, rtol=2e-5)


def test_sparse_loss_and_gradients_equal_dense(generator: torch.Generator) -> None:
    x, log_mu, theta = block(generator, 20, 30, 0.3, torch.float64)
    rows, columns = x.nonzero(as_tuple=True)
    log_mu.requires_grad_(), theta.requires_grad_()
    sparse = nb_negative_log_likelihood(rows, columns, x[rows, columns], log_mu, theta)
    dense = -nb_log_prob(x, log_mu.exp(), theta).sum(dim=1)
    torch.testing.assert_close(sparse, dense)
    ours = torch.autograd.grad(sparse.sum(), [log_mu, theta])
    expected = torch.autograd.grad(dense.sum(), [log_mu, theta])
    torch.testing.assert_close(ours, expected)


def test_sparse_loss_of_block_without_molecules() -> None:
    none = torch.zeros(0, dtype=torch.int64)
    log_mu, theta = torch.zeros(2, 3), torch.ones(3)
    ours = nb_negative_log_likelihood(none, none, torch.zeros(0), log_mu, theta)
    assert ours.tolist() == pytest.approx([3 * math.log(2)] * 2)


def test_sparse_loss_does_not_depend_on_order(generator: torch.Generator) -> None:
    x, log_mu, theta = block(generator, 8, 9, 0.4, torch.float64)
    rows, columns = x.nonzero(as_tuple=True)
    order = torch.randperm(len(rows), generator=generator)
    ordered = nb_negative_log_likelihood(rows, columns, x[rows, columns], log_mu, theta)
    rows, columns = rows[order], columns[order]
    shuffled = nb_negative_log_likelihood(rows, columns, x[rows, columns], log_mu, theta)
    torch.testing.assert_close(ordered, shuffled)


@pytest.mark.parametrize("log_mu", [math.log(1e-5), 0.0, math.log(1e6)])
@pytest.mark.parametrize("theta", [1e-4, 1.0, 1e4])
def test_sparse_loss_has_finite_gradients(log_mu: float, theta: float) -> None:
    means = torch.full((1, 2), log_mu, requires_grad=True)
    thetas = torch.full((2,), theta, requires_grad=True)
    first = torch.zeros(1, dtype=torch.int64)
    loss = nb_negative_log_likelihood(first, first, torch.tensor([500.0]), means, thetas)
    for gradient in torch.autograd.grad(loss.sum(), [means, thetas]):
        assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("log_mu", [-200.0, 200.0])
def test_sparse_loss_pulls_back_means_that_ran_away(log_mu: float) -> None:
    means = torch.full((1, 1), log_mu, requires_grad=True)
    first = torch.zeros(1, dtype=torch.int64)
    loss = nb_negative_log_likelihood(first, first, torch.tensor([3.0]), means, torch.ones(1))
    (gradient,) = torch.autograd.grad(loss.sum(), [means])
    assert math.isfinite(loss.item())
    assert gradient.item() * log_mu > 0


def test_zinb_equals_scipy_mixture() -> None:
    x = np.arange(21)
    for mu, theta, logit in [(3.0, 0.7, -1.0), (0.2, 5.0, 2.0), (40.0, 20.0, 0.0)]:
        ours = zinb_log_prob(
            torch.tensor(x).float(), torch.tensor(mu), torch.tensor(theta), torch.tensor(logit)
        )
        share = special.expit(logit)
        expected = np.log(share * (x == 0) + (1 - share) * np.exp(scipy_nb(x, mu, theta)))
        np.testing.assert_allclose(ours.numpy(), expected, rtol=1e-5, atol=1e-5)


def test_zinb_without_dropout_is_nb() -> None:
    x, mu, theta = torch.arange(21.0), torch.tensor(3.0), torch.tensor(0.7)
    ours = zinb_log_prob(x, mu, theta, torch.tensor(-80.0))
    torch.testing.assert_close(ours, nb_log_prob(x, mu, theta))


@pytest.mark.parametrize("logit", [-40.0, 0.0, 40.0])
@pytest.mark.parametrize("mu", [1e-5, 1.0, 1e6])
@pytest.mark.parametrize("theta", [1e-4, 1.0, 1e4])
def test_zinb_has_finite_values_and_gradients(logit: float, mu: float, theta: float) -> None:
    parameters = [torch.full((2,), v, requires_grad=True) for v in (mu, theta, logit)]
    log_prob = zinb_log_prob(torch.tensor([0.0, 4.0]), *parameters)
    assert torch.isfinite(log_prob).all()
    for gradient in torch.autograd.grad(log_prob.sum(), parameters):
        assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("theta", [0.5, 15.0, 17.0, 900.0])
def test_gradients_equal_finite_differences(theta: float) -> None:
    x = torch.tensor([[0.0, 1.0, 7.0]], dtype=torch.float64)
    mu = torch.tensor([[0.3, 2.0, 5.0]], dtype=torch.float64, requires_grad=True)
    thetas = torch.full((3,), theta, dtype=torch.float64, requires_grad=True)
    logits = torch.tensor([[-1.0, 0.5, 2.0]], dtype=torch.float64, requires_grad=True)
    rows, columns = x.nonzero(as_tuple=True)

    def sparse(log_mu: Tensor, theta: Tensor) -> Tensor:
        return nb_negative_log_likelihood(rows, columns, x[rows, columns], log_mu, theta)

    assert torch.autograd.gradcheck(lambda m, t: nb_log_prob(x, m, t), (mu, thetas))
    assert torch.autograd.gradcheck(lambda m, t, a: zinb_log_prob(x, m, t, a), (mu, thetas, logits))
    assert torch.autograd.gradcheck(sparse, (mu, thetas))
    assert torch.autograd.gradcheck(technical_zero_probability, (mu, thetas))
    assert torch.autograd.gradcheck(lambda m, s: gaussian_log_prob(x, m, s), (mu, logits))


def test_zero_probability_equals_scipy() -> None:
    ours = nb_zero_log_prob(torch.tensor([0.1, 3.0, 50.0]), torch.tensor(0.7))
    expected = [scipy_nb(np.array(0), mu, 0.7) for mu in (0.1, 3.0, 50.0)]
    np.testing.assert_allclose(ours.numpy(), expected, rtol=1e-5)


def test_dropout_posterior_starts_at_prior_and_rises_with_mean() -> None:
    mu = torch.tensor([1e-5, 0.1, 1.0, 10.0, 1e6])
    prior = torch.sigmoid(torch.tensor(-1.0)).item()
    ours = dropout_posterior(mu, torch.tensor(2.0), torch.tensor(-1.0))
    assert ours[0].item() == pytest.approx(prior, abs=1e-5)
    assert (ours.diff() > 0).all()
    assert ours[-1].item() == pytest.approx(1, abs=1e-5)


def test_dropout_posterior_equals_bayes() -> None:
    mu, theta, logit = 1.7, 0.6, 0.3
    prior, zero = special.expit(logit), np.exp(scipy_nb(np.array(0), mu, theta))
    ours = dropout_posterior(torch.tensor(mu), torch.tensor(theta), torch.tensor(logit))
    assert ours.item() == pytest.approx(prior / (prior + (1 - prior) * zero), rel=1e-5)


def test_technical_zero_probability_equals_simulation() -> None:
    """Molecules at five times the depth, thinned to a fifth; how often a zero had some before."""
    rng, mu, theta = np.random.default_rng(0), 1.3, 0.7
    deep = rng.poisson(rng.gamma(theta, 5 * mu / theta, size=400_000))
    seen = rng.binomial(deep, 0.2)
    ours = technical_zero_probability(torch.tensor(mu), torch.tensor(theta), 5.0).item()
    assert ours == pytest.approx(0.592, abs=5e-4)
    assert ours == pytest.approx((deep[seen == 0] > 0).mean(), abs=0.005)  # 3 standard errors


def test_same_depth_reveals_nothing() -> None:
    ours = technical_zero_probability(torch.tensor([0.1, 9.0]), torch.tensor(0.7), 1.0)
    assert ours.tolist() == [0.0, 0.0]


def test_gaussian_equals_scipy() -> None:
    x = np.array([[0.0, 1.5, -2.0]], dtype=np.float32)
    ours = gaussian_log_prob(torch.tensor(x), torch.tensor(0.4), torch.tensor([-1.0, 0.0, 0.7]))
    expected = stats.norm.logpdf(x, 0.4, np.exp([-1.0, 0.0, 0.7]))
    np.testing.assert_allclose(ours.numpy(), expected, rtol=1e-5)
