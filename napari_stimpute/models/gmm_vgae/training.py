"""The network of GMM-VGAE and how it is trained, on tensors alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from ...data.counts import log_normalise
from ...data.propagation import prune_edges
from ...nn import ranks
from ...nn.decoder import bounded, highest_log_mean
from ...nn.edges import Pairs, edge_loss, sample_pairs
from ...nn.layers import HopEncoder, sample_latent
from ...nn.likelihoods import gaussian_log_prob, nb_negative_log_likelihood
from ...nn.mixture import GaussianMixturePrior
from ...nn.optimise import ParameterGroup, Schedule, minimise
from ...progress import Progress
from ..configs import GMMVGAEConfig
from ..training import Block, CountTraining, Split

ALL = slice(None)
_WARMUP_EPOCHS = 20
_PAIRS = 256
_PRUNE_EVERY = 10
_PATIENCE = 30

_CONFIDENT, _LEAD = 0.3, 0.15
"""A spot is confident of a domain from this probability, and this lead over the next (R-GAE)."""


class Network(nn.Module):
    """Encoder of hop features, linear gene decoder, mixture prior.

    Parameters
    ----------
    n_features, n_hops : of the encoder's input (n, n_hops, n_features)
    offset : (n_genes,), log mean per unit size factor (or mean log value) to start from
    """

    highest: Tensor

    def __init__(
        self, n_features: int, n_hops: int, offset: Tensor, config: GMMVGAEConfig, seed: int
    ) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.encoder = HopEncoder(
            n_features,
            n_hops,
            hidden=(config.n_hidden,),
            n_latent=config.n_latent,
            dropout=config.dropout,
            generator=generator,
        )
        weights = 0.01 * torch.randn(config.n_latent, len(offset), generator=generator)
        self.loadings = nn.Parameter(weights)
        self.offset = nn.Parameter(offset.clone())
        self.register_buffer("highest", highest_log_mean(offset))
        self.log_dispersion = nn.Parameter(torch.ones_like(offset))
        self.prior = GaussianMixturePrior(1, config.n_latent)

    @classmethod
    def of_state(cls, state: dict[str, Tensor], config: GMMVGAEConfig) -> Network:
        """Rebuild from a state dictionary."""
        n_inputs = state["encoder.hidden.linears.0.weight"].shape[1]
        network = cls(n_inputs, 1, state["offset"], config, seed=0)
        network.prior = GaussianMixturePrior(len(state["prior.logits"]), config.n_latent)
        network.load_state_dict(state)
        return network.eval()

    def decode(self, z: Tensor, columns: Tensor | slice = ALL) -> Tensor:
        """(n, n_latent) → (n, n_genes): log mean per unit size factor, or mean log value."""
        decoded: Tensor = torch.addmm(self.offset[columns], z, self.loadings[:, columns])
        return bounded(decoded, self.highest)


class Training(CountTraining):
    """Losses and validation of one network on one section, on one device.

    Parameters
    ----------
    split : counts to learn from, and those that decide when to stop
    graph : (n_obs, n_obs), neighbours, for the edge decoder
    features_on : what the encoder reads on a graph, (n_obs, n_hops, p)
    """

    def __init__(
        self,
        split: Split,
        graph: sp.csr_matrix,
        features_on: Callable[[sp.csr_matrix], np.ndarray],
        config: GMMVGAEConfig,
        *,
        seed: int,
        device: str,
    ) -> None:
        super().__init__(split, batch_size=config.batch_size, seed=seed, device=device)
        self.config = config
        self.is_gaussian = config.likelihood == "gaussian"
        self.features_on, self.is_pruned = features_on, False
        self.use_graph(graph)
        n_hops, n_features = self.features.shape[1:]
        start = split.log_mean
        if self.is_gaussian:
            logged = log_normalise(split.kept, split.size)
            start = self.on_device(np.asarray(logged.mean(axis=0)).ravel()).cpu()
        network = Network(n_features, n_hops, start, config, seed)
        self.network = network.to(self.device)

    def use_graph(self, graph: sp.csr_matrix) -> None:
        """Take a graph, (n_obs, n_obs), and what the encoder reads on it."""
        self.graph, self.features = graph, self.features_on(graph)
        self._inputs = self.on_device(self.features)
        edges = graph.tocoo()
        self.edges = (self.on_device(edges.row).long(), self.on_device(edges.col).long())

    def prune(self, graph: sp.csr_matrix) -> None:
        """Go on with fewer edges."""
        self.use_graph(graph)
        self.is_pruned = True

    def state_dict(self) -> dict[str, Any]:
        """As every training's; and the edges, once some were pruned."""
        graph = self.graph
        parts = (graph.indptr, graph.indices, graph.data) if self.is_pruned else ()
        return super().state_dict() | {"edges": [torch.from_numpy(part) for part in parts]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        super().load_state_dict(state)
        if state["edges"]:
            starts, columns, values = (part.numpy() for part in state["edges"])
            self.prune(sp.csr_matrix((values, columns, starts), self.graph.shape))

    def pretrain(self, phase: str, first_step: int, n_steps: int) -> Iterator[Progress]:
        """Fit with a standard normal prior."""
        config = self.config
        schedule = Schedule(
            config.epochs,
            self.steps_per_epoch,
            config.learning_rate,
            patience=_PATIENCE // self.validate_every,
            validate_every=self.validate_every,
        )

        def kl(mean: Tensor, log_variance: Tensor, z: Tensor) -> Tensor:
            return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1)

        yield from self._minimise(schedule, kl, phase, first_step, n_steps)

    def start_mixture(self, z: np.ndarray, probabilities: np.ndarray) -> None:
        """Give the prior the components found among latent means z (n, n_latent).

        `probabilities` (n, k) are the memberships; variances are taken within components.
        """
        weight = probabilities.sum(axis=0) + 1e-6
        means = probabilities.T @ z / weight[:, None]
        variances = probabilities.T @ z**2 / weight[:, None] - means**2
        prior = GaussianMixturePrior(len(weight), z.shape[1])
        arrays = (weight / weight.sum(), means, np.maximum(variances, 1e-3))
        prior.start(*(torch.from_numpy(a.astype(np.float32)) for a in arrays))
        self.network.prior = prior.to(self.device)

    def train_mixture(
        self, first_step: int, n_steps: int, on_epochs: Callable[[], None] | None
    ) -> Iterator[Progress]:
        """Fit with the mixture prior; `on_epochs` is called every ten epochs (pruning)."""
        config, self._step = self.config, _WARMUP_EPOCHS * self.steps_per_epoch
        schedule = Schedule(
            config.mixture_epochs,
            self.steps_per_epoch,
            0.5 * config.learning_rate,
            patience=0,
            validate_every=self.validate_every,
            decay=0.98,
        )

        def kl(mean: Tensor, log_variance: Tensor, z: Tensor) -> Tensor:
            if on_epochs and self._step % (_PRUNE_EVERY * self.steps_per_epoch) == 0:
                on_epochs()
            return self.network.prior.kl(mean, log_variance, z)

        yield from self._minimise(schedule, kl, "mixture", first_step, n_steps)

    def embed(self, features: np.ndarray) -> np.ndarray:
        """Latent means (n, n_latent) float32 of any spots' features."""
        self.network.eval()
        with torch.no_grad():
            parts = [
                self.network.encoder(self.on_device(features[i : i + 8192]))[0].cpu()
                for i in range(0, len(features), 8192)
            ]
        return torch.cat(parts).numpy()

    def _minimise(
        self, schedule: Schedule, kl: Callable[..., Tensor], phase: str, first: int, n_steps: int
    ) -> Iterator[Progress]:
        network = self.network
        undecayed = (network.offset, network.log_dispersion, *network.prior.parameters())
        yield from minimise(
            lambda: self._loss(kl),
            network,
            schedule,
            phase=phase,
            groups=[ParameterGroup(tuple(undecayed))],
            validate=self.validate,
            first_step=first,
            n_steps=n_steps,
            checkpoint=self.checkpoint,
            beside=self,
        )
        with torch.no_grad():
            self.validate()

    def _loss(self, kl: Callable[..., Tensor]) -> Tensor:
        """Negative evidence bound of a block of spots plus the edge term, nats per spot."""
        config, block = self.config, self.next_block()
        edges, n = self.edges, len(block)
        n_pairs = ranks.share(min(_PAIRS, self.n_obs))
        pairs = sample_pairs(*edges, self.n_obs, n_pairs, self.generator)
        ends = torch.cat([pairs.positives.flatten(), pairs.negatives.flatten()])
        encoder, generator = self.network.encoder, self.generator
        mean, log_variance = encoder(self._inputs[torch.cat([block.index, ends])], generator)
        z = sample_latent(mean, log_variance, generator)
        warm = min(1.0, (self._step + 1) / (_WARMUP_EPOCHS * self.steps_per_epoch))
        bound = (
            self._reconstruction(z[:n], block).sum()
            + warm * config.kl_weight * kl(mean[:n], log_variance[:n], z[:n]).sum()
        )
        self._step += 1
        return bound / n + config.edge_weight * edge_loss(z, _renumbered(pairs, n))

    def _reconstruction(self, z: Tensor, block: Block) -> Tensor:
        """Negative log-likelihood of each spot's kept counts, (b,)."""
        decoded, size = self.network.decode(z), self.size[block.index]
        rows, columns, values = block.entries
        if not self.is_gaussian:
            log_mu = decoded + torch.log(size)[:, None]
            theta = self.network.log_dispersion.exp()
            return nb_negative_log_likelihood(rows, columns, values, log_mu, theta)
        logged = torch.zeros_like(decoded)
        logged[rows, columns] = torch.log1p(values / size[rows])
        return -gaussian_log_prob(logged, decoded, self.network.log_dispersion).sum(dim=1)

    def expected(self, index: Tensor) -> Tensor:
        """Expected kept counts of a block of spots, (b, n_genes)."""
        mean = self.network.encoder(self._inputs[index])[0]
        return expected_counts(self.network, mean, self.size[index], self.is_gaussian)


def expected_counts(
    network: Network,
    z: Tensor,
    size: Tensor,
    is_gaussian: bool,
    columns: Tensor | slice = slice(None),
) -> Tensor:
    """Expected counts (n, n_genes), ≥ 0, of latent means z (n, n_latent) at size factors (n,)."""
    decoded = network.decode(z, columns)
    level = torch.expm1(decoded).clamp_min(0) if is_gaussian else decoded.exp()
    return level * size[:, None]


def is_clearly_better(gains: np.ndarray, others: np.ndarray) -> bool:
    """Whether gains per spot (n_obs,) exceed others by more than their paired standard error."""
    difference = gains - others
    return float(difference.sum()) > float(difference.std() * np.sqrt(len(difference)))


def _renumbered(pairs: Pairs, n: int) -> Pairs:
    """The same pairs by position in a block where their ends follow n other rows."""
    n_positive, n_negative = pairs.positives.numel(), pairs.negatives.numel()
    at = torch.arange(n, n + n_positive + n_negative, device=pairs.positives.device)
    first, second = at[:n_positive], at[n_positive:]
    return Pairs(first.view_as(pairs.positives), second.view_as(pairs.negatives), pairs.density)


def pruned(prior: GaussianMixturePrior, z: np.ndarray, graph: sp.csr_matrix) -> sp.csr_matrix:
    """Graph without edges between confident members of different components of the prior.

    Parameters
    ----------
    z : (n_obs, n_latent), latent means
    graph : (n_obs, n_obs), neighbours in the tissue
    """
    with torch.no_grad():
        gamma = prior.log_responsibilities(torch.from_numpy(z).to(prior.means.device)).exp()
    ordered = torch.sort(gamma, dim=1, descending=True).values
    second = ordered[:, 1] if ordered.shape[1] > 1 else torch.zeros_like(ordered[:, 0])
    confident = (ordered[:, 0] > _CONFIDENT) & (ordered[:, 0] - second > _LEAD)
    return prune_edges(graph, gamma.argmax(dim=1).cpu().numpy(), confident.cpu().numpy())
