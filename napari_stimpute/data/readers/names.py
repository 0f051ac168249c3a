"""Names as files hold them: text of HDF5, and genes that share a symbol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...words import counted

if TYPE_CHECKING:
    import h5py
    import numpy as np
    from anndata import AnnData
    from numpy.typing import NDArray


def values_of(held: h5py.Dataset) -> Any:
    """A dataset as an array; text as strings, whatever bytes it holds."""
    import h5py

    is_text = held.dtype.kind == "S" or h5py.check_string_dtype(held.dtype) is not None
    return held.asstr("utf-8", "replace")[:] if is_text else held[:]


def some_genes(adata: AnnData, is_kept: NDArray[np.bool_]) -> AnnData:
    """X, obs and var of some genes; a view of an AnnData would take their memory twice."""
    from anndata import AnnData

    return AnnData(adata.X[:, is_kept], adata.obs, adata.var[is_kept])


def tell_genes_apart(adata: AnnData, ids: str) -> list[str]:
    """Add a number to genes that have the symbol of another; a sentence if there are any.

    Parameters
    ----------
    ids : column of ``var`` that tells them apart, "" for none
    """
    is_repeated = adata.var_names.duplicated()
    n_repeated = int(is_repeated.sum())
    if not n_repeated:
        return []
    example = adata.var_names[is_repeated][0]
    adata.var_names_make_unique()
    told = f"; var[{ids!r}] tells them apart" if ids else ""
    has = "has" if n_repeated == 1 else "have"
    return [
        f"{counted(n_repeated, 'gene')} {has} the symbol of another: a number was added, as in "
        f"{example}-1{told}."
    ]
