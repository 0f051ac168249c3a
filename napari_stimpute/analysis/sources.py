"""What is analysed: the counts, or what a run made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from .. import keys
from ..data.components import principal_components
from ..data.counts import counts_of, log_normalise, size_factors, var_of
from ..data.structure import named
from ..errors import NotCounts, UnknownName
from ..keys import COUNTS

if TYPE_CHECKING:
    from anndata import AnnData

N_COMPONENTS = 30
"""Principal components that stand for the spots where no model embedded them."""


def logged_counts(adata: AnnData) -> sp.csr_matrix:
    """Log(1 + counts at the median depth) of the modelled genes, (n_obs, n_vars) float32."""
    counts = counts_of(adata, "X")
    return log_normalise(counts, size_factors(counts))


def logged_imputed(
    adata: AnnData, key: str, spots: NDArray[np.intp] | slice = slice(None)
) -> NDArray[np.float32]:
    """Log(1 + imputed counts at the median depth) of a run, (n_spots, n_vars) float32.

    Raises
    ------
    UnknownName : no imputed layer of that run
    """
    layer = keys.imputed(key)
    if layer not in adata.layers:
        raise UnknownName.of("run with imputed genes", key, [COUNTS, *imputed_runs(adata)])
    values: NDArray[np.float32] = np.asarray(adata.layers[layer][spots], dtype=np.float32)
    depth = size_factors(values)  # type: ignore[arg-type]  # it needs no more than sums
    logged: NDArray[np.float32] = np.log1p(values / depth[:, None])
    return logged


def imputed_runs(adata: AnnData) -> list[str]:
    """Keys of the runs with an imputed layer."""
    ending = keys.imputed("")
    return [name.removesuffix(ending) for name in named(adata, "layers") if name.endswith(ending)]


def representation(adata: AnnData, key: str, seed: int) -> NDArray[np.float32]:
    """Where each spot lies: the run's embedding, else principal components.

    Those are of the run's log-normalised imputed counts, or, for "counts", of the counts'.

    Returns
    -------
    (n_obs, at most 30 unless the embedding has more), never a copy of an embedding

    Raises
    ------
    UnknownName : a run with neither
    """
    if key == COUNTS:
        return np.asarray(principal_components(logged_counts(adata), N_COMPONENTS, seed).scores)
    place = keys.embedding(key)
    if place in adata.obsm:
        return np.asarray(adata.obsm[place], dtype=np.float32)
    if keys.imputed(key) not in adata.layers:
        runs = map(str, dict(adata.uns.get(keys.UNS, {})))
        embedded = [run for run in runs if keys.embedding(run) in adata.obsm]
        known = dict.fromkeys([COUNTS, *embedded, *imputed_runs(adata)])
        raise UnknownName.of("run with an embedding or imputed genes", key, known)
    return dense_components(logged_imputed(adata, key), N_COMPONENTS, seed)


def dense_components(values: NDArray[np.float32], n: int, seed: int) -> NDArray[np.float32]:
    """Scores on the leading directions of variation, at most `n`, (n_obs, n) float32."""
    from sklearn.decomposition import PCA

    n = min(n, *values.shape)
    if not np.ptp(values, axis=0).any():
        return np.zeros((len(values), n), dtype=np.float32)
    pca = PCA(n, random_state=seed)
    return np.asarray(pca.fit_transform(values), dtype=np.float32)


def all_counts(adata: AnnData) -> tuple[sp.csr_matrix, pd.Index[str]]:
    """Counts and names of as many genes as there are: those of raw where it holds counts, else X.

    A name that occurs twice stands for its first gene.
    """
    place = "X" if adata.raw is None else "raw"
    try:
        counts = counts_of(adata, place)
    except NotCounts:
        if place == "X":
            raise
        place = "X"
        counts = counts_of(adata, place)
    names = pd.Index([str(name) for name in var_of(adata, place).index])
    is_first = ~names.duplicated()
    return counts if is_first.all() else counts[:, np.flatnonzero(is_first)], names[is_first]


def labels_of(adata: AnnData, column: str) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """Group of each spot (−1 for none) and the names of the groups that have spots.

    Raises
    ------
    UnknownName : no such column of obs
    """
    if column not in adata.obs:
        raise UnknownName.of("column", column, adata.obs.columns)
    values = pd.Categorical(adata.obs[column]).remove_unused_categories()
    names = tuple(str(name) for name in values.categories)
    return np.asarray(values.codes, dtype=np.intp), names
