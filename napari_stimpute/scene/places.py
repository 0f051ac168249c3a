"""Where the spots lie on the canvas: on the tissue, or on a map of what they express."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..data.image import TissueImage
from ..data.layout import Layout
from ..plots import Tissue
from ..session.session import Session
from .tiles import Tiles

_SIDE = 1000.0
"""Longer side of a map, in coordinate units: those of a map mean nothing."""

_SHARE, _LARGEST, _SMALLEST = 0.5, 1 / 60, 1 / 600
"""Diameter of a spot on a map: a share of the side over √n, and at most and at least so much."""


class Title(NamedTuple):
    """A name and the place of its lower left."""

    text: str
    y: float
    x: float


@dataclass(frozen=True, eq=False)
class Places:
    """Places of all spots.

    ``points`` is (n_obs, 2), y (down) and x; NaN for a spot without a place. They, and
    ``diameter``, are in µm where the scale of a tissue is known, else in coordinate units;
    ``microns`` is the number of µm in a coordinate unit, 0 where it is not known. ``map_title``
    says what map it is ("UMAP of the counts"); "" for that of the tissue. ``titles`` stand above
    several sections. ``layout`` is that of the tissue, None for a map. Spots are drawn round, or
    square where they ``are_square``.
    """

    points: NDArray[np.float64]
    diameter: float
    map_title: str = ""
    microns: float = 0.0
    titles: tuple[Title, ...] = ()
    layout: Layout | None = None

    @cached_property
    def tiles(self) -> Tiles:
        """The spots by where they lie, to find those near a place."""
        return Tiles.of(self.points)

    @property
    def are_square(self) -> bool:
        """Whether the spots are bins, without gaps between them."""
        return self.layout is not None and self.layout.technology.is_square

    @property
    def per_unit(self) -> float:
        """What one coordinate unit is here."""
        return self.microns or 1.0

    @property
    def images(self) -> tuple[TissueImage, ...]:
        """Of the tissue under the spots; none for a map."""
        return () if self.layout is None else self.layout.images

    def shows(self, section: int) -> bool:
        """Whether a section, by its code, is drawn."""
        return self.layout is not None and self.layout.only in (None, section)

    @property
    def section(self) -> str:
        """Name of the section that is shown alone; "" where all are."""
        layout = self.layout
        return "" if layout is None or layout.only is None else layout.sections.names[layout.only]

    @property
    def in_sight(self) -> NDArray[np.bool_] | None:
        """Which spots are of the section that is shown alone, (n_obs,); None where all are."""
        layout = self.layout
        if layout is None or layout.only is None:
            return None
        return np.asarray(layout.sections.codes == layout.only)

    def tissue(self, session: Session) -> Tissue:
        """What figures are drawn on: the tissue with its image, or the bare map."""
        display, found = session.display, Tissue(self.points[:, ::-1], self.diameter)
        if self.layout is not None:
            found = Tissue.laid_out(self.layout)
        size = found.spot_diameter * display.spot_size
        return replace(found, spot_diameter=size, image_opacity=display.image_opacity)


def tissue_places(session: Session) -> Places:
    """Where the spots lie on the tissue, at their true size: sections apart, or the chosen one.

    Raises
    ------
    MissingKey, BadCoordinates : no coordinates that could be drawn
    """
    layout, section = session.contents.layout, session.display.section
    if section:
        layout = layout.alone(section)
    microns = layout.microns_per_unit
    scale = microns or 1.0
    corners = (layout.corners * scale).tolist()
    titles = tuple(Title(t, *reversed(corners[code])) for code, t in layout.titles.items())
    points, diameter = layout.points[:, ::-1] * scale, layout.spot_diameter * scale
    return Places(points, diameter, microns=microns, titles=titles, layout=layout)


def map_places(places: NDArray[np.float32], title: str) -> Places:
    """Lay out a map for the canvas; its y points up there too.

    Parameters
    ----------
    places : (n_obs, 2), x and y (up)
    title : what map it is
    """
    points = np.column_stack([-places[:, 1], places[:, 0]]).astype(np.float64)
    low = points.min(axis=0)
    side = float((points.max(axis=0) - low).max())
    points = (points - low) * (_SIDE / side if side > 0 else 1.0)
    share = np.clip(_SHARE / np.sqrt(len(points)), _SMALLEST, _LARGEST)
    return Places(points, _SIDE * float(share), title)
