"""Editing cells as if a condition had been otherwise: a blend of foretold shifts, landed in counts.

For each group of cells the change of every gene is foretold in five ways from the groups that were
measured under both conditions (see `PARTS`), and the blend's weights are those that foretell these
groups best, each left out in turn, from the autoencoder too. Diffusion is none of the parts: asked
for a group and condition it never saw together, it answers with one of the two.

An edit is a hypothesis made of a computation, and no measurement.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import scipy.sparse as sp
from scipy.optimize import nnls

from ...data.counts import depth_of
from ...progress import Progress
from .landing import Rates, counts_at, mean_log, quantiles
from .shifts import (
    Groups,
    Profile,
    Tuned,
    denoising_change,
    explained,
    kriged_change,
    mean_change,
    nearest_change,
    similarity,
)

PARTS = (
    "change of the nearest group",
    "kriged change",
    "kriged change of denoised cells",
    "latent shift, counts moved",
    "latent shift, counts drawn",
)
FIXED = (0.0, 0.0, 0.5, 0.2, 0.3)
"""Weights where too few groups are known to fit any."""

FEWEST_CELLS = 10
"""Of a group under a condition, from which its change can be told."""

_FEWEST_GROUPS = 3
_N_DRAWS = 4
_MOST_FOR_WEIGHTS = 200
"""Cells of each group with which weights are fitted."""


class Autoencoder(Protocol):
    """What an edit needs of a trained network."""

    def latent(self, counts: sp.csr_matrix) -> np.ndarray:
        """Latent means, (n, n_latent)."""
        ...

    def rates(self, latent: np.ndarray, counts: sp.csr_matrix) -> np.ndarray:
        """Expected counts (n, n_genes) at latent points, at the depths of some cells."""
        ...

    @property
    def theta(self) -> np.ndarray:
        """(n_genes,), inverse dispersion."""
        ...


@dataclass(frozen=True)
class Sample:
    """Cells of several groups, without and with the condition.

    Attributes
    ----------
    counts : (n, n_genes)
    group : (n,), names
    treated : (n,), bool; True under the condition that is asked for, False without it
    """

    counts: sp.csr_matrix
    group: np.ndarray
    treated: np.ndarray

    @property
    def depth(self) -> float:
        """Molecules of the median cell, to which log values are scaled."""
        return float(np.median(depth_of(self.counts)))

    def rows(self, group: str, treated: bool) -> np.ndarray:
        """Places of a group's cells."""
        return np.flatnonzero((self.group == group) & (self.treated == treated))

    def groups(self) -> Groups:
        """Profiles of all groups with enough cells."""
        before: dict[str, Profile] = {}
        after: dict[str, Profile] = {}
        depth = self.depth
        for name in np.unique(self.group).tolist():
            for treated, found in ((False, before), (True, after)):
                rows = self.rows(name, treated)
                if len(rows) >= FEWEST_CELLS:
                    found[name] = Profile.of(logged(self.counts[rows].toarray(), depth))
        return Groups(before, {name: found for name, found in after.items() if name in before})


def logged(counts: np.ndarray, depth: float) -> np.ndarray:
    """log(1 + count · depth / total), (n, n_genes)."""
    totals = np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    found: np.ndarray = np.log1p(counts * (depth / totals))
    return found


@dataclass(frozen=True)
class Foretold:
    """What every part says of a group's change, and how its counts would move.

    Attributes
    ----------
    changes : (n_parts, n_genes), of mean log values
    rates : of the group's cells without the condition
    """

    changes: np.ndarray
    rates: Rates


def foretell(
    sample: Sample,
    groups: Groups,
    target: str,
    known: Sequence[str],
    tuned: Tuned,
    autoencoder: Autoencoder,
    rows: np.ndarray,
) -> Foretold:
    """The change of a group by each of `PARTS`.

    Parameters
    ----------
    sample, groups : the cells, and their profiles
    target : group whose change is asked for
    known : groups whose change may be used
    tuned : found on these
    autoencoder : that has seen nothing of the target under the condition
    rows : (n,), cells of the target, without the condition
    """
    kriged = kriged_change(groups, target, known, tuned.length, tuned.shared)
    denoising = denoising_change(groups, target, known, tuned.denoising)
    weights = similarity(groups, target, known, tuned.similarity)
    shift = sum(
        weight
        * np.subtract(
            *(autoencoder.latent(sample.counts[sample.rows(g, t)]).mean(0) for t in (True, False))
        )
        for weight, g in zip(weights, known, strict=True)
    )
    counts = sample.counts[rows]
    latent = autoencoder.latent(counts)
    rates = Rates(
        autoencoder.rates(latent, counts),
        autoencoder.rates(latent + shift, counts),
        autoencoder.theta,
    )
    dense, depth = counts.toarray(), sample.depth
    base = mean_log(dense, depth)
    moved = counts_at(quantiles(dense, rates, seed=0), rates.after, rates.theta)
    changes = [
        nearest_change(groups, target, known),
        kriged,
        kriged + denoising,
        mean_log(moved, depth) - base,
        _drawn_mean(rates, depth) - base,
    ]
    return Foretold(np.array(changes), rates)


def _drawn_mean(rates: Rates, depth: float) -> np.ndarray:
    """Mean log value of drawn counts; that of expected counts is another thing, and far off."""
    rng = np.random.default_rng(0)
    theta = np.broadcast_to(rates.theta, rates.after.shape)
    draws = (rng.poisson(rng.gamma(theta, rates.after / theta)) for _ in range(_N_DRAWS))
    found: np.ndarray = np.mean([mean_log(drawn, depth) for drawn in draws], axis=0)
    return found


@dataclass(frozen=True)
class LeftOut:
    """What was foretold of a known group as if it were not.

    Attributes
    ----------
    parts : (n_parts, n_genes), foretold changes
    change, noise : (n_genes,), the measured change and its sampling variance
    rivals : changes by the simplest methods, by name
    """

    parts: np.ndarray
    change: np.ndarray
    noise: np.ndarray
    rivals: dict[str, np.ndarray]


def leave_out_steps(
    sample: Sample, groups: Groups, refit: Callable[[np.ndarray], Autoencoder]
) -> Generator[Progress, None, dict[str, LeftOut]]:
    """Leave each known group out in turn, from the autoencoder too.

    Parameters
    ----------
    sample, groups : the cells, and their profiles
    refit : trains an autoencoder on some cells (n,) bool
    """
    known, found = list(groups.after), {}
    for number, name in enumerate(known, start=1):
        others = [other for other in known if other != name]
        hidden = (sample.group == name) & sample.treated
        rows = sample.rows(name, treated=False)[:_MOST_FOR_WEIGHTS]
        tuned = Tuned.on(groups, others)
        told = foretell(sample, groups, name, others, tuned, refit(~hidden), rows)
        rivals = {
            "no change": np.zeros_like(groups.change(name)),
            "mean change": mean_change(groups, name, others),
            "change of the nearest group": nearest_change(groups, name, others),
        }
        found[name] = LeftOut(told.changes, groups.change(name), groups.noise(name), rivals)
        yield Progress("leave out", number, len(known), message=f"Leaving out {name}")
    return found


def fitted_weights(left_out: dict[str, LeftOut]) -> np.ndarray:
    """Weights (n_parts,), ≥ 0, that foretell left-out groups best; each group counts alike."""
    if len(left_out) < _FEWEST_GROUPS:
        return np.array(FIXED)
    sizes = [max(float(np.linalg.norm(found.change)), 1e-12) for found in left_out.values()]
    parts = [found.parts.T / size for found, size in zip(left_out.values(), sizes, strict=True)]
    wanted = [found.change / size for found, size in zip(left_out.values(), sizes, strict=True)]
    found: np.ndarray = nnls(np.vstack(parts), np.concatenate(wanted))[0]
    return found


def honest_scores(left_out: dict[str, LeftOut]) -> dict[str, dict[str, float]]:
    """R² of the change of each group, of the blend and its rivals.

    The blend's weights come from the other groups.
    """
    scores = {}
    for name, found in left_out.items():
        others = {other: value for other, value in left_out.items() if other != name}
        blend = fitted_weights(others) @ found.parts
        scores[name] = {"blend": explained(found.change, blend)} | {
            rival: explained(found.change, change) for rival, change in found.rivals.items()
        }
    return scores
