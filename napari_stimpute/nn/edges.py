"""Reconstruction of a neighbour graph from latent points, by sampled pairs of spots.

Edges of a 0/1 graph are told from other pairs by cross-entropy, those of a graded graph are
regressed by squared error.

The dense loss of a variational graph autoencoder (norm · weighted cross-entropy over all pairs) is
½ (mean over edges + mean over non-edges). Both means are estimated here from a few thousand pairs,
so nothing of size spots × spots exists.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from .layers import linear

_GRAPH_HIDDEN = 32
_FIRST_GRADE = -3.0


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


def pair_keys(rows: Tensor, cols: Tensor, n_nodes: int) -> Tensor:
    """One number per stored pair, ascending, to look pairs up in; (edges,), int64."""
    return (rows.long() * n_nodes + cols.long()).sort().values


def sample_zeros(
    stored: Tensor, n_nodes: int, n_pairs: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Draw pairs of spots, loops included, and say which of them a graded graph does not store.

    Parameters
    ----------
    stored : (edges,), int64, from `pair_keys`
    n_nodes : number of spots
    n_pairs : pairs drawn
    generator : source of randomness, on the device of the keys

    Returns
    -------
    pairs : (2, n_pairs), int64, uniform over all
    is_zero : (n_pairs,), bool; where True, uniform over the pairs not stored. The others are to be
        given no weight: were they left out, the host would wait for the device to say how many
    """
    possible = max(n_nodes * n_nodes, 1)
    drawn = torch.randint(possible, (n_pairs,), generator=generator, device=stored.device)
    pairs = torch.stack([drawn // n_nodes, drawn % n_nodes])
    if not stored.shape[0]:
        return pairs, torch.ones_like(drawn, dtype=torch.bool)
    place = torch.searchsorted(stored, drawn).clamp_max(stored.shape[0] - 1)
    return pairs, stored[place] != drawn


def sampled_regression(
    predicted_at_edges: Tensor,
    weights: Tensor,
    predicted_at_pairs: Tensor,
    is_zero: Tensor,
    *,
    n_nodes: int,
    n_edges: int,
) -> Tensor:
    """Estimate the mean squared error over all pairs of spots of a graded graph.

    Parameters
    ----------
    predicted_at_edges : (a,), predictions at stored pairs, all of them or drawn uniformly
    weights : (a,), what is stored there
    predicted_at_pairs : (b,), predictions at pairs of which some are not stored
    is_zero : (b,), bool, which of these are not stored: all those there are, or drawn uniformly
    n_nodes : number of spots
    n_edges : stored pairs of the whole graph, each direction counted

    Returns
    -------
    scalar, (1/n²) [n_edges · mean (w − ŵ)² + (n² − n_edges) · mean ŵ² over pairs not stored]

    Notes
    -----
    Unbiased for the dense mean squared error, and equal to it if all pairs are given.
    """
    share = n_edges / max(n_nodes * n_nodes, 1)
    at_edges = _mean((predicted_at_edges - weights).square())
    at_zeros = (predicted_at_pairs.square() * is_zero).sum() / is_zero.sum().clamp_min(1)
    return share * at_edges + (1 - share) * at_zeros


class GraphDecoder(nn.Module):
    """Grade of the edge between two latent points: sigmoid(h_i W h_j), h a linear map of them.

    Parameters
    ----------
    n_latent : latent dimensions
    generator : for the first weights, on the CPU
    """

    def __init__(self, n_latent: int, generator: torch.Generator) -> None:
        super().__init__()
        self.hidden = linear(n_latent, _GRAPH_HIDDEN, generator)
        self.weight = nn.Parameter(torch.eye(_GRAPH_HIDDEN))
        self.bias = nn.Parameter(torch.full((), _FIRST_GRADE))

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Latent points (m, n_latent) each → grades (m,) in (0, 1), the same in both directions."""
        a, b = self.hidden(first), self.hidden(second)
        weight = 0.5 * (self.weight + self.weight.T)
        return torch.sigmoid(((a @ weight) * b).sum(dim=1) + self.bias)


def _logits(z: Tensor, pairs: Tensor) -> Tensor:
    return (z.index_select(0, pairs[0]) * z.index_select(0, pairs[1])).sum(dim=1)


def _mean(losses: Tensor) -> Tensor:
    """Mean that is 0, not NaN, where there is no pair."""
    return losses.sum() / max(losses.shape[0], 1)
