"""Coordinates, the grid that they may lie on, and sparse graphs of neighbours.

All graphs are CSR, 0/1, symmetric, with a zero diagonal; time and memory grow as n log n and n.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from .. import keys
from ..errors import BadCoordinates, MissingKey

if TYPE_CHECKING:
    from anndata import AnnData

Points = NDArray[np.float64]
Lattice = Literal["hexagonal", "square", "none"]

_FARTHEST = 1e100
"""Coordinates beyond this are no places: distances between them could not be computed."""

_RING = 1.3
"""Neighbours on a grid lie within this many median nearest distances (diagonals at 1.41 do not)."""

_REGULAR = 0.7
"""Share of regular places from which the whole is a grid; grids reach 0.99, beads 0.29."""


def spatial_coordinates(adata: AnnData, key: str = keys.SPATIAL) -> Points:
    """Return the coordinates of all spots; a third column is not looked at.

    Returns
    -------
    (n_obs, 2), x and y in the file's own unit; both NaN for a spot without a place

    Raises
    ------
    MissingKey : no ``obsm[key]``
    BadCoordinates : not two or three columns of numbers, no spot has a place, or all the same
    """
    if key not in adata.obsm:
        known = ", ".join(repr(k) for k in adata.obsm) or "nothing"
        raise MissingKey(
            expected=f"coordinates in obsm[{key!r}]",
            found=f"none; obsm holds {known}",
            remedy=f"Put x and y of each spot in adata.obsm[{key!r}].",
        )
    coordinates = _as_numbers(adata.obsm[key], key)
    _check_shape(coordinates, key)
    coordinates = coordinates[:, :2]
    with np.errstate(invalid="ignore"):
        is_placed = (np.abs(coordinates) < _FARTHEST).all(axis=1)
    coordinates[~is_placed] = np.nan
    _check_values(coordinates[is_placed], len(coordinates), key)
    return coordinates


def has_place(coordinates: Points) -> NDArray[np.bool_]:
    """Which spots have a place, (n_obs,); the others are NaN in `spatial_coordinates`."""
    return ~np.isnan(coordinates[:, 0])


def spatial_graph(
    coords: Points, *, n_neighbours: int = 6, sections: ArrayLike | None = None
) -> sp.csr_matrix:
    """Connect each spot with its neighbours in the tissue.

    On a hexagonal grid, six neighbours mean the ring around a spot (fewer at the edge of the
    tissue). Otherwise the nearest spots, with every spot that ties for the last place (so the
    result does not depend on the order of spots), and made symmetric by union.

    Parameters
    ----------
    coords : (n_obs, 2); a spot without a place (NaN) has no neighbours
    n_neighbours : at least this many, where the section has as many other spots
    sections : (n_obs,) names or codes; no edge joins two sections

    Returns
    -------
    (n_obs, n_obs), float32; a spot may be isolated
    """
    given = np.zeros(len(coords)) if sections is None else np.asarray(sections)
    codes, names = pd.factorize(given, use_na_sentinel=False)
    codes[~has_place(coords)] = -1
    rows, columns = [np.empty(0, dtype=np.intp)], [np.empty(0, dtype=np.intp)]
    for code in range(len(names)):
        members = np.flatnonzero(codes == code)
        row, column = _section_edges(coords[members], n_neighbours)
        rows.append(members[row])
        columns.append(members[column])
    return _union(np.concatenate(rows), np.concatenate(columns), len(coords))


def normalised_adjacency(graph: sp.csr_matrix) -> sp.csr_matrix:
    """Return D^-½ (A + I) D^-½, float32; an isolated spot keeps itself with weight 1."""
    with_self = (graph + sp.eye(graph.shape[0], format="csr", dtype=np.float32)).tocsr()
    scale = 1 / np.sqrt(np.asarray(with_self.sum(axis=1), dtype=np.float64).ravel())
    values = with_self.data * np.repeat(scale, np.diff(with_self.indptr)) * scale[with_self.indices]
    return sp.csr_matrix(
        (values.astype(np.float32), with_self.indices, with_self.indptr), with_self.shape
    )


def nearest(points: Points, around: Points, k: int) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Distances and indices of the k ≥ 2 nearest points, ascending, (len(around), k) each."""
    distance, index = cKDTree(points).query(around, k)
    return np.asarray(distance), np.asarray(index, dtype=np.intp)


def distinct(points: Points) -> Points:
    """The places of which no two are the same, in order of x, then y; all finite."""
    by_place = points[np.lexsort((points[:, 1], points[:, 0]))]
    is_other = (by_place[1:] != by_place[:-1]).any(axis=1)
    return np.concatenate([by_place[:1], by_place[1:][is_other]])


def lattice_of(points: Points) -> tuple[Lattice, float]:
    """Tell a grid from irregular points, and its pitch (else the nearest distance).

    Judged by places with three or more neighbours within `_RING`: one is regular if their
    directions agree in the k-fold order parameter, |mean exp(i k angle)| > 0.8. It needs no
    common orientation, and bears the jitter of printed spots. ``points``: (n ≥ 2, 2), different.
    """
    sample = points[:: max(1, len(points) // 5_000)]
    distance, neighbour = nearest(points, sample, min(9, len(points)))
    gap = float(np.median(distance[:, 1]))
    is_close = distance[:, 1:] <= _RING * gap
    n_close = is_close.sum(axis=1)
    judges = n_close >= 3
    if judges.mean() < 0.3:
        return "none", gap
    step = points[neighbour[:, 1:]] - sample[:, None]  # (n, 8, 2)
    angle = np.arctan2(step[..., 1], step[..., 0])
    kinds: tuple[tuple[Lattice, int], ...] = (("hexagonal", 6), ("square", 4))
    for lattice, k in kinds:
        order = np.abs((np.exp(1j * k * angle) * is_close).sum(axis=1)) / np.maximum(n_close, 1)
        if (order[judges] > 0.8).mean() >= _REGULAR:
            return lattice, float(np.median(distance[:, 1:][is_close]))
    return "none", gap


def _as_numbers(values: Any, key: str) -> Points:
    is_sparse = sp.issparse(values)
    try:
        return np.array(values.toarray() if is_sparse else values, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadCoordinates(
            expected=f"numbers in obsm[{key!r}]",
            found="values that are not numbers",
            remedy="Convert them: adata.obsm['spatial'] = coordinates.astype(float).",
        ) from None


def _check_shape(coordinates: Points, key: str) -> None:
    if coordinates.ndim == 2 and coordinates.shape[1] in (2, 3):
        return
    shape = " × ".join(str(n) for n in coordinates.shape)
    raise BadCoordinates(
        expected=f"two columns (x, y) in obsm[{key!r}]",
        found=f"an array of {shape}",
        remedy=f"Keep x and y: adata.obsm[{key!r}] = adata.obsm[{key!r}][:, :2].",
    )


def _check_values(placed: Points, n_spots: int, key: str) -> None:
    if n_spots and not len(placed):
        raise BadCoordinates(
            expected=f"finite numbers in obsm[{key!r}]",
            found=f"NaN or infinite values in {n_spots:,} of {n_spots:,} spots",
            remedy="Give them coordinates.",
        )
    if len(placed) > 1 and (placed == placed[0]).all():
        raise BadCoordinates(
            expected=f"different places in obsm[{key!r}]",
            found=f"all {len(placed):,} spots in one, {tuple(placed[0].tolist())}",
            remedy="Put the real coordinates there.",
        )


def _section_edges(points: Points, k: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Edges of one section, each in at least one direction, as two arrays of places."""
    if len(points) < 2 or k < 1:
        nothing = np.empty(0, dtype=np.intp)
        return nothing, nothing
    if k == 6 and len(points) >= 7 and len(np.unique(points, axis=0)) == len(points):
        lattice, pitch = lattice_of(points)
        if lattice == "hexagonal":
            pairs = cKDTree(points).query_pairs(_RING * pitch, output_type="ndarray")
            return pairs[:, 0], pairs[:, 1]
    return _nearest_edges(points, min(k, len(points) - 1))


def _nearest_edges(points: Points, k: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    # twice as many candidates as asked for, to see ties; many coincident points stay bounded
    distance, neighbour = nearest(points, points, min(2 * k + 2, len(points)))
    distance[neighbour == np.arange(len(points))[:, None]] = np.inf
    last = np.partition(distance, k - 1, axis=1)[:, k - 1]
    is_kept = np.isfinite(distance) & (distance <= last[:, None] * (1 + 1e-6))
    return np.nonzero(is_kept)[0], neighbour[is_kept]


def _union(rows: NDArray[np.intp], columns: NDArray[np.intp], n: int) -> sp.csr_matrix:
    ones = np.ones(2 * len(rows), dtype=np.float32)
    both = (np.concatenate([rows, columns]), np.concatenate([columns, rows]))
    graph = sp.csr_matrix((ones, both), shape=(n, n))
    graph.data[:] = 1
    return graph
