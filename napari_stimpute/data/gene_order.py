"""An order of genes in which neighbours are expressed together, for a convolution over genes.

Up to 5,000 genes, average linkage on 1 − Pearson correlation of log-normalised counts, and the
leaves of its tree in order. Beyond, genes are grouped by their loadings first, and linkage orders
the groups: no array of genes × genes is made. Nothing in it is random.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .components import MOST_AT_ONCE, moments, principal_components

_N_COMPONENTS = 50


def gene_order(logged: sp.csr_matrix, most_at_once: int = MOST_AT_ONCE) -> NDArray[np.intp]:
    """Order genes by co-expression.

    Parameters
    ----------
    logged : (n_obs, n_vars), log-normalised counts, sparse
    most_at_once : genes up to which every pair is correlated

    Returns
    -------
    (n_vars,), positions of the genes in their new order; constant genes are alike and far from all
    """
    n_vars = logged.shape[1]
    if n_vars < 3:
        return np.arange(n_vars)
    if n_vars <= most_at_once:
        return _leaves(1 - correlation(logged))
    return _order_in_groups(logged)


def correlation(logged: sp.csr_matrix) -> NDArray[np.float32]:
    """Pearson correlation of all pairs of columns, (n_vars, n_vars); 0 with a constant one."""
    _mean, covariance = moments(logged)
    spread = np.sqrt(np.maximum(np.diag(covariance), 0))
    scale = np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > 1e-9)
    return np.clip(covariance * scale[:, None] * scale, -1, 1).astype(np.float32)


def _leaves(distance: NDArray[np.float32]) -> NDArray[np.intp]:
    from scipy.cluster.hierarchy import leaves_list, linkage

    if len(distance) < 2:
        return np.arange(len(distance))
    condensed = distance[np.triu_indices(len(distance), 1)]
    return np.asarray(leaves_list(linkage(condensed, "average")), dtype=np.intp)


def _order_in_groups(logged: sp.csr_matrix) -> NDArray[np.intp]:
    """Groups of about √n_vars genes by k-means; inside each, along its leading component."""
    from sklearn.cluster import MiniBatchKMeans

    parts = principal_components(logged, _N_COMPONENTS, seed=0)
    places = _directions(parts.loadings.T * parts.scores.std(axis=0))  # (n_vars, n_components)
    n_groups = round(float(np.sqrt(len(places))))
    groups = MiniBatchKMeans(n_groups, random_state=0, n_init=3).fit(places)
    present = np.unique(groups.labels_)
    centres = _directions(groups.cluster_centers_[present])
    order = []
    for group in present[_leaves(1 - np.clip(centres @ centres.T, -1, 1))]:
        members = np.flatnonzero(groups.labels_ == group)
        centred = places[members] - places[members].mean(axis=0)
        leading = np.linalg.svd(centred, full_matrices=False)[2][0]
        leading *= np.sign(leading[np.abs(leading).argmax()])
        order.append(members[np.argsort(centred @ leading, kind="stable")])
    return np.concatenate(order)


def _directions(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Points (n, p) moved to distance 1 from the origin; those at the origin stay there."""
    length = np.linalg.norm(points, axis=1, keepdims=True)
    directions: NDArray[np.float32]
    directions = np.divide(points, length, out=np.zeros_like(points), where=length > 0)
    return directions
