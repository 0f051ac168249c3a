"""The parts of a search's score: hidden molecules, and structure that needs no labels.

One fit is scored by the share of the hidden molecules' deviance that it explains, and by how far
its clusters stand apart in its embedding; three fits of the same settings also by how well their
clusters agree. All parts have one scale: 0 is what comes from nothing (gene mean × depth, clusters
that overlap, agreement by chance), 1 would be perfect. No label is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ..data.components import principal_components
from ..data.counts import counts_of, log_normalise, size_factors
from ..data.holdout import HIDDEN_SHARE, Molecules, with_counts
from ..errors import Diverged
from ..models.simple.neighbours import pool
from ..trust.recovery import require_molecules

if TYPE_CHECKING:
    from anndata import AnnData

STRUCTURE_WEIGHT = 0.5
"""Weight of silhouette and of stability, each, beside the hidden molecules' 1."""

_MOST_CELLS = 2_000
"""Spots on which the silhouette is computed: it compares all pairs."""

_N_COMPONENTS, _N_NEIGHBOURS = 20, 15
"""Of the graph on which modularity is measured."""

_HOLD_OUT_SEED = 15_485_863
"""Added to the search's seed, so that its hold-out is not that of a run with the same seed."""

Groups = NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class Ground:
    """What all trials of a search are measured on; the same for each.

    Parameters
    ----------
    kept : counts left after hiding, in X
    hidden : (n_obs, n_vars), counts that no fit sees
    cells : places of the spots on which silhouettes are computed
    graph : (n_obs, n_obs), symmetric 0/1, nearest spots by kept counts
    """

    kept: AnnData
    hidden: sp.csr_matrix
    cells: NDArray[np.intp]
    graph: sp.csr_matrix

    @classmethod
    def of(cls, adata: AnnData, seed: int) -> Ground:
        """Hide a tenth of the molecules, and prepare what the rest is measured by.

        Raises
        ------
        TooSmall : no molecule could be hidden, or none was kept
        """
        molecules = Molecules.of(counts_of(adata), adata.obs_names, adata.var_names)
        left, hidden = molecules.hide(HIDDEN_SHARE, seed + _HOLD_OUT_SEED)
        kept = left.counts
        require_molecules(float(kept.sum()), float(hidden.sum()))
        logged = log_normalise(kept, size_factors(kept))
        places = principal_components(logged, _N_COMPONENTS, seed).scores
        near = pool(places, _N_NEIGHBOURS + 1, seed)
        near.setdiag(0)
        near.eliminate_zeros()
        n = min(adata.n_obs, _MOST_CELLS)
        cells = np.sort(np.random.default_rng(seed).choice(adata.n_obs, n, replace=False))
        return cls(with_counts(adata, kept), hidden, cells, near.maximum(near.T).tocsr())


@dataclass(frozen=True, eq=False)
class Fitted:
    """What one fit gave; None where the model has no such part."""

    molecules: float | None
    silhouette: float | None
    modularity: float | None
    clusters: Groups | None
    seconds: float

    @property
    def score(self) -> float:
        """The score of this fit by itself, without stability."""
        return (self.molecules or 0.0) + STRUCTURE_WEIGHT * (self.silhouette or 0.0)


@dataclass(frozen=True, eq=False)
class Labels:
    """Known groups to compare clusters with: ``groups`` (n_obs,), −1 for none, and their column."""

    column: str
    groups: Groups


@dataclass(frozen=True)
class Measures:
    """What the fits of one trial's settings gave together: means over the fits.

    ``score`` is molecules + 0.5 · silhouette + 0.5 · stability, larger is better; ``spread`` its
    standard deviation over the fits, None for a single one. ``labels`` is the agreement with the
    known labels in ``labels_column``, reported and never scored. None where there is no such part.
    """

    score: float
    spread: float | None
    molecules: float | None
    silhouette: float | None
    stability: float | None
    modularity: float | None
    n_clusters: float | None
    labels: float | None
    seconds: float
    n_fits: int
    labels_column: str = ""

    def agreement_with(self, column: str) -> float | None:
        """Agreement with the labels in a column; None if it was compared with another one."""
        return self.labels if column == self.labels_column else None


def measures_of(fits: Sequence[Fitted], labels: Labels | None = None) -> Measures:
    """Take the fits of one trial together.

    Parameters
    ----------
    fits : at least one
    labels : known groups; only reported, they change nothing else
    """
    clusters = [fit.clusters for fit in fits if fit.clusters is not None]
    agreement = _agreement(clusters) if len(clusters) > 1 else None
    scores = np.array([fit.score for fit in fits])
    if agreement is not None:
        scores = scores + STRUCTURE_WEIGHT * agreement
    return Measures(
        score=float(scores.mean()),
        spread=float(scores.std(ddof=1)) if len(scores) > 1 else None,
        molecules=_mean([fit.molecules for fit in fits]),
        silhouette=_mean([fit.silhouette for fit in fits]),
        stability=None if agreement is None else float(agreement.mean()),
        modularity=_mean([fit.modularity for fit in fits]),
        n_clusters=_mean([float(len(np.unique(groups))) for groups in clusters]),
        labels=None if labels is None else _mean([_with_labels(g, labels) for g in clusters]),
        seconds=sum(fit.seconds for fit in fits),
        n_fits=len(fits),
        labels_column="" if labels is None else labels.column,
    )


def silhouette(embedding: NDArray[np.floating], clusters: Groups, cells: NDArray[np.intp]) -> float:
    """How far clusters stand apart: mean silhouette by cosine distance, −1 to 1; 0 for one alone.

    Parameters
    ----------
    embedding : (n_obs, n_latent)
    clusters : (n_obs,)
    cells : places of the spots that are compared

    Raises
    ------
    Diverged : the embedding holds NaN or infinite values
    """
    from sklearn.metrics import silhouette_score

    if not np.isfinite(embedding).all():
        raise Diverged(
            expected="finite numbers in the embedding",
            found="NaN or infinite ones",
            remedy="These settings do not suit the data.",
        )
    groups = clusters[cells]
    if not 2 <= len(np.unique(groups)) < len(groups):
        return 0.0
    return float(silhouette_score(embedding[cells], groups, metric="cosine"))


def modularity(graph: sp.csr_matrix, clusters: Groups) -> float:
    """Share of edges within clusters, beyond what their degrees predict (Newman, 2006).

    Parameters
    ----------
    graph : (n_obs, n_obs), symmetric, weights ≥ 0
    clusters : (n_obs,)
    """
    _, codes = np.unique(clusters, return_inverse=True)
    edges, total = graph.tocoo(), float(graph.sum())
    if not total:
        return 0.0
    inside = float(edges.data[codes[edges.row] == codes[edges.col]].sum())
    degrees = np.bincount(codes, weights=np.asarray(graph.sum(axis=1)).ravel())
    return inside / total - float(np.square(degrees / total).sum())


def agreement(a: Groups, b: Groups) -> float:
    """Adjusted Rand index of two groupings; 0 if one of them holds a single group, which is none.

    1 is the same grouping, 0 what chance gives (Hubert and Arabie, 1985).
    """
    from sklearn.metrics import adjusted_rand_score

    if min(len(np.unique(a)), len(np.unique(b))) < 2:
        return 0.0
    return float(adjusted_rand_score(a, b))


def _agreement(clusters: Sequence[Groups]) -> NDArray[np.float64]:
    """Mean agreement of each fit's clusters with the other fits', (n_fits,)."""
    n = len(clusters)
    pairs = np.zeros((n, n))
    for i, j in combinations(range(n), 2):
        pairs[i, j] = pairs[j, i] = agreement(clusters[i], clusters[j])
    mean: NDArray[np.float64] = pairs.sum(axis=1) / (n - 1)
    return mean


def _with_labels(clusters: Groups, labels: Labels) -> float:
    known = labels.groups >= 0
    return agreement(clusters[known], labels.groups[known]) if known.any() else 0.0


def _mean(values: Sequence[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return float(np.mean(there)) if there else None
