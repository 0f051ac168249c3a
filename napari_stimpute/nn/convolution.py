"""An encoder that reads genes in an order in which neighbours vary together."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .layers import LOG_VARIANCE_RANGE, dropout, linear


class GeneConvolution(nn.Module):
    """Windows of neighbouring genes → hidden layer → mean and log-variance of a latent point.

    Parameters
    ----------
    n_genes : genes, in an order that was found beforehand
    kernel, stride, channels : width of a window, genes from one to the next (at most the width, so
        that none is left out), patterns looked for; a kernel of 0 leaves the convolution out
    n_hidden, n_latent : width of the hidden layer, latent dimensions
    dropout : share of the hidden values set to zero in training, in [0, 1)
    generator : for the first weights, on the CPU
    """

    def __init__(
        self,
        n_genes: int,
        *,
        kernel: int,
        stride: int,
        channels: int,
        n_hidden: int,
        n_latent: int,
        dropout: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.stride, self.dropout = stride, dropout
        self.windows = linear(min(kernel, n_genes), channels, generator) if kernel else None
        beyond = n_genes - min(kernel, n_genes)
        n_windows = -(-beyond // stride) + 1
        self.padding = (n_windows - 1) * stride - beyond  # so that the last genes are read too
        width = n_windows * channels if kernel else n_genes
        self.hidden = linear(width, n_hidden, generator)
        self.norm = nn.LayerNorm(n_hidden)
        self.mean = linear(n_hidden, n_latent, generator)
        self.log_variance = linear(n_hidden, n_latent, generator)

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """(n, n_genes) → mean and log-variance (n, n_latent), the second clamped to [−8, 4]."""
        if self.windows is not None:
            weight = self.windows.weight.unsqueeze(1)  # (channels, 1, kernel)
            padded = nn.functional.pad(x, (0, self.padding)).unsqueeze(1)
            seen = nn.functional.conv1d(padded, weight, self.windows.bias, stride=self.stride)
            x = nn.functional.gelu(seen).flatten(1)
        hidden = torch.relu(self.norm(self.hidden(x)))
        if self.training and self.dropout > 0 and generator is not None:
            hidden = dropout(hidden, self.dropout, generator)
        return self.mean(hidden), self.log_variance(hidden).clamp(*LOG_VARIANCE_RANGE)
