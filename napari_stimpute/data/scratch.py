"""A large array that is made block by block, in a file without a name once it is too large to hold.

Whoever reads it has an ordinary array, whose values come from the file when they are asked for. In
the file it lies gene by gene, so that one gene is read without passing all the others.
"""

from __future__ import annotations

import mmap
import shutil
from collections.abc import Iterable, Iterator
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import NotWritable, OutOfMemory
from ..memory import free_memory
from ..words import memory
from .counts import row_blocks
from .on_disk import folder
from .structure import named

if TYPE_CHECKING:
    from anndata import AnnData

MOST_IN_MEMORY = 2**28
"""Bytes of an array that is kept in memory; a larger one lies in a file, if there is room."""

PART = 2**23
"""Values that are read or written in one go: 32 MB."""

TILE = 2**17
"""Values of a tile: 512 kB."""


class Scratch:
    """A float32 array (n_obs, n_vars) to be written, and read again, by blocks of rows.

    Raises
    ------
    NotWritable : there is no room for it, when it is made or when a block is written
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self._file: Any = None
        self._array: NDArray[np.float32]
        size = 4 * shape[0] * shape[1]
        if not room_on_disk(*shape):
            self._array = np.empty(shape, np.float32)
            return
        try:
            self._file = TemporaryFile(buffering=0, dir=folder())  # noqa: SIM115  closed in `whole`
            self._file.truncate(size)
            self._array = np.memmap(self._file, np.float32, mode="r", shape=shape, order="F")
        except OSError as error:
            raise _no_room(size, str(error.strerror)) from error

    @classmethod
    def of(cls, blocks: Iterable[NDArray[np.float32]], shape: tuple[int, int]) -> Scratch:
        """Consecutive blocks of rows, which together have this shape."""
        made, start = cls(shape), 0
        for block in blocks:
            made[slice(start, start + len(block))] = block
            start += len(block)
        return made

    def __setitem__(self, rows: slice, block: NDArray[np.float32]) -> None:
        if self._file is None:
            self._array[rows] = block
            return
        n_obs = len(self._array)
        try:
            for gene, column in enumerate(np.ascontiguousarray(block.T, np.float32)):
                self._file.seek(4 * (gene * n_obs + rows.start))
                if self._file.write(column) < column.nbytes:
                    raise OSError(0, "No space left")
        except OSError as error:
            raise _no_room(self._array.nbytes, str(error.strerror)) from error

    def __getitem__(self, rows: slice) -> NDArray[np.float32]:
        """A copy of these rows, (block, n_vars)."""
        found = np.array(self._array[rows], order="C")
        let_go(self._array)
        return found

    def whole(self) -> NDArray[np.float32]:
        """The array, once all of it is written; one that lies in a file can only be read."""
        if self._file is not None:
            self._file.close()
        return self._array


def parts_of(array: NDArray[Any]) -> Iterator[tuple[slice, NDArray[Any]]]:
    """Blocks of rows that cover an array (n_obs, …), of `PART` values each.

    What an array in a file gives is not held longer than a block.
    """
    for rows in row_blocks((*array.shape, 1), PART):
        yield rows, np.ascontiguousarray(array[rows])
        let_go(array)


def dense_layers(adata: AnnData) -> dict[str, NDArray[Any]]:
    """Layers that are dense numbers, which are written block by block."""
    return {
        name: layer
        for name, layer in named(adata, "layers").items()
        if isinstance(layer, np.ndarray) and layer.dtype.kind in "biuf" and layer.size
    }


def tile_of(shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows and genes of a tile in which such a layer is packed; a block holds whole ones."""
    n_rows = min(shape[0], max(1, PART // shape[1]))
    return n_rows, min(shape[1], max(1, TILE // n_rows))


def let_go(array: NDArray[Any]) -> None:
    """Hold no more of what was read from the file in which an array lies, if it lies in one."""
    held: Any = array
    while isinstance(held.base, np.ndarray):
        held = held.base
    is_ours = isinstance(held, np.memmap) and held.mode == "r"  # forgetting it loses nothing
    if is_ours and hasattr(mmap, "MADV_DONTNEED"):
        held.base.madvise(mmap.MADV_DONTNEED)


def require_room(n_obs: int, n_vars: int) -> None:
    """Refuse work whose values fit nowhere, before it is begun.

    Raises
    ------
    OutOfMemory : neither memory nor the folder of temporary files has room for 4 bytes of each
    """
    if fits_somewhere(n_obs, n_vars):
        return
    size, free, room = 4 * n_obs * n_vars, free_memory(), free_room()
    raise OutOfMemory(
        expected=f"at least {memory(size)} for the values of {n_obs:,} × {n_vars:,} (spots or "
        "cells × genes)",
        found=f"{memory(free)} of memory, and {memory(room)} in {folder()}",
        remedy="Free some space, name another folder by the variable TMPDIR, open the data with "
        "fewer genes, such as the 1,000 most variable (hvg:1000), or keep the model in place of "
        "the values (--keep model): each gene is then computed when it is asked for.",
    )


def fits_somewhere(n_obs: int, n_vars: int) -> bool:
    """Whether memory or the folder of temporary files has room for so many values."""
    return 4 * n_obs * n_vars <= max(free_memory(), free_room())


def room_on_disk(n_obs: int, n_vars: int) -> int:
    """Bytes of a file that so many values lie in; 0 where they are kept in memory."""
    size = 4 * n_obs * n_vars
    return 0 if size <= MOST_IN_MEMORY or size > free_room() else size


def free_room() -> int:
    """Bytes for which the folder of temporary files has room."""
    return shutil.disk_usage(folder()).free


def _no_room(size: int, found: str) -> NotWritable:
    return NotWritable(
        expected=f"room in {folder()} for {memory(size)} of imputed values",
        found=found,
        remedy="Free some space, or name another folder by the variable TMPDIR.",
    )
