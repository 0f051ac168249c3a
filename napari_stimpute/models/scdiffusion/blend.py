"""Editing cells as if a condition had been otherwise: a blend of predicted changes of mean values.

For each group of cells the change of every gene is predicted in five ways from the groups that were
measured under both conditions (see `PARTS`), and the blend's weights are those that predict these
groups best, each left out in turn, from the autoencoder too. Where the blend predicts left-out
groups no better than the change of the nearest group does, that is used. Diffusion is none of the
parts: asked for a group and condition it never saw together, it answers with one of the two.

An edit is a hypothesis made of a computation, and no measurement.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import scipy.sparse as sp
from scipy.optimize import nnls

from ...progress import Progress
from .landing import Landing, Rates, RatesOf, mean_log
from .shifts import (
    Groups,
    Profile,
    Tuned,
    denoising_change,
    explained,
    kriged_change,
    logged,
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
NEAREST = (1.0, 0.0, 0.0, 0.0, 0.0)

DEPTH = 10_000.0
"""Molecules per cell that log values are scaled to, as is usual."""
FEWEST_CELLS = 10
"""Of a group under a condition, from which its change can be told."""
FEWEST_GROUPS = 3
"""Known ones, from which weights are fitted and judged."""

ALL = slice(None)

_N_DRAWS = 4
_MOST_FOR_WEIGHTS = 200
"""Cells of each group with which the autoencoder's parts are made."""


class Autoencoder(Protocol):
    """What a blend needs of a trained network."""

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


Refit = Callable[[np.ndarray], Generator[Progress, None, Autoencoder]]
"""Trains an autoencoder on some cells, (n,) bool."""


@dataclass(frozen=True, eq=False)
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

    def rows(self, group: str, treated: bool) -> np.ndarray:
        """Places of a group's cells."""
        return np.flatnonzero((self.group == group) & (self.treated == treated))

    def groups(self) -> Groups:
        """Profiles of all groups with enough cells."""
        found: dict[bool, dict[str, Profile]] = {False: {}, True: {}}
        for name in np.unique(self.group).tolist():
            for treated, profiles in found.items():
                rows = self.rows(name, treated)
                if len(rows) >= FEWEST_CELLS:
                    profiles[name] = Profile.of(logged(self.counts[rows], DEPTH))
        before = found[False]
        return Groups(before, {name: p for name, p in found[True].items() if name in before})


@dataclass(frozen=True, eq=False)
class Prediction:
    """What every part says of a group's change.

    Attributes
    ----------
    changes : (n_parts, n_genes), of mean log values
    shift : (n_latent,), of latent points
    """

    changes: np.ndarray
    shift: np.ndarray


def predict(
    sample: Sample,
    groups: Groups,
    target: str,
    known: Sequence[str],
    tuned: Tuned,
    autoencoder: Autoencoder,
) -> Prediction:
    """The change of a group by each of `PARTS`.

    Parameters
    ----------
    sample, groups : the cells, and their profiles
    target : group whose change is asked for
    known : groups whose change may be used
    tuned : found on these
    autoencoder : that has seen nothing that may not be used
    """
    kriged = kriged_change(groups, target, known, tuned.length, tuned.shared)
    denoising = denoising_change(groups, target, known, tuned.denoising)
    weights = similarity(groups, target, known, tuned.similarity)
    shift = np.sum(
        [w * _latent_change(sample, g, autoencoder) for w, g in zip(weights, known, strict=True)],
        axis=0,
    )
    counts = sample.counts[sample.rows(target, treated=False)[:_MOST_FOR_WEIGHTS]]
    rates_of, base = moved_rates(autoencoder, counts, shift), mean_log(counts.toarray(), DEPTH)
    moved, rates = Landing(counts, rates_of, np.ones(counts.shape[1])).at(1.0), rates_of(ALL)
    changes = [
        nearest_change(groups, target, known),
        kriged,
        kriged + denoising,
        mean_log(moved.toarray(), DEPTH) - base,
        drawn_mean(rates.after, rates.theta) - base,
    ]
    return Prediction(np.array(changes), shift)


def moved_rates(autoencoder: Autoencoder, counts: sp.csr_matrix, shift: np.ndarray) -> RatesOf:
    """Rates of cells where they lie, and where a shift (n_latent,) or (n, n_latent) takes them."""
    latent = autoencoder.latent(counts)
    moved = latent + shift

    def rates(rows: slice) -> Rates:
        before, after = (autoencoder.rates(z[rows], counts[rows]) for z in (latent, moved))
        return Rates(before, after, autoencoder.theta)

    return rates


def drawn_mean(rates: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Mean log value of counts drawn at rates (n, n_genes), (n_genes,).

    That of expected counts is another thing, and far off.
    """
    rng = np.random.default_rng(0)
    theta = np.broadcast_to(theta, rates.shape)
    draws = (rng.poisson(rng.gamma(theta, rates / theta)) for _ in range(_N_DRAWS))
    found: np.ndarray = np.mean([mean_log(drawn, DEPTH) for drawn in draws], axis=0)
    return found


def _latent_change(sample: Sample, group: str, autoencoder: Autoencoder) -> np.ndarray:
    after, before = (
        autoencoder.latent(sample.counts[sample.rows(group, treated)]).mean(axis=0)
        for treated in (True, False)
    )
    found: np.ndarray = after - before
    return found


# ---- what left-out groups say ------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class LeftOut:
    """What was predicted of a known group as if it were not known.

    Attributes
    ----------
    parts : (n_parts, n_genes), predicted changes
    change, noise : (n_genes,), the measured change and its sampling variance
    noise_before : (n_genes,), sampling variance of the mean without the condition
    rivals : changes by the simplest methods, by name
    halves : (2, n_genes), changes measured on two halves of the group's cells
    """

    parts: np.ndarray
    change: np.ndarray
    noise: np.ndarray
    noise_before: np.ndarray
    rivals: Mapping[str, np.ndarray]
    halves: np.ndarray


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the cells of a file say of a change, and how well each group's is predicted from others.

    Attributes
    ----------
    groups : profiles of all groups
    left_out : by group; none where fewer than `FEWEST_GROUPS` are known
    weights : (n_parts,), of the blend
    uses_nearest : whether the blend was given up for the change of the nearest group
    """

    groups: Groups
    left_out: Mapping[str, LeftOut]
    weights: np.ndarray
    uses_nearest: bool

    @classmethod
    def of(cls, groups: Groups, left_out: Mapping[str, LeftOut]) -> Evidence:
        """Weights from all left-out groups; the nearest group's change where that is as good."""
        weights = fitted_weights(left_out)
        scores = list(honest_scores(left_out).values())
        blend, nearest = (float(np.mean([s[k] for s in scores] or [0])) for k in (BLEND, PARTS[0]))
        uses_nearest = bool(scores) and nearest >= blend
        return cls(groups, left_out, np.array(NEAREST) if uses_nearest else weights, uses_nearest)

    @property
    def known(self) -> list[str]:
        """Groups that were measured under both."""
        return list(self.groups.after)

    def predicted(self, group: str) -> np.ndarray:
        """Change of a left-out group as it would have been predicted, (n_genes,)."""
        found = self.left_out[group]
        if self.uses_nearest:
            return found.rivals[PARTS[0]]
        return honest_blend(self.left_out, group)

    @property
    def scores(self) -> dict[str, dict[str, float]]:
        """R² of the change of each left-out group: of the blend and of its rivals."""
        return honest_scores(self.left_out)


BLEND, CEILING = "blend", "half of the real cells"


def leave_out_steps(
    sample: Sample, groups: Groups, refit: Refit
) -> Generator[Progress, None, dict[str, LeftOut]]:
    """Leave each known group out in turn, from the autoencoder too.

    Parameters
    ----------
    sample, groups : the cells, and their profiles
    refit : trains an autoencoder
    """
    known = list(groups.after)
    found: dict[str, LeftOut] = {}
    if len(known) < FEWEST_GROUPS:
        return found
    for number, name in enumerate(known, start=1):
        others = [other for other in known if other != name]
        hidden = (sample.group == name) & sample.treated
        message = f"Leaving out {name} ({number} of {len(known)})"
        autoencoder = yield from _within(refit(~hidden), number, len(known), message)
        tuned = Tuned.on(groups, others)
        prediction = predict(sample, groups, name, others, tuned, autoencoder)
        rivals = {
            "no change": np.zeros_like(groups.change(name)),
            "mean change": mean_change(groups, name, others),
            PARTS[0]: nearest_change(groups, name, others),
        }
        found[name] = LeftOut(
            prediction.changes,
            groups.change(name),
            groups.noise(name),
            groups.before[name].variance,
            rivals,
            _halves(sample, name),
        )
    return found


def _within(
    steps: Generator[Progress, None, Autoencoder], number: int, n: int, message: str
) -> Generator[Progress, None, Autoencoder]:
    """Progress of one of several trainings of the same length, as that of all."""
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            found: Autoencoder = end.value
            return found
        done = (number - 1) * step.n_steps + step.step
        yield Progress("leave out", done, n * step.n_steps, message=message)


def _halves(sample: Sample, group: str) -> np.ndarray:
    rng = np.random.default_rng(0)

    def means(treated: bool) -> np.ndarray:
        rows = rng.permutation(sample.rows(group, treated))
        half = len(rows) // 2
        parts = (logged(sample.counts[part], DEPTH) for part in (rows[:half], rows[half:]))
        return np.array([np.asarray(part.mean(axis=0)).ravel() for part in parts])

    found: np.ndarray = means(True) - means(False)
    return found


def fitted_weights(left_out: Mapping[str, LeftOut]) -> np.ndarray:
    """Weights (n_parts,), ≥ 0, that predict left-out groups best; each group counts alike."""
    if len(left_out) < FEWEST_GROUPS:
        return np.array(FIXED)
    sizes = [max(float(np.linalg.norm(found.change)), 1e-12) for found in left_out.values()]
    parts = [found.parts.T / size for found, size in zip(left_out.values(), sizes, strict=True)]
    wanted = [found.change / size for found, size in zip(left_out.values(), sizes, strict=True)]
    found: np.ndarray = nnls(np.vstack(parts), np.concatenate(wanted))[0]
    return found


def honest_blend(left_out: Mapping[str, LeftOut], group: str) -> np.ndarray:
    """Change of a left-out group by weights that come from the other groups, (n_genes,)."""
    others = {other: value for other, value in left_out.items() if other != group}
    found: np.ndarray = fitted_weights(others) @ left_out[group].parts
    return found


def honest_scores(left_out: Mapping[str, LeftOut]) -> dict[str, dict[str, float]]:
    """R² of the change of each group, of the blend, its rivals, and half of the real cells."""
    return {
        name: {BLEND: explained(found.change, honest_blend(left_out, name))}
        | {rival: explained(found.change, change) for rival, change in found.rivals.items()}
        | {CEILING: explained(found.halves[0], found.halves[1])}
        for name, found in left_out.items()
    }
