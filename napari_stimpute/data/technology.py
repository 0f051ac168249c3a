"""What technology data come from, guessed from the pattern of their places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..errors import InputError
from ..words import counted
from .graph import Points, distinct, has_place, lattice_of, nearest, spatial_coordinates
from .sections import find_sections

if TYPE_CHECKING:
    from anndata import AnnData

_VISIUM = (77, 127)
"""Last row and column of a Visium slide."""

_SAMPLE = 20_000
"""Places, evenly among all, of which is asked how far the next one is; the next may be any."""


@dataclass(frozen=True)
class Technology:
    """What the places are, as far as geometry tells.

    ``spots`` are capture spots, bins or beads (rather than segmented cells). ``spacing`` is the
    distance between neighbouring places and ``spot_diameter`` the size to draw, both in
    coordinate units. ``microns_per_unit`` is 0 where it cannot be known.
    """

    name: Literal["visium", "st", "bins", "slide", "imaging", "unknown"]
    label: str
    spots: bool
    single_cell_scale: bool
    spacing: float
    spot_diameter: float
    microns_per_unit: float = 0.0

    @property
    def place(self) -> str:
        """Word for one observation: "spot" or "cell"."""
        return "spot" if self.spots else "cell"

    @property
    def is_square(self) -> bool:
        """Whether what was measured is square, and fills the tissue without gaps."""
        return self.name == "bins"


def guess_technology(adata: AnnData) -> Technology:
    """Guess how the data were measured, from the pattern of the places of the largest section.

    Hexagonal grid: Visium. Square grid: classic ST, or bins if there are very many. No grid:
    beads if evenly packed or with a whole transcriptome, else imaging. A guess: it names things,
    sets the drawn size and the scale in µm, and nothing else depends on it.

    Raises
    ------
    MissingKey, BadCoordinates : as `spatial_coordinates`
    """
    coordinates = spatial_coordinates(adata)
    coordinates[~find_sections(adata).is_largest] = np.nan
    points = distinct(coordinates[has_place(coordinates)])
    if len(points) < 7:
        alone = len(points) < 2
        spacing = 1.0 if alone else float(np.median(nearest(points, points, 2)[0][:, 1]))
        return Technology(
            "unknown", "unknown (too few places)", True, False, spacing, 0.8 * spacing
        )
    lattice, spacing = lattice_of(points)
    if lattice == "none" and (pitch := _array_pitch(adata, coordinates)):
        lattice, spacing = "hexagonal", pitch  # a part of its spots, too scattered to see the grid
    if lattice == "hexagonal":
        label = "10x Visium (hexagonal grid)"
        return Technology("visium", label, True, False, spacing, 0.55 * spacing, 100 / spacing)
    if lattice == "square" and len(points) > 5_000:
        label = "square bins (Visium HD, Stereo-seq)"
        return Technology("bins", label, True, True, spacing, spacing)
    if lattice == "square":
        label = "classic ST (square grid)"
        return Technology("st", label, True, False, spacing, 0.5 * spacing, 200 / spacing)
    n_genes = max(adata.n_vars, adata.raw.n_vars if adata.raw is not None else 0)
    if n_genes > 10_000 or _evenly_packed(points):
        label = "beads (Slide-seq or alike, no grid)"
        return Technology("slide", label, True, True, spacing, 0.8 * spacing)
    label = "imaging (single cells, no grid)"
    return Technology("imaging", label, False, True, spacing, 0.8 * spacing)


def off_tissue_in_words(adata: AnnData, place: str) -> list[str]:
    """A sentence on places that Space Ranger found beside the tissue; none where all are on it."""
    found = adata.obs.get("in_tissue")
    if found is None or found.dtype.kind not in "biuf":
        return []
    n_off = int((found == 0).sum())
    if n_off in (0, adata.n_obs):
        return []
    lie = "is" if n_off == 1 else "are"
    return [
        f"{counted(n_off, place)} {lie} beside the tissue (in_tissue is 0): trained and imputed "
        "like the others, from molecules that leaked there. Keep the rest before you open it: "
        "adata[adata.obs['in_tissue'] == 1]."
    ]


def place_of(adata: AnnData) -> str:
    """Word for one row of the data: "spot" where a tissue was measured in spots, else "cell"."""
    try:
        return guess_technology(adata).place
    except InputError:
        return "cell"


def _evenly_packed(points: Points) -> bool:
    sample = points[:: max(1, len(points) // _SAMPLE)]
    low, high = np.percentile(nearest(points, sample, 2)[0][:, 1], [25, 75])
    return bool(high < 1.25 * low)


def _array_pitch(adata: AnnData, coordinates: Points) -> float:
    """Pitch of Visium's grid by the rows and columns that Space Ranger writes; 0 if none.

    There rows and columns are even or odd together, and a column is half a pitch wide.
    """
    if not {"array_row", "array_col"} <= set(adata.obs):
        return 0.0
    array = np.column_stack([adata.obs["array_row"], adata.obs["array_col"]])
    is_number = array.dtype.kind in "iuf"
    if not is_number or not np.isfinite(array).all() or (array.sum(axis=1) % 2).any():
        return 0.0
    is_placed = has_place(coordinates)
    if array.min() < 0 or array[:, 0].max() > _VISIUM[0] or array[:, 1].max() > _VISIUM[1]:
        return 0.0
    by_place = np.column_stack([array[is_placed], np.ones(is_placed.sum())])
    steps, _, rank, _ = np.linalg.lstsq(by_place, coordinates[is_placed])
    pitch = 2 * float(np.hypot(*steps[1]))
    off = np.hypot(*(by_place @ steps - coordinates[is_placed]).T)
    is_grid = rank == by_place.shape[1] and bool((off < pitch / 4).all())
    return pitch if is_grid else 0.0
