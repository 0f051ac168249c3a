"""Clustering inside a network: points are drawn to the centres they already lean to (DEC).

Each point belongs to each cluster by Student's t around trainable centres. The target sharpens
these memberships, and gives small clusters the same weight as large ones. The divergence of the
target from the memberships is what is minimised; the target itself is held fixed meanwhile.

The public code of the graph model minimises KL(q‖p) with centres that never train; here it is
KL(p‖q), as in the paper (Xie, Girshick and Farhadi, 2016), and the centres train.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_LEAST = 1e-30
"""What a membership or the size of a cluster counts for at least, so that none divides by zero."""


class ClusterCentres(nn.Module):
    """Trainable centres of clusters in the latent space.

    Parameters
    ----------
    n_clusters : number of clusters
    n_latent : latent dimensions

    Attributes
    ----------
    centres : (n_clusters, n_latent), zero before `start`
    """

    def __init__(self, n_clusters: int, n_latent: int) -> None:
        super().__init__()
        self.centres = nn.Parameter(torch.zeros(n_clusters, n_latent))

    @torch.no_grad()
    def start(self, centres: Tensor) -> None:
        """Take over centres (n_clusters, n_latent) that were found elsewhere."""
        self.centres.copy_(centres)

    def soft_assignment(self, z: Tensor) -> Tensor:
        """Membership of each point in each cluster, by Student's t with one degree of freedom.

        Parameters
        ----------
        z : (n, n_latent)

        Returns
        -------
        (n, n_clusters), q_ik ∝ 1 / (1 + ‖z_i − c_k‖²); rows sum to one
        """
        distance = (z.unsqueeze(1) - self.centres).square().sum(dim=2)
        closeness = 1 / (1 + distance)
        return closeness / closeness.sum(dim=1, keepdim=True)


@torch.no_grad()
def target(q: Tensor, column_sums: Tensor) -> Tensor:
    """Memberships to strive for: sharper than the present ones, and balanced over clusters.

    Parameters
    ----------
    q : (n, n_clusters), rows sum to one; any block of the points
    column_sums : (n_clusters,), sums of q over all points, gathered block by block

    Returns
    -------
    (n, n_clusters), p_ik ∝ q_ik² / Σ_i q_ik; rows sum to one, no gradient; finite for a cluster
    that nobody belongs to
    """
    log_weight = 2 * q.clamp_min(_LEAST).log() - column_sums.clamp_min(_LEAST).log()
    return torch.softmax(log_weight, dim=1)


def kl(p: Tensor, q: Tensor) -> Tensor:
    """Divergence KL(p‖q) = Σ_k p_k log(p_k / q_k) of each row.

    Parameters
    ----------
    p, q : (n, n_clusters), rows sum to one

    Returns
    -------
    (n,), nats, ≥ 0
    """
    return (torch.xlogy(p, p) - torch.xlogy(p, q.clamp_min(_LEAST))).sum(dim=1)
