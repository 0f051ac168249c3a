"""Data larger than memory: genes are chosen first, and only their counts are loaded.

Counts that are too many for memory even so are put on disk, and read from there in blocks.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from .. import keys
from ..errors import UnknownName
from ..memory import free_memory
from ..progress import Progress
from ..words import counted, memory
from .counts import (
    Counts,
    count_places,
    held_steps,
    require_counts,
    search_steps,
    values_at,
    var_of,
)
from .gene_choice import choice_steps
from .genes import asked_for, check_unique_names
from .lazy import chunks
from .on_disk import PER_COUNT, Stack, by_column, folder, is_on_disk
from .readers.found import Found, Part
from .structure import named
from .variability import Part as Counted

if TYPE_CHECKING:
    from anndata import AnnData

SHARE = 0.1
"""Of the free memory that the counts may take, since a run takes several times as much; where they
would take more they are put on disk."""

_RUN_ON_DISK = 45
"""Bytes for each count that a run puts on disk: several parts of the counts, and log values."""


def chosen_steps(
    adata: AnnData,
    genes: str = "",
    also: Sequence[str] = (),
    where: str = "",
    *,
    on_disk: bool = False,
) -> Generator[Progress, None, Found]:
    """Load the counts of chosen genes; every cell is kept, with obs, obsm and uns.

    Parameters
    ----------
    adata : with its matrices in a file, as dask arrays
    genes, also, where : which genes, and the place of the counts, as for `load`
    on_disk : whether to put the counts on disk even if memory has room for them

    Returns
    -------
    the counts of the genes in X, and sentences on what stays in the file; how the genes were chosen
    stands in ``uns[keys.GENE_CHOICE]``

    Raises
    ------
    NotWritable : the counts are too many for memory, and for the disk
    others as `read_counts` and `choose_genes`
    """
    check_unique_names(adata)
    place = yield from _place_steps(adata, where)
    var, parts = var_of(adata, place), _InFile(values_at(adata, place))
    asked = also or [name for name in asked_for(adata) if name in var.index]
    choice = yield from choice_steps(parts, adata.obs_names, var, genes, asked)
    columns = var.index.get_indexer(pd.Index(choice.names))
    matrix = yield from _loaded(parts, columns, on_disk=on_disk)
    loaded = _around(adata, matrix, var.loc[choice.names])
    loaded.uns[keys.GENE_CHOICE] = choice.note
    loaded.uns[keys.ALSO] = np.array(choice.also, dtype=object)
    counts = Counts(place, matrix, loaded.var, is_rounded=parts.is_rounded)
    part = Part(place, counts.where, tuple(count_places(adata)))
    return Found(loaded, _notes(adata, counts, len(var)), part=part)


class _InFile:
    """Parts of counts that are in a file, without zeros, as whole numbers."""

    def __init__(self, matrix: Any) -> None:
        self._matrix, self.is_rounded = matrix, False

    def __len__(self) -> int:
        return int(self._matrix.npartitions)

    @property
    def shape(self) -> tuple[int, int]:
        n_obs, n_vars = self._matrix.shape
        return int(n_obs), int(n_vars)

    def __iter__(self) -> Iterator[Counted]:
        for rows, columns, values in chunks(self._matrix):
            counts = sp.csr_matrix(values, dtype=np.float32)
            whole = np.rint(counts.data)
            self.is_rounded |= bool((whole != counts.data).any())
            counts = sp.csr_matrix((whole, counts.indices, counts.indptr), counts.shape)
            counts.sum_duplicates()
            counts.eliminate_zeros()
            yield Counted(rows, columns, counts)


def _place_steps(adata: AnnData, where: str) -> Generator[Progress, None, str]:
    if not where:
        place, _rejected = yield from search_steps(adata)
        return place
    if where not in count_places(adata):
        raise UnknownName.of("counts layer", where, count_places(adata))
    require_counts((yield from held_steps(values_at(adata, where), where)))
    return where


def _loaded(
    parts: _InFile, columns: NDArray[np.intp], *, on_disk: bool
) -> Generator[Progress, None, sp.csr_matrix]:
    """The counts of these genes, (n_obs, genes), in memory or on disk."""
    (n_obs, n_vars), wide = parts.shape, slice(0, parts.shape[1])
    is_kept = np.zeros(n_vars, dtype=bool)
    is_kept[columns] = True
    by_row, by_gene = (Stack(n, on_disk=on_disk) for n in (len(columns), n_obs))
    for n, (_rows, of, counts) in enumerate(parts, 1):
        found = counts[:, np.flatnonzero(is_kept[of])]
        stack = by_row if of == wide else by_gene
        stack.add(found if of == wide else sp.csr_matrix(found.T))
        if not stack.on_disk and counts_on_disk(None, stack.n_values * len(parts) / n):
            stack.move_to_disk()
        yield Progress("load", n, len(parts), message="Loading the counts of the chosen genes")
    return stack.matrix() if stack is by_row else sp.csr_matrix(by_column(stack.matrix()).T)


def counts_on_disk(matrix: Any, n_counts: float) -> bool:
    """Whether a matrix lies on disk, or would if it had so many counts (not zero)."""
    return is_on_disk(matrix) or PER_COUNT * n_counts > SHARE * free_memory()


def room_for_counts(n_counts: int) -> int:
    """Bytes on disk of so many counts that lie there, and of what a run puts there of them."""
    return (2 * PER_COUNT + _RUN_ON_DISK) * n_counts


def _around(adata: AnnData, counts: sp.csr_matrix, var: pd.DataFrame) -> AnnData:
    """These counts, and what the data hold of each cell."""
    from anndata import AnnData

    return AnnData(
        X=counts, obs=adata.obs, var=var.copy(), obsm=dict(adata.obsm), uns=dict(adata.uns)
    )


def _notes(adata: AnnData, counts: Counts, n_all: int) -> list[str]:
    rounded = ", and rounded to whole numbers" if counts.is_rounded else ""
    notes = [
        f"Of the {n_all:,} genes in the file, the counts of {counted(len(counts.var), 'gene')} "
        f"were loaded, from {counts.where}{rounded}. Open it again to choose others; a saved "
        "result holds the loaded ones alone."
    ]
    if is_on_disk(counts.matrix):
        size, more = (n * counts.matrix.nnz for n in (2 * PER_COUNT, _RUN_ON_DISK))
        notes.append(
            f"The counts lie on disk, {memory(size)} in {folder()} until the data are closed, and "
            f"memory holds what is being read; a run puts up to {memory(more)} more there. The "
            "variable TMPDIR names another folder."
        )
    others = [
        f"layer {name!r}"
        for name in named(adata, "layers")
        if name not in counts.place.split(" + ")
    ]
    others += ["X"] if adata.X is not None and counts.place != "X" else []
    others += ["raw"] if adata.raw is not None and counts.place != "raw" else []
    others += [f"varm {name!r}" for name in adata.varm]
    return notes + ([f"Not loaded: {', '.join(others)}."] if others else [])
