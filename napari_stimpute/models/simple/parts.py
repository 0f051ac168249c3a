"""Simple predictions of expected counts, all made together in blocks of spots.

They are what a blend is made of, and what a model has to add to: the spot's own count, gene mean ×
depth, means over spots of similar expression, principal components, gene programs, and means over
the tissue.
Each is put at the spot's own depth. Memory grows with spots and with genes, not with their product.

The square-root transform for principal components follows the Anscombe idea; that each gene's total
is restored afterwards undoes its bias for variable genes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ...data.blocks import RowBlocks
from ...data.components import Components, principal_components
from ...data.counts import depth_of as wide_depth_of
from ...data.counts import log_normalise, row_blocks, size_factors
from ...data.on_disk import gene_totals, let_go, made_of, mixed, rows_at, with_values
from .magic import magic_prediction
from .neighbours import members, nearest, nearest_of
from .nmf import fit_profiles, weights_of
from .sample import Rows

Array = NDArray[np.float32]
Wide = NDArray[np.float64]

OWN = "own count"
GENE_MEAN = "gene mean × depth"
COMPONENTS = "principal components"
PROGRAMS = "gene programs"
TISSUE = "principal components of tissue neighbours"
_POOLS = (15, 30, 100)
_HOPS = (1, 2, 4)
_N_COMPONENTS = 20


@dataclass(frozen=True)
class _Roots:
    """Principal components of square-rooted proportions, with each gene's total restored."""

    scores: Array
    loadings: Array
    mean: Array
    gene_scale: Array

    def rows(self, rows: slice, depth: Array) -> Array:
        roots = self.scores[rows] @ self.loadings
        roots += self.mean
        np.maximum(roots, 0, out=roots)
        np.square(roots, out=roots)
        made = at_depth(roots, depth[rows])
        made *= self.gene_scale
        return made

    def column(self, gene: int, depth: Array) -> Array:
        """What `rows` gives of one gene, (n_rows,)."""
        roots = self.scores @ self.loadings[:, gene] + self.mean[gene]
        squares = np.square(np.maximum(roots, 0)) * self.gene_scale[gene]
        return np.asarray(squares * factors(depth, self._totals), np.float32)

    @cached_property
    def _totals(self) -> Wide:
        """Sum of each row over all genes before it is put at depth, (n_rows,)."""
        totals = np.empty(len(self.scores))
        for rows in row_blocks((len(self.scores), len(self.mean))):
            roots = np.maximum(self.scores[rows] @ self.loadings + self.mean, 0)
            totals[rows] = np.square(roots).sum(axis=1, dtype=np.float64)
        return totals

    @classmethod
    def fit(cls, scores: Array, parts: Components, counts: sp.csr_matrix, depth: Array) -> _Roots:
        ones = np.ones(counts.shape[1], dtype=np.float32)
        roots = cls(scores, parts.loadings, parts.mean, ones)
        predicted = np.zeros(counts.shape[1])
        for rows in row_blocks(counts.shape):
            predicted += roots.rows(rows, depth).sum(axis=0, dtype=np.float64)
        return cls(scores, parts.loadings, parts.mean, restoring(counts, predicted))


@dataclass(frozen=True, eq=False)
class Parts:
    """Several predictions of the same counts, made block by block.

    Attributes
    ----------
    counts : (n_obs, n_vars), float32, of all spots, among which neighbours are
    own : (n_rows, n_vars), of the spots that are predicted: all, or those asked for
    titles : of the parts, in the order of `rows`
    depth : (n_rows,), molecules of each spot that is predicted
    model : (n_rows, n_vars), prediction of a model that comes first, or None
    last : (n_rows, n_vars), prediction of MAGIC with gene totals restored, which comes last where
        it is installed, or None
    """

    counts: sp.csr_matrix
    own: sp.csr_matrix
    titles: tuple[str, ...]
    depth: Array
    model: RowBlocks | None = field(default=None, repr=False)
    last: Array | None = field(default=None, repr=False)
    _rings: tuple[sp.csr_matrix, ...] = ()
    """0/1; neighbours in expression that each larger pool adds to the one before."""
    _tissue: tuple[sp.csr_matrix, ...] = ()
    _roots: tuple[_Roots, ...] = ()
    _programs: tuple[Array, ...] = ()
    """Weights (n_rows, programs), and profiles (programs, n_vars) with gene totals restored."""

    @classmethod
    def of(
        cls,
        counts: sp.csr_matrix,
        graph: sp.csr_matrix | None,
        seed: int,
        at: Rows | None = None,
    ) -> Parts:
        """Prepare all parts.

        Parameters
        ----------
        counts : (n_obs, n_vars)
        graph : (n_obs, n_obs), 0/1 neighbours in the tissue, or None without coordinates
        at : rows to predict; None for all. Components and programs are fitted to them alone,
            but their neighbours are those among all, so that their means are as if all were
            predicted
        """
        counts = counts.astype(np.float32, copy=False)
        own = _some(counts, at)
        depth = depth_of(own)
        rings, n_pools = _rings(counts, seed, at)
        roots = root_proportions(counts)
        leading = principal_components(_some(roots, at), _N_COMPONENTS, seed)
        components = [_Roots.fit(leading.scores, leading, own, depth)]
        titles = [OWN, GENE_MEAN, *(f"mean of the {k} most similar" for k in n_pools)]
        titles += [COMPONENTS, PROGRAMS]
        tissue = [] if graph is None else _powers(graph, at)
        if graph is not None:
            scores = leading.scores if at is None else leading.project(roots)
            smooth = np.asarray(tissue[0] @ scores, dtype=np.float32)
            components.append(_Roots.fit(smooth, leading, own, depth))
            titles += [f"tissue neighbours ({h} step{'s' * (h > 1)})" for h in _HOPS]
            titles.append(TISSUE)
        last = magic_prediction(counts, seed)
        if last is not None:
            last = at_depth(last if at is None else last[at], depth)
            last *= restoring(own, last.sum(axis=0, dtype=np.float64))
            titles.append("MAGIC")
        parts = (tuple(rings), tuple(tissue), tuple(components), _programs(own, seed))
        return cls(counts, own, tuple(titles), depth, None, last, *parts)

    def with_model(self, title: str, prediction: RowBlocks) -> Parts:
        """The same parts after a model's prediction (n_rows, n_vars), which is put at depth."""
        return replace(self, titles=(title, *self.titles), model=prediction)

    @property
    def shape(self) -> tuple[int, int]:
        """Spots that are predicted, and genes."""
        return (int(self.own.shape[0]), int(self.own.shape[1]))

    def blocks(self) -> Iterator[slice]:
        """Blocks of spots that cover all."""
        return row_blocks(self.shape)

    def rows(self, rows: slice) -> Array:
        """All parts for a block of spots, (n_parts, block, n_vars), each at the spots' depth."""
        made = np.empty((len(self.titles), rows.stop - rows.start, self.shape[1]), np.float32)
        for place, part in enumerate(self._each(rows)):
            made[place] = part
        let_go(self.own)
        return made

    def part(self, rows: slice, title: str) -> Array:
        """One of the parts for a block of spots, (block, n_vars); components without the others."""
        roots = dict(zip((COMPONENTS, TISSUE), self._roots, strict=False))
        if title in roots:
            return roots[title].rows(rows, self.depth)
        return next(islice(self._each(rows), self.titles.index(title), None))

    def column(self, gene: int) -> Array:
        """All parts of one gene for all spots, (n_parts, n_rows); other genes are not made.

        Equal to what `rows` gives but for rounding. A model's prediction is left to its owner.
        """
        every = self.counts[:, [gene]].toarray().ravel()
        own = every if self.own is self.counts else self.own[:, [gene]].toarray().ravel()
        made, depth = [own, self.depth * self._share[gene]], self.depth
        pooled, to_depth = np.zeros_like(own), iter(self._to_depth)
        for ring in self._rings:
            pooled += ring @ every
            made.append(pooled * next(to_depth))
        made.append(self._roots[0].column(gene, depth))
        weights, profiles = self._programs
        made.append(weights @ profiles[:, gene])
        if self._tissue:
            made += [(average @ every) * next(to_depth) for average in self._tissue]
            made.append(self._roots[1].column(gene, depth))
        if self.last is not None:
            made.append(self.last[:, gene])
        return np.stack(made).astype(np.float32, copy=False)

    def _each(self, rows: slice) -> Iterator[Array]:
        depth = self.depth[rows]
        if self.model is not None:
            yield at_depth(np.asarray(self.model[rows], np.float32), depth)
        own = self.own[rows].toarray()
        yield own
        yield depth[:, None] * self._share
        pooled = np.zeros_like(own)
        for ring in self._rings:
            pooled += mixed(ring[rows], self.counts).toarray()
            yield at_depth(pooled, depth)
        yield self._roots[0].rows(rows, self.depth)
        weights, profiles = self._programs
        yield weights[rows] @ profiles
        if self._tissue:
            for average in self._tissue:
                yield at_depth(mixed(average[rows], self.counts).toarray(), depth)
            yield self._roots[1].rows(rows, self.depth)
        if self.last is not None:
            yield self.last[rows]

    @cached_property
    def _share(self) -> Array:
        """Each gene's share of all molecules, (n_vars,)."""
        total = gene_totals(self.counts).astype(np.float32)
        return np.asarray(total / self._depth_of_all.sum(), dtype=np.float32)

    @cached_property
    def _to_depth(self) -> list[Wide]:
        """What brings each pool, then each average over the tissue, to depth, (n_rows,)."""
        pools = np.cumsum([ring @ self._depth_of_all for ring in self._rings], axis=0)
        averages = [average @ self._depth_of_all for average in self._tissue]
        return [factors(self.depth, total) for total in (*pools, *averages)]

    @cached_property
    def _depth_of_all(self) -> Array:
        """Molecules of each spot among which neighbours are, (n_obs,)."""
        return depth_of(self.counts)


def restoring(counts: sp.csr_matrix, predicted: NDArray[np.float64]) -> Array:
    """Factors (n_vars,) that bring each gene's predicted total to its counted one."""
    observed = gene_totals(counts).astype(np.float64)
    scale = np.divide(observed, predicted, out=np.ones_like(observed), where=predicted > 0)
    return scale.astype(np.float32)


def depth_of(counts: sp.csr_matrix) -> Array:
    """Molecules of each spot, (n_obs,)."""
    return wide_depth_of(counts).astype(np.float32)


def at_depth(prediction: Array, depth: Array) -> Array:
    """Scale each row to the spot's depth; a row of zeros stays zero."""
    factor = factors(depth, prediction.sum(axis=1, dtype=np.float64))
    return np.asarray(prediction * factor[:, None], dtype=np.float32)


def factors(depth: Array, total: NDArray[np.floating]) -> Wide:
    """What brings rows of these totals (n_rows,) to the spots' depth; 0 for a row of zeros."""
    wide = np.asarray(total, np.float64)
    return np.divide(depth, wide, out=np.zeros_like(wide), where=wide > 0)


def root_proportions(counts: sp.csr_matrix) -> sp.csr_matrix:
    """Square roots of each spot's proportions, sparse."""
    share = 1 / np.maximum(depth_of(counts), 1.0)

    def rooted(rows: slice, part: sp.csr_matrix) -> sp.csr_matrix:
        values = part.data * np.repeat(share[rows], np.diff(part.indptr))
        return with_values(part, np.sqrt(values, out=values))

    return made_of(counts, rooted)


def _some(matrix: sp.csr_matrix, at: Rows | None) -> sp.csr_matrix:
    return matrix if at is None else rows_at(matrix, at)


def _rings(
    counts: sp.csr_matrix, seed: int, at: Rows | None
) -> tuple[list[sp.csr_matrix], list[int]]:
    """0/1 matrices of the nearest 15 spots, those up to 30, up to 100, and the sizes used."""
    n = counts.shape[0]
    sizes = sorted({min(k, n) for k in _POOLS})
    logged = log_normalise(counts, size_factors(counts))
    leading = principal_components(_some(logged, at), _N_COMPONENTS, seed)
    if at is None:
        order = nearest(leading.scores, sizes[-1], seed)
    else:
        order = nearest_of(at, leading.project(logged), sizes[-1])
    begins = [0, *sizes[:-1]]
    rings = [members(order[:, a:b], n) for a, b in zip(begins, sizes, strict=True)]
    return rings, sizes


def _programs(counts: sp.csr_matrix, seed: int) -> tuple[Array, Array]:
    """Weights, and profiles that restore each gene's total; each row is at depth before that."""
    profiles = fit_profiles(counts, seed)
    weights = weights_of(counts, profiles)
    predicted = weights.sum(axis=0, dtype=np.float64) @ profiles
    return weights, profiles * restoring(counts, predicted)


def _powers(graph: sp.csr_matrix, at: Rows | None) -> list[sp.csr_matrix]:
    """Averages over the spot and its neighbours, repeated 1, 2 and 4 times, of some spots."""
    own = sp.csr_matrix(graph + sp.identity(graph.shape[0]), dtype=np.float32)
    one = sp.csr_matrix(sp.diags(1 / np.asarray(own.sum(axis=1)).ravel()) @ own, dtype=np.float32)
    if at is not None:
        here = one[at]
        two = here @ one
        return [here, sp.csr_matrix(two), sp.csr_matrix(two @ one @ one)]
    two = sp.csr_matrix(one @ one)
    return [one, two, sp.csr_matrix(two @ two)]
