"""Gaussian-mixture prior of a latent space: domains are its components (VaDE).

The density is the mixture Σ_c π_c N(z; μ_c, σ²_c) with diagonal covariances. Everything stays in
logarithms: adding a constant to the densities, as the public code of the graph model does, makes
all responsibilities equal in 40 dimensions, where densities are near e^-60.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

LOG_VARIANCE_RANGE = (-6.0, 6.0)


class GaussianMixturePrior(nn.Module):
    """Mixture of diagonal normal distributions over the latent space.

    Before `start` every component is the standard normal, so the prior is that of a plain VAE.

    Parameters
    ----------
    n_components : number of components (domains)
    n_latent : latent dimensions

    Attributes
    ----------
    logits : (n_components,), free numbers; their softmax are the weights
    means : (n_components, n_latent)
    log_variances : (n_components, n_latent), used clamped to [−6, 6]
    """

    def __init__(self, n_components: int, n_latent: int) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(n_components))
        self.means = nn.Parameter(torch.zeros(n_components, n_latent))
        self.log_variances = nn.Parameter(torch.zeros(n_components, n_latent))

    @torch.no_grad()
    def start(self, weights: Tensor, means: Tensor, variances: Tensor) -> None:
        """Take over a mixture that was fitted elsewhere.

        Parameters
        ----------
        weights : (n_components,), ≥ 0; an empty component is given 1e-6
        means : (n_components, n_latent)
        variances : (n_components, n_latent), > 0, not standard deviations
        """
        self.logits.copy_(weights.clamp_min(1e-6).log())
        self.means.copy_(means)
        self.log_variances.copy_(variances.log().clamp(*LOG_VARIANCE_RANGE))

    @property
    def log_weights(self) -> Tensor:
        """(n_components,), logarithm of the weights, which always sum to one."""
        return torch.log_softmax(self.logits, dim=0)

    def log_density(self, z: Tensor) -> Tensor:
        """Log-density of each component, without its weight.

        Parameters
        ----------
        z : (n, n_latent)

        Returns
        -------
        (n, n_components), natural logarithm
        """
        log_variances = self._log_variances()
        standardised = (z.unsqueeze(1) - self.means) * torch.exp(-0.5 * log_variances)
        constant = (log_variances + math.log(2 * math.pi)).sum(dim=1)
        return -0.5 * (standardised.square().sum(dim=2) + constant)

    def log_responsibilities(self, z: Tensor) -> Tensor:
        """Log-probability that each point belongs to each component.

        Parameters
        ----------
        z : (n, n_latent)

        Returns
        -------
        (n, n_components), natural logarithm; each row's exponentials sum to one
        """
        return torch.log_softmax(self.log_weights + self.log_density(z), dim=1)

    def kl(self, mean: Tensor, log_variance: Tensor, z: Tensor) -> Tensor:
        """Divergence of each spot's latent distribution, and its domain, from the mixture.

        Parameters
        ----------
        mean : (n, n_latent), of the encoder
        log_variance : (n, n_latent), of the encoder; logarithm of the variance, not of its root
        z : (n, n_latent), a sample of the encoder's distribution; gives the responsibilities

        Returns
        -------
        (n,), nats

        Notes
        -----
        Σ_c γ_c (log γ_c − log π_c) + Σ_c γ_c E_q[−log N_c] − entropy(q), in closed form for the γ
        of this z, as in VaDE (Jiang et al., 2017). Gradients flow through γ.
        """
        log_gamma = self.log_responsibilities(z)
        spread = torch.exp(log_variance) @ torch.exp(-self._log_variances()).T
        expected = self.log_density(mean) - 0.5 * spread  # (n, n_components), E_q[log N_c]
        entropy = 0.5 * (1 + math.log(2 * math.pi) + log_variance).sum(dim=1)
        by_component = log_gamma - self.log_weights - expected
        return (log_gamma.exp() * by_component).sum(dim=1) - entropy

    def _log_variances(self) -> Tensor:
        return self.log_variances.clamp(*LOG_VARIANCE_RANGE)
