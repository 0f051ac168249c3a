"""The autoencoder alone: where cells lie, what is expected of them; trained anew without some."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import scipy.sparse as sp
import torch

from ...data.counts import depth_of
from ...data.section import median_depth
from ...nn.denoising import Conditions
from ...progress import Progress
from ..diffusion_config import ScDiffusionConfig
from ..training import Split
from .training import Network, Training, log_depth

_BLOCK = 1024
_EPOCHS, _HIDDEN = 35, 128
"""Of what is trained anew: a little less than the model itself."""
_LEAST_RATE = 1e-8


class Coder:
    """A trained network, as whoever edits asks for it.

    Parameters
    ----------
    network : trained on counts whose median depth is `median_depth`
    median_depth : molecules that a size factor of 1 stands for
    scale : (n_genes,), on what the network expects
    """

    def __init__(self, network: Network, median_depth: float, scale: np.ndarray) -> None:
        self.network, self.median_depth, self.scale = network.eval(), median_depth, scale

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.network.log_dispersion.device

    @property
    def theta(self) -> np.ndarray:
        """(n_genes,), inverse dispersion."""
        found: np.ndarray = self.network.log_dispersion.detach().exp().cpu().double().numpy()
        return found

    def latent(self, counts: sp.csr_matrix) -> np.ndarray:
        """Latent means, (n, n_latent) float32."""
        parts = []
        for start in range(0, counts.shape[0], _BLOCK):
            block = counts[start : start + _BLOCK]
            size = self._size(block)
            logged = torch.log1p(torch.from_numpy(block.toarray()).to(size) / size[:, None])
            inputs = torch.cat([logged, log_depth(size)[:, None]], dim=1)
            with torch.no_grad():
                parts.append(self.network.encode(inputs)[0].cpu().numpy())
        return np.concatenate(parts)

    def rates(
        self, latent: np.ndarray, counts: sp.csr_matrix, columns: np.ndarray | None = None
    ) -> np.ndarray:
        """Expected counts (n, n_columns) at latent points, at the depths of some cells; > 0."""
        chosen = np.arange(len(self.scale)) if columns is None else columns
        place = torch.from_numpy(chosen).to(self.device)
        parts = []
        for start in range(0, len(latent), _BLOCK):
            rows = slice(start, start + _BLOCK)
            z = torch.from_numpy(latent[rows].astype(np.float32)).to(self.device)
            with torch.no_grad():
                level = self.network.decode(z, place)[0].exp() * self._size(counts[rows])[:, None]
            parts.append(level.cpu().double().numpy())
        found: np.ndarray = np.maximum(np.concatenate(parts) * self.scale[chosen], _LEAST_RATE)
        return found

    def _size(self, counts: sp.csr_matrix) -> torch.Tensor:
        """Size factors; of a cell without molecules a very small one."""
        size = torch.from_numpy((depth_of(counts) / self.median_depth).astype(np.float32))
        return log_depth(size).exp().to(self.device)


def coder_steps(
    counts: sp.csr_matrix, config: ScDiffusionConfig, *, seed: int, device: str
) -> Generator[Progress, None, Coder]:
    """Train an autoencoder alone, smaller than asked where it is large.

    Parameters
    ----------
    counts : (n, n_genes) of the cells to learn from
    config : settings of the model; at most 35 epochs of 128 hidden units are taken
    seed, device : as for a model
    """
    smaller = {"epochs": min(config.epochs, _EPOCHS), "n_hidden": min(config.n_hidden, _HIDDEN)}
    split, n = Split.of(counts, config.hidden_share, seed), counts.shape[0]
    depth = median_depth(split.kept)
    nothing = Conditions(torch.zeros(n, 0, dtype=torch.int64), torch.zeros(n, 0))
    training = Training(
        split, counts, depth, nothing, (), config.model_copy(update=smaller), seed, device
    )
    yield from training.autoencoder_phase()
    return Coder(training.network, depth, np.ones(counts.shape[1]))
