"""Clusters of cells in a latent space, kept so that other cells can be given to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .spectral import estimate_number, spectral_clusters

Array = NDArray[np.float32]

_MOST_ANCHORS = 20_000
_VOTERS = 10
_BLOCK = 4096


@dataclass(frozen=True, eq=False)
class CellClusters:
    """Spectral clusters of the cells a model was fitted on; others join by their nearest.

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
    def find(cls, z: Array, n_clusters: int, seed: int) -> tuple[CellClusters, str]:
        """Cluster latent points (n, n_latent); for 0 clusters their number is estimated, and said.

        Returns
        -------
        clusters, and a sentence on how their number came about
        """
        said = f"Clusters: {n_clusters}, as set."
        if n_clusters == 0:
            guess = estimate_number(z, seed)
            n_clusters = guess.leiden
            said = (
                f"Clusters: {guess.leiden}, as many as Leiden communities (resolution 0.8); the "
                f"largest gap between eigenvalues would say {guess.eigengap}."
            )
        labels = spectral_clusters(z, n_clusters, seed)
        kept = np.arange(len(z))
        if len(z) > _MOST_ANCHORS:
            kept = np.sort(np.random.default_rng(seed).choice(len(z), _MOST_ANCHORS, replace=False))
        return cls(z[kept], labels[kept].astype(np.int64), n_clusters), said

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Everything, to be saved."""
        return {"anchors": self.anchors, "labels": self.labels, "n": np.array(self.n_clusters)}

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> CellClusters:
        """Take what `arrays` gave."""
        return cls(
            np.asarray(arrays["anchors"], np.float32), np.asarray(arrays["labels"], np.int64),
            int(arrays["n"].item()),
        )  # fmt: skip

    def probabilities(self, z: Array) -> Array:
        """Share of each cluster among a cell's nearest anchors, nearer ones counting more.

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
            votes = np.zeros((len(distance), self.n_clusters))
            np.add.at(votes, (np.arange(len(distance))[:, None], self.labels[nearest]), weight)
            blocks.append(votes / votes.sum(axis=1, keepdims=True))
        return np.concatenate(blocks).astype(np.float32)
