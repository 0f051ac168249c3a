"""Simple baselines, each a model like the others, so that every comparison has them.

Gene mean × depth, means over neighbours (in expression or in the tissue), and principal components
of square-rooted proportions with each gene's total restored. No paper: these are what a deep model
must beat (see "Molecular cross-validation", Batson et al., 2019, for how that is measured).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import scipy.sparse as sp
import torch

from ...data.blocks import joined
from ...data.components import Components, principal_components
from ...data.counts import log_normalise, row_blocks, size_factors
from ...data.graph import spatial_coordinates
from ...data.sections import find_sections
from ...progress import Progress
from ..base import Expecting, Model
from .neighbours import pool, pool_within
from .parts import at_depth, depth_of, restoring, root_proportions

if TYPE_CHECKING:
    from anndata import AnnData


Predicting = Callable[[slice], np.ndarray]
"""From rows to expected counts of all fitted genes, (block, n_vars)."""


class _Baseline(Model):
    """Learns each gene's share of all molecules; subclasses refine the prediction."""

    gene_share_: np.ndarray

    def _learn(
        self, adata: AnnData, counts: sp.csr_matrix, names: list[str]
    ) -> Generator[Progress, None, None]:
        totals = np.asarray(counts.sum(axis=0), dtype=np.float64).ravel()
        self.gene_share_ = (totals / max(totals.sum(), 1.0)).astype(np.float32)
        self._refine(counts)
        self.var_names_ = names
        yield Progress("fit", 1, 1, {"genes": float(len(names))})

    def _refine(self, counts: sp.csr_matrix) -> None:
        """Learn what else the baseline needs."""

    def _state(self) -> dict[str, torch.Tensor]:
        return {"gene_share": torch.from_numpy(self.gene_share_)}

    def _restore(self, state: dict[str, torch.Tensor]) -> None:
        self.gene_share_ = state["gene_share"].numpy()

    def impute(self, adata: AnnData, genes: Sequence[str] | None = None) -> np.ndarray:
        """Expected counts at each spot's own depth, (n_obs, n_genes) float32."""
        shape = (adata.n_obs, len(self._columns(genes)))
        return joined(self.imputed_blocks(adata, genes), shape)

    def imputed_blocks(
        self, adata: AnnData, genes: Sequence[str] | None = None
    ) -> Iterator[np.ndarray]:
        """What `impute` gives, as consecutive blocks of spots."""
        yield from self.expecting(adata)(genes)

    def expecting(self, adata: AnnData) -> Expecting:
        """What `imputed_blocks` gives of one choice of genes after another."""
        counts = self._aligned_counts(adata)
        predicted = self._predicting(adata, counts)

        def of(genes: Sequence[str] | None) -> Iterator[np.ndarray]:
            columns = self._columns(genes)
            for rows in row_blocks(counts.shape):
                yield np.asarray(predicted(rows)[:, columns], dtype=np.float32)

        return of

    def _predicting(self, adata: AnnData, counts: sp.csr_matrix) -> Predicting:
        depth = depth_of(counts)
        return lambda rows: np.outer(depth[rows], self.gene_share_)


class GeneMean(_Baseline):
    """Each gene's share of all molecules, times the spot's depth."""

    name: ClassVar[str] = "gene_mean"


class NeighbourMean(_Baseline):
    """Pooled counts of the nearest spots, at the spot's own depth."""

    name: ClassVar[str] = "neighbour_mean"

    def check(self, adata: AnnData) -> None:
        """As for every model; neighbours in the tissue also need coordinates."""
        super().check(adata)
        if self.config.neighbors == "tissue":
            spatial_coordinates(adata)

    def _predicting(self, adata: AnnData, counts: sp.csr_matrix) -> Predicting:
        pools, depth = self._neighbours(adata, counts), depth_of(counts)
        return lambda rows: at_depth((pools[rows] @ counts).toarray(), depth[rows])

    def _neighbours(self, adata: AnnData, counts: sp.csr_matrix) -> sp.csr_matrix:
        k, seed = self.config.n_neighbors, self.seed_
        if self.config.neighbors == "tissue":
            return pool_within(spatial_coordinates(adata), find_sections(adata).codes, k, seed)
        logged = log_normalise(counts, size_factors(counts))
        return pool(principal_components(logged, self.config.n_components, seed).scores, k, seed)


class PCADenoiser(_Baseline):
    """Leading principal components of square-rooted proportions, gene totals restored."""

    name: ClassVar[str] = "pca"
    components_: Components
    gene_scale_: np.ndarray

    def _refine(self, counts: sp.csr_matrix) -> None:
        self.components_ = principal_components(
            root_proportions(counts), self.config.n_components, self.seed_
        )
        unscaled, total = self._unscaled(counts), np.zeros(counts.shape[1])
        for rows in row_blocks(counts.shape):
            total += unscaled(rows).sum(axis=0, dtype=np.float64)
        self.gene_scale_ = restoring(counts, total)

    def embed(self, adata: AnnData) -> np.ndarray:
        """Principal-component scores, (n_obs, n_components) float32."""
        return self.components_.project(root_proportions(self._aligned_counts(adata)))

    def _predicting(self, adata: AnnData, counts: sp.csr_matrix) -> Predicting:
        unscaled = self._unscaled(counts)
        return lambda rows: unscaled(rows) * self.gene_scale_

    def _unscaled(self, counts: sp.csr_matrix) -> Predicting:
        parts, depth = self.components_, depth_of(counts)
        scores = parts.project(root_proportions(counts))

        def predicted(rows: slice) -> np.ndarray:
            roots = scores[rows] @ parts.loadings + parts.mean
            return at_depth(np.square(np.clip(roots, 0, None)), depth[rows])

        return predicted

    def _state(self) -> dict[str, torch.Tensor]:
        parts = self.components_
        return super()._state() | {
            "loadings": torch.from_numpy(parts.loadings),
            "mean": torch.from_numpy(parts.mean),
            "gene_scale": torch.from_numpy(self.gene_scale_),
        }

    def _restore(self, state: dict[str, torch.Tensor]) -> None:
        super()._restore(state)
        self.gene_scale_ = state["gene_scale"].numpy()
        loadings, mean = state["loadings"].numpy(), state["mean"].numpy()
        self.components_ = Components(np.empty(0), loadings, mean)
