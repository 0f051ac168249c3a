"""Two dimensions to draw spots in by what they express: UMAP or principal components."""

from __future__ import annotations

from collections.abc import Generator
from types import SimpleNamespace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .. import keys
from ..data.technology import place_of
from ..errors import InputError, TooSmall, UnknownName
from ..progress import Progress
from .sources import dense_components, representation

if TYPE_CHECKING:
    from anndata import AnnData

Kind = Literal["umap", "pca"]
KINDS: tuple[Kind, ...] = get_args(Kind)

N_NEIGHBOURS = 15
"""Neighbours of each spot, scanpy's habit."""

_FEWEST = {"pca": 2, "umap": 4}
MOST_EXACT = 60_000
"""Spots up to which all distances are computed."""

BLOCK = 2_000
"""Spots whose neighbours are found in one go."""

_JITTER = 1e-3
"""Spread of the noise that keeps spots in one place apart, relative to all."""


def space_steps(
    adata: AnnData, key: str, kind: str, seed: int = 0
) -> Generator[Progress, None, NDArray[np.float32]]:
    """Lay spots out in two dimensions, so that those which express alike lie close.

    Parameters
    ----------
    adata : counts of the modelled genes in X; never changed
    key : of a run, whose embedding is laid out, or its imputed genes where it has none; "counts"
        for 30 principal components of the log-normalised counts
    kind : "umap", or "pca" for the first two principal components
    seed : the same seed gives the same places

    Returns
    -------
    (n_obs, 2), without a unit

    Raises
    ------
    UnknownName : no such kind, or a run with neither embedding nor imputed genes
    TooSmall : fewer than two spots (four for UMAP)

    Notes
    -----
    `scanpy.pp.neighbors` and `scanpy.tl.umap`, begun from the first two components.
    """
    if kind not in KINDS:
        raise UnknownName.of("kind of map", kind, KINDS)
    if adata.n_obs < _FEWEST[kind]:
        raise TooSmall(
            expected=f"at least {_FEWEST[kind]} {place_of(adata)}s to lay out",
            found=f"{adata.n_obs}",
            remedy="Use more data, or look at the counts themselves.",
        )
    n_steps = 3 if kind == "umap" else 1
    yield Progress("space", 0, n_steps, message="Finding components")
    places = representation(adata, key, seed)
    first = dense_components(places, 2, seed)
    first = np.pad(first, ((0, 0), (0, 2 - first.shape[1])))  # of one direction of variation alone
    if kind == "pca":
        yield Progress("space", 1, 1, message="Finding components")
        return first
    now = Progress("space", 1, n_steps, message="Finding neighbours")
    data = yield from neighbour_steps(places, seed, now)
    yield Progress("space", 2, n_steps, message="Laying out the map")
    umap = _umap(data, first, seed)
    yield Progress("space", n_steps, n_steps, message="Laying out the map")
    return umap


def write_space(adata: AnnData, key: str, kind: str, places: NDArray[np.float32]) -> None:
    """Keep the places in ``obsm``, in the place of `keys.space`.

    Raises
    ------
    InputError : not two numbers for each spot
    """
    if places.shape != (adata.n_obs, 2):
        raise InputError(
            expected=f"two numbers for each of {adata.n_obs:,} {place_of(adata)}s",
            found=f"an array of {' × '.join(f'{n:,}' for n in places.shape)}",
            remedy="Lay out these data.",
        )
    adata.obsm[keys.space(key, kind)] = np.asarray(places, dtype=np.float32)


def neighbour_steps(
    places: NDArray[np.float32], seed: int, now: Progress
) -> Generator[Progress, None, AnnData]:
    """AnnData of the places, with scanpy's graph of each spot's 15 nearest, itself counted.

    Exact and in blocks of spots up to 60,000; beyond, by nearest-neighbour descent. `now` is what
    is said meanwhile.
    """
    import scanpy as sc
    from anndata import AnnData

    k = min(N_NEIGHBOURS, len(places))
    distance, near = yield from _nearest(places, k, seed, now)
    pointers = np.arange(0, near.size + 1, k)
    shape = (len(places), len(places))
    graph = sp.csr_matrix((distance.ravel(), near.ravel(), pointers), shape)
    known = SimpleNamespace(
        get_params=lambda: {"n_neighbors": k}, fit_transform=lambda _places: graph
    )
    data = AnnData(places)
    sc.pp.neighbors(data, use_rep="X", transformer=known, random_state=seed)
    return data


def _nearest(
    places: NDArray[np.float32], k: int, seed: int, now: Progress
) -> Generator[Progress, None, tuple[NDArray[np.float64], NDArray[np.int32]]]:
    """Distance and place of the k nearest of each, itself first at 0, (n, k) each."""
    if len(places) > MOST_EXACT:
        from pynndescent import NNDescent

        yield now
        near, distance = NNDescent(places, n_neighbors=k, random_state=seed).neighbor_graph
    else:
        from sklearn.neighbors import NearestNeighbors

        search = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(places)
        found = []
        for start in range(0, len(places), BLOCK):
            yield now
            found.append(search.kneighbors(places[start : start + BLOCK]))
        distance, near = (np.concatenate(part) for part in zip(*found, strict=True))
    own = np.arange(len(places))[:, None]
    is_own = near == own
    is_own[~is_own.any(axis=1), -1] = True  # hidden by twins: it takes the last one's place
    others = near[~is_own].reshape(len(places), -1)
    apart = distance[~is_own].reshape(len(places), -1).astype(np.float64)
    return np.pad(apart, ((0, 0), (1, 0))), np.hstack([own, others]).astype(np.int32)


def _umap(data: AnnData, first: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    import scanpy as sc

    spread = float(first.std()) or 1.0
    noise = np.random.default_rng(seed).normal(0, _JITTER * spread, first.shape)
    data.obsm["first"] = (first + noise).astype(np.float32)
    sc.tl.umap(data, init_pos="first", random_state=seed)
    return np.asarray(data.obsm["X_umap"], dtype=np.float32)
