"""Where spots and images are drawn: each section apart, with its own image, at one size of spots.

Places of several sections lie upon one another in the file; here each gets a cell of a grid. The
file's coordinates stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..errors import UnknownName
from ..words import counted
from .graph import Lattice, Points, distinct, has_place, lattice_of, spatial_coordinates
from .image import NO_FIT, Fit, TissueImage, fit_library, joined, shown_library
from .libraries import Library, libraries
from .sections import Sections, find_sections
from .technology import Technology, guess_technology

if TYPE_CHECKING:
    from anndata import AnnData

    from .pyramid import Pyramid

_GAP = 0.08
"""Between two sections, as a share of the largest one's longer side: room for a title."""

_ONE_ROW = 3
"""Up to so many sections stand in one row."""

_MOST_TITLES = 30
"""Titles of more sections would lie upon one another."""

_MOST_PROBLEMS = 2
"""As many are told one by one."""

_FEWEST = 7
"""Places from which a grid can be told."""

_SAME = 0.03
"""Distances between spots that differ by less than this share are of one scale."""


@dataclass(frozen=True, eq=False)
class Layout:
    """Everything that is drawn below the colours.

    ``points`` is (n_obs, 2), x and y, NaN for a spot without a place; it and ``spot_diameter`` are
    in coordinate units of the largest section, of which each is ``microns_per_unit`` µm (0 if that
    is not known). ``corners`` is (n_sections, 2), the upper left of each section with its image;
    ``image_codes`` is the section of each image. ``problems`` are sentences on what cannot be
    drawn; ``technology`` is that of the largest section. ``only`` is the code of a section that is
    shown alone; None where all are.
    """

    sections: Sections
    points: Points
    corners: Points
    spot_diameter: float
    microns_per_unit: float
    images: tuple[TissueImage, ...]
    image_codes: tuple[int, ...]
    problems: tuple[str, ...]
    technology: Technology
    only: int | None = None

    @property
    def titles(self) -> dict[int, str]:
        """What is written above each of several sections, by code; none where there are many."""
        names = self.sections.names
        if self.only is not None:
            return {self.only: names[self.only]}
        return dict(enumerate(names)) if 1 < len(names) <= _MOST_TITLES else {}

    @property
    def spot_corners(self) -> Points:
        """Upper left of the spots of each section, (n_sections, 2); without any, of all of it."""
        least = _corners(self.points, self.sections)
        return np.where(np.isfinite(least), least, self.corners)

    def alone(self, name: str) -> Layout:
        """One section where it is, with its own image; spots of the others have no place.

        Raises
        ------
        UnknownName : there is no such section
        """
        if name not in self.sections.names:
            raise UnknownName.of("section", name, self.sections.names)
        code = self.sections.names.index(name)
        points = np.where((self.sections.codes == code)[:, None], self.points, np.nan)
        pictured = zip(self.images, self.image_codes, strict=True)
        images = tuple(image for image, its in pictured if its == code)
        codes = (code,) * len(images)
        return replace(self, points=points, images=images, image_codes=codes, only=code)

    def sharpened(self, pyramids: Mapping[str, Pyramid]) -> Layout:
        """The same, whose images know their sharper levels, by the names of their libraries."""
        images = tuple(
            replace(image, pyramid=pyramids[image.library].painted(image.colours))
            if image.library in pyramids
            else image
            for image in self.images
        )
        return replace(self, images=images)


def lay_out(adata: AnnData) -> Layout:
    """Lay out all sections of a file.

    Raises
    ------
    MissingKey, BadCoordinates : as `spatial_coordinates`
    """
    sections, points = find_sections(adata), spatial_coordinates(adata)
    if len(sections.names) == 1:
        return _whole(adata, sections, points)
    technology, known = guess_technology(adata), libraries(adata)
    placed, codes = has_place(points), sections.codes
    parts = [
        _Part.of(points[placed & (codes == code)], known.get(name))
        for code, name in enumerate(sections.names)
    ]
    main = parts[int(np.bincount(codes).argmax())]
    zooms = np.array([_zoom(part, main) for part in parts])
    boxes = np.array([part.box for part in parts]) * zooms[:, None, None]
    widths = [part.fit.diameter * zoom for part, zoom in zip(parts, zooms, strict=True)]
    diameter = main.fit.diameter or max(widths) or technology.spot_diameter
    corners = _grid(boxes[:, 1] - boxes[:, 0]) + boxes[0, 0]
    offsets = corners - boxes[:, 0]
    found = {code: part.fit.image for code, part in enumerate(parts) if part.fit.image is not None}
    images = tuple(
        replace(image, scale=image.scale / zooms[code], corner=tuple(offsets[code].tolist()))
        for code, image in found.items()
    )
    problems = _unclaimed(known, sections)
    problems += [problem for part in parts for problem in part.fit.problems]
    drawn = points * zooms[codes, None] + offsets[codes]
    microns = main.fit.microns or technology.microns_per_unit
    few, their = tuple(_few(problems)), tuple(found)
    return Layout(sections, drawn, corners, diameter, microns, images, their, few, technology)


def _whole(adata: AnnData, sections: Sections, points: Points) -> Layout:
    """A single section, where it is."""
    technology, (library, note) = guess_technology(adata), shown_library(adata)
    placed = points[has_place(points)]
    spacing = 0.0 if technology.name == "unknown" else technology.spacing
    fit = NO_FIT if library is None else fit_library(library, placed, spacing)
    images = () if fit.image is None else (replace(fit.image, note=joined(note, fit.image.note)),)
    diameter = fit.diameter or technology.spot_diameter
    microns = fit.microns or technology.microns_per_unit
    corners = _corners(points, sections)
    codes, said = (0,) * len(images), fit.problems
    return Layout(sections, points, corners, diameter, microns, images, codes, said, technology)


@dataclass(frozen=True, eq=False)
class _Part:
    """One of several sections: its places (n, 2), their scale, and its image."""

    points: Points
    lattice: Lattice
    spacing: float
    fit: Fit

    @classmethod
    def of(cls, points: Points, library: Library | None) -> _Part:
        different = distinct(points)
        can_tell = len(different) >= _FEWEST
        lattice, spacing = lattice_of(different) if can_tell else ("none", 0.0)
        fit = NO_FIT if library is None else fit_library(library, points, spacing)
        return cls(points, lattice, spacing, fit)

    @property
    def box(self) -> Points:
        """Lower and upper corner of spots and image, (2, 2)."""
        image = self.fit.image
        frame = np.empty((0, 2)) if image is None else np.stack([np.zeros(2), image.size])
        found = np.vstack([self.points, frame])
        return np.stack([found.min(axis=0), found.max(axis=0)]) if len(found) else np.zeros((2, 2))


def _zoom(part: _Part, main: _Part) -> float:
    """What makes the grid of a section as wide as that of another; 1 where there is none."""
    if part.lattice == "none" or part.lattice != main.lattice:
        return 1.0
    zoom = main.spacing / part.spacing
    return zoom if abs(zoom - 1) > _SAME else 1.0


def _grid(sizes: Points) -> Points:
    """Upper left corners (n, 2) of cells for sections of these sizes (n, 2); the first at 0."""
    n = len(sizes)
    n_columns = n if n <= _ONE_ROW else int(np.ceil(np.sqrt(n)))
    row, column = np.divmod(np.arange(n), n_columns)
    gap = _GAP * sizes.max()
    widths = [sizes[column == c, 0].max() + gap for c in range(n_columns)]
    heights = [sizes[row == r, 1].max() + gap for r in range(int(row[-1]) + 1)]
    left, top = np.cumsum([0.0, *widths]), np.cumsum([0.0, *heights])
    return np.column_stack([left[column], top[row]])


def _corners(points: Points, sections: Sections) -> Points:
    """Least x and y of each section's spots, (n_sections, 2); infinite for one without places."""
    least = np.full((len(sections.names), 2), np.inf)
    placed = has_place(points)
    np.minimum.at(least, sections.codes[placed], points[placed])
    return least


def _few(problems: list[str]) -> list[str]:
    """The first problems, and how many more there are: those of many sections are alike."""
    n_more = len(problems) - _MOST_PROBLEMS
    more = (
        [f"And {counted(n_more, 'more problem')} like these in other sections."]
        if n_more > 0
        else []
    )
    return problems[:_MOST_PROBLEMS] + more


def _unclaimed(known: dict[str, Library], sections: Sections) -> list[str]:
    """Say that there are images, but nothing tells of which section they are."""
    others = [n for n, library in known.items() if library.images and n not in sections.names]
    if not others:
        return []
    listed = ", ".join(others[:3]) + (", …" if len(others) > 3 else "")
    return [
        f"No section in {sections.column!r} is called as the image {listed}: it is not shown. "
        "Name sections as in uns['spatial'] to see it."
    ]
