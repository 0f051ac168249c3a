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

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ...data.blocks import RowBlocks, aligned
from ...data.scratch import Scratch
from .common_weights import common_weights
from .parts import OWN, Parts, at_depth, restoring
from .response import SHAPE, cell_of, no_response, response, tallied
from .weights import Blend, best_of, mixture_of, posterior_mean

Array = NDArray[np.float32]
Wide = NDArray[np.float64]

_PRIOR = 30.0
"""Hidden molecules that the common weights count for in each gene's own."""

_THETA_PRIOR = 300.0
"""The same for the dispersion."""

_THETAS = np.exp(np.linspace(-2.0, 6.0, 17)).astype(np.float32)
_ROUNDS = 60
_AT_ONCE = 8_000
"""Hidden molecules worked on in one go, so that they stay in the processor's cache."""

_TINY = 1e-9


def fit_blend(parts: Parts, hidden: sp.csr_matrix) -> Blend:
    """Find the weights that predict hidden molecules best.

    Parameters
    ----------
    parts : made from the kept counts
    hidden : (n_rows, n_vars), molecules that no part has seen, of the spots that are predicted
    """
    return fit_blends(parts, hidden, [0])[0]


def fit_blends(parts: Parts, hidden: sp.csr_matrix, left_out: Sequence[int]) -> list[Blend]:
    """As `fit_blend`, several at once, each without so many parts at the head.

    Parts take time to make: they are made once for what each of the three steps needs.
    """
    entries = _Entries.of(parts, hidden)
    drafts = [_Draft.of(entries.without(n), parts.titles[n:]) for n in left_out]
    totals = _posterior_totals(parts, drafts)
    blends = [draft.blend(found) for draft, found in zip(drafts, totals, strict=True)]
    expected = np.zeros((len(blends), np.prod(SHAPE)))
    for rows in parts.blocks():
        made = parts.rows(rows)
        for blend, table in zip(blends, expected, strict=True):
            final, cells = blend.uncorrected(made[-len(blend.titles) :])
            table += tallied(cells, final)
    return [
        replace(blend, response=response(draft.found, table))
        for blend, draft, table in zip(blends, drafts, expected, strict=True)
    ]


def best_part(parts: Parts, hidden: sp.csr_matrix) -> str:
    """Title of `Blend.best_part`, found without the weights of a blend."""
    return best_of(parts.titles, _Entries.of(parts, hidden).gains())


def apply_blend(parts: Parts, blend: Blend) -> Array:
    """Blended expected counts (n_rows, n_vars), gene totals restored.

    The prediction of the model in `parts`, if there is one, is overwritten: where it lay, the
    result lies, so that no second array is needed.
    """
    found = apply_blends(parts, [blend])[0]
    return found.whole() if isinstance(found, Scratch) else np.asarray(found)


def apply_blends(parts: Parts, blends: Sequence[Blend]) -> list[RowBlocks]:
    """As `apply_blend`, several at once, each of as many of the last parts as it has weights for.

    The first result lies where the model's prediction lay; the others are not held if large.
    """
    outs: list[RowBlocks] = [Scratch(parts.shape) for _ in blends[parts.model is not None :]]
    if parts.model is not None:
        outs.insert(0, parts.model)
    totals = np.zeros((len(blends), parts.shape[1]))
    for rows in parts.blocks():
        made = parts.rows(rows)
        for blend, out, total in zip(blends, outs, totals, strict=True):
            block = blend.mix(made[-len(blend.titles) :])
            out[rows] = block
            total += block.sum(axis=0, dtype=np.float64)
    for out, total in zip(outs, totals, strict=True):
        scale = restoring(parts.own, total)
        for rows in parts.blocks():
            out[rows] = np.asarray(out[rows] * scale, np.float32)
    return outs


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
        yield rows, blend.mix(made)


def blend_gene(parts: Parts, blend: Blend, gene: int, predicted: Array | None = None) -> Array:
    """One gene of what `apply_blend` gives, (n_rows,), without making the others.

    Equal but for rounding; where that moves an expected count over a step of the common curve, by
    as much as the step, which is about one value in a million.

    Parameters
    ----------
    parts : without a model
    predicted : (n_rows,), the gene by the model in `blend`, at each spot's depth; None of none
    """
    made = parts.column(gene)
    if predicted is not None:
        made = np.concatenate([predicted[None], made])
    mixed = blend.of(gene).mix(made[:, :, None])
    own = sp.csr_matrix(made[[blend.titles.index(OWN)]].T)
    scale = restoring(own, mixed.sum(axis=0, dtype=np.float64))
    return np.asarray(mixed * scale, np.float32).ravel()


@dataclass(frozen=True, eq=False)
class _Entries:
    """Hidden molecules, sorted by gene, and what each part expects at each.

    ``gene`` and ``hidden`` are (entries,), ``values`` (K, entries).
    """

    gene: NDArray[np.intp]
    hidden: Wide
    values: Array
    n_vars: int

    @classmethod
    def of(cls, parts: Parts, hidden: sp.csr_matrix) -> _Entries:
        found = hidden.tocsr()
        values = np.empty((len(parts.titles), found.nnz), dtype=np.float32)
        for rows in parts.blocks():
            ends = found.indptr[rows.start : rows.stop + 1]
            places = np.repeat(np.arange(rows.stop - rows.start), np.diff(ends))
            at = slice(ends[0], ends[-1])
            values[:, at] = parts.rows(rows)[:, places, found.indices[at]]
        order = np.argsort(found.indices, kind="stable")
        gene = np.asarray(found.indices[order], dtype=np.intp)
        return cls(gene, found.data[order].astype(np.float64), values[:, order], hidden.shape[1])

    def without(self, n: int) -> _Entries:
        """The same without so many parts at the head."""
        return replace(self, values=self.values[n:])

    def gains(self) -> Array:
        total = max(self.hidden.sum(), 1.0)
        gains = np.log(self.values.astype(np.float64) + _TINY) @ self.hidden / total
        return np.asarray(gains, dtype=np.float32)

    def mixed(self, weights: Array) -> Array:
        """Mixture of the parts at each entry, by weights (n_vars, K)."""
        mixed: Array = np.einsum("ke,ke->e", self.values, weights.T[:, self.gene])
        return mixed

    def weights(self, values: Array) -> Wide:
        """Weights (n_vars, K) of a mixture of `values` (K, entries), one set for each gene."""
        values = values + np.float32(_TINY)
        common = common_weights(values.T, self.hidden)
        each = np.tile(common, (self.n_vars, 1))
        present, starts = np.unique(self.gene, return_index=True)
        ends = np.append(starts[1:], len(self.gene))
        cuts = np.flatnonzero(np.diff(starts // _AT_ONCE)) + 1
        for some in np.split(np.arange(len(present)), cuts) if len(present) else ():
            at = slice(starts[some[0]], ends[some[-1]])
            sizes, begins = ends[some] - starts[some], starts[some] - at.start
            part, hidden = values[:, at].astype(np.float64), self.hidden[at]
            found = np.repeat(common[:, None], len(some), axis=1)
            for _ in range(_ROUNDS):
                share = part * np.repeat(found, sizes, axis=1)
                share *= hidden / share.sum(axis=0)
                taken = np.add.reduceat(share, begins, axis=1) + _PRIOR * common[:, None]
                found = taken / taken.sum(axis=0)
            each[present[some]] = found.T
        return each


@dataclass(frozen=True, eq=False)
class _Draft:
    """What is known of a blend before its dispersion."""

    entries: _Entries
    titles: tuple[str, ...]
    smooth: Array
    mu: Array
    """Smooth mixture at each entry."""

    @classmethod
    def of(cls, entries: _Entries, titles: tuple[str, ...]) -> _Draft:
        is_smooth = np.array([title != OWN for title in titles])
        smooth = np.zeros((entries.n_vars, len(titles)), dtype=np.float32)
        smooth[:, is_smooth] = entries.weights(entries.values[is_smooth])
        return cls(entries, titles, smooth, entries.mixed(smooth))

    @property
    def own(self) -> Array:
        """Own count at each entry."""
        own: Array = self.entries.values[self.titles.index(OWN)]
        return own

    @property
    def found(self) -> Wide:
        """Hidden molecules by place on the common curve."""
        return tallied(cell_of(self.own, self.mu), self.entries.hidden)

    def blend(self, totals: _Totals) -> Blend:
        """The blend without its common curve."""
        entries, titles = self.entries, self.titles
        theta, own_share = self._dispersion(totals)
        posterior = posterior_mean(self.mu, self.own, theta[entries.gene])
        final = entries.weights(np.vstack([entries.values, posterior])).astype(np.float32)
        return Blend(titles, entries.gains(), self.smooth, theta, final, own_share, no_response())

    def _dispersion(self, found: _Totals) -> tuple[Array, Array]:
        """Inverse dispersion of each gene, and the share that its posterior takes from own counts.

        Poisson likelihood of the hidden molecules over a grid, gene totals restored; each gene is
        drawn towards the common choice by as much as `_THETA_PRIOR` molecules would.
        """
        gene, hidden, n_vars = self.entries.gene, self.entries.hidden, self.entries.n_vars
        gains = np.zeros((len(_THETAS), n_vars))
        for theta, total, gain in zip(_THETAS, found.posterior, gains, strict=True):
            at = np.log(posterior_mean(self.mu, self.own, theta) + _TINY)
            gain += np.bincount(gene, hidden * (at - np.log(total + _TINY)[gene]), minlength=n_vars)
        common = gains.sum(axis=1) / max(hidden.sum(), 1.0)
        best = (gains + _THETA_PRIOR * common[:, None]).argmax(axis=0)
        share = found.own[best, np.arange(n_vars)] / np.maximum(found.smooth, _TINY)
        return _THETAS[best], np.clip(share, 0, 1).astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Totals:
    """Totals of each gene over all spots, by value of the grid of dispersions.

    ``posterior`` and ``own`` are (thetas, n_vars): of the posterior, and of what it takes from own
    counts; ``smooth`` (n_vars,), of the smooth mixture.
    """

    posterior: Wide
    own: Wide
    smooth: Wide

    @classmethod
    def none(cls, n_vars: int) -> _Totals:
        shape = (len(_THETAS), n_vars)
        return cls(np.zeros(shape), np.zeros(shape), np.zeros(n_vars))

    def add(self, mu: Array, own: Array) -> None:
        """Add a block of spots: smooth mixture and own counts, (block, n_vars) each."""
        self.smooth[:] += mu.sum(axis=0, dtype=np.float64)
        for theta, posterior, taken in zip(_THETAS, self.posterior, self.own, strict=True):
            weight = mu / (theta + mu)
            posterior += (weight * (theta + own)).sum(axis=0)
            taken += (weight * mu).sum(axis=0)


def _posterior_totals(parts: Parts, drafts: Sequence[_Draft]) -> list[_Totals]:
    totals = [_Totals.none(parts.shape[1]) for _ in drafts]
    for rows in parts.blocks():
        made = parts.rows(rows)
        for draft, total in zip(drafts, totals, strict=True):
            mu = mixture_of(made[-len(draft.titles) :], draft.smooth)
            total.add(mu, made[parts.titles.index(OWN)])
    return totals
