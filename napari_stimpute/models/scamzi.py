"""scAMZI: a zero-inflated autoencoder with attention and a zero-inflation layer, to cluster cells.

Paper: Yuan, Xu, Meng and Ye, BMC Genomics 26:350 (2025). Use it to find cell types; expected counts
(`impute`) come with it. The zero-inflation layer is that of VASC (Wang and Gu, 2018), the attention
SimAM (Yang et al., 2021). For imputing alone, scZiva is the better choice.

Where the equations are: attention, `nn.attention`; zero-inflation layer, `nn.zero_inflation`;
likelihood, `nn.likelihoods`; spectral clustering, `models.spectral`.

What differs from the paper (its code could not be read), and why
----------------------------------------------------------------
- **Misprints are not followed.** Its energy divides by t − m² for (t − m)², and multiplies values
  by the energy, which would favour what does not stand out; its negative binomial adds two factors
  that are to be multiplied; its size factors (median of ratios) are zero for sparse cells.
- Counts are divided by the cell's depth, logged, then standardised per gene; in print the
  standardised values, some below zero, are logged.
- **One dispersion per gene**, not per gene and cell, and decoders that start at the gene means.
- **Two stages**: while pretraining, the zero-inflation layer fades (annealing); fine-tuning goes on
  without it at half the rate. The paper names two rates, and not what differs.
- Molecules hidden from training decide when to stop; mini-batches from sparse counts; spectral
  clustering on a sparse graph of neighbours, with landmarks beyond 20,000 cells; gene totals are
  restored.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from ..data.counts import log_normalise
from ..nn.attention import simam
from ..nn.decoder import LOG_MEAN_RANGE
from ..nn.layers import linear
from ..nn.likelihoods import zinb_negative_log_likelihood
from ..nn.optimise import ParameterGroup, Schedule, minimise
from ..nn.zero_inflation import ZeroInflationLayer
from ..progress import Progress
from .cell_configs import ScAMZIConfig
from .cell_model import ALL, PATIENCE, CellModel, CellNetwork, CellTraining, log_values
from .training import Split

if TYPE_CHECKING:
    from anndata import AnnData

_WIDE, _NARROW = 256, 32
_CLIP = 10.0
_FADED_AT = 0.6
"""Share of pretraining after which the zero-inflation layer is the identity."""

_FIRST_LOGIT, _FIRST_WEIGHTS, _FIRST_BIAS = -3.0, 0.01, 0.1


class Network(CellNetwork):
    """Attention, encoder 256 → 32 → 10, its mirror, zero-inflation layer, heads of a ZINB.

    Parameters
    ----------
    offset : (n_genes,), log mean per unit size factor to start from
    scale : (2, n_genes), mean and standard deviation of each gene's log values
    """

    scale: Tensor

    def __init__(self, offset: Tensor, scale: Tensor, config: ScAMZIConfig, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.attends, self.noise = config.attention, config.noise
        self.register_buffer("scale", scale)
        widths = (len(offset), _WIDE, _NARROW, config.n_latent)
        self.encoder = nn.ModuleList(linear(a, b, generator) for a, b in pairwise(widths))
        narrow = linear(config.n_latent, _NARROW, generator)
        wide = linear(_NARROW, _WIDE, generator)
        nn.init.constant_(wide.bias, _FIRST_BIAS)  # a hidden 0 could not be kept
        self.decoder = nn.ModuleList([narrow, wide])
        self.zero_inflation = ZeroInflationLayer() if config.zero_inflation else None
        self.last = linear(_WIDE, _WIDE, generator)
        self.mean_head, self.dropout_head = (
            linear(_WIDE, len(offset), generator) for _ in range(2)
        )
        for head in (self.mean_head, self.dropout_head):
            nn.init.normal_(head.weight, std=_FIRST_WEIGHTS, generator=generator)
        with torch.no_grad():
            self.mean_head.bias.copy_(offset)
            self.dropout_head.bias.fill_(_FIRST_LOGIT)
        self.log_dispersion = nn.Parameter(torch.ones_like(offset))

    def encode(
        self, inputs: Tensor, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Log values (n, n_genes) → latent points (n, n_latent), which have no variance."""
        centre, unit = self.scale
        x = self._noisy(((inputs - centre) / unit).clamp(-_CLIP, _CLIP), generator)
        x = simam(x) if self.attends else x
        for layer in self.encoder[:-1]:
            x = torch.relu(self._noisy(layer(x), generator))
        z = self.encoder[-1](x)
        return z, torch.full_like(z, -torch.inf)

    def decode(
        self, z: Tensor, columns: Tensor | slice = ALL, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """(n, n_latent) → log means per unit size factor and log odds of dropout."""
        x = z
        for layer in self.decoder:
            x = torch.relu(layer(x))
        if self.zero_inflation is not None:
            x = self.zero_inflation(x, generator)
        x = torch.relu(self.last(x))
        heads = (self.mean_head, self.dropout_head)
        log_mean, logit = (
            nn.functional.linear(x, head.weight[columns], head.bias[columns]) for head in heads
        )
        return log_mean.clamp(*LOG_MEAN_RANGE), logit

    def _noisy(self, x: Tensor, generator: torch.Generator | None) -> Tensor:
        if not self.training or generator is None or self.noise == 0:
            return x
        drawn = torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)
        return x + self.noise * drawn


class Training(CellTraining):
    """Zero-inflated likelihood of blocks of cells, in two stages."""

    network: Network

    def __init__(
        self, split: Split, network: Network, config: ScAMZIConfig, seed: int, device: str
    ):
        super().__init__(split, batch_size=config.batch_size, seed=seed, device=device)
        self.config, self._step = config, 0
        self.network = network.to(self.device)

    def phases(self) -> Iterator[Progress]:
        """Pretrain while the zero-inflation layer fades; go on without it at half the rate."""
        config, per_epoch = self.config, self.steps_per_epoch
        n_steps = (config.epochs + config.finetune_epochs) * per_epoch
        yield from self._minimise("pretrain", config.epochs, config.learning_rate, 1, n_steps)
        self._step = max(self._step, self._fading)
        if config.finetune_epochs:
            first, rate = 1 + config.epochs * per_epoch, config.learning_rate / 2
            yield from self._minimise("fine-tune", config.finetune_epochs, rate, first, n_steps)

    def _minimise(
        self, phase: str, n_epochs: int, rate: float, first_step: int, n_steps: int
    ) -> Iterator[Progress]:
        every = self.validate_every
        schedule = Schedule(
            n_epochs, self.steps_per_epoch, rate, patience=PATIENCE // every, validate_every=every
        )
        network = self.network
        undecayed = (network.mean_head.bias, network.dropout_head.bias, network.log_dispersion)
        yield from minimise(
            self._loss, network, schedule, phase=phase, groups=[ParameterGroup(undecayed)],
            validate=self.validate, first_step=first_step, n_steps=n_steps,
        )  # fmt: skip

    @property
    def _fading(self) -> int:
        """Steps until the zero-inflation layer is the identity."""
        return max(1, round(_FADED_AT * self.config.epochs * self.steps_per_epoch))

    def _loss(self) -> Tensor:
        network, index = self.network, self.next_block()
        if network.zero_inflation is not None and self._step % self.steps_per_epoch == 0:
            network.zero_inflation.anneal(self._step / self._fading)
        self._step += 1
        entries, size = self.kept.take(index), self.size[index]
        z = network.encode(log_values(*entries, size, len(self.totals)), self.generator)[0]
        log_level, logit = network.decode(z, generator=self.generator)
        assert logit is not None
        log_mu, theta = log_level + torch.log(size)[:, None], network.log_dispersion.exp()
        return zinb_negative_log_likelihood(*entries, log_mu, theta, logit).mean()


class ScAMZI(CellModel):
    """Cell types by attention, zero inflation and spectral clustering.

    Examples
    --------
    >>> model = ScAMZI(n_clusters=8).fit(adata, seed=0)
    >>> adata.obs["scamzi_cluster"] = model.cluster(adata)
    """

    name: ClassVar[str] = "scamzi"
    network_: Network

    def _prepare(self, adata: AnnData, split: Split) -> Generator[Progress, None, CellTraining]:
        yield Progress("prepare", 0, 1, message="Preparing: scale of the genes")
        logged = log_normalise(split.kept, split.size)
        centre = np.asarray(logged.mean(axis=0), dtype=np.float64).ravel()
        square = np.asarray(logged.multiply(logged).mean(axis=0), dtype=np.float64).ravel()
        unit = np.sqrt(np.maximum(square - centre**2, 0))
        unit[unit < 1e-6] = 1.0  # a constant gene says nothing, whatever its unit
        scale = torch.from_numpy(np.stack([centre, unit]).astype(np.float32))
        network = Network(split.log_mean, scale, self.config, self.seed_)
        return Training(split, network, self.config, self.seed_, self.device_)

    def _empty_network(self, state: dict[str, Tensor]) -> Network:
        return Network(state["mean_head.bias"], state["scale"], self.config, seed=0)
