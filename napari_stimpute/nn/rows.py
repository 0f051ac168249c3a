"""Counts on the device in compressed rows: any block of spots is taken without a dense copy."""

from __future__ import annotations

import torch
from torch import Tensor


class SparseRows:
    """Non-zero counts of all spots, row by row.

    Parameters
    ----------
    starts : (n_obs + 1,), int64, where each row begins in the two below (CSR ``indptr``)
    columns : (non-zeros,), int64 or int32, gene of each non-zero
    values : (non-zeros,), float32
    """

    def __init__(self, starts: Tensor, columns: Tensor, values: Tensor) -> None:
        self.starts, self.columns, self.values = starts, columns, values
        self.lengths = starts[1:] - starts[:-1]

    def shuffled(self, generator: torch.Generator) -> Tensor:
        """All rows in a random order, (n_obs,), int64."""
        return torch.randperm(len(self.lengths), generator=generator, device=self.lengths.device)

    def take(self, index: Tensor, n_values: int | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Non-zeros of some rows.

        Parameters
        ----------
        index : (b,), int64, rows in any order
        n_values : how many non-zeros these rows have; where None, the host waits for the device to
            say

        Returns
        -------
        rows : (n_values,), int64, position within `index`
        columns : (n_values,), int64
        values : (n_values,), float32
        """
        lengths = self.lengths[index]
        positions = torch.arange(len(index), device=index.device)
        rows = torch.repeat_interleave(positions, lengths, output_size=n_values)
        before = torch.cumsum(lengths, 0) - lengths
        offset = torch.arange(rows.shape[0], device=index.device) - before[rows]
        place = self.starts[index][rows] + offset
        return rows, self.columns[place].long(), self.values[place]
