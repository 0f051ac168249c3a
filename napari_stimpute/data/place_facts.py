"""What the data card says of places, sections and images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .. import keys
from ..errors import BadImage, InputError, MissingKey
from ..words import counted
from .graph import has_place, spatial_coordinates
from .image import TissueImage, tissue_image
from .layout import Layout, lay_out
from .libraries import libraries
from .technology import Technology, off_tissue_in_words

if TYPE_CHECKING:
    from anndata import AnnData

Finding = tuple[str, list[str]]
"""A sentence for the card, and sentences on what looks wrong."""

Drawn = tuple[Layout | None, list[str]]
"""Where spots lie, and sentences on what looks wrong."""


def drawn_of(adata: AnnData) -> Drawn:
    """Where the spots lie; or None, and sentences on why they lie nowhere."""
    try:
        return lay_out(adata), []
    except MissingKey:  # cells without a tissue
        return None, []
    except InputError as error:
        return None, [str(error)]


def coordinates_found(adata: AnnData, technology: Technology | None, layout: Layout | None) -> str:
    """Where places are, and how far apart neighbours are."""
    if keys.SPATIAL not in adata.obsm:
        return f"none in obsm['{keys.SPATIAL}']: shown on a map; GMM-VGAE would need them"
    if technology is None or layout is None:
        return "none that can be used"
    microns, apart = layout.microns_per_unit, f"{technology.spacing:,.4g} units"
    if microns:
        in_units = "" if microns == 1 else f" ({apart})"
        apart = f"{technology.spacing * microns:,.4g} µm{in_units}"
    return f"in obsm['{keys.SPATIAL}']: x and y, neighbouring {technology.place}s {apart} apart"


def technology_found(adata: AnnData, technology: Technology | None) -> Finding:
    """What measured these places, and which of them look wrong."""
    if technology is None:
        return "unknown without coordinates", []
    coordinates, problems = spatial_coordinates(adata), list[str]()
    placed = coordinates[has_place(coordinates)]
    n_shared = int(pd.DataFrame(placed).duplicated().sum())
    n_without = len(coordinates) - len(placed)
    if n_shared:
        problems.append(f"{counted(n_shared, technology.place)} at the very place of another.")
    if n_without:
        has = "has" if n_without == 1 else "have"
        problems.append(
            f"{counted(n_without, technology.place)} {has} no place (NaN or infinite): not on the "
            "tissue and without neighbours, but trained and imputed with the others."
        )
    problems += off_tissue_in_words(adata, technology.place)
    if np.shape(adata.obsm[keys.SPATIAL])[1] > coordinates.shape[1]:
        problems.append(f"obsm['{keys.SPATIAL}'] has three columns: the first two are x and y.")
    return technology.label, problems


def sections_found(layout: Layout | None) -> str:
    """How several sections were told apart; "" for a single one."""
    names = () if layout is None else layout.sections.names
    if layout is None or len(names) < 2:
        return ""
    listed = ", ".join(names[:4]) + (", …" if len(names) > 4 else "")
    return (
        f"{len(names):,} by obs['{layout.sections.column}'] ({listed}): drawn apart, and no "
        "neighbours across two of them"
    )


def image_found(adata: AnnData, technology: Technology | None, layout: Layout | None) -> Finding:
    """The images that are drawn, with the size of their pixels; what is wrong with them."""
    if technology is None or layout is None:
        return _image_alone(adata)
    problems = list(layout.problems)
    if not layout.images:
        if not problems and technology.name in ("visium", "st"):
            problems = ["No tissue image in the file: spots are drawn on a plain background."]
        has_images = any(library.images for library in libraries(adata).values())
        return "cannot be used" if has_images else "no image", problems
    first = layout.images[0]
    text = " and ".join(_size_of(image) for image in layout.images[:4])
    text += f" and {len(layout.images) - 4:,} more" if len(layout.images) > 4 else ""
    if layout.microns_per_unit:
        per_pixel = layout.microns_per_unit / first.scale
        across = layout.spot_diameter * layout.microns_per_unit
        text += f", {per_pixel:.3g} µm per pixel; {technology.place}s drawn {across:.0f} µm across"
    else:
        text += f", {1 / first.scale:.3g} coordinate units per pixel"
    notes = dict.fromkeys(image.note for image in layout.images if image.note)
    return text, [*notes, *problems]


def _image_alone(adata: AnnData) -> Finding:
    """An image without coordinates: there is nothing to lay on it."""
    try:
        image = tissue_image(adata)
    except BadImage as error:
        return "cannot be used", [str(error)]
    return ("no image", []) if image is None else (_size_of(image), [])


def _size_of(image: TissueImage) -> str:
    height, width = image.pixels.shape[:2]
    text = f"{image.name}, {width:,} × {height:,} pixels"
    if image.pyramid is None:
        return text
    width, height = image.pyramid.size
    return f"{text} (napari reads {width:,} × {height:,} from the file as you zoom in)"
