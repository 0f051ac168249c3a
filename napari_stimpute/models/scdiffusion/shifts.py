"""How cells of one group change under a condition, predicted from the changes of other groups.

Every prediction is of the change of the mean log value of each gene. The prior of the kriged one:
changes of two groups are the more alike the nearer their cells lie without the condition, and all
share a part; a gene's changes are as large as the known ones, less their sampling noise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import scipy.sparse as sp

from ...data.counts import depth_of

_LENGTHS = (0.125, 0.25, 0.5, 1.0, 2.0)
_SHARED = (0.0, 0.3, 1.0, 3.0)
_DENOISING = (0.25, 1.0, 4.0)
"""Both kinds of lengths in units of the median distance between groups."""
_LEAST_DISTANCE = 1e-3
_LEAST_VARIANCE = 1e-6
_LEAST_NOISE = 1e-3


@dataclass(frozen=True)
class Profile:
    """Mean log value of each gene in some cells, and its sampling variance, (n_genes,) each.

    At least two cells; with one, nothing would be known of its noise.
    """

    mean: np.ndarray
    variance: np.ndarray

    @classmethod
    def of(cls, logged: sp.csr_matrix) -> Profile:
        """Of log values (n, n_genes) of cells."""
        n = logged.shape[0]
        mean = np.asarray(logged.sum(axis=0), dtype=np.float64).ravel() / n
        squares = np.asarray(logged.power(2).sum(axis=0), dtype=np.float64).ravel() / n
        return cls(mean, np.maximum(squares - mean**2, 0.0) / (n - 1))


@dataclass(frozen=True)
class Groups:
    """Groups of cells without a condition, and the changes of those that are known under it.

    Attributes
    ----------
    before : profile of every group, the one to be predicted included
    after : profile under the condition, of those that have cells there
    """

    before: Mapping[str, Profile]
    after: Mapping[str, Profile]

    def change(self, group: str) -> np.ndarray:
        """(n_genes,), of a known group."""
        found: np.ndarray = self.after[group].mean - self.before[group].mean
        return found

    def noise(self, group: str) -> np.ndarray:
        """Sampling variance of the change, (n_genes,)."""
        found: np.ndarray = self.after[group].variance + self.before[group].variance
        return found

    def distance(self, one: str, other: str) -> float:
        """Squared distance of two groups' means, less what sampling alone brings."""
        a, b = self.before[one], self.before[other]
        apart = float(np.square(a.mean - b.mean).sum() - a.variance.sum() - b.variance.sum())
        return max(apart, _LEAST_DISTANCE)

    @property
    def spread(self) -> float:
        """Median distance between two groups; 1 where there is a single one."""
        pairs = combinations(self.before, 2)
        return float(np.median([self.distance(a, b) for a, b in pairs] or [1.0]))

    def alike(self, some: Sequence[str], others: Sequence[str], length: float) -> np.ndarray:
        """exp(−distance / length), (n_some, n_others); 1 for a group and itself."""
        return np.array(
            [
                [1.0 if a == b else np.exp(-self.distance(a, b) / length) for b in others]
                for a in some
            ]
        )


def logged(counts: sp.csr_matrix, depth: float) -> sp.csr_matrix:
    """log(1 + count · depth / total), (n, n_genes) float64."""
    totals = np.maximum(depth_of(counts), 1.0)
    found = counts.astype(np.float64)
    found.data = np.log1p(found.data * np.repeat(depth / totals, np.diff(found.indptr)))
    return found


def mean_change(groups: Groups, target: str, known: Sequence[str]) -> np.ndarray:
    """Mean of the known changes, (n_genes,)."""
    found: np.ndarray = np.mean([groups.change(group) for group in known], axis=0)
    return found


def nearest_change(groups: Groups, target: str, known: Sequence[str]) -> np.ndarray:
    """Change of the known group that lies nearest, (n_genes,)."""

    def apart(group: str) -> float:
        between = groups.before[group].mean - groups.before[target].mean
        return float(np.square(between).sum())

    return groups.change(min(known, key=apart))


def similarity(groups: Groups, target: str, known: Sequence[str], length: float) -> np.ndarray:
    """Weights of known groups by how near they lie, (n_known,), that sum to 1."""
    weights = groups.alike([target], known, length)[0] + 1e-12
    found: np.ndarray = weights / weights.sum()
    return found


def kriged_change(
    groups: Groups, target: str, known: Sequence[str], length: float, shared: float
) -> np.ndarray:
    """Posterior mean of the change, (n_genes,); noisy genes and thin groups shrink to nothing."""
    changes = np.array([groups.change(group) for group in known])
    noise = np.array([groups.noise(group) for group in known])
    size = np.maximum((changes**2 - noise).mean(axis=0), 0) / (1 + shared) + _LEAST_VARIANCE
    towards = groups.alike([target], known, length)[0] + shared
    return _posterior(towards, groups.alike(known, known, length) + shared, changes, noise / size)


def denoising_change(
    groups: Groups, target: str, known: Sequence[str], length: float
) -> np.ndarray:
    """Denoised minus observed mean of the target without the condition, (n_genes,).

    What is predicted is a population: it should not keep the sampling noise of the cells that were
    edited.
    """
    every = list(dict.fromkeys([target, *known]))
    means = np.array([groups.before[group].mean for group in every])
    noise = np.array([groups.before[group].variance for group in every])
    weight = 1 / (noise + _LEAST_NOISE)
    centre = (means * weight).sum(axis=0) / weight.sum(axis=0)
    size = np.maximum((np.square(means - centre) - noise).mean(axis=0), 0) + _LEAST_VARIANCE
    alike = groups.alike(every, every, length)
    found: np.ndarray = (
        centre + _posterior(alike[0], alike, means - centre, noise / size) - means[0]
    )
    return found


@dataclass(frozen=True)
class Tuned:
    """Lengths and shares by which the known groups are predicted best from one another."""

    similarity: float
    length: float
    shared: float
    denoising: float

    @classmethod
    def on(cls, groups: Groups, known: Sequence[str]) -> Tuned:
        """Leave each known group out in turn; with one alone, the middle of each grid."""
        spread = groups.spread
        lengths, smooths = ([spread * k for k in grid] for grid in (_LENGTHS, _DENOISING))
        if len(known) < 2:
            return cls(lengths[2], lengths[2], _SHARED[2], smooths[1])
        length = _best(groups, known, _weighted, [(length,) for length in lengths])
        kriged = _best(groups, known, kriged_change, list(product(lengths, _SHARED)))

        def both(groups: Groups, target: str, others: Sequence[str], smooth: float) -> np.ndarray:
            change = kriged_change(groups, target, others, *kriged)
            found: np.ndarray = change + denoising_change(groups, target, others, smooth)
            return found

        denoising = _best(groups, known, both, [(smooth,) for smooth in smooths])
        return cls(length[0], kriged[0], kriged[1], denoising[0])


def explained(change: np.ndarray, predicted: np.ndarray) -> float:
    """R² of a change about zero: 1 if predicted exactly, 0 if nothing was predicted to change."""
    missed, whole = float(np.square(change - predicted).sum()), float(np.square(change).sum())
    return 1 - missed / whole if whole > 0 else 0.0


def _weighted(groups: Groups, target: str, known: Sequence[str], length: float) -> np.ndarray:
    changes = np.array([groups.change(group) for group in known])
    found: np.ndarray = similarity(groups, target, known, length) @ changes
    return found


def _best(
    groups: Groups,
    known: Sequence[str],
    predict: Callable[..., np.ndarray],
    grid: Sequence[tuple[float, ...]],
) -> tuple[float, ...]:
    def score(choice: tuple[float, ...]) -> float:
        scores = [
            explained(
                groups.change(group),
                predict(groups, group, [other for other in known if other != group], *choice),
            )
            for group in known
        ]
        return float(np.mean(scores))

    return max(grid, key=score)


def _posterior(
    towards: np.ndarray, among: np.ndarray, seen: np.ndarray, noise: np.ndarray
) -> np.ndarray:
    """Gaussian posterior mean for each gene.

    Parameters
    ----------
    towards : (n_known,), prior covariance of the target and the known, per unit of size
    among : (n_known, n_known), that of the known
    seen : (n_known, n_genes), what is known
    noise : (n_known, n_genes), its sampling variance over the gene's size
    """
    nugget = np.einsum("tg,tu->gtu", noise, np.eye(len(among)))
    solved = np.linalg.solve(among[None] + nugget, seen.T[:, :, None])
    found: np.ndarray = np.einsum("t,gt->g", towards, solved[:, :, 0])
    return found
