"""Real and generated cells side by side: numbers for pictures of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from ..data.counts import depth_of

Array = NDArray[np.float64]

MOST_CELLS = 2000
"""Of each kind are drawn."""

_N_GENES = 100
"""Most variable genes among which correlations are shown."""


@dataclass(frozen=True, eq=False)
class SideBySide:
    """What pictures show; in pairs the real ones come first.

    Attributes
    ----------
    real, made : (n, 2) and (m, 2), cells on two principal components of both
    means : (2, n_genes), mean log values
    variances : (2, n_genes), of log values
    zeros : (2, n_genes), shares of zeros
    depths : molecules of each cell, (n,) and (m,)
    correlations : (2, n_pairs), between the most variable genes
    """

    real: Array
    made: Array
    means: Array
    variances: Array
    zeros: Array
    depths: tuple[Array, Array]
    correlations: Array


def side_by_side(real: sp.csr_matrix, made: sp.csr_matrix, *, seed: int = 0) -> SideBySide:
    """Compare counts of real cells (n, n_genes) with those of generated ones (m, n_genes).

    At most `MOST_CELLS` of each are taken, at random.
    """
    rng = np.random.default_rng(seed)
    both = [m[np.sort(rng.permutation(m.shape[0])[:MOST_CELLS])].toarray() for m in (real, made)]
    depth = float(np.median(depth_of(real)))
    logged = [
        np.log1p(counts * (depth / np.maximum(counts.sum(axis=1, keepdims=True), 1)))
        for counts in both
    ]
    pca = PCA(2, svd_solver="randomized", random_state=seed).fit(np.vstack(logged))
    places = [pca.transform(values) for values in logged]
    top = np.argsort(-logged[0].var(axis=0))[:_N_GENES]
    pairs = np.triu_indices(len(top), 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        correlations = [np.nan_to_num(np.corrcoef(v[:, top].T))[pairs] for v in logged]
    return SideBySide(
        places[0],
        places[1],
        np.stack([values.mean(axis=0) for values in logged]),
        np.stack([values.var(axis=0) for values in logged]),
        np.stack([(counts == 0).mean(axis=0) for counts in both]),
        (both[0].sum(axis=1), both[1].sum(axis=1)),
        np.stack(correlations),
    )
