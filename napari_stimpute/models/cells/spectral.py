"""Spectral clustering of a latent space on a sparse graph.

Eigenvectors of the normalised Laplacian I − D^-½ W D^-½ spread the spots so that k-means finds
clusters of any shape (Ng, Jordan and Weiss, 2002). It always finds as many clusters as asked
for, also where there are none.

The eigenvectors come from Lanczos iteration on D^-½ W D^-½ for its largest eigenvalues: on graphs
of neighbours it needs a fraction of a second where factorising for the smallest of the Laplacian
fills memory.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ...errors import TooSmall
from .affinity import Points, closeness_graph

MOST_DENSE = 300
"""Spots up to which all eigenvectors are computed."""


def spectral_clusters(embedding: Points, k: int, seed: int) -> NDArray[np.intp]:
    """Find k clusters of any shape.

    Parameters
    ----------
    embedding : (n, d), finite
    k : number of clusters, 1 ≤ k ≤ n
    seed : of the landmarks, the iteration and k-means

    Returns
    -------
    (n,), 0 … k − 1

    Raises
    ------
    TooSmall : fewer spots than clusters
    """
    n = len(embedding)
    if not 1 <= k <= n:
        raise TooSmall(
            expected=f"at least one cluster, and as many spots as clusters ({k})",
            found=f"{n:,} spots",
            remedy="Ask for fewer clusters.",
        )
    if k in (1, n):
        return np.arange(n) if k == n else np.zeros(n, dtype=np.intp)
    return _clusters_of(laplacian_vectors(closeness_graph(embedding, seed), k, seed)[1], k, seed)


def laplacian_vectors(
    graph: sp.csr_matrix, k: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The k smallest eigenvalues of I − D^-½ W D^-½, ascending, and their vectors.

    Parameters
    ----------
    graph : (n, n), symmetric, ≥ 0, every row with an edge
    k : at most n
    seed : of the iteration's start

    Returns
    -------
    (k,) in [0, 2]; (n, k), columns of unit length
    """
    scale = 1 / np.sqrt(np.asarray(graph.sum(axis=1)).ravel())
    inner = sp.csr_matrix(sp.diags(scale) @ graph @ sp.diags(scale))
    n = graph.shape[0]
    if n <= MOST_DENSE or k >= n // 2:
        from scipy.linalg import eigh

        values, vectors = eigh(inner.toarray(), subset_by_index=(n - k, n - 1))
    else:
        from scipy.sparse.linalg import eigsh

        start = np.random.default_rng(seed).uniform(0.5, 1, n)
        ncv = min(n - 1, max(4 * k, 40))
        values, vectors = eigsh(inner, k, which="LA", v0=start, ncv=ncv, tol=1e-6)
    order = np.argsort(-values)
    return np.maximum(1 - values[order], 0), np.asarray(vectors[:, order])


def _clusters_of(vectors: NDArray[np.float64], k: int, seed: int) -> NDArray[np.intp]:
    from sklearn.cluster import KMeans

    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = vectors / np.maximum(length, 1e-12)
    return np.asarray(KMeans(k, n_init=20, random_state=seed).fit_predict(rows), dtype=np.intp)
