"""Sparse zero-inflated loss, hidden molecules at zeros, and squared error of logs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import special, stats
from torch import Tensor

from napari_stimpute.nn.likelihoods import (
    dropout_posterior,
    hidden_molecule_probability,
    nb_negative_log_likelihood,
    squared_log_error,
    technical_zero_probability,
    zinb_log_prob,
    zinb_negative_log_likelihood,
)


def block(generator: torch.Generator, dtype: torch.dtype) -> tuple[Tensor, ...]:
    """Dense counts, log means and dropout logits (20, 30), and dispersions (30,)."""
    x = torch.randint(1, 9, (20, 30), generator=generator).to(dtype)
    x = x * (torch.rand(20, 30, generator=generator) < 0.3)
    x[3] = 0  # a cell without counts
    log_mu, logits = (torch.randn(20, 30, generator=generator).to(dtype) for _ in range(2))
    theta = torch.exp(2 * torch.randn(30, generator=generator)).to(dtype)
    return x, log_mu - 1, logits, theta


def entries(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    rows, columns = x.nonzero(as_tuple=True)
    return rows, columns, x[rows, columns]


# ---- sparse loss -------------------------------------------------------------------------------


def test_sparse_loss_and_gradients_equal_dense(generator: torch.Generator) -> None:
    x, log_mu, logits, theta = block(generator, torch.float64)
    parameters = [p.requires_grad_() for p in (log_mu, theta, logits)]
    sparse = zinb_negative_log_likelihood(*entries(x), *parameters)
    dense = -zinb_log_prob(x, log_mu.exp(), theta, logits).sum(dim=1)
    torch.testing.assert_close(sparse, dense)
    ours = torch.autograd.grad(sparse.sum(), parameters)
    torch.testing.assert_close(ours, torch.autograd.grad(dense.sum(), parameters))


def test_sparse_loss_equals_a_mixture_by_scipy(generator: torch.Generator) -> None:
    x, log_mu, logits, theta = block(generator, torch.float32)
    ours = zinb_negative_log_likelihood(*entries(x), log_mu, theta, logits)
    mu, size, share = log_mu.double().exp().numpy(), theta.numpy(), special.expit(logits.numpy())
    pmf = stats.nbinom.pmf(x.numpy(), size, size / (size + mu))
    expected = -np.log(share * (x.numpy() == 0) + (1 - share) * pmf).sum(axis=1)
    np.testing.assert_allclose(ours.numpy(), expected, rtol=2e-5)


def test_without_dropout_it_is_the_negative_binomial(generator: torch.Generator) -> None:
    x, log_mu, logits, theta = block(generator, torch.float64)
    never = torch.full_like(logits, -80.0)
    torch.testing.assert_close(
        zinb_negative_log_likelihood(*entries(x), log_mu, theta, never),
        nb_negative_log_likelihood(*entries(x), log_mu, theta),
    )


@pytest.mark.parametrize("logit", [-40.0, 0.0, 40.0])
@pytest.mark.parametrize("log_mu", [np.log(1e-5), 0.0, np.log(1e6)])
@pytest.mark.parametrize("theta", [1e-4, 1.0, 1e4])
def test_values_and_gradients_are_finite(logit: float, log_mu: float, theta: float) -> None:
    parameters = [
        torch.full((1, 2), float(log_mu), requires_grad=True),
        torch.full((2,), theta, requires_grad=True),
        torch.full((1, 2), logit, requires_grad=True),
    ]
    first = torch.zeros(1, dtype=torch.int64)
    loss = zinb_negative_log_likelihood(first, first, torch.tensor([500.0]), *parameters)
    assert torch.isfinite(loss).all()
    for gradient in torch.autograd.grad(loss.sum(), parameters):
        assert torch.isfinite(gradient).all()


# ---- hidden molecules --------------------------------------------------------------------------


def test_without_zero_inflation_a_zero_hides_what_depth_would_show() -> None:
    mu, theta = torch.tensor([0.01, 1.3, 40.0]), torch.tensor(0.7)
    ours = hidden_molecule_probability(mu, theta, None)
    assert torch.equal(ours, technical_zero_probability(mu, theta))
    never = hidden_molecule_probability(mu, theta, torch.tensor(-80.0))
    torch.testing.assert_close(never, ours)


def test_dropout_only_adds_to_it_and_more_is_hidden_where_more_is_expected() -> None:
    mu, theta = torch.logspace(-4, 3, 60), torch.tensor(0.7)
    unread = technical_zero_probability(mu, theta)
    last = unread
    for logit in (-3.0, 0.0, 3.0, 40.0):
        ours = hidden_molecule_probability(mu, theta, torch.tensor(logit))
        assert (ours >= last - 1e-7).all()
        assert (ours.diff() > 0).all() or logit == 40.0  # that one ends at 1
        assert ours.min() >= 0 and ours.max() <= 1
        last = ours


def test_what_is_never_expected_hides_nothing() -> None:
    ours = hidden_molecule_probability(torch.tensor(0.0), torch.tensor(2.0), torch.tensor(4.0))
    assert ours.item() < 1e-4  # however likely the dropout: there was nothing to be lost


def test_hidden_molecules_equal_simulation() -> None:
    """A rate is drawn, read at full and five times the depth, and sometimes lost."""
    rng, n, mu, theta, logit = np.random.default_rng(0), 600_000, 0.8, 0.9, -0.4
    rate = rng.gamma(theta, mu / theta, n)
    lost = rng.random(n) < special.expit(logit)
    seen = np.where(lost, 0, rng.poisson(rate))
    # of a dropout nothing was read, so a new reading at five times the depth decides;
    # of an undersampled zero the other four times do
    deeper = rng.poisson(rate * np.where(lost, 5, 4))
    expected = (deeper[seen == 0] > 0).mean()
    ours = hidden_molecule_probability(
        torch.tensor(mu), torch.tensor(theta), torch.tensor(logit)
    ).item()
    assert ours == pytest.approx(expected, abs=0.004)  # 4 standard errors
    share = dropout_posterior(torch.tensor(mu), torch.tensor(theta), torch.tensor(logit)).item()
    assert share == pytest.approx(lost[seen == 0].mean(), abs=0.004)


# ---- squared error -----------------------------------------------------------------------------


def test_squared_log_error_and_its_gradient_equal_dense(generator: torch.Generator) -> None:
    x, log_mu, _, _ = block(generator, torch.float64)
    expected = log_mu.exp().requires_grad_()
    ours = squared_log_error(*entries(x), expected)
    dense = (torch.log1p(expected) - torch.log1p(x)).square().sum(dim=1)
    torch.testing.assert_close(ours, dense)
    for a, b in zip(
        torch.autograd.grad(ours.sum(), expected),
        torch.autograd.grad(dense.sum(), expected),
        strict=True,
    ):
        torch.testing.assert_close(a, b)


def test_squared_log_error_of_the_counts_themselves_is_nothing(generator: torch.Generator) -> None:
    x = block(generator, torch.float64)[0]
    torch.testing.assert_close(squared_log_error(*entries(x), x), x.new_zeros(20))
