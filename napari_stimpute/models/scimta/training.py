"""The networks of scIMTA, of cells and of genes, and how they are trained together."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from ...errors import Diverged
from ...nn import ranks
from ...nn.dec import ClusterCentres, kl, target
from ...nn.decoder import CountDecoder
from ...nn.edges import GraphDecoder, pair_keys, sample_zeros, sampled_regression
from ...nn.layers import HopEncoder, sample_latent
from ...nn.likelihoods import nb_negative_log_likelihood
from ...nn.optimise import ParameterGroup, Schedule, minimise
from ...progress import Progress, StopEarly
from ..cells.model import ALL, PATIENCE, CellNetwork, CellTraining
from ..scimta_config import ScIMTAConfig
from ..training import Block, Split
from .sides import Side

_WARMUP_EPOCHS = 20
_PAIRS = 512
_BLOCK = 8192


class GraphNetwork(nn.Module):
    """Encoder of averaged features, decoder of a graph, centres of groups."""

    def __init__(
        self, n_hops: int, n_features: int, config: ScIMTAConfig, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.encoder = HopEncoder(
            n_features,
            n_hops,
            hidden=(config.n_hidden,),
            n_latent=config.n_latent,
            dropout=config.dropout,
            generator=generator,
        )
        self.graph = GraphDecoder(config.n_latent, generator)
        self.centres = ClusterCentres(1, config.n_latent)


class Network(CellNetwork):
    """Cells and genes side by side, and the decoder of counts."""

    def __init__(
        self,
        offset: Tensor,
        shapes: tuple[tuple[int, int], tuple[int, int]],
        n_batches: int,
        config: ScIMTAConfig,
        seed: int,
    ) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.cells, self.genes = (GraphNetwork(*s, config, generator) for s in shapes)
        self.decoder = CountDecoder(
            config.n_latent, config.n_hidden, offset, n_batches=n_batches, generator=generator
        )
        if self.decoder.hidden_loadings is not None:
            nn.init.zeros_(self.decoder.hidden_loadings)  # it joins in last
        self.log_dispersion = nn.Parameter(torch.ones_like(offset))

    def encode(
        self, inputs: Tensor, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Features averaged over neighbourhoods, (n, n_hops + 1, p) → mean and log-variance."""
        mean, log_variance = self.cells.encoder(inputs, generator)
        return mean, log_variance

    def decode(self, z: Tensor, columns: Tensor | slice = ALL) -> tuple[Tensor, Tensor | None]:
        """(n, n_latent) → log means per unit size factor in no particular batch; no dropout."""
        return self.decoder.log_mean(z, columns), None


class Edges:
    """A graded graph on the device: pairs to rebuild, and pairs that are not there."""

    def __init__(self, graph: sp.csr_matrix, device: torch.device) -> None:
        edges = graph.tocoo()
        self.n_nodes = graph.shape[0]
        self.rows, self.columns = (
            torch.from_numpy(a.astype(np.int64)).to(device) for a in (edges.row, edges.col)
        )
        self.weights = torch.from_numpy(edges.data.astype(np.float32)).to(device)
        self.keys = pair_keys(self.rows, self.columns, self.n_nodes)
        total = float(self.weights.square().sum()) / max(self.n_nodes**2, 1)
        self.power = max(total, 1e-12)
        """Mean square of all entries: the error of predicting no edge anywhere."""

    def loss(
        self, latent: Callable[[Tensor], Tensor], graph: GraphDecoder, generator: torch.Generator
    ) -> Tensor:
        """Share of the graph that is not rebuilt: 1 for a decoder that sees no edge anywhere."""
        n = ranks.share(min(_PAIRS, max(1, len(self.rows))))
        if not len(self.rows):
            return torch.zeros((), device=self.rows.device)
        drawn = torch.randint(len(self.rows), (n,), generator=generator, device=self.rows.device)
        zeros, is_zero = sample_zeros(self.keys, self.n_nodes, n, generator)
        z = latent(torch.cat([self.rows[drawn], self.columns[drawn], zeros.flatten()]))
        first, second, *others = z.chunk(4)
        error = sampled_regression(
            graph(first, second),
            self.weights[drawn],
            graph(*others),
            is_zero,
            n_nodes=self.n_nodes,
            n_edges=len(self.rows),
        )
        return error / self.power


class Training(CellTraining):
    """Counts, both graphs, then clusters and communities too.

    Parameters
    ----------
    split : counts to learn from, and those that decide when to stop
    cells, genes : what their encoders read, and their graphs
    batch : (n_obs,) int64, batch of each cell
    """

    network: Network

    def __init__(
        self,
        split: Split,
        cells: Side,
        genes: Side,
        batch: np.ndarray,
        config: ScIMTAConfig,
        *,
        seed: int,
        device: str,
    ) -> None:
        super().__init__(split, batch_size=config.batch_size, seed=seed, device=device)
        self.config = config
        self.features, self.gene_features = (self.on_device(s.features) for s in (cells, genes))
        self.edges, self.gene_edges = (Edges(s.graph, self.device) for s in (cells, genes))
        self.batch = self.on_device(batch)
        shapes = (cells.features.shape[1:], genes.features.shape[1:])
        n_batches = int(batch.max()) + 1
        self.network = Network(split.log_mean, shapes, n_batches, config, seed).to(self.device)
        self.start_clusters: Callable[[], None] = lambda: None
        """Called when pretraining ends, to set the centres of clusters and communities."""
        self._weights: list[Tensor] = []

    def phases(self) -> Iterator[Progress]:
        """Counts and graphs; then clusters and communities too; then the deep part of the decoder.

        The latent space is shaped by the linear part alone, which uses more of its dimensions.
        """
        config, decoder = self.config, self.network.decoder
        decoder.is_deep = False
        try:
            yield from self._phase("pretrain", config.epochs, 1.0, 0, self.loss, self.validate)
        except (GeneratorExit, StopEarly, Diverged):  # what was learned so far has clusters too
            decoder.is_deep = True
            self.start_clusters()
            raise
        self.start_clusters()
        try:
            learned, score = self.cluster_loss, self._cluster_score
            yield from self._phase(
                "cluster", config.cluster_epochs, 0.5, config.epochs, learned, score
            )
        finally:
            decoder.is_deep = True
        before = config.epochs + config.cluster_epochs
        yield from self._phase(
            "decode", config.decoder_epochs, 0.5, before, self._decoder_loss, self.validate
        )

    def _phase(
        self,
        phase: str,
        n_epochs: int,
        rate: float,
        before: int,
        loss: Callable[[], Tensor],
        score: Callable[[], float],
    ) -> Iterator[Progress]:
        """Train for some epochs, after others; while clusters are learned, for all of them."""
        config, every = self.config, self.validate_every
        if not n_epochs:
            return
        schedule = Schedule(
            n_epochs,
            self.steps_per_epoch,
            rate * config.learning_rate,
            patience=0 if phase == "cluster" else PATIENCE // every,
            validate_every=every,
        )
        network = self.network
        undecayed = (*network.decoder.undecayed, network.log_dispersion)
        centres = (*network.cells.centres.parameters(), *network.genes.centres.parameters())
        all_epochs = config.epochs + config.cluster_epochs + config.decoder_epochs
        yield from minimise(
            loss,
            network,
            schedule,
            phase=phase,
            groups=[ParameterGroup((*undecayed, *centres))],
            validate=score,
            first_step=1 + before * self.steps_per_epoch,
            n_steps=all_epochs * self.steps_per_epoch,
            checkpoint=self.checkpoint,
            beside=self,
        )

    # ---- what is expected ----------------------------------------------------------------------

    def inputs(self, index: Tensor) -> Tensor:
        """Features of some cells, averaged over neighbourhoods."""
        return self.features[index]

    def expected(self, index: Tensor) -> Tensor:
        """Expected kept counts of a block of cells, each in its batch, (b, n_genes)."""
        log_mean = self.network.decode(self.network.encode(self.features[index])[0])[0]
        level = self.network.decoder.in_batch(log_mean, self.batch[index], ALL).exp()
        return level * self.size[index][:, None]

    def latent(self) -> np.ndarray:
        """Latent means of all cells, (n_obs, n_latent) float32."""
        return self._all_cells().cpu().numpy()

    def gene_latent(self) -> np.ndarray:
        """Latent means of all genes, (n_vars, n_latent) float32."""
        return self._all_genes().cpu().numpy()

    def _all_cells(self) -> Tensor:
        return self._all(self.network.encode, self.features)

    def _all_genes(self) -> Tensor:
        return self._all(self.network.genes.encoder, self.gene_features)

    def _all(self, encode: Callable[[Tensor], tuple[Tensor, Tensor]], features: Tensor) -> Tensor:
        """Latent means, (n, n_latent), on the device."""
        self.network.eval()
        with torch.no_grad():
            return torch.cat([encode(part)[0] for part in torch.split(features, _BLOCK)])

    # ---- losses --------------------------------------------------------------------------------

    def loss(self) -> Tensor:
        """Evidence bound of a block of cells, and both graphs, nats per cell."""
        return self._bound_and_graphs()[0]

    def _decoder_loss(self) -> Tensor:
        """Negative log-likelihood of a block of cells, encoder and graphs as they are."""
        block = self.next_block()
        with torch.no_grad():
            mean, log_variance = self.network.encode(self.features[block.index], self.generator)
            z = sample_latent(mean, log_variance, self.generator)
        return self._surprise(z, block).mean()

    def _surprise(self, z: Tensor, block: Block) -> Tensor:
        """Negative log-likelihood of the kept counts of some cells, (b,)."""
        network, index = self.network, block.index
        log_level = network.decoder.in_batch(network.decode(z)[0], self.batch[index], ALL)
        log_mu = log_level + torch.log(self.size[index])[:, None]
        theta = network.log_dispersion.exp()
        return nb_negative_log_likelihood(*block.entries, log_mu, theta)

    def _bound_and_graphs(self) -> tuple[Tensor, Tensor]:
        config, network, block = self.config, self.network, self.next_block()
        mean, log_variance = network.encode(self.features[block.index], self.generator)
        z = sample_latent(mean, log_variance, self.generator)
        prior = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1)
        self._step += 1
        warm = min(1.0, self._step / (_WARMUP_EPOCHS * self.steps_per_epoch))
        bound = (self._surprise(z, block) + warm * config.kl_weight * prior).mean()
        rebuilt = self._graphs() if config.graph_weight else 0.0
        return bound + self._per_cell * config.graph_weight * rebuilt, mean

    def _graphs(self) -> Tensor:
        network, generator = self.network, self.generator

        def cell(ends: Tensor) -> Tensor:
            mean, log_variance = network.encode(self.features[ends], generator)
            return sample_latent(mean, log_variance, generator)

        def gene(ends: Tensor) -> Tensor:
            mean, log_variance = network.genes.encoder(self.gene_features[ends], generator)
            return sample_latent(mean, log_variance, generator)

        of_cells = self.edges.loss(cell, network.cells.graph, generator)
        if not self.config.communities:
            return of_cells
        return of_cells + self.gene_edges.loss(gene, network.genes.graph, generator)

    @property
    def _per_cell(self) -> float:
        """Turns a share into nats per cell: one for each gene."""
        return float(len(self.totals))

    def cluster_loss(self) -> Tensor:
        """The same, drawn to clusters and communities, whose sizes are added up every epoch."""
        if not self._weights or self._step % self.steps_per_epoch == 0:
            latents = (self._all_cells(), self._all_genes())
            self._weights = [self.group_sizes(z, side) for side, z in enumerate(latents)]
            self.network.train()
        network = self.network
        loss, mean = self._bound_and_graphs()
        q = network.cells.centres.soft_assignment(mean)
        drawn = kl(target(q, self._weights[0]), q).mean()
        if self.config.communities:
            genes = network.genes.encoder(self.gene_features, self.generator)[0]
            q = network.genes.centres.soft_assignment(genes)
            drawn = drawn + kl(target(q, self._weights[1]), q).mean()
        return loss + self._per_cell * self.config.cluster_weight * drawn

    def group_sizes(self, z: Tensor, side: int) -> Tensor:
        """Size of each group, (k,), added up block by block."""
        centres = (self.network.cells, self.network.genes)[side].centres
        with torch.no_grad():
            parts = [centres.soft_assignment(p).sum(dim=0) for p in torch.split(z, _BLOCK)]
            return torch.stack(parts).sum(dim=0)

    def _cluster_score(self) -> float:
        """Hidden molecules unexplained, and how undecided the clusters are."""
        centres = self.network.cells.centres
        parts = torch.split(self._all_cells(), _BLOCK)
        q = torch.cat([centres.soft_assignment(part) for part in parts])
        undecided = kl(target(q, q.sum(dim=0)), q).mean()
        return self.validate() + self.config.cluster_weight * float(undecided)
