"""Regions of a tissue: drawn by hand, read from a file, or the outlines of groups of spots.

A region is an area with a name, in the coordinates of the places (``obsm["spatial"]``), with x to
the right and y down, as in image viewers. `shapely` is imported when there is one, and not before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .. import keys
from ..data.graph import Points, has_place, lattice_of, spatial_coordinates
from ..errors import BadCoordinates, UnknownName
from ..words import counted

if TYPE_CHECKING:
    from anndata import AnnData
    from shapely.geometry.base import BaseGeometry

    from ..data.layout import Layout

How = Literal["new", "add", "remove"]

MICRONS = "um"
"""Unit of files whose coordinates are in µm; "" for those of the places."""

COLUMN = "regions"
"""Name that is proposed for the column that says in which region a spot lies."""

_REACH = {"none": 4.0}
_REACH_ON_GRID = 0.75
"""How far a spot's own area goes at most, in distances between neighbours: on a grid, the areas of
neighbours meet, and those of spots with one between them do not."""


@dataclass(frozen=True, eq=False)
class Region:
    """An area with a name.

    Attributes
    ----------
    name : several areas of one name are one region
    area : a Polygon or MultiPolygon, perhaps with holes
    section : which section it lies on; "" for any
    """

    name: str
    area: BaseGeometry
    section: str = ""


@dataclass(frozen=True, eq=False)
class Regions:
    """Regions of one file, in its own unit: `MICRONS`, or "" for that of the places.

    ``notes`` are sentences on what was left out or put right.
    """

    found: tuple[Region, ...]
    unit: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Stroke:
    """A line drawn by hand around spots, and what it did to the pick.

    ``outlines`` holds, by section, corners (m, 2) in the coordinates of the places; ``only`` is the
    section that was in sight alone, "" for all: a new pick leaves others as they are.
    """

    how: How
    outlines: Mapping[str, Points] = field(default_factory=dict)
    only: str = ""


@dataclass(frozen=True, eq=False)
class Assigned:
    """In which region each spot lies: a name, or ``keys.PICKED[1]``; and sentences on that."""

    column: pd.Categorical
    is_inside: NDArray[np.bool_]
    notes: tuple[str, ...]


# ---- spots in regions --------------------------------------------------------------------------


def assign(
    adata: AnnData, layout: Layout, regions: Regions, *, unit: str = "", place: str = "spot"
) -> Assigned:
    """Find the region of each spot; one on an edge is inside.

    Regions may lie within one another, as the tumour within the tissue: a spot is of the smallest.

    Parameters
    ----------
    layout : of the same data: its sections and its scale
    unit : of the file, where that is known better than by what it says
    place : word for one row of the data

    Raises
    ------
    UnknownName : the file names a section that there is not
    BadCoordinates : no spot is in any; or they are in µm, and the scale of the places is not known
    """
    points, wanted = spatial_coordinates(adata), _in_places(regions, unit, layout)
    sections = layout.sections
    names = list(dict.fromkeys(region.name for region in wanted))
    codes, within = _codes(points, sections.names, sections.codes, wanted, names)
    n_several, inside = int((within > 1).sum()), codes >= 0
    if not inside.any():
        raise _outside(points, wanted)
    other = keys.free(keys.PICKED[1], names)
    labels = np.array([*names, other], dtype=object)[codes]
    notes = [f"{counted(int(inside.sum()), place)} of {adata.n_obs:,} in {_listed(names)}."]
    if n_several:
        notes.append(f"{n_several:,} of them lie in several: each is given the smallest.")
    if empty := [name for code, name in enumerate(names) if not (codes == code).any()]:
        notes.append(f"No {place} is given to {_listed(empty)}.")
    if len(sections.names) > 1 and any(not region.section for region in wanted):
        n = len(sections.names)
        notes.append(f"The file names no sections: regions hold in each of the {n:,}.")
    column = pd.Categorical(labels, categories=[*names, other])
    return Assigned(column, inside, (*regions.notes, *notes))


def _codes(
    points: Points,
    section_names: Sequence[str],
    section_codes: NDArray[np.int64],
    regions: Sequence[Region],
    names: Sequence[str],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of each spot the number of its region's name, −1 for none, and in how many it lies, (n,)."""
    import shapely

    codes, within = np.full(len(points), -1), np.zeros(len(points), dtype=np.int64)
    placed = np.flatnonzero(has_place(points))
    tree = shapely.STRtree(shapely.points(points[placed]))
    number = {name: code for code, name in enumerate(names)}
    for name, area in sorted(_united(regions).items(), key=lambda item: -item[1].area):
        inside = placed[tree.query(area, predicate="intersects")]
        if name.section:
            inside = inside[section_codes[inside] == list(section_names).index(name.section)]
        codes[inside] = number[name.name]
        within[inside] += 1
    return codes, within


@dataclass(frozen=True)
class _Name:
    name: str
    section: str


def _united(regions: Iterable[Region]) -> dict[_Name, BaseGeometry]:
    """All areas of one name and section as one."""
    import shapely

    parts: dict[_Name, list[BaseGeometry]] = {}
    for region in regions:
        parts.setdefault(_Name(region.name, region.section), []).append(region.area)
    return {name: shapely.union_all(areas) for name, areas in parts.items()}


def _in_places(regions: Regions, unit: str, layout: Layout) -> list[Region]:
    """Regions in the coordinates of the places."""
    known = set(layout.sections.names)
    if lost := next((r.section for r in regions.found if r.section and r.section not in known), ""):
        raise UnknownName.of("section of these data", lost, layout.sections.names)
    if (unit or regions.unit) != MICRONS:
        return list(regions.found)
    return scaled(regions.found, 1 / _microns(layout))


def scaled(regions: Iterable[Region], factor: float) -> list[Region]:
    """Regions whose coordinates are so many times as large."""
    from shapely import transform

    return [replace(r, area=transform(r.area, lambda xy: xy * factor)) for r in regions]


def in_unit(regions: Iterable[Region], unit: str, layout: Layout) -> list[Region]:
    """Regions in the unit of a file.

    Raises
    ------
    BadCoordinates : µm are wanted, and the scale of the places is not known
    """
    return scaled(regions, _microns(layout)) if unit == MICRONS else list(regions)


def _microns(layout: Layout) -> float:
    if layout.microns_per_unit:
        return layout.microns_per_unit
    raise BadCoordinates(
        expected="to know how many µm a unit of the places is",
        found="data that do not tell",
        remedy="Use coordinates of the places, not µm.",
    )


def _outside(points: Points, regions: Sequence[Region]) -> BadCoordinates:
    import shapely

    low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    left, top, right, bottom = shapely.total_bounds([region.area for region in regions])
    return BadCoordinates(
        expected=f"regions that hold spots, which lie in {_extent(*low, *high)}",
        found=f"regions in {_extent(left, top, right, bottom)}, without any spot",
        remedy="Check that they were drawn on this image, and whether they are in pixels or in µm.",
    )


def _extent(left: float, top: float, right: float, bottom: float) -> str:
    return f"x {left:,.0f} to {right:,.0f}, y {top:,.0f} to {bottom:,.0f}"


def _listed(names: Sequence[str], few: int = 5) -> str:
    more = f" and {len(names) - few:,} more" if len(names) > few else ""
    return ", ".join(f"“{name}”" for name in names[:few]) + more


# ---- regions of spots --------------------------------------------------------------------------


def drawn_regions(strokes: Iterable[Stroke], name: str) -> list[Region]:
    """What was drawn by hand, one region per section; a line that crosses itself is put right."""
    import shapely

    areas: dict[str, BaseGeometry] = {}
    for stroke in strokes:
        if stroke.how == "new":
            areas = {s: area for s, area in areas.items() if stroke.only not in ("", s)}
        for section, outline in stroke.outlines.items():
            area = areas_of(shapely.make_valid(shapely.Polygon(outline)))
            before = areas.get(section, shapely.Polygon())
            areas[section] = before - area if stroke.how == "remove" else before | area
    return [Region(name, a, section) for section, a in areas.items() if not a.is_empty]


def group_regions(
    adata: AnnData, layout: Layout, codes: NDArray[np.int_], names: Sequence[str]
) -> list[Region]:
    """The outline of each group of spots: what is nearer to its spots than to any other spot.

    That is the union of the spots' Voronoi cells, as far as a little beyond each spot. So an
    outline holds all spots of its group and no other, whatever grid they lie on.

    Parameters
    ----------
    codes : (n_obs,), the group of each spot; −1 for none
    names : of the groups, by code
    """
    points, sections = spatial_coordinates(adata), layout.sections
    found = []
    for number, section in enumerate(sections.names):
        here = np.flatnonzero(has_place(points) & (sections.codes == number))
        areas = _own_areas(points[here], codes[here])
        label = section if len(sections.names) > 1 else ""
        found += [Region(names[code], area, label) for code, area in areas.items()]
    return found


def _own_areas(points: Points, codes: NDArray[np.int_]) -> dict[int, BaseGeometry]:
    """Areas of groups of places (n, 2), by code; of two at one place, the first counts."""
    import shapely
    from scipy.spatial import Voronoi

    points, first = np.unique(points, axis=0, return_index=True)
    codes = codes[first]
    found: dict[int, BaseGeometry] = {}
    if not len(points):
        return found
    lattice, pitch = lattice_of(points) if len(points) > 2 else ("none", 0.0)
    reach = (pitch or 1.0) * _REACH.get(lattice, _REACH_ON_GRID)
    low, high = points.min(axis=0), points.max(axis=0)
    away = 10 * (np.linalg.norm(high - low) + reach)  # so that the cell of each spot is closed
    frame = (low + high) / 2 + away * np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
    diagram = Voronoi(np.vstack([points, frame]))
    for code in np.unique(codes[codes >= 0]):
        members = np.flatnonzero(codes == code)
        corners = [diagram.vertices[diagram.regions[diagram.point_region[m]]] for m in members]
        owners = np.repeat(np.arange(len(members)), [len(part) for part in corners])
        vertices = shapely.points(np.concatenate(corners))
        cells = shapely.convex_hull(shapely.multipoints(vertices, indices=owners))
        far = np.hypot(*(np.concatenate(corners) - points[members][owners]).T) > reach
        wide = np.unique(owners[far])  # those at an edge, mostly
        discs = shapely.buffer(shapely.points(points[members[wide]]), reach, quad_segs=4)
        cells[wide] = shapely.intersection(cells[wide], discs)
        found[int(code)] = areas_of(shapely.union_all(cells))
    return found


def areas_of(geometry: BaseGeometry) -> BaseGeometry:
    """The areas among what a shape is made of, as one Polygon or MultiPolygon; perhaps empty."""
    import shapely

    parts = shapely.get_parts(geometry)
    while any(part.geom_type in ("GeometryCollection", "MultiPolygon") for part in parts):
        parts = shapely.get_parts(parts)
    return shapely.union_all([part for part in parts if part.geom_type == "Polygon"])
