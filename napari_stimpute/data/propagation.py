"""What a graph encoder reads: principal components of log values, averaged over neighbourhoods.

Averaging is done once, on the sparse graph, so that a model can take spots in any blocks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from .components import Components, principal_components
from .counts import log_normalise
from .graph import normalised_adjacency

_SPREAD = 3.0
"""Standard deviation that the leading component is given."""


@dataclass(frozen=True)
class InputTransform:
    """From counts to a few principal components; fitted once, applied to any spots.

    Genes are not scaled to unit variance: that gives genes that are mostly noise the weight of the
    others, and predicted hidden molecules worse.

    Attributes
    ----------
    components : of the log-normalised counts
    unit : factor on the scores
    """

    components: Components
    unit: float

    @classmethod
    def fit(cls, counts: sp.csr_matrix, size: np.ndarray, n: int, seed: int) -> InputTransform:
        """Fit to counts (n_obs, n_vars) with size factors (n_obs,), for n components."""
        parts = principal_components(log_normalise(counts, size), n, seed)
        lead = float(parts.scores[:, 0].std())
        return cls(parts, _SPREAD / lead if lead > 0 else 1.0)

    def scores(self, counts: sp.csr_matrix, size: np.ndarray) -> np.ndarray:
        """Component scores of spots, (n_obs, n_components) float32."""
        return self.components.project(log_normalise(counts, size)) * np.float32(self.unit)


def hop_features(scores: np.ndarray, graph: sp.csr_matrix, n_hops: int) -> np.ndarray:
    """Scores averaged over 0, 1 … n_hops steps on the graph, (n_obs, n_hops + 1, p) float32."""
    adjacency = normalised_adjacency(graph)
    hops = [scores]
    for _ in range(n_hops):
        hops.append(np.asarray(adjacency @ hops[-1], dtype=np.float32))
    return np.stack(hops, axis=1)


def prune_edges(
    graph: sp.csr_matrix, labels: np.ndarray, is_confident: np.ndarray
) -> sp.csr_matrix:
    """Drop edges between confident spots of different labels.

    Parameters
    ----------
    graph : (n, n), symmetric, 0/1
    labels, is_confident : (n,)
    """
    edges = graph.tocoo()
    a, b = edges.row, edges.col
    keep = ~(is_confident[a] & is_confident[b] & (labels[a] != labels[b]))
    return sp.csr_matrix((edges.data[keep], (a[keep], b[keep])), shape=graph.shape)
