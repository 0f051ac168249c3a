"""Which tissue sections a file holds, and which spots are of each.

Concatenated sections keep their own coordinates, so that they lie upon one another. They are told
apart by a column of obs: one that was chosen; else one that names libraries of ``uns["spatial"]``
which have images of their own; or one with a name that people give to sections, if their places
lie upon one another.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError, cKDTree

from .. import keys
from ..errors import InputError, MissingKey
from .graph import Points, has_place, spatial_coordinates
from .libraries import libraries

if TYPE_CHECKING:
    from anndata import AnnData

_OF_SECTIONS = re.compile(r"librar|section|slice|slide|sample|fov|puck|roi|core|array.?id", re.I)
"""Names of columns that tell pieces of tissue apart, each laid out or pictured by itself."""

_OF_ORIGINS = re.compile(r"batch|donor|patient|subject|mouse|animal|replicate|orig", re.I)
"""Names of columns whose groups may be sections, or lie mixed in one."""

_MOST, _FEWEST_SPOTS = 1_000, 4
"""Sections at most, and spots of one on average at least; other columns name something else."""

_SAMPLE = 300
"""Places of a section that are looked at, evenly among all, whatever the order of spots."""

_INSIDE = 0.2
"""Share of a section's places within the outline of another from which they share an area."""

_CLOSE, _SOME, _MOST_CLOSE = 0.7, 0.2, 0.45
"""A place lies upon another section if one of that is nearer than this share of the distance to
the nearest of its own; so do 0.33 of random places of one density, fewer in one tissue of cells or
on one grid, and more where grids or tissues are laid upon one another."""


@dataclass(frozen=True, eq=False)
class Sections:
    """Sections by the column that tells them apart; ``column`` is "" for a single one.

    ``codes`` is (n_obs,), the section of each spot, from 0, in the order of ``names``.
    """

    column: str
    names: tuple[str, ...]
    codes: NDArray[np.int64]

    @property
    def is_largest(self) -> NDArray[np.bool_]:
        """Which spots are of the section with the most, (n_obs,)."""
        return np.asarray(self.codes == np.bincount(self.codes).argmax())


def find_sections(adata: AnnData) -> Sections:
    """Find the sections of a file; a single one if no column tells of several.

    A column that was chosen goes before all others; of these the one that names libraries goes
    first, then the one with most sections.
    """
    try:
        coordinates = spatial_coordinates(adata)
    except InputError:  # no tissue, so no sections of one
        return _single(adata)
    chosen = str(adata.uns.get(keys.SECTIONS, ""))
    if chosen == keys.ONE_SECTION:
        return _single(adata)
    if sections := _by_column(adata, chosen) if chosen in adata.obs else None:
        return sections
    known = libraries(adata)
    with_image = {name for name, library in known.items() if library.images}
    for column, sections in _candidates(adata, known):
        names_libraries = set(sections.names) <= set(known)
        is_pictured = names_libraries and len(with_image & set(sections.names)) > 1
        is_strict = not (names_libraries or _OF_SECTIONS.search(column))
        if is_pictured or _lie_upon_one_another(coordinates, sections, is_strict=is_strict):
            return sections
    return _single(adata)


def columns_for_sections(adata: AnnData) -> list[str]:
    """Columns of obs that could be chosen to tell sections apart."""
    return [c for c in adata.obs if isinstance(c, str) and _by_column(adata, c) is not None]


def section_codes(adata: AnnData, key: str) -> NDArray[np.int64]:
    """Section of each spot, (n_obs,) from 0, by a column; as `find_sections` if `key` is ""."""
    if not key:
        return find_sections(adata).codes
    if key not in adata.obs:
        raise MissingKey(
            expected=f"a column {key!r} in obs that names the sections",
            found=f"columns {list(adata.obs.columns)}",
            remedy="Choose one of them, or none if all spots are of one section.",
        )
    return np.asarray(pd.factorize(adata.obs[key])[0], dtype=np.int64)


def sections_in_words(adata: AnnData) -> list[str]:
    """A sentence on the sections that are found; none for a single one."""
    found = find_sections(adata)
    n = len(found.names)
    told = f"{n:,} sections, by obs['{found.column}']: no neighbours across two of them."
    return [told] if n > 1 else []


def _single(adata: AnnData) -> Sections:
    return Sections("", ("",), np.zeros(adata.n_obs, dtype=np.int64))


def _candidates(adata: AnnData, known: Collection[str]) -> list[tuple[str, Sections]]:
    """Columns that may tell sections apart, and what they would be; the likeliest first."""
    found = []
    for column in (name for name in adata.obs if isinstance(name, str)):
        is_named = bool(_OF_SECTIONS.search(column) or _OF_ORIGINS.search(column))
        sections = _by_column(adata, column) if is_named or len(known) > 1 else None
        if sections is None:
            continue
        names_libraries = set(sections.names) <= set(known)
        if names_libraries or is_named:
            rank = 0 if names_libraries else 1 if _OF_SECTIONS.search(column) else 2
            found.append((rank, -len(sections.names), column, sections))
    return [(column, sections) for _, _, column, sections in sorted(found, key=lambda f: f[:3])]


def _by_column(adata: AnnData, column: str) -> Sections | None:
    """Spots by a column that names things, or counts them; None if it does neither."""
    values = adata.obs[column]
    if values.dtype.kind not in "Oiub" and not isinstance(values.dtype, pd.CategoricalDtype):
        return None
    codes, names = pd.factorize(values, use_na_sentinel=False)
    if not 2 <= len(names) <= min(_MOST, adata.n_obs // _FEWEST_SPOTS):
        return None
    words = tuple("none" if pd.isna(name) else str(name) or "(no name)" for name in names)
    return Sections(column, words, codes.astype(np.int64))


def _lie_upon_one_another(coordinates: Points, sections: Sections, *, is_strict: bool) -> bool:
    """Whether two sections have their places in the same area; strictly: by laying them there."""
    placed = has_place(coordinates)
    order = np.lexsort((coordinates[:, 1], coordinates[:, 0], sections.codes))
    order = order[placed[order]]  # so that a sample does not depend on the order of spots
    ends = np.cumsum(np.bincount(sections.codes[placed], minlength=len(sections.names)))[:-1]
    parts = np.split(coordinates[order], ends)
    groups = [_Group(part) for part in parts if len(part) >= _FEWEST_SPOTS]
    boxes = np.array([(group.points.min(axis=0), group.points.max(axis=0)) for group in groups])
    for one, other in combinations(range(len(groups)), 2):
        if (boxes[one, 0] > boxes[other, 1]).any() or (boxes[other, 0] > boxes[one, 1]).any():
            continue
        shares = (groups[a].share_upon(groups[b]) for a, b in ((one, other), (other, one)))
        if is_strict:
            found = all(share >= _MOST_CLOSE for share in shares)
        else:
            found = any(share >= _SOME for share in shares)
        if found:
            return True
    return False


class _Group:
    """Places of one section, (n, 2), and what is asked of them again and again."""

    def __init__(self, points: Points) -> None:
        self.points = points

    @cached_property
    def tree(self) -> cKDTree:
        return cKDTree(self.points)

    @cached_property
    def sides(self) -> Points:
        """Of the convex outline, (n_sides, 3), or (0, 3) if all places are on one line."""
        try:
            return np.asarray(ConvexHull(self.points).equations)
        except QhullError:
            return np.empty((0, 3))

    @cached_property
    def sample(self) -> tuple[Points, NDArray[np.float64]]:
        """Some places, (m, 2), and how far each is from the nearest other one, (m,)."""
        some = self.points[:: -(-len(self.points) // _SAMPLE)]
        return some, np.asarray(self.tree.query(some, 2)[0])[:, 1]

    def share_upon(self, other: _Group) -> float:
        """Share of the places that lie upon another section, of those within its outline."""
        some, own = self.sample
        sides = other.sides
        inside = (some @ sides[:, :2].T + sides[:, 2] <= 0).all(axis=1)
        if not len(sides) or inside.mean() < _INSIDE:
            return 0.0
        across = np.asarray(other.tree.query(some[inside])[0])
        return float((across < _CLOSE * own[inside]).mean())
