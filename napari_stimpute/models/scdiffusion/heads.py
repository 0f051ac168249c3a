"""How counts scatter about what a cell is expected to show: the last step of the decoder.

Every head reads the same level of a gene (its logarithm per unit size factor, from the decoder), so
that a cell's depth means the same in each.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

from ...nn.likelihoods import (
    entries_at,
    gaussian_log_prob,
    nb_negative_log_likelihood,
    zinb_negative_log_likelihood,
)

Entries = tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True)
class Decoded:
    """What the decoder says of some cells.

    Attributes
    ----------
    log_mean : (n, n_genes), logarithm of the expected count (of the odds, for Bernoulli)
    log_size : (n,), logarithm of the size factor, which the above contains
    log_dispersion : (n_genes,), its meaning is the head's
    lost : (n, n_genes), log odds of dropout; None where there is none
    """

    log_mean: Tensor
    log_size: Tensor
    log_dispersion: Tensor
    lost: Tensor | None = None


class Head(ABC):
    """One distribution of counts."""

    is_binary = False
    """Whether it tells open from closed alone."""
    is_overdispersed = False
    """Whether the dispersion is that of a negative binomial."""
    is_inflated = False
    """Whether the decoder says how likely a gene was lost."""

    @abstractmethod
    def surprise(self, entries: Entries, decoded: Decoded) -> Tensor:
        """Negative log-likelihood of each cell, (n,), from its non-zero counts."""

    @abstractmethod
    def draw(
        self, rng: np.random.Generator, mean: np.ndarray, size: float, spread: np.ndarray
    ) -> np.ndarray:
        """Counts of one cell, (n_genes,).

        Parameters
        ----------
        rng : of this cell
        mean : (n_genes,), expected counts where nothing is lost
        size : size factor of the cell
        spread : (n_genes,), the exponential of the log dispersion
        """

    def expected(self, level: Tensor) -> Tensor:
        """Expected counts of a level at the cell's own depth, any shape."""
        return level


class NegativeBinomial(Head):
    """Gamma–Poisson, one inverse dispersion per gene."""

    is_overdispersed = True

    def surprise(self, entries: Entries, decoded: Decoded) -> Tensor:
        """As `nn.likelihoods.nb_negative_log_likelihood`."""
        theta = decoded.log_dispersion.exp()
        return nb_negative_log_likelihood(*entries, decoded.log_mean, theta)

    def draw(
        self, rng: np.random.Generator, mean: np.ndarray, size: float, spread: np.ndarray
    ) -> np.ndarray:
        """A rate for each gene, then a count."""
        return rng.poisson(rng.gamma(spread, mean / spread))


class ZeroInflated(NegativeBinomial):
    """The same, with further zeros; who draws takes them off."""

    is_inflated = True

    def surprise(self, entries: Entries, decoded: Decoded) -> Tensor:
        """As `nn.likelihoods.zinb_negative_log_likelihood`."""
        assert decoded.lost is not None
        theta = decoded.log_dispersion.exp()
        return zinb_negative_log_likelihood(*entries, decoded.log_mean, theta, decoded.lost)


class Poisson(Head):
    """No more scatter than counting brings; for fragments of peaks."""

    def surprise(self, entries: Entries, decoded: Decoded) -> Tensor:
        """Σ mean − count·log mean + log count!."""
        rows, columns, values = entries
        here = entries_at(decoded.log_mean, rows * decoded.log_mean.shape[1] + columns)
        counted = values * here - torch.lgamma(values + 1)
        return decoded.log_mean.exp().sum(dim=1).index_add(0, rows, -counted)

    def draw(
        self, rng: np.random.Generator, mean: np.ndarray, size: float, spread: np.ndarray
    ) -> np.ndarray:
        """A count for each gene."""
        return rng.poisson(mean)


class Bernoulli(Head):
    """Open or closed, the size factor multiplying the odds; for peaks."""

    is_binary = True

    def surprise(self, entries: Entries, decoded: Decoded) -> Tensor:
        """Cross-entropy of the log odds."""
        rows, columns, _ = entries
        here = entries_at(decoded.log_mean, rows * decoded.log_mean.shape[1] + columns)
        return softplus(decoded.log_mean).sum(dim=1).index_add(0, rows, -here)

    def draw(
        self, rng: np.random.Generator, mean: np.ndarray, size: float, spread: np.ndarray
    ) -> np.ndarray:
        """One where the peak is open."""
        return (rng.random(mean.shape) < mean).astype(np.int64)

    def expected(self, level: Tensor) -> Tensor:
        """The probability that belongs to the odds."""
        return level / (1 + level)


class Gaussian(Head):
    """Normal on log(1 + count / size factor); for what has no scatter of counts."""

    def surprise(self, entries: Entries, decoded: Decoded) -> Tensor:
        """−log density, dense: zeros count as much as others."""
        rows, columns, values = entries
        logged = torch.zeros_like(decoded.log_mean)
        logged[rows, columns] = torch.log1p(values * torch.exp(-decoded.log_size)[rows])
        mean = softplus(decoded.log_mean - decoded.log_size[:, None])
        return -gaussian_log_prob(logged, mean, decoded.log_dispersion).sum(dim=1)

    def draw(
        self, rng: np.random.Generator, mean: np.ndarray, size: float, spread: np.ndarray
    ) -> np.ndarray:
        """Log values, brought back to counts: whole numbers, none below zero."""
        logged = rng.normal(np.log1p(mean / size), spread)
        counts: np.ndarray = np.rint(np.expm1(logged.clip(min=0.0)) * size)
        return counts.astype(np.int64)


HEADS: dict[str, Head] = {
    "nb": NegativeBinomial(),
    "zinb": ZeroInflated(),
    "poisson": Poisson(),
    "bernoulli": Bernoulli(),
    "gaussian": Gaussian(),
}
