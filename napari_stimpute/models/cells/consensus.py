"""Clusters of cells as the consensus of many clusterings, and the tree in which they merge.

One clustering hangs on its start, its method and the number it was asked for. So cells are
clustered 30 times: into 3 to 30 groups, by k-means, a mixture of normal distributions and the
eigenvectors of a graph in turn, each learned from another 80 % of the cells. How often two cells
fall together (co-association: Fred and Jain, 2005) is kept as the memberships of all clusterings
side by side, whose products it is, and never made for all pairs. Small groups of cells that fall
alike are then merged, those first that are together most often on average; the tree can be cut at
any number. Average linkage, unlike k-means of the same memberships, lets large and rare types
stand side by side.

Time grows with the cells, of which at most 20,000 take part.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .affinity import closeness_graph
from .spectral import laplacian_vectors

Array = NDArray[np.float32]
Labels = NDArray[np.int64]

N_CLUSTERINGS = 30
FEWEST, MOST = 3, 30
"""Groups that the coarsest and the finest clustering ask for, in equal ratios between."""

_SHARE = 0.8
_SMALL = 100
_COMPONENTS = 60
_COVARIANCE = 1e-3

DISTINCT, STRICTLY, LOOSELY = 0.6, 0.4, 0.75
"""Two groups are two where their cells are together less than this share of how often cells of one
of them are: as a rule, and for the fewest and the most groups that could be told apart."""


@dataclass(frozen=True, eq=False)
class Consensus:
    """Clusterings of the same cells, and the tree of the small groups they agree on.

    Attributes
    ----------
    clusterings : (n, 30), group of each cell in each clustering, from 0, coarse ones first
    small : (n,), small group of each cell, from 0 to m − 1
    merges : (m − 1, 2), which two groups merge, in this order; the first stands for both from there
    together : (m − 1,), share of the clusterings in which cells of the two are together, on average
    within : (m − 1,), the same for cells of one of the two, of that where it is less
    """

    clusterings: Labels
    small: Labels
    merges: Labels
    together: NDArray[np.float64]
    within: NDArray[np.float64]

    def labels(self, k: int) -> Labels:
        """Cluster of each cell where k are left, (n,) from 0; fewer if fewer can be told apart."""
        group = np.arange(len(self.merges) + 1)
        for kept, gone in self.merges[: max(0, len(group) - k)]:
            group[group == gone] = kept
        return np.asarray(np.unique(group[self.small], return_inverse=True)[1], dtype=np.int64)

    def number(self, distinct: float = DISTINCT) -> int:
        """Clusters that can be told apart: one more than there are merges of distinct groups."""
        return 1 + int((self.together < distinct * self.within).sum())

    def number_range(self) -> tuple[int, int]:
        """The same, if only clear distinctions count, and if weak ones do too."""
        return self.number(STRICTLY), self.number(LOOSELY)

    def stability(self, labels: Labels) -> Array:
        """How far other clusterings, at least as fine, agree that a cell is in its cluster.

        Parameters
        ----------
        labels : (n,), cluster of each cell, from 0

        Returns
        -------
        (n,) in (0, 1]: of the cells in its group, the share that is in its cluster, on average over
        the clusterings with at least as many groups (of all, the finest third at least)
        """
        n, k = len(labels), int(labels.max()) + 1
        sizes = self.clusterings.max(axis=0) + 1
        is_fine = (sizes >= k) | (np.arange(len(sizes)) >= len(sizes) * 2 // 3)
        total = np.zeros(n)
        for groups in self.clusterings.T[is_fine]:
            shared = sp.csr_matrix((np.ones(n), (groups, labels))).toarray()
            total += (shared / shared.sum(axis=1, keepdims=True))[groups, labels]
        return np.asarray(total / is_fine.sum(), dtype=np.float32)


def consensus(z: Array, seed: int, at_least: int = 0) -> Consensus:
    """Cluster cells in many ways, and find the tree of what these agree on.

    Parameters
    ----------
    z : (n, n_latent), at least two cells
    seed : of starts, and of the cells that each clustering learns from
    at_least : clusters that the tree must be able to give, where there are so many cells
    """
    found = list(_clusterings(z, seed, max(MOST, at_least * 3 // 2)))
    clusterings = np.asarray(np.stack(found, axis=1), dtype=np.int64)
    member = sp.hstack([_indicator(groups) for groups in found]).tocsr() / np.sqrt(len(found))
    small = _small_groups(member, max(_SMALL, 4 * at_least), seed)
    merges, together, within = _merged(member, small)
    return Consensus(clusterings, small, merges, together, within)


def _clusterings(z: Array, seed: int, most: int) -> Iterator[NDArray[np.integer]]:
    """Group of each cell, (n,), 30 times."""
    from sklearn.cluster import KMeans
    from sklearn.mixture import GaussianMixture

    rng, n = np.random.default_rng(seed), len(z)
    points, highest = z.astype(np.float64), max(2, n // 5)
    numbers = np.round(np.geomspace(FEWEST, most, N_CLUSTERINGS)).astype(int).clip(2, highest)
    vectors = laplacian_vectors(closeness_graph(z, seed), min(n, int(numbers.max())), seed)[1]
    for turn, k in enumerate(numbers):
        rows = np.sort(rng.choice(n, max(k, int(_SHARE * n)), replace=False))
        start = int(rng.integers(1 << 31))
        if turn % 3 == 1:
            mixture = GaussianMixture(
                k, covariance_type="tied", random_state=start, reg_covar=_COVARIANCE
            )
            groups = mixture.fit(points[rows]).predict(points)
        else:
            places = points if turn % 3 == 0 else _directions(vectors[:, :k])
            means = KMeans(k, n_init=1, random_state=start).fit(places[rows])
            groups = means.predict(places)
        yield np.unique(groups, return_inverse=True)[1]


def _directions(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12))


def _indicator(labels: NDArray[np.integer]) -> sp.csr_matrix:
    """0/1 matrix (n, groups)."""
    return sp.csr_matrix((np.ones(len(labels)), (np.arange(len(labels)), labels)))


def _small_groups(member: sp.csr_matrix, most: int, seed: int) -> Labels:
    """Cells that fall alike, (n,) from 0, by k-means of the memberships' leading components."""
    from sklearn.cluster import KMeans

    n = member.shape[0]
    if n <= most:
        return np.arange(n)
    components = np.linalg.eigh((member.T @ member).toarray())[1][:, -_COMPONENTS:]
    means = KMeans(most, n_init=1, random_state=seed).fit(member @ components)
    return np.asarray(np.unique(means.labels_, return_inverse=True)[1], dtype=np.int64)


def _merged(
    member: sp.csr_matrix, small: Labels
) -> tuple[Labels, NDArray[np.float64], NDArray[np.float64]]:
    """Merge the two groups that are together most often, until one is left."""
    share = _indicator(small)
    size = np.asarray(share.sum(axis=0)).ravel()
    means = (share.T @ member).toarray() / size[:, None]
    near = means @ means.T
    own = near.diagonal().copy()
    np.fill_diagonal(near, -1)
    merges, together, within = [], [], []
    for _ in range(len(size) - 1):
        kept, gone = sorted(np.unravel_index(near.argmax(), near.shape))
        at = near[kept, gone]
        merges.append((kept, gone))
        together.append(at)
        within.append(min(own[kept], own[gone]))
        a, b = size[kept] / (size[kept] + size[gone]), size[gone] / (size[kept] + size[gone])
        own[kept] = a * a * own[kept] + b * b * own[gone] + 2 * a * b * at
        joint = a * near[kept] + b * near[gone]
        joint[near[kept] < 0], joint[[kept, gone]] = -1, -1
        near[kept] = near[:, kept] = joint
        near[gone] = near[:, gone] = -1
        size[kept] += size[gone]
    return np.array(merges, dtype=np.int64).reshape(-1, 2), np.array(together), np.array(within)
