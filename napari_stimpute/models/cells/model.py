"""What models of cells share: an encoder of counts, a decoder of all genes, clusters in between.

None of them needs a tissue. A subclass brings a `CellNetwork` and its training; this file turns
them into `impute`, `embed`, `cluster` and `dropout_probability`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from ...data.blocks import aligned, joined, kept_or_filled
from ...data.counts import depth_of
from ...data.on_disk import let_go, parts_of
from ...data.section import median_depth
from ...errors import TooSmall
from ...nn.likelihoods import hidden_molecule_probability
from ...progress import Progress
from ..base import in_blocks, require
from ..imputing import Decoder, ImputingModel
from ..training import CountTraining, Split, below, rows_of
from .clusters import CellClusters, clusters_of

if TYPE_CHECKING:
    from anndata import AnnData

BLOCK = 2048
"""Cells that are encoded or decoded at a time."""

PATIENCE = 30
"""Epochs without better prediction of hidden molecules after which training stops."""

_FEWEST_PER_CLUSTER = 2

ALL = slice(None)

Decoding = Callable[[slice, Tensor, Tensor], tuple[Tensor, Tensor | None]]
"""From rows, their latent points and columns to log means per unit size factor, and log odds of
dropout or None."""


class CellNetwork(nn.Module, ABC):
    """From what a cell shows to a latent point, and from there to every gene."""

    log_dispersion: nn.Parameter
    """(n_genes,), logarithm of the inverse dispersion."""

    @abstractmethod
    def encode(
        self, inputs: Tensor, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of latent points, (n, n_latent) each.

        Inputs are log(1 + counts / size factor), (n, n_genes), unless the model says otherwise.
        """

    @abstractmethod
    def decode(self, z: Tensor, columns: Tensor | slice = ALL) -> tuple[Tensor, Tensor | None]:
        """(n, n_latent) → (n, n_columns): log mean per unit size factor, log odds of dropout."""

    def level(self, z: Tensor, columns: Tensor | slice = ALL) -> Tensor:
        """Expected counts per unit size factor, dropout taken off, (n, n_columns)."""
        return level_of(*self.decode(z, columns))


class CellTraining(CountTraining):
    """A training of a `CellNetwork` that knows its own phases."""

    network: CellNetwork

    @abstractmethod
    def phases(self) -> Iterator[Progress]:
        """Train, from the first phase to the last."""

    def inputs(self, index: Tensor) -> Tensor:
        """What the encoder reads of some cells: log values of the kept counts, (b, n_genes)."""
        return log_values(*self.kept.take(index), self.size[index], len(self.totals))

    def expected(self, index: Tensor) -> Tensor:
        """Expected kept counts of a block of cells, (b, n_genes)."""
        mean = self.network.encode(self.inputs(index))[0]
        return self.network.level(mean) * self.size[index][:, None]


class CellModel(ImputingModel):
    """A model of cells, each by its own counts (and, in some, by those of cells like it)."""

    network_: CellNetwork
    gene_scale_: np.ndarray
    median_depth_: float
    """Of the counts that the network learned from; size factors are relative to it."""
    clusters_: CellClusters

    def check(self, adata: AnnData) -> None:
        """As for every model; the number of clusters must fit the cells too."""
        super().check(adata)
        k = self.config.n_clusters
        require(
            k <= adata.n_obs,
            "n_clusters",
            f"at most the number of cells ({adata.n_obs:,})",
            f"{k:,}",
            "Ask for fewer clusters, or 0 to let the data decide.",
        )
        if k * _FEWEST_PER_CLUSTER > adata.n_obs:
            raise TooSmall(
                expected=f"at least {_FEWEST_PER_CLUSTER} cells for each of {k} clusters",
                found=f"{adata.n_obs:,} cells",
                remedy="Ask for fewer clusters, or 0 to let the data decide.",
            )

    # ---- learning ------------------------------------------------------------------------------

    def _learn(
        self, adata: AnnData, counts: sp.csr_matrix, names: list[str]
    ) -> Generator[Progress, None, None]:
        yield Progress("prepare", 0, 1, message="Preparing")
        split = Split.of(counts, self.config.hidden_share, self.seed_)
        self.median_depth_ = median_depth(split.kept)
        training = yield from self._prepare(adata, split)
        self.network_ = training.network
        training.checkpoint = self._checkpoint
        with self._concluding(names, lambda _is_cut: self._conclude(adata, counts)):
            yield from training.phases()

    @abstractmethod
    def _prepare(self, adata: AnnData, split: Split) -> Generator[Progress, None, CellTraining]:
        """Make the training; what is learned from the counts beforehand is kept in the model."""

    def _conclude(self, adata: AnnData, counts: sp.csr_matrix) -> None:
        """From the final network: factors that restore each gene's total, then clusters."""
        z = self._latent(adata, counts)
        self._restore_totals(adata, counts, z)
        self._find_clusters(z)

    def _find_clusters(self, z: np.ndarray) -> None:
        config = self.config
        found = clusters_of(z, config.n_clusters, config.clustering, self.seed_)
        self.clusters_ = CellClusters.around(z, found, self.seed_)
        self.notes_.append(found.text)

    def _restore_totals(self, adata: AnnData, counts: sp.csr_matrix, z: np.ndarray) -> None:
        n_vars = counts.shape[1]
        self.gene_scale_ = np.ones(n_vars, dtype=np.float32)
        expected = np.zeros(n_vars)
        for block in self._expected_blocks(adata, counts, z, np.arange(n_vars)):
            expected += block.sum(axis=0, dtype=np.float64)
        observed = np.zeros(n_vars)
        for _rows, part in parts_of(counts):
            observed += np.bincount(part.indices, part.data, n_vars)  # adds up in float64
        scale = np.divide(observed, expected, out=np.ones_like(observed), where=expected > 0)
        self.gene_scale_ = scale.astype(np.float32)

    # ---- applying ------------------------------------------------------------------------------

    def embed(self, adata: AnnData) -> np.ndarray:
        """Latent means, (n_obs, n_latent) float32."""
        return self._latent(adata, self._aligned_counts(adata)).copy()

    def cluster(self, adata: AnnData) -> np.ndarray:
        """Cluster of each cell, (n_obs,) int from 0."""
        return np.asarray(self.cluster_probability(adata).argmax(axis=1), dtype=np.int64)

    def cluster_probability(self, adata: AnnData) -> np.ndarray:
        """Probability of each cluster, (n_obs, n_clusters) float32."""
        return self.clusters_.probabilities(self.embed(adata))

    def cluster_stability(self, adata: AnnData) -> np.ndarray:
        """How far other clusterings agree on each cell's cluster, (n_obs,) float32 in (0, 1]."""
        return self.clusters_.stabilities(self.embed(adata))

    def fills(self, adata: AnnData) -> np.ndarray:
        """Which zeros ``mode="fill"`` fills, (n_obs, n_vars) bool."""
        shape = (adata.n_obs, len(self._columns(None)))
        return joined((fill for fill, _ in self.fill_blocks(adata)), shape, bool)

    def fill_blocks(self, adata: AnnData) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Which zeros ``mode="fill"`` fills, and how likely each is technical, by blocks of cells.

        Yields
        ------
        (block, n_vars) bool, and (block, n_vars) float32, without meaning where counted
        """
        counts = self._aligned_counts(adata)
        yield from self._fills(adata, counts, self._latent(adata, counts), self._columns(None))

    def dropout_probability(self, adata: AnnData, genes: Sequence[str] | None = None) -> np.ndarray:
        """Probability that each zero is technical, (n_obs, n_genes) float32; NaN where counted.

        That the gene was lost though expressed (zero inflation), or that five times the depth would
        have shown a molecule.
        """
        counts, columns = self._aligned_counts(adata), self._columns(genes)
        z = self._latent(adata, counts)
        shape = (adata.n_obs, len(columns))
        probability = joined(self._technical(adata, counts, z, columns), shape)
        seen = counts[:, columns].tocoo()
        probability[seen.row, seen.col] = np.nan
        return probability

    def _latent(self, adata: AnnData, counts: sp.csr_matrix) -> np.ndarray:
        """Latent means of cells, (n_obs, n_latent) float32."""
        size = self._depth(counts)

        def encode(rows: slice) -> np.ndarray:
            let_go(counts)
            mean = self.network_.encode(self._log_values(counts[rows], size[rows]))[0]
            return np.asarray(mean.cpu().numpy(), dtype=np.float32)

        shape = (int(counts.shape[0]), self.config.n_latent)
        return joined(self._blocks(shape[0], encode), shape)

    def _log_values(self, counts: sp.csr_matrix, size: np.ndarray) -> Tensor:
        every = torch.arange(counts.shape[0], device=self._device)
        entries = rows_of(counts, self._device).take(every, counts.nnz)
        return log_values(*entries, torch.from_numpy(size).to(self._device), counts.shape[1])

    def _decoding(self, adata: AnnData) -> Decoding:
        """What decodes some rows, (b, n_columns) each."""
        return lambda rows, z, columns: self.network_.decode(z, columns)

    @property
    def theta(self) -> Tensor:
        """Inverse dispersion of each gene, (n_genes,)."""
        return self.network_.log_dispersion.exp()

    def _at_depth(self, level: Tensor) -> Tensor:
        """Expected counts of levels times size factors, any shape."""
        return level

    def _fills(
        self, adata: AnnData, counts: sp.csr_matrix, z: np.ndarray, columns: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Which zeros are to be filled, and how likely each is technical, (block, n_columns)."""
        for part in self._technical(adata, counts, z, columns):
            yield part > self.config.fill_threshold, part

    def _decoder(self, adata: AnnData, counts: sp.csr_matrix) -> Decoder:
        z = self._latent(adata, counts)
        return lambda columns: self._expected_blocks(adata, counts, z, columns)

    def expected_at(self, adata: AnnData, at: np.ndarray) -> Iterator[np.ndarray]:
        """Expected counts of some cells, in blocks (block, n_vars); no others are decoded."""
        counts, columns = self._aligned_counts(adata), self._columns(None)
        z = self._latent_at(adata, counts, at)
        yield from self._expected_blocks(adata[at], counts[at], z, columns)

    def _latent_at(self, adata: AnnData, counts: sp.csr_matrix, at: np.ndarray) -> np.ndarray:
        """Latent means of some cells, (len(at), n_latent), each by its own counts alone."""
        return self._latent(adata[at], counts[at])

    def _filled_blocks(self, adata: AnnData, columns: np.ndarray) -> Iterator[np.ndarray]:
        counts = self._aligned_counts(adata)
        shape, z = (adata.n_obs, len(columns)), self._latent(adata, counts)
        blocks = self._expected_blocks(adata, counts, z, columns, had_it_not_been_lost=True)
        fills = (fill for fill, _ in self._fills(adata, counts, z, columns))
        cut = (aligned(parts, shape) for parts in (blocks, fills))
        for (rows, block), (_, fill) in zip(*cut, strict=True):
            yield kept_or_filled(block, counts[rows][:, columns], fill)

    def _technical(
        self, adata: AnnData, counts: sp.csr_matrix, z: np.ndarray, columns: np.ndarray
    ) -> Iterator[np.ndarray]:
        device, depth, decoding = self._device, self._depth(counts), self._decoding(adata)
        chosen = torch.from_numpy(columns).to(device)
        scale = torch.from_numpy(self.gene_scale_[columns]).to(device)
        theta = self.theta[chosen]

        def judge(rows: slice) -> np.ndarray:
            log_mean, logit = decoding(rows, torch.from_numpy(z[rows]).to(device), chosen)
            at = torch.from_numpy(depth[rows]).to(device)[:, None]
            level = self._at_depth(log_mean.exp() * at) * scale
            found = hidden_molecule_probability(level, theta, logit)
            return np.asarray(found.cpu().numpy(), dtype=np.float32)

        yield from self._blocks(len(z), judge)

    def _expected_blocks(
        self,
        adata: AnnData,
        counts: sp.csr_matrix,
        z: np.ndarray,
        columns: np.ndarray,
        *,
        had_it_not_been_lost: bool = False,
    ) -> Iterator[np.ndarray]:
        chosen = torch.from_numpy(columns).to(self._device)
        scale, depth = self.gene_scale_[columns], self._depth(counts)
        decoding = self._decoding(adata)

        def decode(rows: slice) -> np.ndarray:
            latent = torch.from_numpy(z[rows]).to(self._device)
            log_mean, logit = decoding(rows, latent, chosen)
            level = level_of(log_mean, None if had_it_not_been_lost else logit)
            at = torch.from_numpy(depth[rows]).to(self._device)[:, None]
            return np.asarray(self._at_depth(level * at).cpu().numpy() * scale, dtype=np.float32)

        yield from self._blocks(len(z), decode)

    def _blocks(self, n: int, compute: Callable[[slice], np.ndarray]) -> Iterator[np.ndarray]:
        """Results for blocks of cells, without gradients and with the network in use."""
        self.network_.eval()

        def quietly(rows: slice) -> np.ndarray:
            with torch.no_grad():
                return compute(rows)

        yield from in_blocks(n, BLOCK, quietly, self.notes_)

    def _depth(self, counts: sp.csr_matrix) -> np.ndarray:
        """Size factor of each cell: its total over the median that was fitted, (n_obs,) float32."""
        totals = depth_of(counts)
        return (totals / self.median_depth_).astype(np.float32)

    @property
    def _device(self) -> torch.device:
        return next(self.network_.parameters()).device

    # ---- keeping -------------------------------------------------------------------------------

    def _state(self) -> dict[str, torch.Tensor]:
        arrays = {
            "gene_scale": self.gene_scale_,
            "median_depth": np.array(self.median_depth_),
        }
        if hasattr(self, "clusters_"):
            arrays |= {f"clusters.{k}": v for k, v in self.clusters_.arrays().items()}
        tensors = {k: torch.from_numpy(np.ascontiguousarray(v)) for k, v in arrays.items()}
        return tensors | {f"network.{k}": v for k, v in self.network_.state_dict().items()}

    def _restore(self, state: dict[str, torch.Tensor]) -> None:
        self.gene_scale_ = state["gene_scale"].numpy()
        self.median_depth_ = state["median_depth"].item()
        found = below("clusters.", state)
        if found:
            self.clusters_ = CellClusters.of_arrays({k: v.numpy() for k, v in found.items()})
        named = below("network.", state)
        self.network_ = self._empty_network(named)
        self.network_.load_state_dict(named)
        self.network_.to(self.device_).eval()

    @abstractmethod
    def _empty_network(self, state: dict[str, torch.Tensor]) -> CellNetwork:
        """A network of the shapes in `state`, to load it into."""


def level_of(log_mean: Tensor, dropout_logit: Tensor | None) -> Tensor:
    """Expected counts per unit size factor, dropout taken off if its log odds are given."""
    level = log_mean.exp()
    return level if dropout_logit is None else level * torch.sigmoid(-dropout_logit)


def log_values(rows: Tensor, columns: Tensor, values: Tensor, size: Tensor, n_vars: int) -> Tensor:
    """log(1 + counts / size factor) of a block of cells, dense (b, n_vars), from its non-zeros."""
    logged = torch.zeros(len(size), n_vars, device=size.device)
    logged[rows, columns] = torch.log1p(values / size[rows])
    return logged
