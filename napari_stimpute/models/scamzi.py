"""scAMZI: a zero-inflated autoencoder with attention and a zero-inflation layer, to cluster cells.

Paper: Yuan, Xu, Meng and Ye, BMC Genomics 26:350 (2025). Use it to find cell types; expected counts
(`impute`) come with it. The zero-inflation layer is that of VASC (Wang and Gu, 2018), the attention
SimAM (Yang et al., 2021). For imputing alone, scZiva is the better choice.

Where the equations are: attention, `nn.attention`; zero-inflation layer, `nn.zero_inflation`;
likelihood, `nn.likelihoods`; clusters, `models.cells.consensus` and `models.cells.spectral`.

What differs from the paper (its code could not be read), and why
----------------------------------------------------------------
- **Misprints are not followed.** Its energy divides by t − m² for (t − m)², and multiplies values
  by the energy, which would favour what does not stand out; its negative binomial adds two factors
  that are to be multiplied; its size factors (median of ratios) are zero for sparse cells.
- Counts are divided by the cell's depth, logged, then standardised per gene; in print the
  standardised values, some below zero, are logged.
- **The latent space has a prior** (a variational autoencoder; `kl_weight=0` is the paper's plain
  one). Without, the network learns a cell's noise within a few epochs.
- **The embedding is learned with a linear decoder** (on the log scale), the deep one (32 → 256)
  afterwards with the encoder fixed. Learned with the deep one from the start, few latent
  dimensions are used, and clusters agree less with known types (index .40 against .54 on average
  over three sets).
- **The zero-inflation layer is on the latent points**, in front of the decoder, where it shapes
  them; in print it lies behind the decoder.
- **Two stages**: while pretraining, the zero-inflation layer fades (annealing); fine-tuning goes on
  without it, at half the rate. The paper names two rates, and not what differs. Hidden molecules
  may end pretraining before the layer has faded; it is taken off then.
- **Clusters are what many clusterings agree on**, spectral ones among them
  (`clustering="spectral"` is the paper's).
- **One dispersion per gene**, not per gene and cell; dropout odds are linear in the latent point;
  decoders start at the gene means; hidden layers are normalised before noise is added.
- Molecules hidden from training decide when to stop; mini-batches from sparse counts; clusters of
  20,000 cells at most, which others join; gene totals are restored.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from ..data.counts import log_normalise
from ..data.on_disk import parts_of
from ..nn.attention import simam
from ..nn.decoder import bounded, highest_log_mean
from ..nn.layers import LOG_VARIANCE_RANGE, NoisyLayers, linear, noisy, sample_latent
from ..nn.likelihoods import zinb_negative_log_likelihood
from ..nn.optimise import ParameterGroup, Schedule, minimise
from ..nn.zero_inflation import ZeroInflationLayer
from ..progress import Progress
from .cell_configs import ScAMZIConfig
from .cells.model import ALL, CellModel, CellNetwork, CellTraining, log_values
from .training import Split

if TYPE_CHECKING:
    from anndata import AnnData

_WIDE, _NARROW = 256, 32
_CLIP = 10.0
_FADED_AT = 0.6
"""Share of pretraining after which the zero-inflation layer is the identity."""

_FIRST_LOGIT, _FIRST_WEIGHTS = -3.0, 0.01
_WARMUP_EPOCHS = 20
_PATIENCE = 20


class Network(CellNetwork):
    """Attention, encoder 256 → 32 → 10, zero-inflation layer, a linear and a deep decoder.

    Parameters
    ----------
    offset : (n_genes,), log mean per unit size factor to start from
    scale : (2, n_genes), mean and standard deviation of each gene's log values
    """

    scale: Tensor
    highest: Tensor

    def __init__(self, offset: Tensor, scale: Tensor, config: ScAMZIConfig, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.attends, self.noise = config.attention, config.noise
        self.register_buffer("scale", scale)
        latent, n_genes = config.n_latent, len(offset)
        self.encoder = NoisyLayers((n_genes, _WIDE, _NARROW), config.noise, generator)
        self.mean, self.log_variance = (linear(_NARROW, latent, generator) for _ in range(2))
        self.zero_inflation = ZeroInflationLayer() if config.zero_inflation else None
        self.decoder = NoisyLayers((latent, _NARROW, _WIDE), 0.0, generator)

        def small() -> nn.Parameter:
            return nn.Parameter(_FIRST_WEIGHTS * torch.randn(latent, n_genes, generator=generator))

        self.loadings, self.dropout_loadings = small(), small()
        self.deep_loadings = nn.Parameter(torch.zeros(_WIDE, n_genes))
        self.is_deep = True
        """Off while pretraining, when the deep decoder does not take part."""
        self.offset = nn.Parameter(offset.clone())
        self.register_buffer("highest", highest_log_mean(offset))
        self.dropout_offset = nn.Parameter(torch.full_like(offset, _FIRST_LOGIT))
        self.log_dispersion = nn.Parameter(torch.ones_like(offset))

    def encode(
        self, inputs: Tensor, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Log values (n, n_genes) → mean and log-variance of latent points, (n, n_latent)."""
        centre, unit = self.scale
        x = ((inputs - centre) / unit).clamp(-_CLIP, _CLIP)
        if self.training and generator is not None:
            x = noisy(x, self.noise, generator)
        hidden = self.encoder(simam(x) if self.attends else x, generator)
        return self.mean(hidden), self.log_variance(hidden).clamp(*LOG_VARIANCE_RANGE)

    def decode(
        self, z: Tensor, columns: Tensor | slice = ALL, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """(n, n_latent) → log means per unit size factor and log odds of dropout."""
        seen = z if self.zero_inflation is None else self.zero_inflation(z, generator)
        log_mean = torch.addmm(self.offset[columns], seen, self.loadings[:, columns])
        if self.is_deep:
            log_mean = torch.addmm(log_mean, self.decoder(z), self.deep_loadings[:, columns])
        logit = torch.addmm(self.dropout_offset[columns], seen, self.dropout_loadings[:, columns])
        return bounded(log_mean, self.highest), logit


class Training(CellTraining):
    """Zero-inflated likelihood of blocks of cells, in two stages."""

    network: Network

    def __init__(
        self, split: Split, network: Network, config: ScAMZIConfig, seed: int, device: str
    ):
        super().__init__(split, batch_size=config.batch_size, seed=seed, device=device)
        self.config = config
        self.network = network.to(self.device)

    def phases(self) -> Iterator[Progress]:
        """Pretrain while the zero-inflation layer fades; then the deep decoder, encoder fixed."""
        config, per_epoch, network = self.config, self.steps_per_epoch, self.network
        n_steps = (config.epochs + config.finetune_epochs) * per_epoch
        network.is_deep = False
        try:
            yield from self._minimise("pretrain", config.epochs, config.learning_rate, 1, n_steps)
        finally:
            network.is_deep = True
        self._step = max(self._step, self._fading)
        if self.network.zero_inflation is not None:  # the best state may have been an early one
            self.network.zero_inflation.anneal(1)
        if config.finetune_epochs:
            first, rate = 1 + config.epochs * per_epoch, config.learning_rate / 2
            yield from self._minimise("fine-tune", config.finetune_epochs, rate, first, n_steps)

    def _minimise(
        self, phase: str, n_epochs: int, rate: float, first_step: int, n_steps: int
    ) -> Iterator[Progress]:
        every = self.validate_every
        schedule = Schedule(
            n_epochs, self.steps_per_epoch, rate, patience=_PATIENCE // every, validate_every=every
        )
        network = self.network
        undecayed = (network.offset, network.dropout_offset, network.log_dispersion)
        yield from minimise(
            self.loss,
            network,
            schedule,
            phase=phase,
            groups=[ParameterGroup(undecayed)],
            validate=self.validate,
            first_step=first_step,
            n_steps=n_steps,
            checkpoint=self.checkpoint,
            beside=self,
        )

    @property
    def _fading(self) -> int:
        """Steps until the zero-inflation layer is the identity."""
        return max(1, round(_FADED_AT * self.config.epochs * self.steps_per_epoch))

    def loss(self) -> Tensor:
        """Negative evidence bound of a block of cells, nats per cell."""
        network, block = self.network, self.next_block()
        if network.zero_inflation is not None and self._step % self.steps_per_epoch == 0:
            network.zero_inflation.anneal(self._step / self._fading)
        self._step += 1
        entries, size = block.entries, self.size[block.index]
        with torch.set_grad_enabled(not network.is_deep):  # then the encoder stays as it is
            inputs = log_values(*entries, size, len(self.totals))
            mean, log_variance = network.encode(inputs, self.generator)
            z = sample_latent(mean, log_variance, self.generator) if self.config.kl_weight else mean
        log_level, logit = network.decode(z, generator=self.generator)
        assert logit is not None
        log_mu, theta = log_level + torch.log(size)[:, None], network.log_dispersion.exp()
        surprise = zinb_negative_log_likelihood(*entries, log_mu, theta, logit)
        prior = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1)
        warm = min(1.0, self._step / (_WARMUP_EPOCHS * self.steps_per_epoch))
        return (surprise + warm * self.config.kl_weight * prior).mean()


class ScAMZI(CellModel):
    """Cell types by attention, zero inflation and the consensus of many clusterings.

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
        n, n_vars = logged.shape
        centre, square = np.zeros((2, n_vars))
        for _rows, part in parts_of(logged):
            centre += np.bincount(part.indices, part.data, n_vars) / n  # adds up in float64
            square += np.bincount(part.indices, part.data.astype(np.float64) ** 2, n_vars) / n
        unit = np.sqrt(np.maximum(square - centre**2, 0))
        unit[unit < 1e-6] = 1.0  # a constant gene says nothing, whatever its unit
        scale = torch.from_numpy(np.stack([centre, unit]).astype(np.float32))
        network = Network(split.log_mean, scale, self.config, self.seed_)
        return Training(split, network, self.config, self.seed_, self.device_)

    def _empty_network(self, state: dict[str, Tensor]) -> Network:
        return Network(state["offset"], state["scale"], self.config, seed=0)
