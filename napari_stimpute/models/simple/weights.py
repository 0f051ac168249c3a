"""Weights of a blend of predictions, and what they make of them. See `models.simple.blend`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .parts import GENE_MEAN, OWN
from .response import cell_of, no_response

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Blend:
    """Weights of a fitted blend.

    Attributes
    ----------
    titles : of the parts, K of them
    gains : (K,), mean log-likelihood of a hidden molecule under each part alone
    smooth : (n_vars, K), weights of the smooth mixture; 0 for the own count
    theta : (n_vars,), inverse dispersion of the true rate around the smooth mixture
    final : (n_vars, K + 1), weights of the parts and, last, of the posterior
    own_share : (n_vars,), how much the posterior takes from the own count
    response : factors by own and smooth count, see `models.simple.response`
    """

    titles: tuple[str, ...]
    gains: Array
    smooth: Array
    theta: Array
    final: Array
    own_share: Array
    response: Array

    def __post_init__(self) -> None:
        n_vars, k = len(self.theta), len(self.titles)
        found = (self.gains.shape, self.smooth.shape, self.final.shape, self.own_share.shape)
        if found != ((k,), (n_vars, k), (n_vars, k + 1), (n_vars,)) or OWN not in self.titles:
            raise ValueError("weights of other parts than the titles name")
        if self.response.shape != no_response().shape:
            raise ValueError("a curve of another form")

    @classmethod
    def even(cls, titles: tuple[str, ...], n_vars: int) -> Blend:
        """All parts alike, before anything is known."""
        k = len(titles)
        final = np.full((n_vars, k + 1), 1 / k, dtype=np.float32)
        final[:, -1] = 0
        ones = np.ones(n_vars, dtype=np.float32)
        gains, smooth = np.zeros(k, np.float32), final[:, :-1]
        return cls(titles, gains, smooth, ones, final, 0 * ones, no_response())

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything as plain arrays, by name, to be kept."""
        arrays = {f.name: getattr(self, f.name) for f in fields(self)}
        titles = np.frombuffer("\n".join(self.titles).encode(), dtype=np.uint8).copy()
        return arrays | {"titles": titles}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Blend:
        """From what `arrays` gave."""
        titles = tuple(arrays["titles"].tobytes().decode().split("\n"))
        return cls(titles, **{name: a for name, a in arrays.items() if name != "titles"})

    @property
    def best_part(self) -> str:
        """The part that alone predicts hidden molecules best, gene mean × depth left aside."""
        return best_of(self.titles, self.gains)

    @property
    def weights(self) -> Array:
        """What each part counts for before the common curve, (n_vars, K), rows sum to 1."""
        posterior = self.final[:, -1:]
        total = self.final[:, :-1] + posterior * (1 - self.own_share[:, None]) * self.smooth
        total[:, self.titles.index(OWN)] += self.final[:, -1] * self.own_share
        return np.asarray(total / total.sum(axis=1, keepdims=True), dtype=np.float32)

    def of(self, gene: int) -> Blend:
        """The weights of one gene alone, as of a blend of one."""
        per_gene = ("smooth", "theta", "final", "own_share")
        return replace(self, **{name: getattr(self, name)[[gene]] for name in per_gene})

    def mix(self, made: Array) -> Array:
        """Blend a block of all parts, (K, block, n_vars)."""
        final, cells = self.uncorrected(made)
        final *= np.take(self.response, cells)
        return final

    def uncorrected(self, made: Array) -> tuple[Array, NDArray[np.uint8]]:
        """Blend a block without the common curve; and where on that curve each entry lies."""
        smooth, own = mixture_of(made, self.smooth), made[self.titles.index(OWN)]
        final = mixture_of(made, self.final[:, :-1])
        final += posterior_mean(smooth, own, self.theta) * self.final[:, -1]
        return final, cell_of(own, smooth)


def mixture_of(made: Array, weights: Array) -> Array:
    """Mix a block of parts, (K, block, n_vars), by weights (n_vars, K)."""
    by_part = np.ascontiguousarray(weights.T)
    mixed: Array = np.einsum("kbg,kg->bg", made, by_part)  # quick, as nothing is transposed
    return mixed


def posterior_mean(mu: Array, x: Array, theta: Array | np.float32) -> Array:
    """Mean of the true rate given its expectation `mu`, a count `x` and the inverse dispersion."""
    return mu * ((theta + x) / (theta + mu))


def best_of(titles: tuple[str, ...], gains: Array) -> str:
    """The title with the largest gain (K,), own count and gene mean × depth left aside."""
    places = [k for k, title in enumerate(titles) if title not in (OWN, GENE_MEAN)]
    return titles[max(places, key=lambda k: float(gains[k]))]
