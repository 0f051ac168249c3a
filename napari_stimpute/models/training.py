"""What trainings of all networks share: counts on the device, blocks of spots, hidden molecules."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from ..data.counts import depth_of, size_factors
from ..data.holdout import thin
from ..data.on_disk import gene_totals, is_on_disk, let_go, parts_of
from ..nn import ranks
from ..nn.checkpoint import Checkpoint
from ..nn.rows import SparseRows

T = TypeVar("T")

_FEWEST_STEPS = 4
_SMALL = 2000
"""Spots below which hidden molecules are looked at after every second epoch, else every fifth."""

RUN, AT_ONCE = 256, 16_384
"""Rows that are read from disk in one piece, and that are read before these are let go."""


@dataclass(frozen=True)
class Split:
    """Counts in two parts: those a network learns from, and those that decide when it stops.

    Attributes
    ----------
    kept, hidden : (n_obs, n_genes), whole counts that sum to all
    size : (n_obs,) float32, size factors of the kept counts
    """

    kept: sp.csr_matrix
    hidden: sp.csr_matrix
    size: np.ndarray

    @classmethod
    def of(cls, counts: sp.csr_matrix, share: float, seed: int) -> Split:
        """Hide a share of the molecules."""
        kept, hidden = thin(counts, share, seed)
        return cls(kept, hidden, size_factors(kept))

    @property
    def log_mean(self) -> Tensor:
        """(n_genes,) float32, log mean per unit size factor: where a decoder starts."""
        rates = (gene_totals(self.kept).astype(np.float64) + 0.5) / self.size.sum(dtype=np.float64)
        return torch.from_numpy(np.log(rates).astype(np.float32))


@dataclass(frozen=True)
class Block:
    """Spots of one step.

    Attributes
    ----------
    index : (b,), int64, which they are
    entries : their non-zero kept counts: row within the block, gene and count, (non-zeros,) each
    """

    index: Tensor
    entries: tuple[Tensor, Tensor, Tensor]

    def __len__(self) -> int:
        return len(self.index)


class CountTraining(ABC):
    """A network that learns expected counts on one device, and is validated on hidden molecules.

    A subclass makes a network, and says what it expects (`expected`) and what it minimises. Of
    several processes each draws a share of the spots of a step.
    """

    def __init__(self, split: Split, *, batch_size: int, seed: int, device: str) -> None:
        self.device, self.batch_size = torch.device(device), batch_size
        self.generator = torch.Generator(self.device).manual_seed(seed + ranks.rank())
        self.size = self.on_device(split.size)
        self.kept = rows_of(split.kept, self.device)
        self.totals = self.on_device(gene_totals(split.kept))
        self.hidden = HiddenMolecules(split.kept, split.hidden, self.device)
        self.score, self.spot_gains = 1.0, np.zeros(self.n_obs)
        self.checkpoint: Checkpoint | None = None
        self._blocks = RandomBlocks(self.kept, ranks.share(batch_size), self.generator)
        self._step = 0

    @abstractmethod
    def expected(self, index: Tensor) -> Tensor:
        """Expected kept counts of some spots, (b, n_genes), of the present network."""

    @property
    def n_obs(self) -> int:
        """Spots."""
        return len(self.size)

    @property
    def steps_per_epoch(self) -> int:
        """Optimiser steps in which every spot is taken about once."""
        return steps_per_epoch(self.n_obs, self.batch_size)

    @property
    def validate_every(self) -> int:
        """Epochs from one look at the hidden molecules to the next."""
        return 2 if self.n_obs < _SMALL else 5

    def state_dict(self) -> dict[str, Any]:
        """Where it stands beside its network: spots to come, random numbers, steps."""
        return {
            "coming": self._blocks.coming,
            "generator": self.generator.get_state(),
            "step": self._step,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self._blocks.go_on(state["coming"].to(self.device))
        self.generator.set_state(state["generator"])
        self._step = state["step"]

    def next_block(self) -> Block:
        """Spots of the next step: random, each as often as any other."""
        return next(self._blocks)

    def validate(self) -> float:
        """Share of the hidden molecules' deviance that stays unexplained: 1 is the gene mean."""
        sums, gains = torch.zeros_like(self.totals), np.zeros(self.n_obs)
        every, size = torch.arange(self.n_obs, device=self.device), max(1024, self.batch_size)
        blocks = torch.split(every, size)
        for number in range(ranks.rank(), len(blocks), ranks.n_ranks()):
            means = self.expected(blocks[number])
            sums += means.sum(dim=0)
            rows = slice(number * size, number * size + len(means))
            gains[rows] = self.hidden.log_gain(blocks[number], means)
        ranks.added(sums)
        ranks.added(torch.from_numpy(gains))
        restore = torch.log(self.totals.clamp_min(1e-9) / sums.clamp_min(1e-9))
        self.spot_gains = gains + self.hidden.restored(restore)
        self.score = 1.0 - self.hidden.explained(float(self.spot_gains.sum()))
        return self.score

    def on_device(self, values: np.ndarray) -> Tensor:
        """An array as a tensor; floating-point numbers become float32."""
        kind = np.float32 if values.dtype.kind == "f" else values.dtype
        return torch.from_numpy(np.ascontiguousarray(values, dtype=kind)).to(self.device)


class HiddenMolecules:
    """Hidden counts, and how much better than gene mean × depth they are predicted."""

    def __init__(self, kept: sp.csr_matrix, hidden: sp.csr_matrix, device: torch.device) -> None:
        self.rows, self.counts = rows_of(hidden, device), hidden
        depth, gene = depth_of(kept), gene_totals(kept).astype(np.float64)
        total = max(gene.sum(), 1.0)
        ratio, self.deviance, self.baseline = hidden.data.sum() / total, 0.0, 0.0
        for rows, part in parts_of(hidden):
            found = part.tocoo()
            baseline = np.maximum(depth[rows][found.row] * gene[found.col] / total, 1e-12)
            self.deviance += float((found.data * np.log(found.data / (baseline * ratio))).sum())
            self.baseline += float((found.data * np.log(baseline)).sum())

    def log_gain(self, index: Tensor, means: Tensor) -> np.ndarray:
        """Σ over genes of hidden count × log expected count, gene totals not yet restored.

        Parameters
        ----------
        index : (b,), int64, spots
        means : (b, n_genes), expected counts of these spots, ≥ 0

        Returns
        -------
        (b,), float64, added up on the host: not every device has such numbers
        """
        rows, columns, values = self.rows.take(index)
        logs = means[rows, columns].clamp_min(1e-9).log()
        rows, values, logs = (part.cpu() for part in (rows, values, logs))
        gains = values.numpy() * logs.numpy().astype(np.float64)
        return np.bincount(rows.numpy(), gains, minlength=len(index))

    def restored(self, restore: Tensor) -> np.ndarray:
        """What the logarithms of the factors that restore gene totals add, (n_obs,)."""
        factors = restore.cpu().numpy().astype(np.float64)
        return np.concatenate([part @ factors for _rows, part in parts_of(self.counts)])

    def explained(self, gain: float) -> float:
        """Share of the deviance from gene mean × depth that is explained."""
        return (gain - self.baseline) / max(self.deviance, 1e-12)


def steps_per_epoch(n_obs: int, batch_size: int) -> int:
    """Optimiser steps in which each of so many spots is taken about once."""
    return max(_FEWEST_STEPS, -(-n_obs // batch_size))


class RandomBlocks:
    """Blocks of spots without end: random, each spot as often as any other.

    The host waits for the device once a pass, to know how many counts each block has; asked block
    by block, it would wait in every step.

    Parameters
    ----------
    rows : kept counts of all spots
    size : spots in a block; where there are no more than that, all of them are each block
    generator : source of randomness, on the device of the counts
    """

    def __init__(self, rows: SparseRows, size: int, generator: torch.Generator) -> None:
        self.rows, self.size, self.generator = rows, size, generator
        self.every = torch.arange(len(rows.lengths), device=rows.starts.device)
        self._coming, self._n_values = self.every[:0], iter(list[int]())

    @property
    def coming(self) -> Tensor:
        """Spots that are taken next, (n,), int64; from them, the same blocks follow."""
        return self._coming

    def go_on(self, coming: Tensor) -> None:
        """Take these spots (n,), int64, next, as far as they fill blocks."""
        blocks = coming[: len(coming) - len(coming) % self.size].view(-1, self.size)
        self._coming = coming
        self._n_values = iter(self.rows.lengths[blocks].sum(dim=1).tolist())

    def __iter__(self) -> Iterator[Block]:
        """Itself: its blocks have no end."""
        return self

    def __next__(self) -> Block:
        """Take a block."""
        rows, every = self.rows, self.every
        if len(every) <= self.size:
            return Block(every, rows.take(every, len(rows.values)))
        if len(self._coming) < self.size:
            self.go_on(torch.cat([self._coming, rows.shuffled(self.generator)]))
        index, self._coming = self._coming[: self.size], self._coming[self.size :]
        return Block(index, rows.take(index, next(self._n_values)))


class RowsOnDisk(SparseRows):
    """Counts that a step reads from disk.

    Their random order is one of runs of rows that lie together, and within some of these runs at a
    time: so the disk is read in large pieces, and memory holds some 16,000 rows. What was read is
    let go again.
    """

    def __init__(self, matrix: sp.csr_matrix) -> None:
        super().__init__(*_tensors_of(matrix))
        self._matrix, self._n_read = matrix, 0

    def shuffled(self, generator: torch.Generator) -> Tensor:
        """All rows in an order that is random among and within pieces, (n_obs,), int64."""
        runs = torch.split(torch.arange(len(self.lengths)), RUN)
        drawn = torch.randperm(len(runs), generator=generator).tolist()
        near = torch.split(torch.cat([runs[run] for run in drawn]), AT_ONCE)
        return torch.cat([rows[torch.randperm(len(rows), generator=generator)] for rows in near])

    def take(self, index: Tensor, n_values: int | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """As every `SparseRows`."""
        found = super().take(index, n_values)
        self._n_read += len(index)
        if self._n_read >= AT_ONCE:
            let_go(self._matrix)
            self._n_read = 0
        return found


def rows_of(matrix: sp.csr_matrix, device: torch.device) -> SparseRows:
    """Counts in compressed rows on a device, whose memory holds them; or on disk, for the CPU."""
    if device.type == "cpu" and is_on_disk(matrix):
        return RowsOnDisk(matrix)
    return SparseRows(*(part.to(device) for part in _tensors_of(matrix)))


def _tensors_of(matrix: sp.csr_matrix) -> list[Tensor]:
    starts, values = matrix.indptr.astype(np.int64), matrix.data.astype(np.float32, copy=False)
    return [torch.from_numpy(part) for part in (starts, matrix.indices, values)]


def below(prefix: str, named: dict[str, T]) -> dict[str, T]:
    """Entries whose name begins with `prefix`, without it: a part of a saved state."""
    return {k.removeprefix(prefix): v for k, v in named.items() if k.startswith(prefix)}
