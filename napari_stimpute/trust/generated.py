"""How far generated cells can be told from real ones that the generator never saw.

Each score stands beside its floor: real cells held against other real cells, which is the best that
anything can reach. Statistics of genes are of log(1 + count · depth / total); comparisons of cells
are made in principal components of one half of the real cells, with the other half (cells that
components were fitted to are told from any new cell at once).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import pairwise_distances, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import NearestNeighbors

from ..data.counts import depth_of
from ..errors import TooSmall

Array = NDArray[np.float64]

MOST_CELLS = 3000
"""Of each kind are compared; more are drawn at random, which is said."""

FEWEST_CELLS = 40
"""Real cells below which nothing can be told."""

_N_COMPONENTS = 50
_N_TREES = 100
_N_GENES = 200
"""Most variable genes among which correlations are compared."""
_FEWEST_PER_LABEL = 20
_N_FOLDS = 5


@dataclass(frozen=True)
class Realism:
    """Scores of some cells against real ones; what each says is told in `WORDS`."""

    forest: float
    mmd: float
    mean: float
    variance: float
    zeros: float
    spread: float
    correlation: float
    depth: float
    copying: float
    slope: float


WORDS: Mapping[str, str] = {
    "forest": "how often a random forest tells them from real cells (area under the curve; 0.5 is "
    "never)",
    "mmd": "distance of the two clouds of cells (squared maximum mean discrepancy; 0 is none)",
    "mean": "correlation of the genes' means",
    "variance": "correlation of the genes' variances",
    "zeros": "correlation of the genes' shares of zeros",
    "spread": "median log₂ ratio of the variances of counts (0 is the same)",
    "correlation": "agreement of the correlations between genes (1 is the same)",
    "depth": "molecules per cell, over those of real cells",
    "copying": "distance to the nearest training cell, over that of real cells; well below 1 they "
    "are copies",
    "slope": "differences between labels, over those of real cells",
}


def realism(
    real: sp.csr_matrix,
    other: sp.csr_matrix,
    trained: sp.csr_matrix,
    labels: tuple[np.ndarray, np.ndarray] | None = None,
    *,
    seed: int = 0,
) -> Realism:
    """Score cells against real ones.

    Parameters
    ----------
    real : (n, n_genes), counts of cells that the generator did not see
    other : (m, n_genes), counts of generated cells, or of further real ones for the floor
    trained : (k, n_genes), counts that it saw
    labels : of the real and of the other cells, (n,) and (m,); None where there are none
    seed : of what is drawn at random

    Raises
    ------
    TooSmall : too few cells to tell anything
    """
    if min(real.shape[0], other.shape[0]) < FEWEST_CELLS:
        raise TooSmall(
            expected=f"at least {FEWEST_CELLS} real and generated cells to compare",
            found=f"{real.shape[0]:,} and {other.shape[0]:,}",
            remedy="Generate more, or hold more cells out.",
        )
    rng = np.random.default_rng(seed)
    depth = float(np.median(depth_of(real)))
    chosen = [_drawn(rng, matrix.shape[0]) for matrix in (real, other, trained)]
    counts, made, seen = (
        m[i].toarray() for m, i in zip((real, other, trained), chosen, strict=True)
    )
    logged = [_logged(values, depth) for values in (counts, made, seen)]
    forest, mmd, copying = _as_clouds(logged, rng, seed)
    kinds = (
        None if labels is None else [np.asarray(v)[i] for v, i in zip(labels, chosen, strict=False)]
    )
    return Realism(
        forest=forest,
        mmd=mmd,
        mean=_correlation(logged[0].mean(axis=0), logged[1].mean(axis=0)),
        variance=_correlation(logged[0].var(axis=0), logged[1].var(axis=0)),
        zeros=_correlation((counts == 0).mean(axis=0), (made == 0).mean(axis=0)),
        spread=float(np.median(np.log2((made.var(axis=0) + 1e-4) / (counts.var(axis=0) + 1e-4)))),
        correlation=_gene_correlation(logged[0], logged[1]),
        depth=float(made.sum(axis=1).mean() / counts.sum(axis=1).mean()),
        copying=copying,
        slope=float("nan") if kinds is None else _slope(logged[0], logged[1], kinds[0], kinds[1]),
    )


def _as_clouds(
    logged: Sequence[Array], rng: np.random.Generator, seed: int
) -> tuple[float, float, float]:
    real, made, seen = logged
    order = rng.permutation(len(real))
    first, second = order[: len(order) // 2], order[len(order) // 2 :]
    n_components = min(_N_COMPONENTS, len(first) // 2, real.shape[1] - 1)
    pca = PCA(n_components, svd_solver="randomized", random_state=seed).fit(real[first])
    one, other = pca.transform(real[second]), pca.transform(made)
    nearest = NearestNeighbors(n_neighbors=1).fit(pca.transform(seen))
    apart = [float(np.median(nearest.kneighbors(cells)[0])) for cells in (one, other)]
    n = min(len(one), len(other))
    both = np.vstack([rng.permutation(cells)[:n] for cells in (one, other)])
    return _told_apart(both, n, seed), _discrepancy(one, other), apart[1] / max(apart[0], 1e-12)


def _told_apart(both: Array, n: int, seed: int) -> float:
    """Cross-validated area under the curve of a forest; the first n are real."""
    is_made = np.repeat([0, 1], n)
    folds = StratifiedKFold(_N_FOLDS, shuffle=True, random_state=seed)
    forest = RandomForestClassifier(_N_TREES, random_state=seed)
    chance = cross_val_predict(forest, both, is_made, cv=folds, method="predict_proba")[:, 1]
    return float(roc_auc_score(is_made, chance))


def _discrepancy(one: Array, other: Array) -> float:
    """Unbiased squared maximum mean discrepancy (Gretton et al. 2012).

    Gaussian kernel; its width is the median distance between real cells.
    """
    within = pairwise_distances(one)
    width = float(np.median(within[np.triu_indices(len(one), 1)]))

    def kernel(distance: Array) -> Array:
        found: Array = np.exp(-0.5 * np.square(distance / width))
        return found

    def mean_within(values: Array) -> float:
        n = len(values)
        return float((values.sum() - np.trace(values)) / (n * (n - 1)))

    inside = mean_within(kernel(within)) + mean_within(kernel(pairwise_distances(other)))
    return float(inside - 2 * kernel(pairwise_distances(one, other)).mean())


def _gene_correlation(real: Array, made: Array) -> float:
    top = np.argsort(-real.var(axis=0))[:_N_GENES]
    pairs = np.triu_indices(len(top), 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = [
            np.asarray(np.nan_to_num(np.corrcoef(cells[:, top].T)))[pairs] for cells in (real, made)
        ]
    return _correlation(*found)


def _slope(real: Array, made: Array, real_labels: np.ndarray, made_labels: np.ndarray) -> float:
    """Least-squares slope of differences between each label and the rest; NaN with one label."""
    names = [
        name
        for name in np.unique(real_labels)
        if min((labels == name).sum() for labels in (real_labels, made_labels)) >= _FEWEST_PER_LABEL
    ]
    if len(names) < 2:
        return float("nan")
    changes = []
    for cells, labels in ((real, real_labels), (made, made_labels)):
        here = np.isin(labels, names)
        changes.append(
            np.concatenate(
                [
                    cells[labels == name].mean(axis=0) - cells[here & (labels != name)].mean(axis=0)
                    for name in names
                ]
            )
        )
    return float(changes[0] @ changes[1] / max(changes[0] @ changes[0], 1e-12))


def _logged(counts: np.ndarray, depth: float) -> Array:
    totals = np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    found: Array = np.log1p(counts.astype(np.float64) * (depth / totals))
    return found


def _correlation(one: Array, other: Array) -> float:
    if min(one.std(), other.std()) == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def _drawn(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.arange(n) if n <= MOST_CELLS else np.sort(rng.choice(n, MOST_CELLS, replace=False))
