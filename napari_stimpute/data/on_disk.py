"""Counts on disk: rows mapped from files without a name, of which memory holds what is being read.

They are sparse matrices like those in memory, and what is made of them row by row (hidden
molecules, log values) is put on disk as they are: `made_of`. What goes over all of them does so in
parts of some millions of values (`parts_of`), after each of which its memory is let go.

The file that they were read from is not needed any more: it may change, or be gone.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryFile, gettempdir
from typing import IO, Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ..errors import NotWritable
from ..words import memory

PER_COUNT = 8
"""Bytes of a count: four say how many, four of which gene."""

PART = 4_000_000
"""Values of a part, about."""

MOST_NARROW = 2**31 - 1
"""Values of a matrix up to which four bytes say where one is."""

_LARGE_FILES = Path("/var/tmp")
"""Where systems want large passing files; /tmp may lie in memory."""


class Stack:
    """Rows that come part by part, put below one another, in memory or on disk.

    Parameters
    ----------
    n_vars : columns
    on_disk : whether to begin on disk; `move_to_disk` goes there later

    Raises
    ------
    NotWritable : there is no room for them on disk; of all methods
    """

    def __init__(self, n_vars: int, *, on_disk: bool) -> None:
        self.n_vars, self.n_values = n_vars, 0
        self._lengths, self._parts = list[NDArray[Any]](), list[sp.csr_matrix]()
        self._files: tuple[IO[bytes], IO[bytes]] | None = None
        if on_disk:
            self.move_to_disk()

    @classmethod
    def like(cls, counts: sp.csr_matrix) -> Stack:
        """For rows of the same columns, in memory or on disk as these are."""
        return cls(counts.shape[1], on_disk=is_on_disk(counts))

    @property
    def on_disk(self) -> bool:
        """Whether memory holds none of the values."""
        return self._files is not None

    def add(self, part: sp.csr_matrix) -> None:
        """Put rows (n, n_vars) below the others."""
        self.n_values += part.nnz
        self._lengths.append(np.diff(part.indptr))
        if self._files is None:
            self._parts.append(part)
        else:
            _write(self._files[0], part.data.astype(np.float32))
            _write(self._files[1], part.indices.astype(np.int32))

    def move_to_disk(self) -> None:
        """Write what is in memory, and from now on what comes."""
        self._files = _passing(), _passing()
        held, self._parts, self._lengths, self.n_values = self._parts, [], [], 0
        while held:
            self.add(held.pop(0))

    def matrix(self) -> sp.csr_matrix:
        """All rows, (n_obs, n_vars); nothing can be added afterwards."""
        if self._files is None:
            whole = self._parts[0] if len(self._parts) == 1 else sp.vstack(self._parts)
            return sp.csr_matrix(whole)
        lengths = np.concatenate(self._lengths).astype(np.int64)
        shape = len(lengths), self.n_vars
        if not self.n_values:
            return sp.csr_matrix(shape, dtype=np.float32)  # type: ignore[arg-type]
        values, columns = self._files
        starts = np.concatenate([[0], np.cumsum(lengths)])
        if self.n_values > MOST_NARROW:
            columns = _widened(_mapped(columns, np.int32, self.n_values))
        kind = np.int64 if self.n_values > MOST_NARROW else np.int32
        parts: Any = (
            _mapped(values, np.float32, self.n_values),
            _mapped(columns, kind, self.n_values),
            starts.astype(kind),
        )
        return sp.csr_matrix(parts, shape)


def is_on_disk(matrix: Any) -> bool:
    """Whether a matrix is one that `Stack`, or `by_column`, put on disk."""
    if not isinstance(matrix, sp.csr_matrix | sp.csc_matrix):
        return False
    maps = [(values, _map_below(values)) for values in (matrix.data, matrix.indices)]
    return all(held is not None and held.size == values.size for values, held in maps)


def let_go(matrix: Any) -> None:
    """Forget what memory holds of a matrix on disk; it is read again where it is needed."""
    if not is_on_disk(matrix):
        return
    for values in (matrix.data, matrix.indices):
        mapped = _map_below(values)
        if mapped is not None:
            mapped.let_go()


def parts_of(counts: Any) -> Iterator[tuple[slice, sp.csr_matrix]]:
    """All rows: from memory at once, from disk in parts that are copied to memory.

    Returns
    -------
    of each part, which rows it holds, and these
    """
    n_obs = int(counts.shape[0])
    if not is_on_disk(counts):
        yield slice(0, n_obs), counts
        return
    step = max(1, PART * n_obs // counts.nnz)
    for start in range(0, n_obs, step):
        rows = slice(start, min(start + step, n_obs))
        part = counts[rows].copy()
        let_go(counts)
        yield rows, part


def pieces_of(counts: Any) -> Iterator[tuple[slice, sp.csr_matrix]]:
    """As `parts_of`, but from memory in parts, too, which share their values with it."""
    if is_on_disk(counts) or counts.nnz <= PART:
        yield from parts_of(counts)
        return
    n_obs, n_vars = counts.shape
    step = max(1, PART * n_obs // counts.nnz)
    for start in range(0, n_obs, step):
        rows = slice(start, min(start + step, n_obs))
        starts = counts.indptr[start : rows.stop + 1]
        held = slice(starts[0], starts[-1])
        values = counts.data[held], counts.indices[held], starts - starts[0]
        yield rows, sp.csr_matrix(values, shape=(rows.stop - start, n_vars))


def with_values(pattern: sp.csr_matrix, values: NDArray[Any]) -> sp.csr_matrix:
    """Other values where those of a matrix stand; where they stand is shared, not copied."""
    return sp.csr_matrix((values, pattern.indices, pattern.indptr), pattern.shape)


def made_of(
    counts: sp.csr_matrix, make: Callable[[slice, sp.csr_matrix], sp.csr_matrix]
) -> sp.csr_matrix:
    """What is made of rows, put where they are.

    Parameters
    ----------
    counts : (n_obs, n_vars)
    make : from which rows, and their counts (n, n_vars), to as many rows
    """
    stack = Stack.like(counts)
    for rows, part in parts_of(counts):
        stack.add(make(rows, part))
    return stack.matrix()


def rows_at(counts: sp.csr_matrix, at: NDArray[np.integer]) -> sp.csr_matrix:
    """Some rows, in memory; (len(at), n_vars)."""
    if not is_on_disk(counts):
        return counts[at]
    stack = Stack(counts.shape[1], on_disk=False)
    step = max(1, PART * counts.shape[0] // counts.nnz)
    for start in range(0, len(at), step):
        stack.add(counts[at[start : start + step]])
        let_go(counts)
    return stack.matrix()


def chosen(
    counts: sp.csr_matrix,
    rows: NDArray[np.integer] | None = None,
    columns: NDArray[np.integer] | None = None,
) -> sp.csr_matrix:
    """Some rows, which are sorted, and some columns, put where the counts are; None for all."""
    n_vars = counts.shape[1] if columns is None else len(columns)
    stack = Stack(n_vars, on_disk=is_on_disk(counts))
    for here, part in parts_of(counts):
        if rows is not None:
            low, high = np.searchsorted(rows, [here.start, here.stop])
            part = part[rows[low:high] - here.start]
        stack.add(part if columns is None else part[:, columns])
    return stack.matrix()


def mixed(weights: sp.csr_matrix, counts: sp.csr_matrix) -> sp.csr_matrix:
    """Sums of rows by weights (n, n_obs), (n, n_vars); of rows on disk, those with one are read."""
    if not is_on_disk(counts):
        return sp.csr_matrix(weights @ counts)
    at, place = np.unique(weights.indices, return_inverse=True)
    narrow = (weights.data, place, weights.indptr)
    read = sp.csr_matrix(narrow, (weights.shape[0], len(at)))
    return sp.csr_matrix(read @ rows_at(counts, at))


def summed(weights: sp.csr_matrix, counts: Any) -> NDArray[np.float64]:
    """Sums of all rows by weights (n, n_obs), dense: (n, n_vars)."""
    found = np.zeros((weights.shape[0], counts.shape[1]))
    for rows, part in parts_of(counts):
        product: Any = weights[:, rows] @ part
        found += product if isinstance(product, np.ndarray) else product.toarray()
    return found


def gene_totals(counts: Any) -> NDArray[Any]:
    """Molecules of each gene, (n_vars,), in the precision of the counts."""
    parts = [np.asarray(part.sum(axis=0)).ravel() for _rows, part in parts_of(counts)]
    return np.asarray(np.sum(parts, axis=0))


def n_with(counts: sp.csr_matrix) -> NDArray[np.int64]:
    """How many spots have counts of each gene, (n_vars,); in parts, to need little memory."""
    found = np.zeros(counts.shape[1], dtype=np.int64)
    for start in range(0, counts.nnz, PART):
        found += np.bincount(counts.indices[start : start + PART], minlength=len(found))
        let_go(counts)
    return found


def by_column(counts: Any) -> sp.csc_matrix:
    """The same counts, column by column, in memory or on disk as they are."""
    if not is_on_disk(counts):
        return sp.csc_matrix(counts)
    kind = counts.indptr.dtype
    starts = np.concatenate([[0], np.cumsum(n_with(counts))])
    values, rows_of = _room(np.float32, counts.nnz), _room(kind.type, counts.nnz)
    filled = starts[:-1].copy()
    for rows, part in parts_of(counts):
        columns = part.tocsc()
        n = np.diff(columns.indptr)
        place = np.repeat(filled - columns.indptr[:-1], n) + np.arange(columns.nnz)
        values[place], rows_of[place] = columns.data, columns.indices + rows.start
        filled += n
        for mapped in (values, rows_of):
            mapped.let_go()
    return sp.csc_matrix((values, rows_of, starts.astype(kind)), counts.shape)


def folder() -> str:
    """Where passing files are put: as TMPDIR says, else where the system wants large ones."""
    return os.environ.get("TMPDIR") or str(_LARGE_FILES if _LARGE_FILES.is_dir() else gettempdir())


def _passing() -> IO[bytes]:
    try:
        return TemporaryFile(dir=folder())
    except OSError as error:
        raise _no_room(error, 0) from error


def _write(file: IO[bytes], values: NDArray[Any]) -> None:
    try:
        file.write(values.tobytes())
        file.flush()
    except OSError as error:
        raise _no_room(error, file.tell()) from error


def _room(kind: type[np.generic], n_values: int) -> _Map:
    """A file for so many values, to write to in any order; its room on disk is taken at once."""
    file = _passing()
    part = np.zeros(min(n_values, PART), dtype=kind)
    for start in range(0, n_values, PART):
        _write(file, part[: n_values - start])
    return _Map(file, kind, mode="r+", shape=(n_values,))


def _widened(narrow: _Map) -> IO[bytes]:
    file = _passing()
    for start in range(0, narrow.size, PART):
        _write(file, np.asarray(narrow[start : start + PART], dtype=np.int64))
    return file


def _mapped(file: IO[bytes], kind: type[np.generic], n_values: int) -> _Map:
    # copied on write, which never happens: torch takes no array that is read-only
    return _Map(file, kind, mode="c", shape=(n_values,))


class _Map(np.memmap[Any, Any]):
    """Values in a file of ours: only of these it is sure that forgetting loses nothing."""

    def let_go(self) -> None:
        if hasattr(mmap, "MADV_DONTNEED"):
            self._mmap.madvise(mmap.MADV_DONTNEED)  # type: ignore[attr-defined]


def _map_below(values: Any) -> _Map | None:
    """The map that an array is a view of."""
    while isinstance(values, np.ndarray):
        if isinstance(values, _Map) and not isinstance(values.base, np.ndarray):
            return values
        values = values.base
    return None


def _no_room(error: OSError, n_bytes: int) -> NotWritable:
    return NotWritable(
        expected=f"room in {folder()} for counts that are too many for memory",
        found=f"{error.strerror or error} after {memory(n_bytes)}",
        remedy="Free some space, choose fewer genes, or name another folder by the variable "
        "TMPDIR.",
    )
