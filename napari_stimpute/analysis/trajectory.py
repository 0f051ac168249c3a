"""Order spots from a chosen beginning, and connect their groups: PAGA and diffusion pseudotime."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree

from ..data.technology import place_of
from ..errors import InvalidSetting, TooSmall, UnknownName
from ..progress import Progress
from .contrast import membership
from .sources import labels_of, representation
from .spaces import neighbour_steps

if TYPE_CHECKING:
    from anndata import AnnData

_FEWEST = 20
"""Spots that an order needs."""

_N_COMPONENTS = 15
"""Diffusion components, scanpy's habit."""

_ASIDE = 1.15
"""x of groups that cannot be reached: beyond the last."""

_ALMOST_ONE = 0.9994
"""Eigenvalue from which scanpy no longer weights a component: it separates parts."""


@dataclass(frozen=True, eq=False)
class Trajectory:
    """How far each spot is from the root, and how groups are connected.

    Attributes
    ----------
    pseudotime : (n_obs,) float32, from 0 at the root to 1, NaN where no path leads
    groups : names, in the order of the column
    connectivity : (n_groups, n_groups), symmetric, 0 to 1: links between two groups against as
        many as chance would give (PAGA)
    places : (n_groups, 2), x where the median spot stands in line (0 first, 1 last, beyond 1 where
        no path leads), y such that branches of the strongest tree do not cross
    tree : pairs of places in `groups`: the strongest links that connect what is connected
    root : place of the root among the spots
    notes : sentences on what to beware of
    """

    pseudotime: NDArray[np.float32]
    groups: tuple[str, ...]
    connectivity: NDArray[np.float64]
    places: NDArray[np.float64]
    tree: tuple[tuple[int, int], ...]
    root: int
    notes: tuple[str, ...] = ()


def trajectory_steps(
    adata: AnnData, key: str, column: str, root: str | int, seed: int = 0
) -> Generator[Progress, None, Trajectory]:
    """Order spots by their distance from a root, along paths through similar spots.

    Parameters
    ----------
    adata : counts of the modelled genes in X; never changed
    key : of a run, whose embedding (else components of its imputed genes) tells which spots are
        alike; "counts" for components of the counts
    column : of obs, with the groups that are connected
    root : name of the group that comes first, of which the spot in the middle is taken; or the
        place of a spot, from 0
    seed : of the search for neighbours

    Raises
    ------
    UnknownName : no such run, column or group
    InvalidSetting : no such spot
    TooSmall : fewer than two groups, or 20 spots that can be reached

    Notes
    -----
    `scanpy.pp.neighbors`, then `scanpy.tl.diffmap` and `scanpy.tl.dpt` on the part of the neighbour
    graph that holds the root; connectivity as `scanpy.tl.paga` measures it. An order says nothing
    of direction in time but what the root says.
    """
    codes, groups = labels_of(adata, column)
    _check(adata, codes, groups, column, root)
    yield Progress("trajectory", 0, 4, message="Finding components")
    places = representation(adata, key, seed)
    now = Progress("trajectory", 1, 4, message="Finding neighbours")
    data = yield from neighbour_steps(places, seed, now)
    yield Progress("trajectory", 2, 4, message="Connecting groups")
    links = _links(data, codes, len(groups))
    is_group = isinstance(root, str)
    beginnings = np.flatnonzero(codes == groups.index(root)) if is_group else np.array([root])
    part = _part(data, beginnings)
    yield Progress("trajectory", 3, 4, message="Computing the order")
    ordered, beginning = _ordered(data[part], np.isin(part, beginnings), seed)
    pseudotime = np.full(adata.n_obs, np.nan, dtype=np.float32)
    pseudotime[part] = ordered
    yield Progress("trajectory", 4, 4, message="Computing the order")
    first = codes[part[beginning]]
    tree, at = _tree(links, pseudotime, codes, max(int(first), 0))
    return Trajectory(
        pseudotime,
        groups,
        np.minimum(links, 1.0),
        at,
        tree,
        int(part[beginning]),
        _unreached(pseudotime, codes, groups, column),
    )


def _check(
    adata: AnnData, codes: NDArray[np.intp], groups: tuple[str, ...], column: str, root: str | int
) -> None:
    if len(groups) < 2:
        raise TooSmall(
            expected=f"at least two groups in {column!r}",
            found=f"only {groups[0]!r}" if groups else "none",
            remedy="Choose a column with more groups, or find clusters first.",
        )
    if adata.n_obs < _FEWEST:
        raise _too_few(adata.n_obs, "in all")
    if isinstance(root, str) and root not in groups:
        raise UnknownName.of(f"group in {column!r}", root, groups)
    if not isinstance(root, str) and not 0 <= root < adata.n_obs:
        raise InvalidSetting(
            field="root",
            expected="a group's name, or a row of the data, counted from 0",
            found=f"{root}, of {adata.n_obs:,} {place_of(adata)}s",
            remedy="Pick it again.",
        )


def _links(data: AnnData, codes: NDArray[np.intp], n: int) -> NDArray[np.float64]:
    """Links between groups against as many as chance would give, (n, n); 0 within a group.

    PAGA's measure, before it is cut off at 1, which would leave most links equally strong.
    Spots without a group are left out.
    """
    neighbours = data.obsp["distances"]
    ones = sp.csr_matrix(
        (np.ones(len(neighbours.data)), neighbours.indices, neighbours.indptr), neighbours.shape
    )
    ones.setdiag(0)
    named = codes >= 0
    members = membership(codes[named])
    found = (members @ ones[named][:, named] @ members.T).toarray()
    from_group, size = found.sum(axis=1), np.bincount(codes[named], minlength=n)
    by_chance = np.outer(from_group, size) / max(1, int(named.sum()) - 1)
    by_chance += by_chance.T
    ratio: NDArray[np.float64] = (found + found.T) / np.maximum(by_chance, 1e-12)
    np.fill_diagonal(ratio, 0.0)
    return ratio


def _part(data: AnnData, beginnings: NDArray[np.intp]) -> NDArray[np.intp]:
    """Spots of the connected part in which most of the beginnings lie."""
    _, parts = connected_components(data.obsp["connectivities"], directed=False)
    chosen = np.bincount(parts[beginnings]).argmax()
    spots = np.flatnonzero(parts == chosen)
    if len(spots) < _FEWEST:
        raise _too_few(len(spots), "connected with the root")
    return spots


def _ordered(
    part: AnnData, is_root: NDArray[np.bool_], seed: int
) -> tuple[NDArray[np.float32], int]:
    """Pseudotime of a connected part's spots, 0 to 1, and which of them is the root."""
    import scanpy as sc

    part = part.copy()
    sc.tl.diffmap(part, n_comps=min(_N_COMPONENTS, part.n_obs - 2), random_state=seed)
    root = _middle(part, is_root)
    part.uns["iroot"] = root
    sc.tl.dpt(part, n_dcs=part.obsm["X_diffmap"].shape[1])
    return part.obs["dpt_pseudotime"].to_numpy(dtype=np.float32), root


def _middle(part: AnnData, is_root: NDArray[np.bool_]) -> int:
    """The candidate nearest to the mean of all candidates by diffusion distance.

    Such distances are Euclidean once each component is weighted with λ / (1 − λ). An extreme spot
    would not do: in a group between others, it is on the way to one of them.
    """
    candidates = np.flatnonzero(is_root)
    values = np.asarray(part.uns["diffmap_evals"], dtype=np.float64)
    usual = values < _ALMOST_ONE
    weight = np.where(usual, values / (1 - np.where(usual, values, 0)), 1.0)
    places = np.asarray(part.obsm["X_diffmap"], dtype=np.float64)[candidates] * weight
    away = ((places - places.mean(axis=0)) ** 2).sum(axis=1)
    return int(candidates[away.argmin()])


def _tree(
    links: NDArray[np.float64],
    pseudotime: NDArray[np.float32],
    codes: NDArray[np.intp],
    root: int,
) -> tuple[tuple[tuple[int, int], ...], NDArray[np.float64]]:
    """The strongest tree (one for each connected part), and where to draw its groups."""
    n, lengths = len(links), sp.csr_matrix(np.triu(links, 1))
    lengths.data = 1 / lengths.data
    forest = minimum_spanning_tree(lengths)
    branches = sp.csr_matrix(forest + forest.T)
    x = np.full(n, _ASIDE)
    in_line = pd.Series(pseudotime).rank(pct=True).groupby(codes).median().dropna()
    for at in in_line.index[in_line.index >= 0]:
        x[at] = in_line[at]
    y, row = np.full(n, np.nan), 0.0
    for start in [root, *np.argsort(x, kind="stable")]:
        if np.isnan(y[start]):
            order, parent = breadth_first_order(branches, start, directed=False)
            row = _rows(np.asarray(order, np.intp), np.asarray(parent, np.intp), x, y, row)
    pairs = ((int(min(a, b)), int(max(a, b))) for a, b in zip(*forest.nonzero(), strict=True))
    return tuple(sorted(pairs)), np.column_stack([x, y])


def _rows(
    order: NDArray[np.intp],
    parent: NDArray[np.intp],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    row: float,
) -> float:
    """Give each leaf a row and each fork the mean of its branches'; return the next free row."""
    children: dict[int, list[int]] = {int(at): [] for at in order}
    for at in order[1:]:
        children[int(parent[at])].append(int(at))
    stack, visited = [int(order[0])], []
    while stack:
        at = stack.pop()
        visited.append(at)
        stack += sorted(children[at], key=lambda child: -x[child])
    for at in visited:
        if not children[at]:
            y[at], row = row, row + 1
    for at in reversed(visited):
        if children[at]:
            y[at] = np.mean(y[children[at]])
    return row


def _unreached(
    pseudotime: NDArray[np.float32], codes: NDArray[np.intp], groups: tuple[str, ...], column: str
) -> tuple[str, ...]:
    is_lost = ~np.isfinite(pseudotime)
    if not is_lost.any():
        return ()
    whole = [name for at, name in enumerate(groups) if is_lost[codes == at].all()]
    named = f"; of {column!r}, none of {', '.join(whole)} has one" if whole else ""
    return (
        f"{int(is_lost.sum()):,} of {len(is_lost):,} have no pseudotime, as no path from like to "
        f"like leads to them from the root{named}.",
    )


def _too_few(n: int, which: str) -> TooSmall:
    return TooSmall(
        expected=f"at least {_FEWEST} cells or spots {which}",
        found=f"{n}",
        remedy="Choose another root, or more data: so few have no order to speak of.",
    )
