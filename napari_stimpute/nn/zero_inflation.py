"""A layer that drops hidden values the likelier the smaller they are, as sequencing drops genes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_SMALLEST = 1e-8


class ZeroInflationLayer(nn.Module):
    """Imitate dropout on hidden values, less and less while a network is trained.

    In training a value h is kept with a share s = sigmoid((log odds to keep it + noise) / T), where
    1 − exp(−h²) is the probability to be kept (VASC: Wang and Gu, 2018), and the result is
    h · (1 − ρ (1 − s)): ρ is how much of the layer is at work. Temperature T and ρ are annealed by
    `anneal`, T from 1 to `lowest`, ρ from 1 to 0; then the layer is the identity.

    Parameters
    ----------
    lowest : temperature at the end of annealing, > 0

    Attributes
    ----------
    temperature, share : T and ρ, buffers that are kept with the weights
    """

    temperature: Tensor
    share: Tensor

    def __init__(self, lowest: float = 0.5) -> None:
        super().__init__()
        self.lowest = lowest
        self.register_buffer("temperature", torch.tensor(1.0))
        self.register_buffer("share", torch.tensor(1.0))

    @torch.no_grad()
    def anneal(self, progress: float) -> None:
        """Set T and ρ for a point of the training, 0 (begin) to 1 (from here on the identity)."""
        temperature = self.lowest ** min(1.0, max(0.0, progress))
        self.temperature.fill_(temperature)
        self.share.fill_((temperature - self.lowest) / (1 - self.lowest))

    def forward(self, h: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """(n, width) → (n, width); random only in training and with a generator.

        Otherwise s is the probability to be kept itself.
        """
        squared = h.square().clamp_min(_SMALLEST)
        if self.training and generator is not None:
            noise = torch.randn(h.shape, generator=generator, device=h.device, dtype=h.dtype)
            kept = torch.sigmoid((keep_logit(squared) + noise) / self.temperature)
        else:
            kept = -torch.expm1(-squared)
        return h * (1 - self.share * (1 - kept))


def keep_logit(squared: Tensor) -> Tensor:
    """Log odds of keeping a value whose square is given: of the probability 1 − exp(−h²)."""
    return torch.log(-torch.expm1(-squared)) + squared
