"""Blend several predictions by weights per gene that predict hidden molecules best.

Three steps. First a *smooth* mixture of all parts but the spot's own count. Then the own count
comes in, twice: as it is, and weighed against the smooth mixture as a gamma-Poisson posterior,
μ (θ + x) / (θ + μ), where a small θ says that spots truly differ from what the smooth parts expect
(empirical Bayes; Robbins 1956). At last a common curve corrects for what such a posterior misses
(`models.simple.response`). Weights are those of a convex mixture of Poisson means, whose
likelihood on hidden molecules is concave. Each gene has weights of its own, drawn towards the
common ones by as much as `_PRIOR` molecules would: a gene with few molecules follows the rest.

Own design; nearest kin are stacking (Breiman 1996) and molecular cross-validation (Batson et al.
2019), which supplies the hidden molecules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ...data.blocks import aligned
from .parts import GENE_MEAN, OWN, Parts, at_depth, restoring
from .response import cell_of, no_response, response

Array = NDArray[np.float32]
Wide = NDArray[np.float64]

_EVEN_PRIOR, _EVEN_SHARE = 10.0, 3e-4
"""Hidden molecules added for each part, so that no part is dropped by chance: this share of all,
but at least one and at most ten."""

_PRIOR = 30.0
"""Hidden molecules that the common weights count for in each gene's own."""

_THETA_PRIOR = 300.0
"""The same for the dispersion."""

_THETAS = np.exp(np.linspace(-2.0, 6.0, 17)).astype(np.float32)
_ROUNDS = 60
_TINY = 1e-9


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

    @property
    def best_part(self) -> str:
        """The part that alone predicts hidden molecules best, gene mean × depth left aside."""
        return _best(self.titles, self.gains)

    @property
    def weights(self) -> Array:
        """What each part counts for before the common curve, (n_vars, K), rows sum to 1."""
        posterior = self.final[:, -1:]
        total = self.final[:, :-1] + posterior * (1 - self.own_share[:, None]) * self.smooth
        total[:, self.titles.index(OWN)] += self.final[:, -1] * self.own_share
        return np.asarray(total / total.sum(axis=1, keepdims=True), dtype=np.float32)

    def mix(self, made: Array, own: Array) -> Array:
        """Blend a block.

        Parameters
        ----------
        made : (K, block, n_vars), the parts
        own : (block, n_vars), counts of the spots
        """
        final, cells = self.uncorrected(made, own)
        return np.asarray(final * self.response.ravel()[cells], dtype=np.float32)

    def uncorrected(self, made: Array, own: Array) -> tuple[Array, NDArray[np.intp]]:
        """Blend a block without the common curve; and where on that curve each entry lies."""
        smooth = np.einsum("kbg,gk->bg", made, self.smooth, optimize=True)
        final: Array = np.einsum("kbg,gk->bg", made, self.final[:, :-1], optimize=True)
        final += posterior_mean(smooth, own, self.theta) * self.final[:, -1]
        return final, cell_of(own, smooth)


def posterior_mean(mu: Array, x: Array, theta: Array | np.float32) -> Array:
    """Mean of the true rate given its expectation `mu`, a count `x` and the inverse dispersion."""
    return mu * ((theta + x) / (theta + mu))


def fit_blend(parts: Parts, hidden: sp.csr_matrix, leave_out: int = 0) -> Blend:
    """Find the weights that predict hidden molecules best.

    Parameters
    ----------
    parts : made from the kept counts
    hidden : (n_obs, n_vars), molecules that no part has seen
    leave_out : parts at the head to do without (the model)
    """
    entries = _Entries.of(parts, hidden, leave_out)
    titles = parts.titles[leave_out:]
    is_smooth = np.array([title != OWN for title in titles])
    smooth = np.zeros((hidden.shape[1], len(titles)), dtype=np.float32)
    smooth[:, is_smooth] = entries.weights(entries.values[:, is_smooth])
    theta, own_share = _dispersion(parts, entries, smooth, leave_out)
    mu = np.einsum("ek,ek->e", entries.values, smooth[entries.gene])
    own = entries.values[:, titles.index(OWN)]
    posterior = posterior_mean(mu, own, theta[entries.gene])
    final = entries.weights(np.column_stack([entries.values, posterior])).astype(np.float32)
    blend = Blend(titles, entries.gains(), smooth, theta, final, own_share, no_response())
    predicted = (
        blend.uncorrected(parts.rows(rows)[leave_out:], parts.counts[rows].toarray())
        for rows in parts.blocks()
    )
    return replace(blend, response=response(cell_of(own, mu), entries.hidden, predicted))


def best_part(parts: Parts, hidden: sp.csr_matrix) -> str:
    """Title of `Blend.best_part`, found without the weights of a blend."""
    return _best(parts.titles, _Entries.of(parts, hidden, 0).gains())


def apply_blend(parts: Parts, blend: Blend) -> Array:
    """Blended expected counts (n_obs, n_vars), gene totals restored.

    The prediction of the model in `parts`, if there is one, is overwritten: where it lay, the
    result lies, so that no second array is needed.
    """
    out = parts.model if parts.model is not None else np.empty(parts.shape, dtype=np.float32)
    total = np.zeros(parts.shape[1])
    for rows in parts.blocks():
        block = blend.mix(parts.rows(rows), parts.counts[rows].toarray())
        out[rows] = block
        total += block.sum(axis=0, dtype=np.float64)
    out *= restoring(parts.counts, total)
    return out


def blend_blocks(
    parts: Parts, blend: Blend, predicted: Iterable[Array] = ()
) -> Iterator[tuple[slice, Array]]:
    """Blended expected counts by blocks of rows, before each gene's total is restored.

    Parameters
    ----------
    parts : without a model
    predicted : prediction of the model in `blend`, as consecutive blocks of rows; () of none
    """
    coming = aligned(predicted, parts.shape)
    for rows in parts.blocks():
        made = parts.rows(rows)
        if len(blend.titles) > len(parts.titles):
            first = at_depth(next(coming)[1], parts.depth[rows])
            made = np.concatenate([first[None], made])
        yield rows, blend.mix(made, parts.counts[rows].toarray())


def _best(titles: tuple[str, ...], gains: Array) -> str:
    places = [k for k, title in enumerate(titles) if title not in (OWN, GENE_MEAN)]
    return titles[max(places, key=lambda k: float(gains[k]))]


@dataclass(frozen=True, eq=False)
class _Entries:
    """Hidden molecules, sorted by gene, and what each part expects at each."""

    gene: NDArray[np.intp]
    hidden: Wide
    values: Array
    n_vars: int

    @classmethod
    def of(cls, parts: Parts, hidden: sp.csr_matrix, leave_out: int) -> _Entries:
        found = hidden.tocsr()
        values = np.empty((found.nnz, len(parts.titles) - leave_out), dtype=np.float32)
        for rows in parts.blocks():
            begin, end = found.indptr[rows.start], found.indptr[rows.stop]
            places = np.repeat(
                np.arange(rows.stop - rows.start), np.diff(found.indptr[rows.start : rows.stop + 1])
            )
            made = parts.rows(rows)[leave_out:]
            values[begin:end] = made[:, places, found.indices[begin:end]].T
        order = np.argsort(found.indices, kind="stable")
        gene = np.asarray(found.indices[order], dtype=np.intp)
        return cls(gene, found.data[order].astype(np.float64), values[order], hidden.shape[1])

    def gains(self) -> Array:
        total = max(self.hidden.sum(), 1.0)
        gains = self.hidden @ np.log(self.values.astype(np.float64) + _TINY) / total
        return np.asarray(gains, dtype=np.float32)

    def weights(self, values: Array) -> Wide:
        """Weights (n_vars, K) of a mixture of `values` (entries, K), one set for each gene."""
        values = values + np.float32(_TINY)
        common = common_weights(values, self.hidden)
        each = np.tile(common, (self.n_vars, 1))
        present, starts = np.unique(self.gene, return_index=True)
        for _ in range(_ROUNDS if len(present) else 0):
            share = values * each[self.gene]
            share *= (self.hidden / share.sum(axis=1))[:, None]
            taken = np.add.reduceat(share, starts, axis=0, dtype=np.float64) + _PRIOR * common
            each[present] = taken / taken.sum(axis=1, keepdims=True)
        return each


def common_weights(values: Array, hidden: Wide) -> Wide:
    """The mixture of `values` (entries, K) that makes `hidden` (entries,) molecules likeliest."""
    from scipy.optimize import Bounds, LinearConstraint, minimize

    n_parts = values.shape[1]
    even = min(_EVEN_PRIOR, max(1.0, _EVEN_SHARE * float(hidden.sum())))
    total = hidden.sum() + n_parts * even
    wide = np.array(values, dtype=np.float64, order="C")  # once, not at each step
    by_part = np.ascontiguousarray(wide.T)

    def loss(w: Wide) -> float:
        likelihood = hidden @ np.log(wide @ w) + even * np.log(w).sum()
        return float(-likelihood / total)

    def slope(w: Wide) -> Wide:
        each: Wide = -(by_part @ (hidden / (wide @ w)) + even / w) / total
        return each

    whole = LinearConstraint(np.ones((1, n_parts)), 1.0, 1.0)
    found = minimize(
        loss,
        np.full(n_parts, 1 / n_parts),
        jac=slope,
        method="SLSQP",
        bounds=Bounds(np.full(n_parts, 1e-6), np.ones(n_parts)),
        constraints=whole,
        options={"maxiter": 200, "ftol": 1e-10},
    )
    weights = np.clip(found.x, 0, None)
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _dispersion(
    parts: Parts, entries: _Entries, smooth: Array, leave_out: int
) -> tuple[Array, Array]:
    """Inverse dispersion of each gene, and the share that its posterior takes from own counts.

    Poisson likelihood of the hidden molecules over a grid, gene totals restored; each gene is drawn
    towards the common choice by as much as `_THETA_PRIOR` molecules would.
    """
    own_at = parts.titles[leave_out:].index(OWN)
    gene, hidden = entries.gene, entries.hidden
    mu = np.einsum("ek,ek->e", entries.values, smooth[gene])
    x = entries.values[:, own_at]
    totals, taken, all_mu = _posterior_totals(parts, smooth, leave_out)
    gains = np.zeros((len(_THETAS), entries.n_vars))
    for i, theta in enumerate(_THETAS):
        at = np.log(posterior_mean(mu, x, theta) + _TINY) - np.log(totals[i] + _TINY)[gene]
        gains[i] = np.bincount(gene, hidden * at, minlength=entries.n_vars)
    common = gains.sum(axis=1) / max(hidden.sum(), 1.0)
    best = (gains + _THETA_PRIOR * common[:, None]).argmax(axis=0)
    share = taken[best, np.arange(entries.n_vars)] / np.maximum(all_mu, _TINY)
    return _THETAS[best], np.clip(share, 0, 1).astype(np.float32)


def _posterior_totals(parts: Parts, smooth: Array, leave_out: int) -> tuple[Wide, Wide, Wide]:
    """Per grid value and gene: total of the posterior, and of what it takes from own counts."""
    n_vars = parts.shape[1]
    totals, taken = np.zeros((len(_THETAS), n_vars)), np.zeros((len(_THETAS), n_vars))
    all_mu = np.zeros(n_vars)
    for rows in parts.blocks():
        mu = np.einsum("kbg,gk->bg", parts.rows(rows)[leave_out:], smooth, optimize=True)
        own = parts.counts[rows].toarray()
        all_mu += mu.sum(axis=0, dtype=np.float64)
        for i, theta in enumerate(_THETAS):
            weight = mu / (theta + mu)
            totals[i] += (weight * (theta + own)).sum(axis=0)
            taken[i] += (weight * mu).sum(axis=0)
    return totals, taken, all_mu
