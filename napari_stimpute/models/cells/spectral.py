"""Spectral clustering of a latent space on a sparse graph, and how many clusters there may be.

Eigenvectors of the normalised Laplacian I − D^-½ W D^-½ spread the spots so that k-means finds
clusters of any shape (Ng, Jordan and Weiss, 2002). Beyond 20,000 spots, 2,000 landmarks stand for
them, so that time grows linearly. It always finds as many clusters as asked for, also where there
are none. `leiden` beside it clusters the same graph without being told how many.

The eigenvectors come from Lanczos iteration on D^-½ W D^-½ for its largest eigenvalues: on graphs
of neighbours it needs a fraction of a second where factorising for the smallest of the Laplacian
fills memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ...errors import TooSmall
from .affinity import Points, closeness_graph
from .leiden import leiden_clusters

__all__ = [
    "NumberEstimate",
    "estimate_number",
    "leiden_clusters",
    "spectral_clusters",
]

MOST_CLUSTERS = 30
"""Clusters that the largest gap between eigenvalues is looked for among."""

RESOLUTION = 0.8
"""Of the communities whose number stands beside the eigengap's."""

MOST_WHOLE = 20_000
N_LANDMARKS = 2_000
MOST_DENSE = 300
"""Spots up to which all eigenvectors are computed."""


@dataclass(frozen=True)
class NumberEstimate:
    """Two opinions on the number of clusters.

    Attributes
    ----------
    eigengap : where the Laplacian's eigenvalues jump most
    leiden : communities at resolution 0.8
    """

    eigengap: int
    leiden: int


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
    if n > MOST_WHOLE:
        landmarks, own = _landmarks(embedding, seed)
        return np.asarray(spectral_clusters(landmarks, k, seed)[own])
    return _clusters_of(laplacian_vectors(closeness_graph(embedding, seed), k, seed)[1], k, seed)


def estimate_number(embedding: Points, seed: int) -> NumberEstimate:
    """Say how many clusters the gaps between eigenvalues suggest, and how many Leiden finds.

    Parameters
    ----------
    embedding : (n, d), finite
    seed : as `spectral_clusters`

    Returns
    -------
    NumberEstimate; 1 and 1 for fewer than four spots
    """
    n = len(embedding)
    if n < 4:
        return NumberEstimate(1, 1)
    graph = closeness_graph(embedding, seed)
    leiden = int(leiden_clusters(graph, RESOLUTION, seed).max()) + 1
    if n > MOST_WHOLE:
        graph = closeness_graph(_landmarks(embedding, seed)[0], seed)
    most = min(MOST_CLUSTERS, graph.shape[0] - 2)
    gaps = np.diff(laplacian_vectors(graph, most + 1, seed)[0])[1:]  # after 2, 3 … eigenvalues
    return NumberEstimate(int(gaps.argmax()) + 2, leiden)


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


def _landmarks(embedding: Points, seed: int) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Centres that stand for the spots, (≤ 2,000, d), and the centre of each spot, (n,)."""
    from sklearn.cluster import MiniBatchKMeans

    points = np.asarray(embedding, dtype=np.float32)
    means = MiniBatchKMeans(N_LANDMARKS, batch_size=4_096, n_init=1, random_state=seed).fit(points)
    used, own = np.unique(means.labels_, return_inverse=True)
    return means.cluster_centers_[used], own.astype(np.intp)
