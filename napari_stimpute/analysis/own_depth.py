"""How likely spots of given depths show as much of a gene as a group does, if it does not differ.

A draw from all spots has spots of all depths. Where the group is shallower, the counts of a rare
gene are fewer and stand out more than in most draws, so that these make too much of a few
molecules. Here the group's spots keep their depths, and their counts are those of the negative
binomial by which they were scored; the tail is the saddlepoint approximation of Lugannani and Rice
(1980, Adv Appl Probab 12:475) in the form of Barndorff-Nielsen.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .saddlepoint import tail
from .scores import chance_of_zero

N_COUNTS = 24
"""Counts told apart; higher ones of genes that are often not seen score nearly alike."""

_N_STEPS, _LONGEST, _CLOSE = 40, 4.0, 1e-9
_FEWEST = 1e-12


def two_sided(
    mu: NDArray[np.float64],
    theta: NDArray[np.float64],
    sizes: NDArray[np.float64],
    n_obs: int,
    z: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Chance that a group's sum of scores is as many standard deviations from 0, (n_genes,).

    Parameters
    ----------
    mu : (n_genes, n_bins), expected counts at the depths of the group
    theta : (n_genes,), inverse dispersion
    sizes : (n_bins,), the group's spots at each depth
    n_obs : all spots, from which the genes' shares are estimated
    z : (n_genes,)
    """
    chance, value = _law(mu, theta)
    far = np.abs(z)
    upper = _upper_tail(chance, value, sizes, n_obs, far)
    return np.minimum(1, upper + _upper_tail(chance, -value, sizes, n_obs, far))


def _law(
    mu: NDArray[np.float64], theta: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Chances of counts, and their standardised mid-ranks, (n_genes, n_bins, counts)."""
    theta = theta[:, None]
    ratio, chance = mu / (mu + theta), np.empty((*mu.shape, N_COUNTS + 1))
    chance[..., 0] = chance_of_zero(mu, theta)
    for count in range(1, N_COUNTS):
        chance[..., count] = chance[..., count - 1] * ratio * (count - 1 + theta) / count
    chance[..., N_COUNTS] = np.maximum(1 - chance[..., :N_COUNTS].sum(axis=-1), 0)
    rank = np.cumsum(chance, axis=-1) - chance / 2 - 0.5
    spread = np.sqrt((chance * rank**2).sum(axis=-1, keepdims=True))
    return chance, rank / np.maximum(spread, _FEWEST)


def _upper_tail(
    chance: NDArray[np.float64],
    value: NDArray[np.float64],
    sizes: NDArray[np.float64],
    n_obs: int,
    z: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Of the sum less that of as many average spots, to which the others add as normal ones."""
    size = sizes.sum()
    own, of_others = 1 - size / n_obs, size / n_obs * size * (1 - size / n_obs)
    x = z * np.sqrt(size * own)
    t = np.minimum(z / np.sqrt(size * own), 1.0)
    k = first = second = np.zeros(len(z))
    for _ in range(_N_STEPS):
        power = own * t[:, None, None] * value
        highest = power.max(axis=-1, keepdims=True)
        weight = chance * np.exp(power - highest)
        total = weight.sum(axis=-1)
        mean = (weight * value).sum(axis=-1) / total
        square = (weight * value**2).sum(axis=-1) / total
        k = (np.log(total) + highest[..., 0]) @ sizes + of_others * t**2 / 2
        first = own * (mean @ sizes) + of_others * t
        second = own**2 * ((square - mean**2) @ sizes) + of_others
        step = (x - first) / np.maximum(second, _FEWEST)
        if (np.abs(step * (x - first)) < _CLOSE).all():
            break
        longest = _LONGEST / np.maximum(np.abs(step) * value.max(axis=(1, 2)), _FEWEST)
        t = np.maximum(t + step * np.minimum(1, longest), 0)
    return tail(np.sqrt(np.maximum(2 * (t * x - k), 0)), t * np.sqrt(second))
