"""Blocks of consecutive rows, of which a large array is made without ever being held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .counts import row_blocks


class RowBlocks(Protocol):
    """Gives blocks of rows, and takes others: an array, or a file that holds one (`Scratch`)."""

    def __getitem__(self, rows: slice, /) -> NDArray[np.floating]:
        """Rows, (block, n_vars)."""

    def __setitem__(self, rows: slice, block: NDArray[np.float32], /) -> None:
        """Put rows, (block, n_vars), in place of those that were there."""


def joined(
    blocks: Iterable[NDArray[Any]], shape: tuple[int, int], dtype: type = np.float32
) -> NDArray[Any]:
    """Consecutive blocks of rows as one array of this shape; each is let go once it is in."""
    whole: NDArray[Any] = np.empty(shape, dtype)
    start = 0
    for block in blocks:
        whole[start : start + len(block)] = block
        start += len(block)
    return whole


def aligned(
    blocks: Iterable[NDArray[Any]], shape: tuple[int, int]
) -> Iterator[tuple[slice, NDArray[Any]]]:
    """Consecutive blocks of rows of any height, cut as `row_blocks` cuts an array of this shape."""
    coming = iter(blocks)
    left = next(coming, np.empty((0, shape[1]), np.float32))
    for rows in row_blocks(shape):
        n = rows.stop - rows.start
        while len(left) < n:
            left = np.concatenate([left, next(coming)])
        yield rows, left[:n]
        left = left[n:]


def picked(blocks: Iterable[NDArray[Any]], at: NDArray[np.integer]) -> Iterator[NDArray[Any]]:
    """Some rows, sorted, of consecutive blocks of rows; what else is in a block is let go."""
    start = 0
    for block in blocks:
        begin, end = np.searchsorted(at, [start, start + len(block)])
        yield block[at[begin:end] - start]
        start += len(block)


def kept_or_filled(
    expected: NDArray[np.float32], counts: sp.csr_matrix, fills: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Keep what was counted, and put the expected count only where a zero is to be filled.

    Parameters
    ----------
    expected : (block, n_vars), overwritten
    counts : (block, n_vars)
    fills : (block, n_vars)
    """
    expected[~fills] = 0
    counted = counts.toarray()
    np.copyto(expected, counted, where=counted > 0)
    return expected
