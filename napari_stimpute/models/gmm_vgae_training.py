"""The network of GMM-VGAE and how it is trained, on tensors alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from ..data.counts import log_normalise
from ..nn.edges import Pairs, edge_loss, sample_pairs
from ..nn.layers import HopEncoder, sample_latent
from ..nn.likelihoods import gaussian_log_prob, nb_negative_log_likelihood
from ..nn.mixture import GaussianMixturePrior
from ..nn.optimise import ParameterGroup, Schedule, minimise
from ..nn.rows import SparseRows
from ..progress import Progress
from .configs import GMMVGAEConfig

ALL = slice(None)
_LOG_MEAN_RANGE = (-15.0, 12.0)
_WARMUP_EPOCHS = 20
_PAIRS = 256
_FEWEST_STEPS = 4
_PRUNE_EVERY = 10
_PATIENCE = 30


class Network(nn.Module):
    """Encoder of hop features, linear gene decoder, mixture prior.

    Parameters
    ----------
    n_features, n_hops : of the encoder's input (n, n_hops, n_features)
    offset : (n_genes,), log mean per unit size factor (or mean log value) to start from
    """

    def __init__(
        self, n_features: int, n_hops: int, offset: Tensor, config: GMMVGAEConfig, seed: int
    ) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.encoder = HopEncoder(
            n_features, n_hops, hidden=(config.n_hidden,), n_latent=config.n_latent,
            dropout=config.dropout, generator=generator,
        )  # fmt: skip
        weights = 0.01 * torch.randn(config.n_latent, len(offset), generator=generator)
        self.loadings = nn.Parameter(weights)
        self.offset = nn.Parameter(offset.clone())
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
        return decoded.clamp(*_LOG_MEAN_RANGE)


@dataclass(frozen=True)
class TrainingData:
    """What training sees of a section.

    Attributes
    ----------
    kept, hidden : (n_obs, n_genes) counts; the second are molecules hidden to decide when to stop
    size : (n_obs,), size factors of the kept counts
    features : (n_obs, n_hops, p), what the encoder reads
    graph : (n_obs, n_obs), neighbours, for the edge decoder
    """

    kept: sp.csr_matrix
    hidden: sp.csr_matrix
    size: np.ndarray
    features: np.ndarray
    graph: sp.csr_matrix


class Training:
    """Losses and validation of one network on one section, on one device."""

    def __init__(self, data: TrainingData, config: GMMVGAEConfig, seed: int, device: str) -> None:
        self.config, self.device = config, torch.device(device)
        self.is_gaussian = config.likelihood == "gaussian"
        self.generator = torch.Generator(self.device).manual_seed(seed)
        self.size = self._on_device(data.size)
        self.kept = _rows(data.kept, self.device)
        self.totals = self._on_device(np.asarray(data.kept.sum(axis=0)).ravel())
        self._hidden = _HiddenMolecules(data.kept, data.hidden, self.device)
        self.use_features(data.features, data.graph)
        offset = self._start(data)
        n_hops, n_features = data.features.shape[1:]
        network = Network(n_features, n_hops, offset, config, seed)
        self.network = network.to(self.device)
        self.score, self.spot_gains = 1.0, np.zeros(self.n_obs)
        self._order, self._step = torch.empty(0, dtype=torch.int64, device=self.device), 0

    @property
    def n_obs(self) -> int:
        """Spots."""
        return len(self.size)

    @property
    def steps_per_epoch(self) -> int:
        """Optimiser steps in which every spot's genes are decoded about once."""
        return max(_FEWEST_STEPS, -(-self.n_obs // self.config.batch_size))

    def use_features(self, features: np.ndarray, graph: sp.csr_matrix) -> None:
        """Take other encoder inputs (n_obs, n_hops, p), after edges were pruned."""
        self.features = features
        self._inputs = self._on_device(features)
        edges = graph.tocoo()
        self.edges = (self._on_device(edges.row).long(), self._on_device(edges.col).long())

    def pretrain(self, phase: str, first_step: int, n_steps: int) -> Iterator[Progress]:
        """Fit with a standard normal prior."""
        config = self.config
        schedule = Schedule(
            config.epochs, self.steps_per_epoch, config.learning_rate,
            patience=_PATIENCE // self._validate_every(), validate_every=self._validate_every(),
        )  # fmt: skip
        yield from self._minimise(schedule, self._normal_kl, phase, first_step, n_steps)

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
            config.mixture_epochs, self.steps_per_epoch, 0.5 * config.learning_rate, patience=0,
            validate_every=self._validate_every(), decay=0.98,
        )  # fmt: skip

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
                self.network.encoder(self._on_device(features[i : i + 8192]))[0].cpu()
                for i in range(0, len(features), 8192)
            ]
        return torch.cat(parts).numpy()

    def validate(self) -> float:
        """Share of the hidden molecules' deviance that stays unexplained: 1 is the gene mean."""
        size = max(1024, self.config.batch_size)
        sums, gains = torch.zeros_like(self.totals), []
        for index in torch.split(torch.arange(self.n_obs, device=self.device), size):
            means = self._expected(index)
            sums += means.sum(dim=0)
            gains.append(self._hidden.log_gain(index, means))
        restore = torch.log(self.totals.clamp_min(1e-9) / sums.clamp_min(1e-9))
        self.spot_gains = torch.cat(gains).cpu().numpy() + self._hidden.restored(restore)
        self.score = 1.0 - self._hidden.explained(float(self.spot_gains.sum()))
        return self.score

    def _minimise(
        self, schedule: Schedule, kl: Callable[..., Tensor], phase: str, first: int, n_steps: int
    ) -> Iterator[Progress]:
        network = self.network
        undecayed = (network.offset, network.log_dispersion, *network.prior.parameters())
        yield from minimise(
            lambda: self._loss(kl), network, schedule, phase=phase,
            groups=[ParameterGroup(tuple(undecayed))], validate=self.validate,
            first_step=first, n_steps=n_steps,
        )  # fmt: skip
        with torch.no_grad():
            self.validate()

    def _loss(self, kl: Callable[..., Tensor]) -> Tensor:
        """Negative evidence bound of a block of spots plus the edge term, nats per spot."""
        config, index = self.config, self._next_block()
        edges, n = self.edges, len(index)
        pairs = sample_pairs(*edges, self.n_obs, min(_PAIRS, self.n_obs), self.generator)
        ends = torch.cat([pairs.positives.flatten(), pairs.negatives.flatten()])
        encoder, generator = self.network.encoder, self.generator
        mean, log_variance = encoder(self._inputs[torch.cat([index, ends])], generator)
        z = sample_latent(mean, log_variance, generator)
        warm = min(1.0, (self._step + 1) / (_WARMUP_EPOCHS * self.steps_per_epoch))
        bound = (
            self._reconstruction(z[:n], index).sum()
            + warm * config.kl_weight * kl(mean[:n], log_variance[:n], z[:n]).sum()
        )
        self._step += 1
        return bound / n + config.edge_weight * edge_loss(z, _renumbered(pairs, n))

    def _reconstruction(self, z: Tensor, index: Tensor) -> Tensor:
        """Negative log-likelihood of each spot's kept counts, (b,)."""
        decoded = self.network.decode(z)
        rows, columns, values = self.kept.take(index)
        if not self.is_gaussian:
            log_mu = decoded + torch.log(self.size[index])[:, None]
            theta = self.network.log_dispersion.exp()
            return nb_negative_log_likelihood(rows, columns, values, log_mu, theta)
        logged = torch.zeros_like(decoded)
        logged[rows, columns] = torch.log1p(values / self.size[index][rows])
        return -gaussian_log_prob(logged, decoded, self.network.log_dispersion).sum(dim=1)

    def _expected(self, index: Tensor) -> Tensor:
        """Expected kept counts of a block of spots, (b, n_genes)."""
        mean = self.network.encoder(self._inputs[index])[0]
        return expected_counts(self.network, mean, self.size[index], self.is_gaussian)

    def _next_block(self) -> Tensor:
        if self.n_obs <= self.config.batch_size:
            return torch.arange(self.n_obs, device=self.device)
        if len(self._order) < self.config.batch_size:
            order = torch.randperm(self.n_obs, generator=self.generator, device=self.device)
            self._order = torch.cat([self._order, order])
        size = self.config.batch_size
        block, self._order = self._order[:size], self._order[size:]
        return block

    def _start(self, data: TrainingData) -> Tensor:
        if self.is_gaussian:
            logged = log_normalise(data.kept, data.size)
            return self._on_device(np.asarray(logged.mean(axis=0)).ravel()).cpu()
        return torch.log((self.totals + 0.5) / self.size.sum()).cpu()

    def _normal_kl(self, mean: Tensor, log_variance: Tensor, z: Tensor) -> Tensor:
        return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1)

    def _validate_every(self) -> int:
        return 2 if self.n_obs < 2000 else 5

    def _on_device(self, values: np.ndarray) -> Tensor:
        kind = np.float32 if values.dtype.kind == "f" else values.dtype
        return torch.from_numpy(np.ascontiguousarray(values, dtype=kind)).to(self.device)


class _HiddenMolecules:
    """Hidden counts, and how much better than gene mean × depth they are predicted."""

    def __init__(self, kept: sp.csr_matrix, hidden: sp.csr_matrix, device: torch.device) -> None:
        self.rows, self.counts = _rows(hidden, device), hidden
        depth, gene = (np.asarray(kept.sum(axis=a), dtype=np.float64).ravel() for a in (1, 0))
        total = max(gene.sum(), 1.0)
        found = hidden.tocoo()
        baseline = np.maximum(depth[found.row] * gene[found.col] / total, 1e-12)
        ratio = found.data.sum() / total
        self.deviance = float((found.data * np.log(found.data / (baseline * ratio))).sum())
        self.baseline = float((found.data * np.log(baseline)).sum())

    def log_gain(self, index: Tensor, means: Tensor) -> Tensor:
        """Σ over genes of hidden count × log expected count, (b,), gene totals not yet restored."""
        rows, columns, values = self.rows.take(index)
        gains = values.double() * means[rows, columns].clamp_min(1e-9).log().double()
        return torch.zeros(len(index), dtype=torch.float64, device=gains.device).index_add(
            0, rows, gains
        )

    def restored(self, restore: Tensor) -> np.ndarray:
        """What the logarithms of the factors that restore gene totals add, (n_obs,)."""
        return np.asarray(self.counts @ restore.cpu().numpy().astype(np.float64))

    def explained(self, gain: float) -> float:
        """Share of the deviance from gene mean × depth that is explained."""
        return (gain - self.baseline) / max(self.deviance, 1e-12)


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


def _rows(matrix: sp.csr_matrix, device: torch.device) -> SparseRows:
    parts = (matrix.indptr.astype(np.int64), matrix.indices, matrix.data.astype(np.float32))
    return SparseRows(*(torch.from_numpy(p).to(device) for p in parts))


def _renumbered(pairs: Pairs, n: int) -> Pairs:
    """The same pairs by position in a block where their ends follow n other rows."""
    n_positive, n_negative = pairs.positives.numel(), pairs.negatives.numel()
    at = torch.arange(n, n + n_positive + n_negative, device=pairs.positives.device)
    first, second = at[:n_positive], at[n_positive:]
    return Pairs(first.view_as(pairs.positives), second.view_as(pairs.negatives), pairs.density)
