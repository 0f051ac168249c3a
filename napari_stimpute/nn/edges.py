"""Reconstruction of a neighbour graph from latent points, by sampled pairs of spots.

The dense loss of a variational graph autoencoder (norm · weighted cross-entropy over all pairs) is
½ (mean over edges + mean over non-edges). Both means are estimated here from a few thousand pairs,
so nothing of size spots × spots exists.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus


@dataclass(frozen=True)
class Pairs:
    """Pairs of spots for one step of training.

    Parameters
    ----------
    positives : (2, n), int64, both ends of edges drawn with replacement
    negatives : (2, n), int64, both ends of pairs i ≠ j drawn uniformly; a share of `density`
        of them are edges by chance, which `edge_loss` subtracts
    density : edges / (n_nodes · (n_nodes − 1)), in [0, 1)
    """

    positives: Tensor
    negatives: Tensor
    density: float


def sample_pairs(
    edge_rows: Tensor, edge_cols: Tensor, n_nodes: int, n_pairs: int, generator: torch.Generator
) -> Pairs:
    """Draw `n_pairs` edges and `n_pairs` pairs of any two spots.

    Parameters
    ----------
    edge_rows, edge_cols : (edges,), int64, each edge in both directions, none from i to i
    n_nodes : number of spots
    n_pairs : pairs of each kind
    generator : source of randomness, on the device of the edges

    Returns
    -------
    Pairs, on the device of the edges; no positives without edges, no negatives in a complete graph
    """
    device, n_edges = edge_rows.device, edge_rows.shape[0]
    n_possible = n_nodes * (n_nodes - 1)
    drawn = torch.randint(
        max(n_edges, 1), (n_pairs if n_edges else 0,), generator=generator, device=device
    )
    size = (n_pairs if n_edges < n_possible else 0,)
    first = torch.randint(max(n_nodes, 1), size, generator=generator, device=device)
    offset = torch.randint(1, max(n_nodes, 2), size, generator=generator, device=device)
    return Pairs(
        positives=torch.stack([edge_rows[drawn], edge_cols[drawn]]),
        negatives=torch.stack([first, (first + offset) % max(n_nodes, 1)]),
        density=n_edges / max(n_possible, 1),
    )


def edge_loss(z: Tensor, pairs: Pairs) -> Tensor:
    """How badly inner products of latent points tell neighbours from other spots.

    Parameters
    ----------
    z : (n_nodes, n_latent)
    pairs : from `sample_pairs`, or all pairs

    Returns
    -------
    scalar, nats: ½ (mean cross-entropy of edges + mean cross-entropy of non-edges)

    Notes
    -----
    The mean over non-edges is that over uniform pairs, less its expected share of edges:
    unbiased without looking up which pairs are edges.
    """
    positive = _logits(z, pairs.positives)
    negative = _mean(softplus(_logits(z, pairs.negatives)))
    if 0 < pairs.density < 1:
        edges_among_them = pairs.density * _mean(softplus(positive))
        negative = (negative - edges_among_them) / (1 - pairs.density)
    return 0.5 * (_mean(softplus(-positive)) + negative)


def _logits(z: Tensor, pairs: Tensor) -> Tensor:
    return (z.index_select(0, pairs[0]) * z.index_select(0, pairs[1])).sum(dim=1)


def _mean(losses: Tensor) -> Tensor:
    """Mean that is 0, not NaN, where there is no pair."""
    return losses.sum() / max(losses.shape[0], 1)
