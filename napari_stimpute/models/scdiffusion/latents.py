"""Where each cell may lie in latent space: kept in memory, or of very many cells in a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile, gettempdir

import numpy as np
import torch
from torch import Tensor

from ...errors import NotWritable

MOST_IN_MEMORY = 2_000_000
"""Cells whose latent points are kept in memory, as float32 (270 MB with 16 dimensions); those of
more lie in a file, as float16, and a step of training reads the cells that it is on."""

READ_AT_A_TIME = 2**18
"""Cells that the space of all is found of at a time."""
_DEPTH_NOISE = 0.02
"""Standard deviation of the noise on log depth, which like a latent point is not known exactly."""


def joint(mean: Tensor, log_variance: Tensor, log_depth: Tensor) -> Tensor:
    """An autoencoder's posterior of cells (b, n_latent), and their log depths (b,), in one.

    Returns
    -------
    (b, 2, n_latent + 1): means and standard deviations of latent dimensions, then of log depth
    """
    noise = torch.full_like(log_depth[:, None], _DEPTH_NOISE)
    means = torch.cat([mean, log_depth[:, None]], dim=1)
    return torch.stack([means, torch.cat([torch.exp(0.5 * log_variance), noise], dim=1)], dim=1)


@dataclass(frozen=True)
class Latents:
    """What is known of each cell's place.

    Attributes
    ----------
    table : (n, 2, n_latent + 1), as from `joint`; float32 on the device, or float16 in a file
    device : where rows are handed out
    """

    table: Tensor
    device: torch.device

    @classmethod
    def of(cls, blocks: Iterable[Tensor], n_obs: int, folder: Path | None = None) -> Latents:
        """Keep the blocks of so many cells in memory, or in a file if they are very many.

        Parameters
        ----------
        blocks : as from `joint`, one after the other
        folder : of the file; that for temporary files if None
        """
        return cls.on_disk(blocks, folder) if n_obs > MOST_IN_MEMORY else cls.in_memory(blocks)

    @classmethod
    def in_memory(cls, blocks: Iterable[Tensor]) -> Latents:
        """On the device of the blocks."""
        table = torch.cat(list(blocks))
        return cls(table, table.device)

    @classmethod
    def on_disk(cls, blocks: Iterable[Tensor], folder: Path | None = None) -> Latents:
        """Mapped from a file without a name, which is gone when nobody reads it any more.

        Raises
        ------
        NotWritable : there is no room for it
        """
        shape, device = (0, 0, 0), torch.device("cpu")
        try:
            with TemporaryFile(dir=folder) as file:
                for block in blocks:
                    file.write(block.half().cpu().numpy().tobytes())
                    shape, device = (shape[0] + len(block), *block.shape[1:]), block.device
                file.flush()
                # copied on write, which never happens: torch takes no array that is read-only
                mapped = np.memmap(file, np.float16, mode="c", shape=shape)
        except OSError as error:
            raise NotWritable(
                expected=f"room in {folder or gettempdir()} for latent points of all cells",
                found=f"{error.strerror} after {shape[0]:,} cells",
                remedy="Free some space, or name another folder by the variable TMPDIR.",
            ) from error
        return cls(torch.from_numpy(mapped), device)

    def __len__(self) -> int:
        return len(self.table)

    def take(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Means and standard deviations of some cells, (b, n_latent + 1) each, float32."""
        return self._opened(self.table[index.to(self.table.device)])

    def part(self, index: Tensor) -> Latents:
        """Some cells alone, in memory."""
        return Latents(self.table[index.to(self.table.device)], self.device)

    def blocks(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Those of all cells, one block after the other."""
        return map(self._opened, torch.split(self.table, READ_AT_A_TIME))

    def _opened(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        rows = rows.to(self.device, torch.float32)
        return rows[:, 0], rows[:, 1]


@dataclass(frozen=True)
class Space:
    """What a denoiser's standardised points mean: latent dimensions, then log depth.

    Attributes
    ----------
    centre, scale : (n_latent + 1,), of all cells that were learned from
    depths : (2,), least and largest log depth of them
    reach : (), largest distance of one of them from the centre, standardised
    """

    centre: Tensor
    scale: Tensor
    depths: Tensor
    reach: Tensor

    @classmethod
    def of(cls, latents: Latents) -> Space:
        """That of all cells, each of which is a cloud rather than a point."""
        n = len(latents)
        centre = torch.stack([mean.sum(dim=0) for mean, _ in latents.blocks()]).sum(dim=0) / n
        spreads = [
            (mean - centre).square().sum(dim=0) / (n - 1) + sd.square().sum(dim=0) / n
            for mean, sd in latents.blocks()
        ]
        scale = torch.stack(spreads).sum(dim=0).sqrt()
        ends, reaches = [], []
        for mean, _ in latents.blocks():
            ends += [mean[:, -1].min(), mean[:, -1].max()]
            reaches.append(((mean - centre) / scale).norm(dim=1).max())
        found = torch.stack(ends)
        depths = torch.stack([found.min(), found.max()])
        return cls(centre, scale, depths, torch.stack(reaches).max())

    def standardised(self, points: Tensor) -> Tensor:
        """Latent dimensions and log depth (n, n_latent + 1), as the denoiser sees them."""
        return (points - self.centre) / self.scale

    def opened(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Latent points (n, n_latent) and log depths (n,) of standardised ones.

        Depths stay among those of real cells.
        """
        points = z * self.scale + self.centre
        least, most = self.depths.tolist()
        return points[:, :-1], points[:, -1].clamp(least, most)


@dataclass(frozen=True)
class Posterior:
    """Where each cell may lie, and the space that this is said in."""

    latents: Latents
    space: Space

    @classmethod
    def of(cls, latents: Latents) -> Posterior:
        """In the space of these cells themselves."""
        return cls(latents, Space.of(latents))

    def draw(self, index: Tensor, generator: torch.Generator) -> Tensor:
        """A point for each of some cells, standardised, (b, n_latent + 1)."""
        mean, sd = self.latents.take(index)
        noise = torch.randn(mean.shape, generator=generator, device=mean.device)
        return self.space.standardised(mean + noise * sd)
