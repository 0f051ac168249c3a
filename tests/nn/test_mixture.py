"""The mixture prior against scipy, torch.distributions and Monte Carlo."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from napari_stimpute.nn.mixture import GaussianMixturePrior


def mixture(
    generator: torch.Generator, n_components: int, n_latent: int, spread: float = 2.0
) -> GaussianMixturePrior:
    prior = GaussianMixturePrior(n_components, n_latent)
    prior.start(
        torch.rand(n_components, generator=generator) + 0.2,
        spread * torch.randn(n_components, n_latent, generator=generator),
        torch.rand(n_components, n_latent, generator=generator) + 0.3,
    )
    return prior


def scipy_log_density(prior: GaussianMixturePrior, z: Tensor) -> np.ndarray:
    """(n, n_components), float64, from scipy."""
    means, variances = prior.means.detach().numpy(), prior.log_variances.exp().detach().numpy()
    return np.stack(
        [
            np.atleast_1d(stats.multivariate_normal.logpdf(z.numpy(), mean, np.diag(variance)))
            for mean, variance in zip(means, variances, strict=True)
        ],
        axis=1,
    )


def test_log_density_equals_scipy(generator: torch.Generator) -> None:
    prior, z = mixture(generator, 3, 5), torch.randn(20, 5, generator=generator)
    np.testing.assert_allclose(
        prior.log_density(z).detach().numpy(), scipy_log_density(prior, z), rtol=1e-5
    )


def test_kl_equals_monte_carlo(generator: torch.Generator) -> None:
    """KL of q(z) γ(c) from the mixture's joint, with γ held; 200,000 draws: error near 0.3 %."""
    prior = mixture(generator, 4, 3, spread=1.0)
    mean, log_variance = torch.tensor([[0.3, -0.8, 0.5]]), torch.tensor([[-0.5, -1.5, 0.2]])
    z = torch.tensor([[0.1, -0.6, 0.9]])
    density = scipy_log_density(prior, z)
    weights = prior.logits.detach().exp().numpy() / prior.logits.detach().exp().sum().item()
    gamma = weights * np.exp(density)
    gamma /= gamma.sum()

    deviation = torch.exp(0.5 * log_variance)
    draws = mean + deviation * torch.randn(200_000, 3, generator=generator)
    log_q = np.sum(stats.norm.logpdf(draws.numpy(), mean.numpy(), deviation.numpy()), axis=1)
    joint = np.log(weights) + scipy_log_density(prior, draws)
    expected = log_q.mean() + (gamma * (np.log(gamma) - joint.mean(axis=0))).sum()
    assert prior.kl(mean, log_variance, z).item() == pytest.approx(expected, rel=0.02)


def test_kl_of_one_component_equals_torch_distributions(generator: torch.Generator) -> None:
    prior = mixture(generator, 1, 6)
    mean, log_variance = (torch.randn(7, 6, generator=generator) for _ in range(2))
    q = torch.distributions.Normal(mean, torch.exp(0.5 * log_variance))
    p = torch.distributions.Normal(prior.means, torch.exp(0.5 * prior.log_variances))
    expected = torch.distributions.kl_divergence(q, p).sum(dim=1)
    torch.testing.assert_close(prior.kl(mean, log_variance, mean), expected)


def test_kl_takes_log_variance_not_log_deviation() -> None:
    """The public code passes log σ. At σ = ½ the KL from N(0, 1) is ½(¼ − 1 − log ¼)."""
    prior, mean = GaussianMixturePrior(1, 1), torch.zeros(1, 1)
    exact = 0.5 * (0.25 - 1 - math.log(0.25))
    assert prior.kl(mean, torch.full((1, 1), math.log(0.25)), mean).item() == pytest.approx(exact)
    wrong = prior.kl(mean, torch.full((1, 1), math.log(0.5)), mean).item()
    assert wrong != pytest.approx(exact, rel=0.1)


def test_kl_is_zero_for_the_prior_itself() -> None:
    prior, mean = GaussianMixturePrior(3, 4), torch.zeros(2, 4)
    torch.testing.assert_close(prior.kl(mean, torch.zeros(2, 4), mean), torch.zeros(2))


def test_kl_has_gradient_through_responsibilities(generator: torch.Generator) -> None:
    prior = mixture(generator, 3, 4, spread=0.5)
    mean, log_variance = torch.randn(2, 4, generator=generator), torch.zeros(2, 4)
    z = mean.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(prior.kl(mean, log_variance, z).sum(), [z])
    assert (gradient != 0).all()


def faulty_responsibilities(prior: GaussianMixturePrior, z: Tensor) -> Tensor:
    """As in the public code: 0.01 is added to each weighted density before normalising."""
    weighted = (prior.log_weights + prior.log_density(z)).exp() + 0.01
    return weighted / weighted.sum(dim=1, keepdim=True)


def test_responsibilities_in_40_dimensions_are_not_uniform(generator: torch.Generator) -> None:
    """An added constant drowns densities of e^-60: every spot would be in the first domain."""
    prior = mixture(generator, 7, 40)
    domain = torch.arange(70) % 7
    noise = torch.randn(70, 40, generator=generator)
    z = prior.means[domain].detach() + noise * torch.exp(0.5 * prior.log_variances[domain]).detach()
    with torch.no_grad():
        faulty, ours = faulty_responsibilities(prior, z), prior.log_responsibilities(z).exp()
    torch.testing.assert_close(faulty, torch.full((70, 7), 1 / 7))
    torch.testing.assert_close(ours.sum(dim=1), torch.ones(70))
    assert torch.equal(ours.argmax(dim=1), domain)
    assert (ours - faulty).abs().max() > 0.8


def test_responsibilities_far_away_do_not_underflow(generator: torch.Generator) -> None:
    prior, z = mixture(generator, 7, 40), 100 * torch.randn(9, 40, generator=generator)
    gamma = prior.log_responsibilities(z).exp()
    torch.testing.assert_close(gamma.sum(dim=1), torch.ones(9))


def test_likeliest_domain_is_that_of_highest_density(generator: torch.Generator) -> None:
    prior, z = mixture(generator, 6, 40), 3 * torch.randn(50, 40, generator=generator)
    prior.logits.data.zero_()
    assert torch.equal(
        prior.log_responsibilities(z).argmax(dim=1), prior.log_density(z).argmax(dim=1)
    )


@pytest.mark.parametrize("logits", [[-50.0, 0.0, 3.0], [1e4, -1e4, 0.0], [-5.0, -5.0, -5.0]])
def test_weights_are_a_distribution_whatever_the_logits(logits: list[float]) -> None:
    """A free weight under weight decay may turn negative; its logarithm is then NaN."""
    prior = GaussianMixturePrior(3, 2)
    prior.logits.data.copy_(torch.tensor(logits))
    weights = prior.log_weights.exp()
    assert (weights >= 0).all()
    assert weights.sum().item() == pytest.approx(1)


def test_start_takes_over_weights_means_and_variances() -> None:
    prior = GaussianMixturePrior(2, 1)
    prior.start(
        torch.tensor([0.25, 0.75]), torch.tensor([[-1.0], [2.0]]), torch.tensor([[4.0], [1.0]])
    )
    z = torch.tensor([[0.5]])
    density = stats.norm.logpdf([[0.5]], [-1.0, 2.0], [2.0, 1.0])
    np.testing.assert_allclose(prior.log_density(z).detach().numpy(), density, rtol=1e-6)
    torch.testing.assert_close(prior.log_weights.exp(), torch.tensor([0.25, 0.75]))


def test_start_with_an_empty_or_flat_component_stays_finite() -> None:
    prior = GaussianMixturePrior(2, 1)
    prior.start(torch.tensor([0.0, 1.0]), torch.zeros(2, 1), torch.tensor([[0.0], [1.0]]))
    z = torch.zeros(1, 1)
    assert torch.isfinite(prior.kl(z, z, z)).all()


def test_components_cannot_collapse() -> None:
    prior = GaussianMixturePrior(1, 1)
    prior.log_variances.data.fill_(-100.0)
    expected = stats.norm.logpdf(0.0, 0.0, math.exp(-3))
    assert prior.log_density(torch.zeros(1, 1)).item() == pytest.approx(expected)
