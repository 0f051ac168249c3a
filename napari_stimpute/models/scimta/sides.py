"""The two graphs of scIMTA: who is near whom among cells, and among genes; and as rebuilt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp
import torch
from torch import Tensor

from ...data.ppmi import balanced_neighbours, knn_adjacency, ppmi_graph
from ...data.propagation import hop_features
from ..simple.neighbours import nearest

_STRONGEST = 10
"""Edges of each point that are handed out; at most twice as many, since they are made mutual."""

_CANDIDATES = 30
"""Nearest points in the latent space among which the strongest edges are looked for."""

_LEAST_GRADE = 0.05
_NOTHING = 1e-9


@dataclass(frozen=True)
class Side:
    """Cells, or genes: what their encoder reads, and the graph that their decoder rebuilds.

    Attributes
    ----------
    features : (n, n_hops + 1, p), averaged over neighbourhoods
    graph : (n, n), graded edges in (0, 1]
    """

    features: np.ndarray
    graph: sp.csr_matrix


@dataclass(frozen=True)
class Surroundings:
    """How neighbours are found: how many, how far walks go, how far features are gathered."""

    n_neighbors: int
    walk_steps: int
    n_hops: int
    seed: int


def cell_side(places: np.ndarray, batch: np.ndarray, how: Surroundings) -> Side:
    """Features and graph of cells.

    Parameters
    ----------
    places : (n, p), scores of components; what is peculiar to batches taken off
    batch : (n,) int64; if there are several, each cell has neighbours in all of them
    """
    n_batches, k = len(np.unique(batch)), min(how.n_neighbors, len(places))
    if n_batches > 1:
        each = max(1, round(k / n_batches))
        near = balanced_neighbours(places, batch, k_per_batch=each, seed=how.seed)
    else:
        near = knn_adjacency(nearest(places, k, how.seed))
    graph = ppmi_graph(near, steps=how.walk_steps)
    return Side(hop_features(places, graph, how.n_hops), graph)


def gene_side(loadings: np.ndarray, spread: np.ndarray, how: Surroundings) -> Side:
    """Features and graph of genes: their loadings, each component by how much it varies.

    Neighbours are the most correlated in that space; a gene that loads on nothing has none, and is
    none.

    Parameters
    ----------
    loadings : (p, n_vars), of components
    spread : (p,), standard deviation of the components' scores; within batches, if there are any
    """
    loaded = loadings.T * spread  # (n_vars, p)
    length = np.linalg.norm(loaded, axis=1, keepdims=True)
    direction = np.divide(loaded, length, out=np.zeros_like(loaded), where=length > _NOTHING)
    loads = np.flatnonzero(length > _NOTHING)
    n = len(loaded)
    graph = sp.csr_matrix(([], ([], [])), shape=(n, n), dtype=np.float32)
    if len(loads) > 1:
        near = nearest(direction[loads], min(how.n_neighbors, len(loads)), how.seed)
        among = ppmi_graph(knn_adjacency(near), steps=how.walk_steps).tocoo()
        places = loads[among.row], loads[among.col]
        graph = sp.csr_matrix((among.data, places), shape=(n, n))
    features = np.sqrt(direction.shape[1]) * direction
    return Side(hop_features(features.astype(np.float32), graph, how.n_hops), graph)


def spread_within(scores: np.ndarray, batch: np.ndarray) -> np.ndarray:
    """Standard deviation (p,) of scores (n, p) within batches (n,).

    How all genes differ between batches makes none of them alike.
    """
    if not batch.any():
        return np.asarray(scores.std(axis=0))
    within = pd.DataFrame(scores) - pd.DataFrame(scores).groupby(batch).transform("mean")
    return np.asarray(within.to_numpy().std(axis=0))


def rebuilt(
    grade: Callable[[Tensor, Tensor], Tensor], z: np.ndarray, device: torch.device, seed: int
) -> sp.csr_matrix:
    """A graph as its decoder sees it: the strongest edges of each point, never all pairs.

    Parameters
    ----------
    grade : from two blocks of latent points (m, d) to the grades of their edges (m,)
    z : (n, n_latent), latent points

    Returns
    -------
    (n, n), symmetric, in (0, 1], zero diagonal
    """
    n = len(z)
    order = nearest(z, min(_CANDIDATES + 1, n), seed)[:, 1:]
    rows, columns = np.repeat(np.arange(n), order.shape[1]), order.ravel()
    grades = np.empty(len(rows), dtype=np.float32)
    with torch.no_grad():
        for start in range(0, len(rows), 1 << 18):
            part = slice(start, start + (1 << 18))
            ends = (torch.from_numpy(z[at[part]]).to(device) for at in (rows, columns))
            grades[part] = grade(*ends).cpu().numpy()
    each = grades.reshape(n, -1)
    rank = np.argsort(np.argsort(-each, axis=1, kind="stable"), axis=1)
    kept = (rank < _STRONGEST).ravel() & (grades >= _LEAST_GRADE)
    graph = sp.csr_matrix((grades[kept], (rows[kept], columns[kept])), shape=(n, n))
    return sp.csr_matrix(graph.maximum(graph.T))
