"""Some cells of a file that is larger than memory: what a run takes is told from them, before all
of it is read.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..progress import Progress
from .chosen import chosen_steps
from .counts import count_places, values_at

if TYPE_CHECKING:
    from anndata import AnnData

_FEWEST_PLACES = 5
"""Of the file that cells are taken from, evenly: it may be sorted."""


@dataclass(frozen=True)
class Drawn:
    """Some cells of a file.

    Attributes
    ----------
    adata : these cells, with the counts of the genes in X that would be chosen if they were all
    n_obs : cells of the whole file
    opening : seconds that opening the file takes, by those that opening these took
    """

    adata: AnnData
    n_obs: int
    opening: float


def drawn_steps(
    adata: AnnData,
    n: int,
    genes: str = "",
    also: Sequence[str] = (),
    where: str = "",
    *,
    on_disk: bool = False,
    clock: Callable[[], float] = time.monotonic,
) -> Generator[Progress, None, Drawn | None]:
    """Open n cells or some more, from places that are spread evenly over the file.

    Parameters
    ----------
    adata : with its matrices in a file, as dask arrays
    genes, also, where, on_disk : as for `chosen_steps`
    clock : gives seconds

    Returns
    -------
    None where a matrix is stored gene by gene: a few cells take as long to read as all

    Raises
    ------
    as `chosen_steps`
    """
    stored = [values_at(adata, place) for place in count_places(adata)]
    if any(matrix.numblocks[0] < matrix.numblocks[1] for matrix in stored):
        return None
    begun, rows = clock(), _rows(stored[0].chunks[0], n)
    found = yield from chosen_steps(adata[rows].copy(), genes, also, where, on_disk=on_disk)
    opening = (clock() - begun) * adata.n_obs / len(rows)
    return Drawn(found.adata, adata.n_obs, opening)


def _rows(lengths: Sequence[int], n: int) -> NDArray[np.intp]:
    """Rows of whole chunks, which have these lengths."""
    n_chunks = max(_FEWEST_PLACES, math.ceil(n / max(lengths)))
    taken = np.unique(np.linspace(0, len(lengths) - 1, n_chunks).astype(int))
    bounds = list(pairwise(accumulate(lengths, initial=0)))
    return np.concatenate([np.arange(*bounds[chunk]) for chunk in taken])
