"""Random numbers that belong to a cell: whatever else is drawn with it, a cell stays the same."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

_LATENT, _COUNTS = 0, 1


def normal(seed: int, cells: Iterable[int], n_draws: int, n_dims: int) -> np.ndarray:
    """Standard normal numbers, (n_cells, n_draws, n_dims) float32.

    Parameters
    ----------
    seed : of the whole draw, ≥ 0
    cells : number of each cell, ≥ 0
    n_draws, n_dims : how many each needs
    """
    drawn = [
        _of_cell(seed, int(cell), _LATENT).standard_normal((n_draws, n_dims), dtype=np.float32)
        for cell in cells
    ]
    return np.stack(drawn)


def for_counts(seed: int, cell: int) -> np.random.Generator:
    """Source of randomness for the counts of one cell; another than that of its latent point."""
    return _of_cell(seed, cell, _COUNTS)


def _of_cell(seed: int, cell: int, what: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=(cell << 64) | (seed << 8) | what))
