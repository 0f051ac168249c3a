"""Clusters of cells in a latent space, kept so that other cells can be given to them.

They are a consensus of many clusterings (`consensus`), which also says how many there may be and
how far each cell is settled; or, where that is asked for, those of one method. No label takes part.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...words import percent
from .consensus import Consensus, consensus
from .spectral import spectral_clusters

Array = NDArray[np.float32]

MOST_ANCHORS = 20_000
_VOTERS = 10

_BLOCK = 4096
_NO_DISTANCE = 1e-3
"""Of the distance to a cell's typical neighbours: that of a cell to itself, in rounding."""

_UNSETTLED = 0.5
"""Stability below which a cell lies between clusters."""


class Found(NamedTuple):
    """Cluster of each cell, (n,) from 0; how settled it is, (n,) in (0, 1]; and how it came."""

    labels: NDArray[np.int64]
    stability: Array
    text: str


@dataclass(frozen=True, eq=False)
class CellClusters:
    """Clusters of the cells a model was fitted on; others join by their nearest.

    Attributes
    ----------
    anchors : (m, n_latent), the cells, or 20,000 of them
    labels : (m,) int64, cluster of each, from 0
    stability : (m,) float32, how far other clusterings agree, in (0, 1]
    n_clusters : how many there are
    """

    anchors: Array
    labels: NDArray[np.int64]
    stability: Array
    n_clusters: int

    @classmethod
    def around(cls, z: Array, found: Found, seed: int) -> CellClusters:
        """Keep latent points (n, n_latent) of cells with the clusters that were found."""
        kept = _drawn(len(z), seed)
        labels, stability = found.labels[kept], found.stability[kept]
        return cls(z[kept], labels, stability, int(found.labels.max()) + 1)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Everything, to be saved."""
        return {
            "anchors": self.anchors,
            "labels": self.labels,
            "stability": self.stability,
            "n": np.array(self.n_clusters),
        }

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> CellClusters:
        """Take what `arrays` gave; anything else raises ValueError."""
        anchors = np.asarray(arrays["anchors"], np.float32)
        labels, n_clusters = np.asarray(arrays["labels"], np.int64), int(arrays["n"].item())
        stability = np.asarray(arrays["stability"], np.float32)
        is_labelled = labels.shape == anchors.shape[:1] and 0 < n_clusters <= len(labels)
        if not is_labelled or labels.min() < 0 or labels.max() >= n_clusters:
            raise ValueError("labels of other clusters than there are")
        if stability.shape != labels.shape:
            raise ValueError("a stability of other cells than there are")
        return cls(anchors, labels, stability, n_clusters)

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
        blocks = []
        for nearest, weight in self._votes(z):
            votes = np.zeros((len(nearest), self.n_clusters))
            np.add.at(votes, (np.arange(len(nearest))[:, None], self.labels[nearest]), weight)
            blocks.append(votes / votes.sum(axis=1, keepdims=True))
        return np.concatenate(blocks).astype(np.float32)

    def stabilities(self, z: Array) -> Array:
        """How settled the cluster of each cell is, by its nearest anchors, (n,) in (0, 1].

        An anchor has its own. Of others it is at most the share of these that are in its cluster.

        Parameters
        ----------
        z : (n, n_latent)
        """
        parts = []
        for nearest, weight in self._votes(z):
            is_itself = weight[:, 0] > weight[:, 1:].sum(axis=1)
            votes = np.zeros((len(nearest), self.n_clusters))
            settled = weight * self.stability[nearest]
            np.add.at(votes, (np.arange(len(nearest))[:, None], self.labels[nearest]), settled)
            shared = votes.max(axis=1) / weight.sum(axis=1)
            parts.append(np.where(is_itself, self.stability[nearest[:, 0]], shared))
        return np.concatenate(parts).astype(np.float32)

    def _votes(self, z: Array) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float64]]]:
        """Nearest anchors of blocks of cells, and what each counts, (block, voters) each."""
        from sklearn.neighbors import NearestNeighbors

        voters = min(_VOTERS, len(self.anchors))
        search = NearestNeighbors(n_neighbors=voters, algorithm="brute").fit(self.anchors)
        for start in range(0, len(z), _BLOCK):
            distance, nearest = search.kneighbors(z[start : start + _BLOCK])
            scale = np.maximum(np.median(distance, axis=1, keepdims=True), 1e-9)
            weight = np.exp(-((distance / scale) ** 2))
            is_anchor = distance[:, 0] < _NO_DISTANCE * scale[:, 0]
            weight[is_anchor, 0] = 1.01 * weight[is_anchor, 1:].sum(axis=1) + _NO_DISTANCE
            yield nearest, weight


def clusters_of(z: Array, n_clusters: int, method: str, seed: int) -> Found:
    """Cluster cells by their latent points.

    Parameters
    ----------
    z : (n, n_latent)
    n_clusters : 0 estimates their number, and says how
    method : "consensus", "spectral" or "mixture"

    Returns
    -------
    Found; its text says how number and clusters came about, and how settled they are
    """
    n = len(z)
    if n == 1:
        return Found(np.zeros(1, dtype=np.int64), np.ones(1, np.float32), "Clusters: 1, of 1 cell.")
    drawn = _drawn(n, seed)
    agreed = consensus(z[drawn], seed, n_clusters)
    text = f"Clusters: {n_clusters}, as set."
    if n_clusters == 0:
        n_clusters, text = agreed.number(), _number_in_words(agreed)
    if method == "consensus":
        labels = agreed.labels(n_clusters)
    else:
        way = {"spectral": spectral_clusters, "mixture": mixture_clusters}[method]
        labels = np.asarray(way(z[drawn], n_clusters, seed), dtype=np.int64)
    found = Found(labels, agreed.stability(labels), text + _caveats(n, n_clusters, labels))
    n_unsettled = float((found.stability < _UNSETTLED).mean())
    settled = (
        f" Of the cells, {percent(n_unsettled)} lie between clusters: others that fall together "
        "with them are mostly in another (stability below 0.5)."
    )
    found = found._replace(text=found.text + settled)
    if len(drawn) == n:
        return found
    kept = CellClusters(z[drawn], *found[:2], int(labels.max()) + 1)
    joined = np.asarray(kept.probabilities(z).argmax(axis=1), dtype=np.int64)
    return Found(joined, kept.stabilities(z), found.text)


def _drawn(n: int, seed: int) -> NDArray[np.intp]:
    """Places of all cells, or of 20,000 drawn at random, ascending."""
    if n <= MOST_ANCHORS:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, MOST_ANCHORS, replace=False))


def _number_in_words(agreed: Consensus) -> str:
    fewest, most = agreed.number_range()
    many = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    return (
        f"Clusters: {agreed.number()}, by how often {agreed.clusterings.shape[1]} clusterings put "
        f"cells together; {many} could be told apart, depending on how strictly one looks."
    )


def _caveats(n: int, n_clusters: int, labels: NDArray[np.int64]) -> str:
    """What else is to be known: fewer clusters than asked for; cells drawn at random."""
    n_found, text = int(labels.max()) + 1, ""
    if n_found < n_clusters:
        text += f" Only {n_found} of {n_clusters} have cells: the others are too much alike."
    if n > MOST_ANCHORS:
        text += (
            f" Of {n:,} cells, {MOST_ANCHORS:,} drawn by chance were clustered, and others join by "
            "their nearest."
        )
    return text


def mixture_clusters(z: Array, n_clusters: int, seed: int) -> NDArray[np.int64]:
    """Members of a mixture of normal distributions with a common covariance, (n,)."""
    from sklearn.mixture import GaussianMixture

    points = z.astype(np.float64)
    mixture = GaussianMixture(
        n_clusters, covariance_type="tied", n_init=5, random_state=seed, reg_covar=1e-3
    ).fit(points)
    labels = np.unique(mixture.predict(points), return_inverse=True)[1]
    return np.asarray(labels, dtype=np.int64)
