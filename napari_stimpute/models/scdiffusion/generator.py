"""From noise to points to counts: all that generating needs of a trained model."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from ...errors import InvalidSetting
from ...nn.denoising import Conditions, Denoiser, guided
from ...nn.noising import Process
from ...nn.sampling import Sampler
from ...progress import Progress
from ..cells.model import BLOCK
from .draws import for_counts, normal
from .latents import Posterior, Space
from .training import Network

_PRIOR = 20.0
"""Molecules of a gene that pull a label's factor to that of all cells."""
_SAMPLED = 1024
"""Cells that are sampled at a time; a block is always full, so that a cell is the same in each."""
_TRIES = 3
_MOST_REDRAWN = 0.01
_NAMES = ("label_sets", "label_scale", "common_scale")
"""Of what is saved of a `LabelScale`."""


@dataclass(frozen=True)
class LabelScale:
    """Factors that give each gene its total back in the cells of each set of labels.

    Attributes
    ----------
    sets : (n_sets, n_labels), int64, codes of the labels; −1 for none
    factors : (n_sets, n_genes)
    common : (n_genes,), of all cells; for a set that was never seen
    """

    sets: np.ndarray
    factors: np.ndarray
    common: np.ndarray

    @classmethod
    def restoring(cls, sets: np.ndarray, observed: np.ndarray, expected: np.ndarray) -> LabelScale:
        """From totals of each set of labels, (n_sets, n_genes); few molecules say little."""
        whole = (observed.sum(axis=0) + 1e-6) / (expected.sum(axis=0) + 1e-6)
        factors = whole * (observed + _PRIOR) / (expected * whole + _PRIOR)
        return cls(sets, factors.astype(np.float32), whole.astype(np.float32))

    def state(self) -> dict[str, Tensor]:
        """Itself as tensors, to be saved."""
        arrays = zip(_NAMES, (self.sets, self.factors, self.common), strict=True)
        return {name: torch.from_numpy(array) for name, array in arrays}

    @classmethod
    def of_state(cls, state: Mapping[str, Tensor]) -> LabelScale:
        """What `state` gave."""
        return cls(*(state[name].numpy() for name in _NAMES))

    def of(self, asked: Conditions) -> np.ndarray:
        """Factor of each cell's genes, (n, n_genes)."""
        place = {tuple(found): k for k, found in enumerate(self.sets.tolist())}
        codes = [place.get(tuple(row), -1) for row in asked.labels.tolist()]
        found: np.ndarray = np.vstack([self.factors, self.common])[codes]
        return found


@dataclass(frozen=True)
class Drawn:
    """Cells that were generated.

    Attributes
    ----------
    counts : (n, n_genes)
    points : (n, d) float32, standardised
    n_again : how many points had to be drawn again for not being finite
    """

    counts: sp.csr_matrix
    points: np.ndarray
    n_again: int


@dataclass(frozen=True)
class CellGenerator:
    """A trained autoencoder and denoiser, and the space between them.

    Attributes
    ----------
    kept_share : of the molecules of the data that they learned from. Counts are drawn at the depth
        of all of them: of counts of a law, a random part follows the same law with so many times
        the mean, so that the mean is divided by this. A peak's chance to be seen open is, too
    """

    network: Network
    denoiser: Denoiser
    space: Space
    process: Process
    scale: LabelScale
    kept_share: float

    def steps(
        self, asked: Conditions, sampler: Sampler, guidance: Sequence[float], seed: int
    ) -> Generator[Progress, None, Drawn]:
        """Cells of these conditions, block by block.

        Raises
        ------
        InvalidSetting : more than 1 % of the points were not finite
        """
        n, n_again = len(asked), 0
        points, rows = [], []
        for start in range(0, n, _SAMPLED):
            cells = np.arange(start, min(start + _SAMPLED, n))
            block = asked[slice(start, start + _SAMPLED)]
            z, failed = self._sampled(block, cells, sampler, guidance, seed)
            n_again += failed
            if n_again > max(1, _MOST_REDRAWN * n):
                raise InvalidSetting(
                    field="n_steps",
                    expected="such that at most 1 % of the cells must be drawn again",
                    found=f"{n_again:,} of {n:,} that were not finite",
                    remedy="Take more steps, weaker guidance, or train longer.",
                )
            points.append(z)
            rows.append(self.counts(z, block, cells, seed))
            yield Progress("generate", min(start + _SAMPLED, n), n)
        return Drawn(sp.vstack(rows, format="csr"), np.concatenate(points), n_again)

    def counts(
        self, z: np.ndarray, asked: Conditions, cells: np.ndarray, seed: int
    ) -> sp.csr_matrix:
        """Counts drawn at standardised points, (n, n_genes).

        Parameters
        ----------
        z : (n, d)
        asked : conditions of the same cells, whose genes' totals are restored
        cells : (n,), number of each cell, to which its random numbers belong
        seed : of the whole draw
        """
        head, spread = self.network.head, self.network.log_dispersion.detach().exp().cpu().numpy()
        with torch.no_grad():
            level, size, lost = (
                None if part is None else part.cpu().numpy()
                for part in self._decoded(torch.from_numpy(z).to(self._device))
            )
        assert level is not None and size is not None
        mean = head.expected(torch.from_numpy(level * self.scale.of(asked))).numpy()
        mean, size = mean / self.kept_share, size / self.kept_share
        rows = []
        for k, cell in enumerate(cells):
            rng = for_counts(seed, int(cell))
            drawn = head.draw(rng, mean[k].astype(np.float64), float(size[k]), spread)
            if lost is not None:
                drawn = drawn * (rng.random(len(spread)) >= lost[k])
            rows.append(sp.csr_matrix(drawn.astype(np.float32)))
        return sp.csr_matrix(sp.vstack(rows))

    def _sampled(
        self,
        asked: Conditions,
        cells: np.ndarray,
        sampler: Sampler,
        guidance: Sequence[float],
        seed: int,
    ) -> tuple[np.ndarray, int]:
        """Standardised points (n, d), and how many had to be drawn again for not being finite."""
        device, n = self._device, len(cells)
        full = torch.arange(_SAMPLED) % n
        place = Conditions(asked.labels[full].to(device), asked.values[full].to(device))
        velocity = guided(self.denoiser, place, guidance)
        n_dims = len(self.space.centre)
        z = np.full((n, n_dims), np.nan, dtype=np.float32)
        n_again = 0
        for attempt in range(_TRIES):
            draws = normal(seed + attempt * 2**33, cells, sampler.n_draws, n_dims)[full.numpy()]
            with torch.no_grad():
                found = sampler.sample(velocity, torch.from_numpy(draws).to(device))
            missing = ~np.isfinite(z).all(axis=1)
            z[missing] = found[:n].cpu().numpy()[missing]
            failed = int((~np.isfinite(z).all(axis=1)).sum())
            n_again += failed
            if not failed:
                break
        return z, n_again

    def _decoded(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Levels at each point's own depth (n, n_genes), size factors (n,), chance of dropout."""
        return decoded(self.network, self.space, z)

    @property
    def _device(self) -> torch.device:
        return self.space.centre.device


def decoded(network: Network, space: Space, z: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
    """What standardised points (n, d) are decoded to.

    Returns
    -------
    levels at each point's own depth (n, n_genes), size factors (n,), chance of dropout (n, n_genes)
    or None
    """
    points, log_depth = space.opened(z)
    size = log_depth.exp()
    log_level, lost = network.decode(points)
    return log_level.exp() * size[:, None], size, None if lost is None else torch.sigmoid(lost)


def label_scale(
    network: Network, posterior: Posterior, counts: sp.csr_matrix, labels: np.ndarray, seed: int
) -> LabelScale:
    """Factors that restore each gene's total in each set of labels.

    Sampled latent points stand for cells only on average, so each cell counts with a draw of its
    posterior.

    Parameters
    ----------
    posterior : of the cells that were learned from
    counts : (n, n_genes), theirs
    labels : (n, n_labels), codes of theirs
    """
    sets, group = np.unique(labels, axis=0, return_inverse=True)
    group, device = group.ravel(), posterior.space.centre.device
    expected = np.zeros((len(sets), counts.shape[1]))
    generator = torch.Generator(device).manual_seed(seed)
    for start in range(0, len(group), BLOCK):
        rows = torch.arange(start, min(start + BLOCK, len(group)), device=device)
        with torch.no_grad():
            level, _, lost = decoded(network, posterior.space, posterior.draw(rows, generator))
            mean = network.head.expected(level)
            mean = mean if lost is None else mean * (1 - lost)
        np.add.at(expected, group[start : start + BLOCK], mean.cpu().numpy())
    member = sp.csr_matrix((np.ones(len(group)), (group, np.arange(len(group)))))
    observed = np.asarray((member @ counts).todense(), dtype=np.float64)
    return LabelScale.restoring(sets, observed, expected)
