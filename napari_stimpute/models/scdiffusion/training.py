"""Two trainings in a row: an autoencoder of counts, then a denoiser of its latent points."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import scipy.sparse as sp
import torch
from torch import Tensor, nn

from ...data.counts import depth_of
from ...nn import ranks
from ...nn.decoder import CountDecoder
from ...nn.denoising import Conditions, Denoiser, denoising_loss
from ...nn.layers import LOG_VARIANCE_RANGE, HiddenLayers, linear, sample_latent
from ...nn.noising import (
    Cosine,
    Process,
    RectifiedFlow,
    SubVariancePreserving,
    VarianceExploding,
    VariancePreserving,
)
from ...nn.optimise import ParameterGroup, Schedule, minimise
from ...nn.rows import SparseRows
from ...progress import Progress
from ..cells.model import ALL, CellNetwork, CellTraining, log_values
from ..diffusion_config import ScDiffusionConfig
from ..training import Split, rows_of
from .heads import HEADS, Decoded
from .latents import Latents, Posterior, Space, joint

_WARMUP_EPOCHS = 20
_SMALLEST_BATCH, _BATCHES = 16, 8
"""Few cells are taken in smaller batches, so that an epoch has at least so many steps."""

_STEPS_PER_EPOCH = 100
_DIFFUSION_RATE, _DIFFUSION_BATCH = 1e-3, 256
_AVERAGING = 0.999
_HELD_OUT, _MOST_HELD_OUT, _SCORED = 0.05, 2000, 2000
_N_BINS = 10
_LEAST_SIZE = 1e-3
_LEAST_REACH = 2.0


class Network(CellNetwork):
    """Log values and log depth → latent point → every gene, by a linear map and a hidden layer."""

    def __init__(self, offset: Tensor, config: ScDiffusionConfig, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        widths = (len(offset) + 1, config.n_hidden, config.n_hidden)
        self.hidden = HiddenLayers(widths, generator=generator)
        self.mean = linear(config.n_hidden, config.n_latent, generator)
        self.log_variance = linear(config.n_hidden, config.n_latent, generator)
        self.head = HEADS[config.likelihood]
        self.decoder = CountDecoder(
            config.n_latent,
            config.n_hidden,
            offset,
            zero_inflated=self.head.is_inflated,
            generator=generator,
        )
        self.log_dispersion = nn.Parameter(torch.ones_like(offset))

    def encode(
        self, inputs: Tensor, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Log values and log depth (n, n_genes + 1) → mean and log-variance (n, n_latent)."""
        hidden = self.hidden(inputs, generator)
        return self.mean(hidden), self.log_variance(hidden).clamp(*LOG_VARIANCE_RANGE)

    def decode(self, z: Tensor, columns: Tensor | slice = ALL) -> tuple[Tensor, Tensor | None]:
        """(n, n_latent) → log level per unit size factor, and log odds of dropout."""
        decoder = self.decoder
        lost = None if decoder.dropout_offset is None else decoder.dropout_logit(z, columns)
        return decoder.log_mean(z, columns), lost


class Pair(nn.Module):
    """A denoiser, and the running average of its weights, which is what samples."""

    def __init__(self, network: Denoiser) -> None:
        super().__init__()
        self.network, self.average = network, copy.deepcopy(network)
        self.average.requires_grad_(False)
        self.n_seen = 0

    @torch.no_grad()
    def follow(self) -> None:
        """Move the average towards the present weights; quickly at first."""
        share = 1 - min(_AVERAGING, (1 + self.n_seen) / (10 + self.n_seen))
        self.n_seen += 1
        for slow, fast in zip(self.average.parameters(), self.network.parameters(), strict=True):
            slow.lerp_(fast, share)


class Training(CellTraining):
    """Evidence bound on blocks of cells; then denoising of their latent points."""

    network: Network

    def __init__(
        self,
        split: Split,
        counts: sp.csr_matrix,
        median_depth: float,
        conditions: Conditions,
        n_categories: tuple[int, ...],
        config: ScDiffusionConfig,
        seed: int,
        device: str,
    ) -> None:
        size = max(_SMALLEST_BATCH, min(config.batch_size, counts.shape[0] // _BATCHES))
        super().__init__(split, batch_size=size, seed=seed, device=device)
        self.config, self.seed = config, seed
        self.network = Network(split.log_mean, config, seed).to(self.device)
        self.counts = rows_of(counts, self.device)
        self.full_size = self.on_device(depth_of(counts) / median_depth)
        self.conditions = Conditions(
            conditions.labels.to(self.device), conditions.values.to(self.device)
        )
        self.n_categories = n_categories
        self.pair: Pair | None = None
        self.posterior: Posterior | None = None
        self.process: Process = RectifiedFlow()
        self.loss_by_noise: list[float] = []

    # ---- both ----------------------------------------------------------------------------------

    def phases(self) -> Iterator[Progress]:
        """Autoencoder, then denoiser."""
        config, n_first = self.config, self._autoencoder_schedule.n_steps
        wanted = config.PHASES["diffusion"].n_steps(config, self.steps_per_epoch, self.n_obs)
        steps_per_epoch = min(_STEPS_PER_EPOCH, wanted)
        schedule = Schedule(
            -(-wanted // steps_per_epoch),
            steps_per_epoch,
            _DIFFUSION_RATE,
            clip=1.0,
            patience=0,
            validate_every=5,
            warmup_epochs=2,
            falls_to=0.05,
            keeps_last=True,
        )
        n_steps = n_first + schedule.n_steps
        yield from self.autoencoder_phase(n_steps)
        self._begin_diffusion()
        assert self.pair is not None
        for progress in minimise(
            self.diffusion_loss,
            self.pair,
            schedule,
            phase="diffusion",
            validate=self.validate_diffusion,
            first_step=n_first + 1,
            n_steps=n_steps,
            checkpoint=self.checkpoint,
            beside=self,
        ):
            yield self._with_noise_levels(progress)

    # ---- autoencoder ---------------------------------------------------------------------------

    def autoencoder_phase(self, n_steps: int = 0) -> Iterator[Progress]:
        """Train the autoencoder.

        Parameters
        ----------
        n_steps : steps of the whole work; 0 if this is all of it
        """
        undecayed = (*self.network.decoder.undecayed, self.network.log_dispersion)
        return minimise(
            self.loss,
            self.network,
            self._autoencoder_schedule,
            phase="autoencoder",
            groups=[ParameterGroup(undecayed)],
            validate=self.validate,
            n_steps=n_steps,
            checkpoint=self.checkpoint,
            beside=self,
        )

    def state_dict(self) -> dict[str, Any]:
        """As every training's; and how many steps the average of the denoiser has followed."""
        n_seen = 0 if self.pair is None else self.pair.n_seen
        return super().state_dict() | {"n_seen": n_seen}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        super().load_state_dict(state)
        if self.pair is not None:
            self.pair.n_seen = state["n_seen"]

    @property
    def _autoencoder_schedule(self) -> Schedule:
        config = self.config
        return Schedule(
            max(config.epochs, -(-config.least_steps // self.steps_per_epoch)),
            self.steps_per_epoch,
            config.learning_rate,
            weight_decay=1e-3,
            clip=50.0,
            patience=0,
            validate_every=self.validate_every,
            warmup_epochs=1,
            falls_to=0.02,
            keeps_last=True,
        )

    def inputs(self, index: Tensor) -> Tensor:
        """What the encoder reads of some cells: log values of kept counts, and log depth."""
        return self._read(self.kept, self.size, index)

    def expected(self, index: Tensor) -> Tensor:
        """Expected kept counts of a block of cells, (b, n_genes)."""
        return self.network.head.expected(super().expected(index))

    def loss(self) -> Tensor:
        """Negative evidence bound of a block of cells, nats per cell."""
        block = self.next_block()
        size = self.size[block.index]
        logged, log_size = log_values(*block.entries, size, len(self.totals)), log_depth(size)
        mean, log_variance = self.network.encode(with_depth(logged, size))
        log_level, lost = self.network.decode(sample_latent(mean, log_variance, self.generator))
        decoded = Decoded(
            log_level + log_size[:, None], log_size, self.network.log_dispersion, lost
        )
        surprise = self.network.head.surprise(block.entries, decoded)
        kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1)
        self._step += 1
        warm = min(1.0, self._step / (_WARMUP_EPOCHS * self.steps_per_epoch))
        return (surprise + warm * self.config.kl_weight * kl).mean()

    def _read(self, rows: SparseRows, size: Tensor, index: Tensor) -> Tensor:
        logged = log_values(*rows.take(index), size[index], len(self.totals))
        return with_depth(logged, size[index])

    # ---- denoiser ------------------------------------------------------------------------------

    def _begin_diffusion(self) -> None:
        config = self.config
        index = torch.arange(self.n_obs, device=self.device)
        with torch.no_grad():
            blocks = map(self._encoded, torch.split(index, max(1024, self.batch_size)))
            folder = None if self.checkpoint is None else self.checkpoint.path.parent
            self.posterior = Posterior.of(Latents.of(blocks, self.n_obs, folder))
        self.process = process_of(config, self.posterior.space)
        generator = torch.Generator().manual_seed(self.seed)
        order = torch.randperm(self.n_obs, generator=generator).to(self.device)
        n_out = min(_MOST_HELD_OUT, int(_HELD_OUT * self.n_obs))
        self.held_out, self.learned = order[:n_out], order[n_out:]
        denoiser = Denoiser(
            len(self.posterior.space.centre),
            self.n_categories,
            self.conditions.values.shape[1],
            width=config.width,
            n_blocks=config.n_blocks,
            generator=generator,
        )
        self.pair = Pair(denoiser).to(self.device)

    def _encoded(self, index: Tensor) -> Tensor:
        found = self.network.encode(self._read(self.counts, self.full_size, index))
        return joint(*found, log_depth(self.full_size[index]))

    def diffusion_loss(self) -> Tensor:
        """Denoising error of random cells; each a fresh draw of its posterior."""
        assert self.pair is not None and self.posterior is not None
        self.pair.follow()
        n, n_drawn = len(self.learned), ranks.share(_DIFFUSION_BATCH)
        drawn = torch.randint(n, (n_drawn,), generator=self.generator, device=self.device)
        index = self.learned[drawn]
        asked = self.conditions[index].dropped(self.config.condition_dropout, self.generator)
        z = self.posterior.draw(index, self.generator)
        return denoising_loss(self.pair.network, self.process, z, asked, self.generator).mean()

    def validate_diffusion(self) -> float:
        """Denoising error of cells that the denoiser does not learn from, with the same noise."""
        assert self.pair is not None and self.posterior is not None
        generator = torch.Generator(self.device).manual_seed(self.seed)
        cells = self.held_out if len(self.held_out) else self.learned
        index = cells.repeat(-(-_SCORED // len(cells)))[:_SCORED]
        index = index[torch.randperm(_SCORED, generator=generator, device=self.device)]
        z = self.posterior.draw(index, generator)
        losses = denoising_loss(
            self.pair.average, self.process, z, self.conditions[index], generator
        )
        self.loss_by_noise = losses.view(_N_BINS, -1).mean(dim=1).tolist()
        return float(losses.mean())

    def _with_noise_levels(self, progress: Progress) -> Progress:
        if "validation" not in progress.metrics:
            return progress
        levels = {f"noise {k + 1}/{_N_BINS}": v for k, v in enumerate(self.loss_by_noise)}
        return replace(progress, metrics={**progress.metrics, **levels})


def log_depth(size: Tensor) -> Tensor:
    """Logarithm of size factors (n,); of a cell without molecules a very small one."""
    return size.clamp_min(_LEAST_SIZE).log()


def with_depth(logged: Tensor, size: Tensor) -> Tensor:
    """Log values (n, n_genes) and, in a further column, the log depth of size factors (n,)."""
    return torch.cat([logged, log_depth(size)[:, None]], dim=1)


def process_of(config: ScDiffusionConfig, space: Space) -> Process:
    """The process that settings ask for; the noise of VE is as wide as the data."""
    if config.process == "ve":
        return VarianceExploding.reaching(max(_LEAST_REACH, 2 * float(space.reach)))
    processes: dict[str, Process] = {
        "flow": RectifiedFlow(),
        "v": Cosine(),
        "vp": VariancePreserving(),
        "sub_vp": SubVariancePreserving(),
    }
    return processes[config.process]
