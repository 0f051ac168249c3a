"""Matrices that are still in a file: dask arrays, of which one chunk at a time is read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from .structure import check_sparse, matrices, signed

if TYPE_CHECKING:
    from anndata import AnnData

CHUNK = 4_000_000
"""Values of a chunk, about: what is computed of it takes some ten times 16 MB."""


class Chunk(NamedTuple):
    """Values of some cells and some genes, (rows, columns), dense or sparse as they lie there."""

    rows: slice
    columns: slice
    values: Any


def is_lazy(matrix: Any) -> bool:
    """Whether values are read only when they are computed."""
    return type(matrix).__module__.startswith("dask.")


def is_in_file(adata: AnnData) -> bool:
    """Whether matrices may have to be read before anything can be done with them."""
    return any(is_lazy(matrix) for _place, matrix in matrices(adata))


def chunks(matrix: Any) -> Iterator[Chunk]:
    """Read a lazy matrix chunk by chunk, in this thread.

    Raises
    ------
    NotReadable : a sparse chunk is not sound
    others as the file has them
    """
    rows, columns = (list(pairwise(accumulate(sizes, initial=0))) for sizes in matrix.chunks)
    for i, of_rows in enumerate(rows):
        for j, of_columns in enumerate(columns):
            values = matrix.blocks[i, j].compute(scheduler="synchronous")
            check_sparse(values, "a part of the file")
            yield Chunk(slice(*of_rows), slice(*of_columns), signed(values))
