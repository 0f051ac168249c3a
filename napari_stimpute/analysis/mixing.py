"""Whether spots of different batches lie among one another, and whether biology is still there.

Mixing alone is easily had by an embedding that has forgotten everything, so what was kept is scored
beside it. All but the silhouettes are taken from nearest neighbours, so time grows with the number
of spots; silhouettes need all distances, and are those of at most 5,000 spots.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2

from ..data.components import principal_components
from ..data.counts import log_normalise, size_factors
from ..errors import TooSmall
from ..models.simple.neighbours import nearest

MOST_COMPARED = 5_000
"""Spots whose silhouettes are computed."""

_LEVEL = 0.05
"""Of the test whether a neighbourhood differs from the whole."""

_MOST_SCORED = 20_000
"""Spots on which a run's mixing is scored."""

_N_COMPONENTS = 30

Points = NDArray[np.floating]


@dataclass(frozen=True)
class Mixing:
    """How well batches are mixed, and how much biology is kept; each is better the higher.

    Attributes
    ----------
    diversity : chance that two neighbours of a spot are of different batches, over that among all
        spots; 0 apart, 1 as mixed as the sizes of the batches allow (Simpson's index, as in LISI)
    accepted : share of spots whose neighbours' batches do not differ from the whole's (chi-squared
        at 5 %, as in kBET); up to 0.95 where fully mixed
    batch_silhouette : 1 − |silhouette| of batches, within groups if there are any; 1 where mixed
    group_silhouette : silhouette of groups, −1 to 1; NaN without groups
    purity : share of neighbours of the same group; NaN without groups
    kept_neighbours : share of a spot's nearest in its own batch that were so before; NaN without a
        reference
    """

    diversity: float
    accepted: float
    batch_silhouette: float
    group_silhouette: float = float("nan")
    purity: float = float("nan")
    kept_neighbours: float = float("nan")


def mixing(
    embedding: Points,
    batch: ArrayLike,
    groups: ArrayLike | None = None,
    seed: int = 0,
    n_neighbours: int = 30,
    reference: Points | None = None,
) -> Mixing:
    """Score the mixing of batches in an embedding, and what was kept of groups and neighbours.

    Parameters
    ----------
    embedding : (n, d)
    batch : (n,), names or codes; a missing one is a batch of its own
    groups : (n,), for instance cell types; spots without one are left out of what concerns groups
    seed : of the sample for silhouettes, and of approximate neighbours
    n_neighbours : nearest spots looked at
    reference : (n, p), an embedding before batches were mixed

    Raises
    ------
    TooSmall : fewer than two batches, or fewer than three spots

    Notes
    -----
    A batch of one spot works: it has no silhouette and no neighbours of its own batch.
    """
    codes, names = pd.factorize(np.asarray(batch), use_na_sentinel=False)
    if len(names) < 2 or len(codes) < 3:
        raise TooSmall(
            expected="at least two batches among three or more cells or spots",
            found=f"{len(names)} among {len(codes):,}",
            remedy="Choose the column that names the batches.",
        )
    near = nearest(embedding, n_neighbours + 1, seed)[:, 1:]
    counts = _counts(codes[near], len(names))
    known = np.full(len(codes), -1) if groups is None else pd.factorize(np.asarray(groups))[0]
    sample = _sample(len(codes), seed)
    points = np.asarray(embedding, dtype=np.float32)[sample]
    return Mixing(
        diversity=_diversity(counts, codes),
        accepted=_accepted(counts, codes),
        batch_silhouette=_batch_silhouette(points, codes[sample], known[sample]),
        group_silhouette=_silhouette(points, known[sample]),
        purity=_purity(known, near),
        kept_neighbours=_kept(embedding, reference, codes, n_neighbours, seed),
    )


def mixing_in_words(
    counts: sp.csr_matrix, embedding: Points, batch: ArrayLike, column: str, seed: int
) -> str:
    """Say how well an embedding mixes batches, beside principal components of the counts.

    Parameters
    ----------
    counts : (n_obs, n_vars)
    embedding : (n_obs, d)
    batch : (n_obs,), names; `column` is where they stand
    seed : of the sample, of at most 20,000 spots
    """
    drawn = np.random.default_rng(seed).permutation(len(embedding))[:_MOST_SCORED]
    logged = log_normalise(counts, size_factors(counts))[drawn]
    names, after = np.asarray(batch)[drawn], embedding[drawn]
    before = principal_components(logged, _N_COMPONENTS, seed).scores
    apart = mixing(before, names, seed=seed)
    mixed = mixing(after, names, seed=seed, reference=before)
    kept = 100 * np.nan_to_num(mixed.kept_neighbours)
    return (
        f"Batches ({column}): mixing {apart.diversity:.2f} in the counts, {mixed.diversity:.2f} in "
        f"the embedding (0 apart, 1 as mixed as their sizes allow); of the nearest within a "
        f"batch, {kept:.0f} % are kept."
    )


def _counts(neighbours: NDArray[np.intp], n: int) -> NDArray[np.float64]:
    """Neighbours of each batch, (n_obs, n batches)."""
    rows = np.repeat(np.arange(len(neighbours)), neighbours.shape[1])
    flat = np.bincount(rows * n + neighbours.ravel(), minlength=len(neighbours) * n)
    return flat.reshape(len(neighbours), n).astype(np.float64)


def _diversity(counts: NDArray[np.float64], codes: NDArray[np.intp]) -> float:
    k = counts.sum(axis=1)
    alike = (counts * (counts - 1)).sum(axis=1) / np.maximum(k * (k - 1), 1)
    sizes, n = np.bincount(codes).astype(np.float64), len(codes)
    expected = 1 - (sizes * (sizes - 1)).sum() / (n * (n - 1))
    return float(np.clip((1 - alike).mean() / expected, 0, 1))


def _accepted(counts: NDArray[np.float64], codes: NDArray[np.intp]) -> float:
    expected = counts.sum(axis=1, keepdims=True) * np.bincount(codes) / len(codes)
    statistic = ((counts - expected) ** 2 / expected).sum(axis=1)
    return float((chi2.sf(statistic, counts.shape[1] - 1) > _LEVEL).mean())


def _sample(n: int, seed: int) -> NDArray[np.intp]:
    if n <= MOST_COMPARED:
        return np.arange(n)
    drawn = np.random.default_rng(seed).choice(n, MOST_COMPARED, replace=False)
    return np.asarray(np.sort(drawn), dtype=np.intp)


def _silhouettes(points: Points, codes: NDArray[np.intp]) -> NDArray[np.float64]:
    """Silhouette of each spot; none where there are not at least two groups among more spots."""
    from sklearn.metrics import silhouette_samples

    if not 2 <= len(np.unique(codes)) < len(codes):
        return np.empty(0)
    return np.asarray(silhouette_samples(points, codes))


def _silhouette(points: Points, groups: NDArray[np.intp]) -> float:
    is_known = groups >= 0
    found = _silhouettes(points[is_known], groups[is_known])
    return float(found.mean()) if len(found) else float("nan")


def _batch_silhouette(points: Points, codes: NDArray[np.intp], groups: NDArray[np.intp]) -> float:
    """Mean over groups, so that a batch of other types is not taken for one apart."""
    used = np.unique(groups[groups >= 0]) if (groups >= 0).any() else np.array([-1])
    parts = [_silhouettes(points[groups == g], codes[groups == g]) for g in used]
    means = [float((1 - np.abs(part)).mean()) for part in parts if len(part)]
    return float(np.mean(means)) if means else float("nan")


def _purity(groups: NDArray[np.intp], near: NDArray[np.int32]) -> float:
    is_known = groups >= 0
    if not is_known.any():
        return float("nan")
    theirs = groups[near[is_known]]
    alike = (theirs == groups[is_known, None]).sum(axis=1)
    n_known = (theirs >= 0).sum(axis=1)
    return float((alike[n_known > 0] / n_known[n_known > 0]).mean())


def _kept(
    embedding: Points, reference: Points | None, codes: NDArray[np.intp], k: int, seed: int
) -> float:
    if reference is None:
        return float("nan")
    shares = []
    for code in range(int(codes.max()) + 1):
        own = np.flatnonzero(codes == code)
        if len(own) < 3:
            continue
        after, before = (nearest(x[own], k + 1, seed)[:, 1:] for x in (embedding, reference))
        n, few = after.shape
        keys = [np.arange(n)[:, None] * n + order for order in (after, before)]
        is_kept = np.isin(keys[0].ravel(), keys[1].ravel())
        shares.append(is_kept.reshape(n, few).mean(axis=1))
    return float(np.concatenate(shares).mean()) if shares else float("nan")
