"""Networks' building blocks. All randomness comes from generators that are passed in."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

LOG_VARIANCE_RANGE = (-8.0, 4.0)


def linear(n_in: int, n_out: int, generator: torch.Generator) -> nn.Linear:
    """Linear layer with Glorot-uniform weights and zero bias, drawn from `generator` (on the CPU).

    Building `torch.nn.Linear` directly would draw from, and so change, the global random state.
    """
    layer = nn.Linear(n_in, n_out, device="meta").to_empty(device="cpu")
    nn.init.xavier_uniform_(layer.weight, generator=generator)
    nn.init.zeros_(layer.bias)
    return layer


def dropout(x: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Set a random share of the values to zero and scale up the others, so that the mean stays.

    Parameters
    ----------
    x : any shape
    share : probability of zero, in [0, 1)
    generator : source of randomness, on the device of x
    """
    drawn = torch.rand(x.shape, generator=generator, device=x.device, dtype=x.dtype)
    return x * (drawn >= share) / (1 - share)


def sample_latent(mean: Tensor, log_variance: Tensor, generator: torch.Generator) -> Tensor:
    """Draw latent points such that gradients reach their distribution (reparameterisation).

    Parameters
    ----------
    mean, log_variance : (n, n_latent)
    generator : source of randomness, on the device of mean

    Returns
    -------
    (n, n_latent), mean + standard deviation · standard normal noise
    """
    noise = torch.randn(mean.shape, generator=generator, device=mean.device, dtype=mean.dtype)
    return mean + noise * torch.exp(0.5 * log_variance)


class HiddenLayers(nn.Module):
    """Linear → LayerNorm → ReLU → dropout, once for each width after the first.

    Parameters
    ----------
    widths : input width, then the width of each hidden layer; one width alone is the identity
    dropout : share of the values set to zero in training, in [0, 1)
    generator : for the first weights, on the CPU
    """

    def __init__(
        self, widths: Sequence[int], *, dropout: float = 0.0, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.dropout = dropout
        self.linears = nn.ModuleList(linear(a, b, generator) for a, b in pairwise(widths))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for width in widths[1:])

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """(n, first width) → (n, last width); drops values only in training with a generator."""
        for layer, norm in zip(self.linears, self.norms, strict=True):
            x = torch.relu(norm(layer(x)))
            if self.training and self.dropout > 0 and generator is not None:
                x = dropout(x, self.dropout, generator)
        return x


def noisy(x: Tensor, scale: float, generator: torch.Generator) -> Tensor:
    """Add normal noise of a standard deviation, drawn from a generator on the device of x."""
    drawn = torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)
    return x + scale * drawn


class NoisyLayers(nn.Module):
    """Linear → LayerNorm → noise → ReLU, once for each width after the first.

    Parameters
    ----------
    widths : input width, then the width of each hidden layer
    noise : standard deviation of the noise, in training alone
    generator : for the first weights, on the CPU
    """

    def __init__(self, widths: Sequence[int], noise: float, generator: torch.Generator) -> None:
        super().__init__()
        self.noise = noise
        self.linears = nn.ModuleList(linear(a, b, generator) for a, b in pairwise(widths))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for width in widths[1:])

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """(n, first width) → (n, last width); random only in training with a generator."""
        for layer, norm in zip(self.linears, self.norms, strict=True):
            x = norm(layer(x))
            if self.training and self.noise > 0 and generator is not None:
                x = noisy(x, self.noise, generator)
            x = torch.relu(x)
        return x


class HopEncoder(nn.Module):
    """Encoder of spots whose features were averaged over neighbourhoods beforehand.

    Each hop (own features, neighbours', neighbours' neighbours') has its own linear map; the maps
    are summed. That is a graph convolution whose propagation Â^h X is done once, so spots can be
    taken in any blocks.

    Parameters
    ----------
    n_features : features per hop
    n_hops : hops, the spot itself included, ≥ 1
    hidden : widths of the hidden layers, at least one
    n_latent : latent dimensions
    dropout : share of the hidden values set to zero in training, in [0, 1)
    generator : for the first weights, on the CPU
    """

    def __init__(
        self,
        n_features: int,
        n_hops: int,
        *,
        hidden: Sequence[int],
        n_latent: int,
        dropout: float = 0.0,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        # The sum of one linear map per hop is one linear map of the hops side by side.
        widths = (n_hops * n_features, *hidden)
        self.hidden = HiddenLayers(widths, dropout=dropout, generator=generator)
        self.mean = linear(widths[-1], n_latent, generator)
        self.log_variance = linear(widths[-1], n_latent, generator)

    def forward(
        self, features: Tensor, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of each spot's latent distribution.

        Parameters
        ----------
        features : (n, n_hops, n_features)
        generator : for dropout, on the device of features; without one nothing is dropped

        Returns
        -------
        mean : (n, n_latent)
        log_variance : (n, n_latent), clamped to [−8, 4]
        """
        hidden = self.hidden(features.flatten(1), generator)
        return self.mean(hidden), self.log_variance(hidden).clamp(*LOG_VARIANCE_RANGE)
