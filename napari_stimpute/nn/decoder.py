"""From a latent space to the mean of every gene, and to the odds that a gene was lost."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .layers import linear

LOWEST = -15.0
"""Log mean per unit size factor below which nothing is expected."""

_HIGHEST, _ABOVE = 12.0, 5.0
_FIRST_WEIGHTS = 0.01
_FIRST_LOGIT = -3.0
"""Log odds of a lost gene to start from: one in twenty."""


def highest_log_mean(offset: Tensor) -> Tensor:
    """Bound on log means, which keeps exponentials finite: well above where any gene starts."""
    return torch.clamp_min(offset.max() + _ABOVE, _HIGHEST)


def bounded(log_mean: Tensor, highest: Tensor) -> Tensor:
    """Log means (n, n_genes) between `LOWEST` and the bound that `highest_log_mean` gave."""
    return torch.minimum(log_mean, highest).clamp_min(LOWEST)


class CountDecoder(nn.Module):
    """Log means of all genes: a linear map of the latent space plus that of one hidden layer.

    It starts at the gene means (weights near zero).

    Parameters
    ----------
    n_latent : latent dimensions
    n_hidden : width of the hidden layer; 0 for a linear decoder
    offset : (n_genes,), log mean per unit size factor to start from
    zero_inflated : whether the odds of dropout are decoded too
    n_batches : batches whose number is given beside the latent point; 1 if there is nothing to tell
    generator : for the first weights, on the CPU
    """

    highest: Tensor

    def __init__(
        self,
        n_latent: int,
        n_hidden: int,
        offset: Tensor,
        *,
        zero_inflated: bool = False,
        n_batches: int = 1,
        generator: torch.Generator,
    ) -> None:
        super().__init__()

        def small(rows: int) -> nn.Parameter:
            drawn = torch.randn(rows, len(offset), generator=generator)
            return nn.Parameter(_FIRST_WEIGHTS * drawn)

        self.offset = nn.Parameter(offset.clone())
        self.register_buffer("highest", highest_log_mean(offset))
        self.loadings = small(n_latent)
        self.hidden = linear(n_latent, n_hidden, generator) if n_hidden else None
        self.norm = nn.LayerNorm(n_hidden) if n_hidden else None
        self.hidden_loadings = small(n_hidden) if n_hidden else None
        self.is_deep = n_hidden > 0
        """Whether the hidden layer takes part; a training may begin without it."""
        self.batch_offset = nn.Parameter(torch.zeros(n_batches, len(offset)))
        self.dropout_offset = self.dropout_loadings = None
        if zero_inflated:
            self.dropout_offset = nn.Parameter(torch.full_like(offset, _FIRST_LOGIT))
            self.dropout_loadings = small(n_latent)

    def features(self, z: Tensor) -> Tensor:
        """What both outputs are linear in, (n, n_latent + n_hidden)."""
        if self.hidden is None or self.norm is None or not self.is_deep:
            return z
        return torch.cat([z, torch.relu(self.norm(self.hidden(z)))], dim=1)

    def log_mean(self, z: Tensor, columns: Tensor | slice = slice(None)) -> Tensor:
        """(n, n_latent) → (n, n_genes): log mean per unit size factor, in no particular batch."""
        weights = self.loadings[:, columns]
        if self.hidden_loadings is not None and self.is_deep:
            weights = torch.cat([weights, self.hidden_loadings[:, columns]])
        decoded: Tensor = torch.addmm(self.offset[columns], self.features(z), weights)
        return bounded(decoded, self.highest)

    def in_batch(self, log_mean: Tensor, batch: Tensor, columns: Tensor | slice) -> Tensor:
        """Add what is peculiar to each spot's batch (n,) int64 to log means (n, n_genes)."""
        return log_mean + self.batch_offset[:, columns][batch]

    def dropout_logit(self, z: Tensor, columns: Tensor | slice = slice(None)) -> Tensor:
        """(n, n_latent) → (n, n_genes): log odds that a gene was lost, whatever its level."""
        assert self.dropout_offset is not None and self.dropout_loadings is not None
        logit: Tensor = torch.addmm(
            self.dropout_offset[columns], z, self.dropout_loadings[:, columns]
        )
        return logit

    @property
    def undecayed(self) -> tuple[nn.Parameter, ...]:
        """Parameters that weight decay must not draw to zero."""
        found = (self.offset, self.dropout_offset)
        return tuple(p for p in found if p is not None)
