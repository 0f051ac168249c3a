"""Whether sparse matrices are what they say, before anything computes with them.

Compiled code trusts these arrays: a wrong one ends the whole program, or gives wrong values.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from ..errors import NotReadable

if TYPE_CHECKING:
    from anndata import AnnData

_BLOCK = 4_000_000
"""Numbers that are looked at in one go."""

_COMPRESSED = ("csr", "csc")

MAPPINGS = ("layers", "obsm", "varm", "obsp", "varp")
"""Places of an AnnData that hold matrices by name."""


def check_all_sparse(adata: AnnData) -> None:
    """Refuse an AnnData in memory with a sparse matrix that is not sound (`NotReadable`)."""
    for place, matrix in matrices(adata):
        check_sparse(matrix, place)


def check_sparse(matrix: Any, place: str) -> None:
    """Refuse a compressed sparse matrix whose arrays do not fit each other.

    Looks at all that `scipy` checks when asked for a full check, and at the sums: no value may lie
    behind the last row. Matrices of another kind are let through.

    Parameters
    ----------
    place : what to call it in the message: "X", "layers['counts']"

    Raises
    ------
    NotReadable : what is wrong, and where
    """
    if not sp.issparse(matrix) or getattr(matrix, "format", "") not in _COMPRESSED:
        return
    found = _fault(matrix)
    if found:
        raise unsound(place, found)


def signed(matrix: Any) -> Any:
    """Give a checked sparse matrix the whole numbers that scipy computes with."""
    if getattr(matrix, "format", "") in _COMPRESSED:
        if matrix.indices.dtype.kind == "u":
            matrix.indices = matrix.indices.astype(np.int64)
        if matrix.indptr.dtype.kind == "u":
            matrix.indptr = matrix.indptr.astype(np.int64)
    return matrix


def unsound(place: str, found: str) -> NotReadable:
    """The error for a sparse matrix that is damaged or was written wrongly."""
    return NotReadable(
        expected=f"a sound sparse matrix in {place}",
        found=found,
        remedy="Write it anew from where it came from, for example with scipy.sparse.",
    )


def named(adata: AnnData, mapping: str) -> dict[str, Any]:
    """What a mapping of an AnnData holds; anndata 0.13 lists X among the layers, without a name."""
    return {name: value for name, value in getattr(adata, mapping).items() if name is not None}


def matrices(adata: AnnData) -> Iterator[tuple[str, Any]]:
    """Every matrix there is, with its place."""
    yield "X", adata.X
    if adata.raw is not None:
        yield "raw", adata.raw.X
    for mapping in MAPPINGS:
        for name, matrix in named(adata, mapping).items():
            yield f"{mapping}[{str(name)!r}]", matrix


def _fault(matrix: Any) -> str:
    is_by_row = matrix.format == "csr"
    n_major, n_minor = matrix.shape if is_by_row else matrix.shape[::-1]
    major, minor = ("row", "column") if is_by_row else ("column", "row")
    starts, places = matrix.indptr, matrix.indices
    for array, what in ((starts, f"where {major}s begin"), (places, f"{minor} numbers")):
        if array.dtype.kind not in "iu" or array.ndim != 1:
            return f"{what} that are no list of whole numbers"
    if matrix.data.ndim != 1 or len(places) != len(matrix.data):
        return f"{len(places):,} {minor} numbers for {matrix.data.size:,} values"
    if len(starts) != n_major + 1:
        return f"{len(starts) - 1:,} {major}s where there should be {n_major:,}"
    if starts[0] != 0 or (starts[1:] < starts[:-1]).any():
        return f"{major}s that begin before the one before them ends"
    if starts[-1] != len(places):
        return f"{major}s of {int(starts[-1]):,} values in all, but {len(places):,} values"
    for begin in range(0, len(places), _BLOCK):
        block = places[begin : begin + _BLOCK]
        if int(block.view(f"u{block.itemsize}").max()) < n_minor:  # below 0 is far above
            continue
        wrong = int(block.min()) if block.min() < 0 else int(block.max())
        return f"{minor} number {wrong:,} where {minor}s go from 0 to {n_minor - 1:,}"
    return ""
