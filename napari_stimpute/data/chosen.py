"""Data larger than memory: genes are chosen first, and only their counts are loaded."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from .. import keys
from ..errors import OutOfMemory, UnknownName
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
from .readers.found import Found, Part
from .structure import named
from .variability import Part as Counted

if TYPE_CHECKING:
    from anndata import AnnData

_BYTES = 8
"""Of a count in memory: four say how many, four of which gene."""

_COPIES = 3
"""As often the counts are held at most while data are opened."""


def chosen_steps(
    adata: AnnData, genes: str = "", also: Sequence[str] = (), where: str = ""
) -> Generator[Progress, None, Found]:
    """Load the counts of chosen genes; every cell is kept, with obs, obsm and uns.

    Parameters
    ----------
    adata : with its matrices in a file, as dask arrays
    genes, also, where : which genes, and the place of the counts, as for `load`

    Returns
    -------
    the counts of the genes in X, and sentences on what stays in the file; how the genes were chosen
    stands in ``uns[keys.GENE_CHOICE]``

    Raises
    ------
    OutOfMemory : even the counts of these genes are too many
    others as `read_counts` and `choose_genes`
    """
    check_unique_names(adata)
    place = yield from _place_steps(adata, where)
    var, parts = var_of(adata, place), _InFile(values_at(adata, place))
    asked = also or [name for name in asked_for(adata) if name in var.index]
    choice = yield from choice_steps(parts, adata.obs_names, var, genes, asked)
    matrix = yield from _loaded(parts, var.index.get_indexer(pd.Index(choice.names)))
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


def _loaded(parts: _InFile, columns: NDArray[np.intp]) -> Generator[Progress, None, sp.csr_matrix]:
    """The counts of these genes, (n_obs, genes)."""
    is_kept = np.zeros(parts.shape[1], dtype=bool)
    is_kept[columns] = True
    by_row, row, n_bytes = list[sp.csr_matrix](), list[sp.csr_matrix](), 0
    for n, (_rows, of, counts) in enumerate(parts, 1):
        row.append(counts[:, np.flatnonzero(is_kept[of])])
        n_bytes += _BYTES * row[-1].nnz
        if _COPIES * n_bytes * len(parts) / n > free_memory() + n_bytes:
            raise _too_many(int(n_bytes * len(parts) / n), len(columns))
        if of.stop == parts.shape[1]:  # the last part of these rows
            by_row.append(sp.csr_matrix(sp.hstack(row, format="csr")))
            row = []
        yield Progress("load", n, len(parts), message="Loading the counts of the chosen genes")
    return sp.csr_matrix(sp.vstack(by_row, format="csr"))


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
    others = [
        f"layer {name!r}"
        for name in named(adata, "layers")
        if name not in counts.place.split(" + ")
    ]
    others += ["X"] if adata.X is not None and counts.place != "X" else []
    others += ["raw"] if adata.raw is not None and counts.place != "raw" else []
    others += [f"varm {name!r}" for name in adata.varm]
    return notes + ([f"Not loaded: {', '.join(others)}."] if others else [])


def _too_many(n_bytes: int, n_genes: int) -> OutOfMemory:
    return OutOfMemory(
        expected=f"about {memory(_COPIES * n_bytes)} of free memory for the counts of "
        f"{counted(n_genes, 'gene')}",
        found=memory(free_memory()),
        remedy="Choose fewer genes, such as the 1,000 most variable (hvg:1000).",
    )
