"""SimAM: attention without parameters, by how far a value stands out from its cell's others."""

from __future__ import annotations

import torch
from torch import Tensor

LAMBDA = 1e-4


def simam(x: Tensor, regularisation: float = LAMBDA) -> Tensor:
    """Weaken the values of each cell that stand out least.

    Parameters
    ----------
    x : (cells, genes); each cell's genes are one group
    regularisation : λ of the paper, > 0, added to the variance

    Returns
    -------
    (cells, genes), each value times a weight between 0.62 (at its cell's mean) and 1 (far from it)

    Notes
    -----
    The least energy of an element t among M others with mean m and variance v (divisor M − 1) is
    4 (v + λ) / ((t − m)² + 2 v + 2 λ); its inverse, (t − m)² / (4 (v + λ)) + ½, says how much it
    stands out, and the weight is the inverse's sigmoid (Yang et al., ICML 2021). scAMZI eq. 3
    prints t − m² for (t − m)², and multiplies by the energy itself, which would do the opposite.
    """
    deviation = (x - x.mean(dim=1, keepdim=True)).square()
    variance = deviation.sum(dim=1, keepdim=True) / max(1, x.shape[1] - 1)
    standing_out = deviation / (4 * (variance + regularisation)) + 0.5
    return x * torch.sigmoid(standing_out)
