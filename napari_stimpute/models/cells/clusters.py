"""Clusters of cells in a latent space, kept so that other cells can be given to them.

Two ways to find them disagree on real data, and neither is always nearer to known types: spectral
clusters on a graph keep rare types apart, a mixture of normal distributions with one covariance
divides what has no gaps. Hidden molecules decide: which clusters' mean profiles predict them
better. No label takes part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ...data.on_disk import parts_of
from ..training import Split
from .spectral import MOST_WHOLE, N_LANDMARKS, estimate_number, spectral_clusters

Array = NDArray[np.float32]

MOST_ANCHORS = 20_000
_VOTERS = 10
_SHRINK = 100.0
"""Molecules of the mean profile of all cells that are added to each cluster's."""

_TITLES = {"spectral": "spectral clustering", "mixture": "a mixture of normal distributions"}
_BLOCK = 4096
_NO_DISTANCE = 1e-3
"""Of the distance to a cell's typical neighbours: that of a cell to itself, in rounding."""


@dataclass(frozen=True, eq=False)
class CellClusters:
    """Clusters of the cells a model was fitted on; others join by their nearest.

    Attributes
    ----------
    anchors : (m, n_latent), the cells, or 20,000 of them
    labels : (m,) int64, cluster of each, from 0
    n_clusters : how many there are
    """

    anchors: Array
    labels: NDArray[np.int64]
    n_clusters: int

    @classmethod
    def around(cls, z: Array, labels: NDArray[np.int64], seed: int) -> CellClusters:
        """Keep latent points (n, n_latent) of cells with these labels (n,) from 0."""
        kept = np.arange(len(z))
        if len(z) > MOST_ANCHORS:
            kept = np.sort(np.random.default_rng(seed).choice(len(z), MOST_ANCHORS, replace=False))
        return cls(z[kept], labels[kept], int(labels.max()) + 1)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Everything, to be saved."""
        return {"anchors": self.anchors, "labels": self.labels, "n": np.array(self.n_clusters)}

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> CellClusters:
        """Take what `arrays` gave; anything else raises ValueError."""
        anchors = np.asarray(arrays["anchors"], np.float32)
        labels, n_clusters = np.asarray(arrays["labels"], np.int64), int(arrays["n"].item())
        is_labelled = labels.shape == anchors.shape[:1] and 0 < n_clusters <= len(labels)
        if not is_labelled or labels.min() < 0 or labels.max() >= n_clusters:
            raise ValueError("labels of other clusters than there are")
        return cls(anchors, labels, n_clusters)

    def probabilities(self, z: Array) -> Array:
        """Share of each cluster among a cell's nearest anchors, nearer ones counting more.

        An anchor counts for as much as all its neighbours, so that it stays in its own cluster.

        Parameters
        ----------
        z : (n, n_latent)

        Returns
        -------
        (n, n_clusters), rows sum to 1
        """
        from sklearn.neighbors import NearestNeighbors

        voters = min(_VOTERS, len(self.anchors))
        search = NearestNeighbors(n_neighbors=voters, algorithm="brute").fit(self.anchors)
        blocks = []
        for start in range(0, len(z), _BLOCK):
            distance, nearest = search.kneighbors(z[start : start + _BLOCK])
            scale = np.maximum(np.median(distance, axis=1, keepdims=True), 1e-9)
            weight = np.exp(-((distance / scale) ** 2))
            is_anchor = distance[:, 0] < _NO_DISTANCE * scale[:, 0]
            weight[is_anchor, 0] = 1.01 * weight[is_anchor, 1:].sum(axis=1) + _NO_DISTANCE
            votes = np.zeros((len(distance), self.n_clusters))
            np.add.at(votes, (np.arange(len(distance))[:, None], self.labels[nearest]), weight)
            blocks.append(votes / votes.sum(axis=1, keepdims=True))
        return np.concatenate(blocks).astype(np.float32)


def clusters_of(
    z: Array, split: Split, n_clusters: int, method: str, seed: int
) -> tuple[NDArray[np.int64], str]:
    """Cluster cells by their latent points.

    Parameters
    ----------
    z : (n, n_latent), made from the kept counts of the split
    split : (n, n_vars) each; the hidden molecules decide between methods
    n_clusters : 0 estimates their number, and says how
    method : "spectral", "mixture" or "auto"

    Returns
    -------
    (n,) int64 from 0, and sentences on how number and method came about
    """
    text = f"Clusters: {n_clusters}, as set."
    if n_clusters == 0:
        guess = estimate_number(z, seed)
        n_clusters = guess.leiden
        text = (
            f"Clusters: {guess.leiden}, as many as Leiden communities (resolution 0.8); the "
            f"largest gap between eigenvalues would say {guess.eigengap}."
        )
    ways = {"spectral": spectral_clusters, "mixture": mixture_clusters}
    if method in ways or n_clusters in (1, len(z)):
        way = ways.get(method, spectral_clusters)
        labels = np.asarray(way(z, n_clusters, seed), dtype=np.int64)
        return labels, text + _caveats(len(z), n_clusters, labels)
    found = {name: way(z, n_clusters, seed) for name, way in ways.items()}
    gains = {name: predictive_gain(labels, split) for name, labels in found.items()}
    best, other = sorted(gains, key=lambda name: -gains[name])
    text += (
        f" Found by {_TITLES[best]}, whose mean profiles predict hidden molecules better than "
        f"those by {_TITLES[other]} ({gains[best]:.4f} against {gains[other]:.4f} nats per "
        f"molecule beyond the gene mean)."
    )
    labels = np.asarray(found[best], dtype=np.int64)
    return labels, text + _caveats(len(z), n_clusters, labels)


def _caveats(n: int, n_clusters: int, labels: NDArray[np.int64]) -> str:
    """What else is to be known: fewer clusters than asked for; landmarks and samples."""
    n_found, text = int(labels.max()) + 1, ""
    if n_found < n_clusters:
        text += f" Only {n_found} of {n_clusters} have cells: the others are too much alike."
    if n > MOST_WHOLE:
        text += (
            f" Of {n:,} cells, spectral clustering sees {N_LANDMARKS:,} landmarks, a mixture is "
            f"fitted to {MOST_ANCHORS:,} drawn by chance, and others join by their nearest."
        )
    return text


def mixture_clusters(z: Array, n_clusters: int, seed: int) -> NDArray[np.int64]:
    """Members of a mixture of normal distributions with a common covariance, (n,).

    Fitted to at most 20,000 cells.
    """
    from sklearn.mixture import GaussianMixture

    fitted = z
    if len(z) > MOST_ANCHORS:
        fitted = z[np.random.default_rng(seed).choice(len(z), MOST_ANCHORS, replace=False)]
    mixture = GaussianMixture(
        n_clusters, covariance_type="tied", n_init=5, random_state=seed, reg_covar=1e-3
    ).fit(fitted.astype(np.float64))
    labels = np.unique(mixture.predict(z.astype(np.float64)), return_inverse=True)[1]
    return np.asarray(labels, dtype=np.int64)


def predictive_gain(labels: NDArray[np.integer], split: Split) -> float:
    """How well the mean profiles of clusters predict molecules that the clusters have not seen.

    Parameters
    ----------
    labels : (n,), from 0; found in the kept counts of the split, which also give the profiles
    split : (n, n_vars) each; the hidden part, which at most decided when a training stopped, is
        predicted

    Returns
    -------
    mean log-likelihood of a hidden molecule beyond that under the mean profile of all cells, nats
    """
    kept, hidden = split.kept, split.hidden
    n_groups = int(labels.max()) + 1
    shape = (n_groups, len(labels))
    member = sp.csr_matrix((np.ones(len(labels)), (labels, np.arange(len(labels)))), shape)
    overall, profiles = np.zeros(kept.shape[1]), np.zeros((n_groups, kept.shape[1]))
    for rows, part in parts_of(kept):
        overall += np.asarray(part.sum(axis=0), dtype=np.float64).ravel()
        profiles += (member[:, rows] @ part).toarray()
    overall += 1e-9
    overall /= overall.sum()
    profiles += _SHRINK * overall
    profiles /= profiles.sum(axis=1, keepdims=True)
    gain = 0.0
    for rows, part in parts_of(hidden):
        found = part.tocoo()
        ratio = np.log(profiles[labels[rows][found.row], found.col] / overall[found.col])
        gain += float((found.data * ratio).sum())
    return gain / max(float(hidden.data.sum()), 1.0)
