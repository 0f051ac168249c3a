"""What a model may be able to do beyond learning; who runs any model asks by these protocols."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import scipy.sparse as sp

from ..data.blocks import joined, picked

if TYPE_CHECKING:
    from anndata import AnnData

    from ..config import WithCommunities, WithMode
    from .base import Expecting
    from .simple.parts import Parts
    from .simple.sample import Rows
    from .simple.weights import Blend


@runtime_checkable
class Imputes(Protocol):
    """Gives expected counts."""

    def impute(self, adata: AnnData, genes: Sequence[str] | None = None) -> np.ndarray:
        """Expected counts, (n_obs, n_genes)."""
        ...

    def imputed_blocks(
        self, adata: AnnData, genes: Sequence[str] | None = None
    ) -> Iterator[np.ndarray]:
        """The same, as consecutive blocks of rows, (block, n_genes) each."""
        ...


@runtime_checkable
class FillsByMode(Protocol):
    """Imputes by its setting ``mode``: with "fill", only zeros that are likely technical."""

    @property
    def config(self) -> WithMode:
        """Its settings."""
        ...

    def expected(self, adata: AnnData, genes: Sequence[str] | None = None) -> np.ndarray:
        """Expected counts of every entry, whatever the mode, (n_obs, n_genes)."""
        ...

    def expected_blocks(
        self, adata: AnnData, genes: Sequence[str] | None = None
    ) -> Iterator[np.ndarray]:
        """The same, as consecutive blocks of rows, (block, n_genes) each."""
        ...


@runtime_checkable
class PredictsSome(Protocol):
    """Gives expected counts of some rows without making those of all."""

    def expected_at(self, adata: AnnData, at: Rows) -> Iterator[np.ndarray]:
        """Expected counts of these rows, whatever the mode, in blocks (block, n_vars)."""
        ...


@runtime_checkable
class PredictsGenes(Protocol):
    """Gives expected counts of one gene after another, without beginning anew for each."""

    def expecting(self, adata: AnnData) -> Expecting:
        """Work out once what all genes need; `mode` does not matter."""
        ...


@runtime_checkable
class Embeds(Protocol):
    """Gives each spot or cell a place in a latent space."""

    def embed(self, adata: AnnData) -> np.ndarray:
        """Latent means, (n_obs, n_latent)."""
        ...


@runtime_checkable
class Clusters(Protocol):
    """Groups spots or cells."""

    def cluster(self, adata: AnnData) -> np.ndarray:
        """Group of each spot, (n_obs,) int from 0."""
        ...

    def cluster_probability(self, adata: AnnData) -> np.ndarray:
        """Probability of each group, (n_obs, n_groups)."""
        ...


@runtime_checkable
class TellsStability(Protocol):
    """Says how far its groups can be relied on."""

    def cluster_stability(self, adata: AnnData) -> np.ndarray:
        """How far other clusterings agree on the group of each, (n_obs,) in [0, 1]."""
        ...


@runtime_checkable
class FillsZeros(Protocol):
    """Has a rule of its own for which zeros are technical."""

    def fill_blocks(self, adata: AnnData) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Which zeros are to be filled, and how likely each is technical, by blocks of rows.

        (block, n_vars) bool and (block, n_vars) float32, which mean nothing where counted.
        """
        ...


@runtime_checkable
class FindsCommunities(Protocol):
    """Groups genes, and rebuilds the networks of genes and of cells."""

    @property
    def config(self) -> WithCommunities:
        """Its settings."""
        ...

    def communities(self) -> np.ndarray:
        """Community of each modelled gene, (n_vars,) int from 0; −1 for none."""
        ...

    def gene_graph(self) -> sp.csr_matrix:
        """Network of genes, (n_vars, n_vars), grades in (0, 1]."""
        ...

    def cell_graph(self, adata: AnnData) -> sp.csr_matrix:
        """Network of cells, (n_obs, n_obs), grades in (0, 1]."""
        ...


@runtime_checkable
class Generates(Protocol):
    """Makes cells, at depths like those it learned from."""

    def learned_from_part_of(self, counts: sp.csr_matrix, share: float) -> None:
        """Say that a random share of the molecules of these counts was learned from."""
        ...


@runtime_checkable
class IsBlend(Protocol):
    """Is a blend of simple predictions itself."""

    blend_: Blend
    """There once it is fitted."""

    def parts(self, adata: AnnData) -> Parts:
        """Simple predictions of these data."""
        ...

    def blended(self, parts: Parts) -> np.ndarray:
        """Expected counts (n_rows, n_vars) from simple predictions that are there already."""
        ...

    def unscaled_blocks(self, adata: AnnData) -> Iterator[tuple[slice, np.ndarray]]:
        """What `impute` gives before each gene's total is restored, by blocks of rows."""
        ...


def expected_blocks(model: Imputes, adata: AnnData) -> Iterator[np.ndarray]:
    """Expected counts of every entry in blocks of rows, also of a model that is to fill zeros."""
    if isinstance(model, FillsByMode):
        return model.expected_blocks(adata)
    return model.imputed_blocks(adata)


def expected_counts(model: Imputes, adata: AnnData) -> np.ndarray:
    """The same as one array, (n_obs, n_vars)."""
    return joined(expected_blocks(model, adata), adata.shape)


def some_expected_blocks(model: Imputes, adata: AnnData, at: Rows | None) -> Iterator[np.ndarray]:
    """The same of some rows alone, which are sorted; None for all."""
    if at is None:
        return expected_blocks(model, adata)
    if isinstance(model, PredictsSome):
        return model.expected_at(adata, at)
    return picked(expected_blocks(model, adata), at)
