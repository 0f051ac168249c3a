"""The tissue image of a library, and whether places and image are in the same unit."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import keys
from ..errors import BadImage
from ..words import counted, percent
from .graph import Points
from .libraries import Library, is_positive, libraries, scale_name, single
from .pixels import Colours, as_rgb

if TYPE_CHECKING:
    from anndata import AnnData

    from .pyramid import Pyramid

_DIAMETER = "spot_diameter_fullres"
_MICRONS = ("microns_per_pixel", "pixel_size_um", "mpp")

_PLAUSIBLE = (0.1, 2.0)
"""Diameters of a spot, in distances to the next: ST has 0.5, Visium 0.55 to 0.65, bins 1."""

_MOST_OUTSIDE = 0.2
"""Share of spots outside the image above which the two do not belong together."""

_CORNER = 1 / 3
"""Spots within this share of the image's width and height are heaped in its corner."""


@dataclass(frozen=True, eq=False)
class TissueImage:
    """An image of the tissue, and how it lies under the spots.

    ``pixels`` is (height, width, 3), uint8. A spot at coordinates (x, y) lies at pixel
    (column x · scale, row y · scale) of an image whose ``corner`` (x, y) is at the origin.
    ``note`` tells what was chosen or scaled, else "". ``library`` has its ``pixels`` as they are in
    the file, of which ``colours`` tells black from white; a ``pyramid`` has what is sharper.
    """

    pixels: NDArray[np.uint8]
    scale: float
    name: str
    note: str = ""
    corner: tuple[float, float] = (0.0, 0.0)
    library: str = ""
    colours: Colours = field(default=Colours())
    pyramid: Pyramid | None = None

    @property
    def size(self) -> NDArray[np.float64]:
        """Width and height in coordinate units, (2,)."""
        height, width = self.pixels.shape[:2]
        return np.array([width, height]) / self.scale

    @property
    def levels(self) -> list[Any]:
        """All sizes of it, the sharpest first; the last is in memory, and so drawn at once."""
        return [*(() if self.pyramid is None else self.pyramid.levels), self.pixels]

    @property
    def sharpest(self) -> float:
        """The ``scale`` of the first of these."""
        return float(self.scale * self.levels[0].shape[1] / self.pixels.shape[1])


def tissue_image(adata: AnnData) -> TissueImage | None:
    """Return the tissue image as the file has it, the sharpest there is; None for none.

    Raises
    ------
    BadImage : an image without a usable scale factor, scale factors without an image, or
        something that is not an image
    """
    library, note = shown_library(adata)
    image = None if library is None else image_of(library)
    return None if image is None else replace(image, note=joined(note, image.note))


def shown_library(adata: AnnData) -> tuple[Library | None, str]:
    """The library of a single section, and a sentence if there is a choice.

    Of several the one that was chosen (``uns[keys.LIBRARY]``) goes first, then the one that
    ``obs["library_id"]`` names, then the others in their order; one without an image, or without
    its scale factor, only if no other has both.
    """
    known = libraries(adata)
    asked = [name for name in [str(adata.uns.get(keys.LIBRARY, ""))] if name in known]
    used = (
        adata.obs["library_id"].dropna().astype(str).unique() if "library_id" in adata.obs else []
    )
    order = [known[name] for name in (*asked, *used) if name in known] + [*known.values()]
    chosen = next((library for library in order if library.is_whole), next(iter(order), None))
    with_image = [library.name for library in known.values() if library.images]
    if chosen is None or len(with_image) < 2:
        return chosen, ""
    listed = ", ".join(with_image)
    return chosen, f"The file holds {len(with_image)} images ({listed}); {chosen.name} is shown."


def image_of(library: Library) -> TissueImage | None:
    """The sharpest image of a library; None if it says nothing of images.

    Raises
    ------
    BadImage : as `tissue_image`
    """
    if not (library.images or library.scales):
        return None
    resolution = library.resolution
    if not resolution:
        raise BadImage(
            expected=f"an image 'hires' or 'lowres' in {library.place}['images']",
            found="scale factors, but no image",
            remedy="Add the image, or go on without: spots are then drawn on a plain background.",
        )
    scale = _scale_factor(library, scale_name(resolution))
    name = library.image_names[resolution]
    image = np.asarray(library.images[name])
    pixels, colours = as_rgb(image, f"{library.place}['images'][{name!r}]")
    title = f"{library.name} ({resolution})" if library.name else resolution
    return TissueImage(pixels, scale, title, colours.note, library=library.name, colours=colours)


@dataclass(frozen=True)
class Fit:
    """A library under the spots of a section: its image, and how wide a spot is.

    ``image`` is None if there is none that fits; ``diameter`` is in coordinate units, 0 if the
    library does not say, nor ``microns``, those in a coordinate unit. ``problems`` are sentences.
    """

    image: TissueImage | None
    diameter: float
    microns: float
    problems: tuple[str, ...]


NO_FIT = Fit(None, 0.0, 0.0, ())
"""Nothing is known of images."""


def fit_library(library: Library, points: Points, spacing: float) -> Fit:
    """Lay a library under spots, if places and image are in one unit, or a factor makes them so.

    Parameters
    ----------
    points : (n, 2), x and y, of the spots that have a place
    spacing : distance between neighbouring spots, in coordinate units; 0 if unknown
    """
    image, unit, problem = _laid_under(library, points, spacing)
    stated = library.number(_DIAMETER)
    is_sound = _is_plausible(stated * unit, spacing)
    problems = [problem] if problem else []
    n_outside = 0 if image is None else int(_is_outside(image, points).sum())
    if image is not None and n_outside:
        lie = "lies" if n_outside == 1 else "lie"
        problems.append(
            f"{counted(n_outside, 'spot')} {lie} outside the image {image.name}; is its scale "
            "factor right?"
        )
    if stated and not is_sound:
        problems.append(
            f"Spots are drawn by their spacing, {spacing:.4g} units: {_DIAMETER!r} in "
            f"{library.place} is {stated:.4g}, which is of another unit."
        )
    per_pixel = next((m for m in map(library.number, _MICRONS) if m), 0.0)
    microns = 1.0 if unit != 1 else per_pixel
    return Fit(image, stated * unit if is_sound else 0.0, microns, tuple(problems))


def joined(*sentences: str) -> str:
    """Sentences in a row; those that are "" left out."""
    return " ".join(sentence for sentence in sentences if sentence)


def _laid_under(
    library: Library, points: Points, spacing: float
) -> tuple[TissueImage | None, float, str]:
    """The image if it fits, the size in µm of a pixel if places are in µm (else 1), a problem."""
    if not library.images:
        return None, 1.0, ""
    try:
        image = image_of(library)
    except BadImage as error:
        return None, 1.0, str(error)
    stated = library.number(_DIAMETER)
    why = "" if image is None else _misfit(image, points, _is_plausible(stated, spacing))
    if image is None or not why:
        return image, 1.0, ""
    for name in _MICRONS:
        unit = library.number(name) or 1.0
        other = replace(image, scale=image.scale / unit)
        if unit != 1 and not _misfit(other, points, _is_plausible(stated * unit, spacing)):
            note = f"Places are taken as µm, {unit:.4g} per pixel ({name!r}): as pixels, {why}."
            return replace(other, note=joined(image.note, note)), unit, ""
    misfit = BadImage(
        expected=f"places in pixels of the image {image.name}, at full resolution",
        found=why,
        remedy="It is left out. Correct obsm['spatial'] or the scale factor to see it.",
    )
    return None, 1.0, str(misfit)


def _misfit(image: TissueImage, points: Points, is_unit_known: bool) -> str:
    """Why spots cannot lie on an image, in words; "" if they may."""
    outside = float(_is_outside(image, points).mean())
    if outside > _MOST_OUTSIDE:
        low, high, (width, height) = points.min(axis=0), points.max(axis=0), image.size
        return (
            f"{percent(outside)} of the spots outside it ({width:,.0f} × {height:,.0f} units): x "
            f"is {low[0]:,.4g} to {high[0]:,.4g}, y is {low[1]:,.4g} to {high[1]:,.4g}"
        ).replace("-", "−")
    is_heaped = len(points) > 1 and bool((points < image.size * _CORNER).all())
    return (
        "all spots in its upper left corner, as if in µm" if is_heaped and not is_unit_known else ""
    )


def _is_outside(image: TissueImage, points: Points) -> NDArray[np.bool_]:
    return np.asarray(((points < 0) | (points > image.size)).any(axis=1))


def _is_plausible(diameter: float, spacing: float) -> bool:
    """Whether a spot can be so wide; where the spacing is unknown, any width can."""
    low, high = _PLAUSIBLE
    return diameter > 0 and (spacing == 0 or low * spacing <= diameter <= high * spacing)


def _scale_factor(library: Library, key: str) -> float:
    place = library.place
    if key not in library.scales:
        raise BadImage(
            expected=f"the scale factor {key!r} in {place}['scalefactors']",
            found="none, so the image cannot be laid under the spots",
            remedy="Add it (image pixels per coordinate unit), or go on without the image.",
        )
    scale = single(library.scales[key])
    if not is_positive(scale):
        raise BadImage(
            expected=f"a scale factor {key!r} above 0",
            found=f"{scale!r}",
            remedy="Correct it (image pixels per coordinate unit), or go on without the image.",
        )
    return float(scale)
