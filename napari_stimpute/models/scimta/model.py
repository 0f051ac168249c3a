"""scIMTA: a multi-task graph autoencoder of cells and genes.

Paper: Yu, Yang, Liu, Liang and Wang, Interdiscip. Sci. 2025, doi 10.1007/s12539-025-00765-9, built
on scMGCA (Yu et al., 2023), DEC (Xie et al., 2016) and ALRA (Linderman et al., 2022). Use it for
dissociated cells where clusters are to be explained by gene communities, or batches to be merged.
For imputing alone scZiva does as well and is simpler.

Where the equations are: graphs, `data.ppmi`; rebuilding them, `nn.edges`; clusters, `nn.dec`;
decoder, `nn.decoder`; zeros, `low_rank`; losses, `training`.

What differs from the authors' code, and why
--------------------------------------------
The public code is scMGCA under another name: one graph, of cells. This follows the paper's text.

- **Two graphs.** Cells and genes each have neighbours, graded by random walks (positive pointwise
  mutual information, sparse and symmetric; there dense and not symmetric), an encoder, and a
  decoder that rebuilds the graph from sampled pairs (there all n²).
- **Clusters and communities** by DEC with centres that train (there they are constants, and the
  divergence is the wrong way round), started from clusters of the cells and Leiden
  communities of the genes. It draws the embedding together; the clusters that are given are the
  consensus of many clusterings of it, as those of the other models.
- **Counts have a likelihood** (negative binomial at each cell's depth). There, logarithms of
  probabilities are multiplied by standardised values, half of them negative.
- **Zeros by a low-rank reconstruction**: log values regressed on the latent space, and each gene's
  values kept where they exceed what it strays below zero (ALRA). Described there, not built.
- **Batches**: neighbours in every batch, features centred per batch, and a decoder that knows the
  batch. There each batch is standardised, and no more.
- **Decoupled propagation** (SGC, SIGN): principal components are averaged over the graph once, so
  cells come in any blocks and time is linear; there, blocks of 2,000 cells in file order have a
  graph each. Not identical to two stacked graph convolutions.
- **The embedding is learned with a linear decoder** and so uses more of its dimensions; the deep
  part of the decoder is learned last, with the embedding as it is.
- Graph losses are relative to the graph's own mean square, so that they do not vanish as cells are
  added. Molecules hidden from training decide when to stop; gene totals are restored.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
import scipy.sparse as sp
import torch
from torch import Tensor

from ...config import ModelConfig
from ...data.components import Components
from ...data.counts import log_normalise
from ...data.propagation import InputTransform
from ...data.records import fingerprint
from ...errors import MissingKey, UnknownName
from ...nn import ranks
from ...nn.dec import ClusterCentres
from ...progress import Progress
from ..cells.clusters import clusters_of
from ..cells.leiden import leiden_clusters
from ..cells.model import BLOCK, CellModel, CellTraining, Decoding
from ..training import Split
from .low_rank import ZeroRule, deciding_spots, reconstructed, regressed
from .sides import Side, Surroundings, cell_side, gene_side, rebuilt, spread_within
from .training import Network, Training

if TYPE_CHECKING:
    from anndata import AnnData

_FEWEST_GENES = 10
"""Genes that a community has at least; those of smaller ones belong to none."""

_SHRINK = 10.0
"""Cells that the mean over all batches counts for in each batch's own."""

_SIDES = ("cells", "genes")


class ScIMTA(CellModel):
    """Clusters of cells, communities of genes, and what links them.

    Examples
    --------
    >>> model = ScIMTA(n_clusters=8).fit(adata, seed=0)
    >>> adata.obs["scimta_cluster"] = model.cluster(adata)
    """

    name: ClassVar[str] = "scimta"
    network_: Network
    transform_: InputTransform
    batches_: list[str]
    batch_means_: np.ndarray
    rule_: ZeroRule
    low_rank_: np.ndarray
    gene_latent_: np.ndarray
    communities_: np.ndarray

    def __init__(self, config: ModelConfig | None = None, **settings: Any) -> None:
        super().__init__(config, **settings)
        self._memory: tuple[str, np.ndarray] = ("", np.empty(0))

    def check(self, adata: AnnData) -> None:
        """As for every model of cells; the batch column must be there."""
        super().check(adata)
        self._batch_names(adata)

    # ---- learning ------------------------------------------------------------------------------

    def _prepare(self, adata: AnnData, split: Split) -> Generator[Progress, None, CellTraining]:
        config = self.config
        self._memory = ("", np.empty(0))
        yield Progress("prepare", 0, 1, message="Preparing: components of the counts")
        self.transform_ = ranks.from_first(
            InputTransform.fit, split.kept, split.size, config.n_components, self.seed_
        )
        scores = self.transform_.scores(split.kept, split.size)
        self._learn_batches(adata, scores)
        yield Progress("prepare", 0, 1, message="Preparing: graph of the cells")
        codes = self._codes(adata)
        cells = ranks.from_first(self._side, scores, codes)
        yield Progress("prepare", 0, 1, message="Preparing: graph of the genes")
        parts = self.transform_.components
        spread = spread_within(parts.scores, codes)
        self._genes = ranks.from_first(gene_side, parts.loadings, spread, self._surroundings)
        training = Training(
            split, cells, self._genes, codes, config, seed=self.seed_, device=self.device_
        )
        training.start_clusters = lambda: self._start_clusters(training)
        return training

    def _start_clusters(self, training: Training) -> None:
        """Centres: means of clusters of the cells, and of the genes' communities."""
        network, config, z = training.network, self.config, training.latent()
        asked = (config.n_clusters, config.clustering, self.seed_)
        network.cells.centres = _centres(z, ranks.from_first(clusters_of, z, *asked).labels)
        graph, genes = self._genes.graph, training.gene_latent()
        groups = np.zeros(len(genes), dtype=np.intp)
        if self._finds_communities and graph.nnz:
            joined = _joined(graph)
            groups = ranks.from_first(leiden_clusters, graph[joined][:, joined], 1.0, self.seed_)
            genes = genes[joined]
        network.genes.centres = _centres(genes, groups)
        network.to(self.device_)

    def _conclude(self, adata: AnnData, counts: sp.csr_matrix) -> None:
        z = self._latent(adata, counts)
        self._restore_totals(adata, counts, z)
        logged = log_normalise(counts, self._depth(counts))
        self.low_rank_ = regressed(z, logged)
        rows = deciding_spots(len(z), self.seed_)
        low_rank = reconstructed(z[rows], self.low_rank_)
        self.rule_ = ZeroRule.fit(low_rank, logged[rows], self.config.quantile)
        self._find_clusters(z)
        self._settle_communities()

    @property
    def _finds_communities(self) -> bool:
        """Whether genes are grouped; without graphs to rebuild, nothing is learned of them."""
        return bool(self.config.communities and self.config.graph_weight > 0)

    def _settle_communities(self) -> None:
        """Community of each gene, −1 for none; called once the genes' network is final."""
        encoder, device = self.network_.genes.encoder, self._device
        with torch.no_grad():
            genes = encoder(torch.from_numpy(self._genes.features).to(device))[0]
            q = self.network_.genes.centres.soft_assignment(genes)
        self.gene_latent_ = genes.cpu().numpy()
        labels = np.asarray(q.argmax(dim=1).cpu().numpy(), dtype=np.int64)
        if not self._finds_communities:
            self.communities_ = np.full(len(labels), -1)
            return
        is_joined = _joined(self._genes.graph)
        sizes = np.bincount(labels[is_joined], minlength=q.shape[1])
        kept = np.argsort(-sizes, kind="stable")[: int((sizes >= _FEWEST_GENES).sum())]
        place = np.full(len(sizes), -1)
        place[kept] = np.arange(len(kept))
        self.communities_ = np.where(is_joined, place[labels], -1)
        self.notes_.append(
            f"Gene communities: {len(kept)}, of {int((self.communities_ >= 0).sum()):,} genes."
        )

    # ---- batches -------------------------------------------------------------------------------

    def _batch_names(self, adata: AnnData) -> pd.Series[str]:
        key = self.config.batch_key
        if not key:
            return pd.Series("", index=adata.obs_names)
        if key not in adata.obs:
            raise MissingKey(
                expected=f"a column {key!r} in obs that names the batches",
                found=f"columns {list(adata.obs.columns)}",
                remedy="Choose one of them, or none if all cells are of one batch.",
            )
        n_missing = int(adata.obs[key].isna().sum())
        if n_missing:
            raise MissingKey(
                expected=f"a batch for every cell in obs[{key!r}]",
                found=f"none for {n_missing:,} of {adata.n_obs:,} cells",
                remedy="Fill them in, leave these cells out, or choose another column.",
            )
        names: pd.Series[str] = adata.obs[key].astype(str)
        return names

    def _learn_batches(self, adata: AnnData, scores: np.ndarray) -> None:
        names = self._batch_names(adata)
        self.batches_ = sorted(names.unique())
        codes, n_batches = self._codes(adata), len(self.batches_)
        sums = np.zeros((n_batches, scores.shape[1]))
        np.add.at(sums, codes, scores)
        sizes = np.bincount(codes, minlength=n_batches)[:, None]
        overall = scores.mean(axis=0)
        means = (sums + _SHRINK * overall) / (sizes + _SHRINK)
        self.batch_means_ = (means - overall).astype(np.float32)
        if self.config.batch_key and n_batches == 1:
            self.notes_.append(
                f"Only one batch in {self.config.batch_key!r}: there was nothing to merge."
            )

    def _codes(self, adata: AnnData) -> np.ndarray:
        """Batch of each cell, (n_obs,) int64."""
        names = self._batch_names(adata)
        codes = pd.Index(self.batches_).get_indexer(pd.Index(names)).astype(np.int64)
        if (codes < 0).any():
            found = str(names.iloc[int(np.flatnonzero(codes < 0)[0])])
            raise UnknownName.of("batch that was seen in training", found, self.batches_)
        return codes

    # ---- graphs --------------------------------------------------------------------------------

    @property
    def _surroundings(self) -> Surroundings:
        config = self.config
        return Surroundings(config.n_neighbors, config.walk_steps, config.n_hops, self.seed_)

    def _side(self, scores: np.ndarray, codes: np.ndarray) -> Side:
        return cell_side(scores - self.batch_means_[codes], codes, self._surroundings)

    def _latent(self, adata: AnnData, counts: sp.csr_matrix) -> np.ndarray:
        """Latent means; those of the last counts are kept, since their graph takes time."""
        codes = self._codes(adata)
        known = fingerprint(counts) + str(zlib.crc32(codes.tobytes()))
        if self._memory[0] != known:
            scores = self.transform_.scores(counts, self._depth(counts))
            features = self._side(scores, codes).features

            def encode(rows: slice) -> np.ndarray:
                part = torch.from_numpy(features[rows]).to(self._device)
                return np.asarray(self.network_.encode(part)[0].cpu().numpy(), dtype=np.float32)

            self._memory = (known, np.concatenate(list(self._blocks(len(features), encode))))
        return self._memory[1]

    def _latent_at(self, adata: AnnData, counts: sp.csr_matrix, at: np.ndarray) -> np.ndarray:
        every = self._latent(adata, counts)  # a cell's neighbours are among all
        return np.asarray(every[at], dtype=np.float32)

    # ---- applying ------------------------------------------------------------------------------

    def communities(self) -> np.ndarray:
        """Community of each modelled gene, (n_vars,) int, the largest 0; −1 for none."""
        self._require_fit()
        return self.communities_

    def gene_graph(self) -> sp.csr_matrix:
        """Network of genes as rebuilt: the strongest edges of each, (n_vars, n_vars), in (0, 1].

        No edges where communities were not asked for, or graphs have no weight.
        """
        self._require_fit()
        if not self._finds_communities:
            return sp.csr_matrix(([], ([], [])), shape=2 * (len(self.gene_latent_),))
        return rebuilt(self.network_.genes.graph, self.gene_latent_, self._device, self.seed_)

    def cell_graph(self, adata: AnnData) -> sp.csr_matrix:
        """Network of cells as rebuilt: the strongest edges of each, (n_obs, n_obs), in (0, 1].

        No edges where graphs have no weight, since then nothing was learned to rebuild them.
        """
        if self.config.graph_weight == 0:
            return sp.csr_matrix(([], ([], [])), shape=2 * (adata.n_obs,))
        return rebuilt(self.network_.cells.graph, self.embed(adata), self._device, self.seed_)

    def _decoding(self, adata: AnnData) -> Decoding:
        """Log means of cells, each in its batch."""
        decoder, batch = self.network_.decoder, torch.from_numpy(self._codes(adata))

        def decoding(rows: slice, z: Tensor, columns: Tensor) -> tuple[Tensor, None]:
            log_mean = decoder.log_mean(z, columns)
            return decoder.in_batch(log_mean, batch[rows].to(self._device), columns), None

        return decoding

    def _fills(
        self, adata: AnnData, counts: sp.csr_matrix, z: np.ndarray, columns: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """By the low-rank values, which know of no batches."""
        start = 0
        for part in self._technical(adata, counts, z, columns):
            values = reconstructed(z[start : start + len(part)], self.low_rank_[:, columns])
            yield np.asarray(values > self.rule_.threshold[columns]), part
            start += len(part)

    def _filled_blocks(self, adata: AnnData, columns: np.ndarray) -> Iterator[np.ndarray]:
        """With the low-rank value where it exceeds what the gene strays below zero."""
        counts = self._aligned_counts(adata)
        z, depth, rule = self._latent(adata, counts), self._depth(counts), self.rule_.of(columns)
        logged = log_normalise(counts, depth)
        for start in range(0, len(z), BLOCK):
            rows = slice(start, start + BLOCK)
            low_rank = reconstructed(z[rows], self.low_rank_[:, columns])
            level = np.expm1(rule.apply(low_rank, logged[rows][:, columns]))
            seen = counts[rows][:, columns].toarray()
            yield np.where(seen > 0, seen, level * depth[rows, None]).astype(np.float32)

    # ---- keeping -------------------------------------------------------------------------------

    def _state(self) -> dict[str, torch.Tensor]:
        parts = self.transform_.components
        arrays = {
            "input.loadings": parts.loadings,
            "input.mean": parts.mean,
            "input.unit": np.array(self.transform_.unit),
            "batches": np.frombuffer(json.dumps(self.batches_).encode(), dtype=np.uint8).copy(),
            "batch_means": self.batch_means_,
            "low_rank": self.low_rank_,
            "rule": np.stack([self.rule_.threshold, self.rule_.factor, self.rule_.offset]),
            "gene_latent": self.gene_latent_,
            "communities": self.communities_,
        }
        tensors = {k: torch.from_numpy(np.ascontiguousarray(v)) for k, v in arrays.items()}
        return super()._state() | tensors

    def _restore(self, state: dict[str, torch.Tensor]) -> None:
        super()._restore(state)
        arrays = {k: v.numpy() for k, v in state.items() if not k.startswith("network.")}
        parts = Components(np.empty(0), arrays["input.loadings"], arrays["input.mean"])
        self.transform_ = InputTransform(parts, arrays["input.unit"].item())
        self.batches_ = json.loads(arrays["batches"].tobytes())
        self.batch_means_, self.low_rank_ = arrays["batch_means"], arrays["low_rank"]
        self.rule_ = ZeroRule(*arrays["rule"])
        self.gene_latent_, self.communities_ = arrays["gene_latent"], arrays["communities"]
        n_vars, n_batches = len(self.communities_), len(self.batch_means_)
        if len(self.batches_) != n_batches or not set(self.communities_) <= {*range(-1, n_vars)}:
            raise ValueError("batches or communities that are not there")

    def _empty_network(self, state: dict[str, torch.Tensor]) -> Network:
        config = self.config
        n_batches, _ = state["decoder.batch_offset"].shape
        cells, genes = (state[f"{s}.encoder.hidden.linears.0.weight"].shape[1] for s in _SIDES)
        shapes = ((1, cells), (1, genes))
        network = Network(state["decoder.offset"], shapes, n_batches, config, seed=0)
        for side in _SIDES:
            k = len(state[f"{side}.centres.centres"])
            getattr(network, side).centres = ClusterCentres(k, config.n_latent)
        return network


def _centres(z: np.ndarray, labels: np.ndarray) -> ClusterCentres:
    """Centres at the means of groups of latent points."""
    names, codes = np.unique(labels, return_inverse=True)
    sums = np.zeros((len(names), z.shape[1]))
    np.add.at(sums, codes, z)
    centres = ClusterCentres(len(names), z.shape[1])
    means = sums / np.bincount(codes)[:, None]
    centres.start(torch.from_numpy(means.astype(np.float32)))
    return centres


def _joined(graph: sp.csr_matrix) -> np.ndarray:
    """Which points have an edge, (n,) bool."""
    return np.asarray(np.diff(graph.indptr) > 0)
