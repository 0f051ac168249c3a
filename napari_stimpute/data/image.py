"""The tissue image and its scale, in the squidpy / scanpy layout of ``uns["spatial"]``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from .. import keys
from ..errors import BadImage
from .graph import guess_technology

if TYPE_CHECKING:
    from anndata import AnnData


@dataclass(frozen=True, eq=False)
class TissueImage:
    """An image of the tissue, and how it lies under the spots.

    ``pixels`` is (height, width, 3), uint8. A spot at coordinates (x, y) lies at pixel
    (column x · scale, row y · scale) of an image whose ``corner`` lies at (0, 0); x and y of the
    corner and ``spot_diameter`` are in coordinate units. ``note`` tells which image was taken
    where there are several, else "".
    """

    pixels: NDArray[np.uint8]
    scale: float
    spot_diameter: float
    name: str
    note: str = ""
    corner: tuple[float, float] = (0.0, 0.0)


_RESOLUTIONS = {
    "hires": ("hires", "hires_image", "tissue_hires_image"),
    "lowres": ("lowres", "lowres_image", "tissue_lowres_image"),
}
"""Usual names of images, the sharper first."""


def tissue_image(adata: AnnData) -> TissueImage | None:
    """Return the tissue image, the sharpest there is; None if the data hold none.

    Of several libraries the one that ``obs["library_id"]`` names goes first, then the others in
    their order; one without an image, or without its scale factor, only if no other has both.

    Raises
    ------
    BadImage : an image without a usable scale factor, scale factors without an image, or
        something that is not an image
    MissingKey, BadCoordinates : no spot diameter is given and there are no coordinates
    """
    library, text = _library(adata)
    entry = _entries(adata).get(library)
    if entry is None or not (entry.images or entry.scales):
        return None
    place = f"uns['spatial'][{library!r}]" if library else "uns['spatial']"
    resolution = entry.resolution
    if not resolution:
        raise BadImage(
            expected=f"an image 'hires' or 'lowres' in {place}['images']",
            found="scale factors, but no image",
            remedy="Add the image, or go on without: spots are then drawn on a plain background.",
        )
    scale = _scale_factor(entry.scales, _scale_of(resolution), place)
    name = entry.names[resolution]
    pixels = _rgb(np.asarray(entry.images[name]), f"{place}['images'][{name!r}]")
    title = f"{library} ({resolution})" if library else resolution
    return TissueImage(pixels, scale, spot_diameter(adata), title, text)


def spot_diameter(adata: AnnData) -> float:
    """Return the diameter of a spot in coordinate units.

    As the scale factors say; without them from the spacing: 0.55 of it for Visium (55 of 100
    µm), 0.5 for classic ST (100 of 200 µm), 0.8 for anything else.

    Raises
    ------
    MissingKey, BadCoordinates : neither scale factors nor coordinates
    """
    entry = _entries(adata).get(_library(adata)[0])
    stated = _single(entry.scales.get("spot_diameter_fullres")) if entry else None
    if _is_positive(stated):
        return float(stated)
    return guess_technology(adata).spot_diameter


@dataclass(frozen=True)
class _Entry:
    """Images and scale factors of one library; ``names`` of the images by their resolution."""

    images: Mapping[str, Any]
    scales: Mapping[str, Any]

    @property
    def names(self) -> dict[str, str]:
        found = {r: [n for n in names if n in self.images] for r, names in _RESOLUTIONS.items()}
        return {resolution: names[0] for resolution, names in found.items() if names}

    @property
    def resolution(self) -> str:
        """The sharpest image with a scale factor, else the sharpest; "" for none."""
        whole = [r for r in self.names if _is_positive(_single(self.scales.get(_scale_of(r))))]
        return next(iter([*whole, *self.names]), "")

    @property
    def is_whole(self) -> bool:
        """Whether there is an image that can be laid under the spots."""
        return _is_positive(_single(self.scales.get(_scale_of(self.resolution))))


def _scale_of(resolution: str) -> str:
    return f"tissue_{resolution}_scalef"


def _entries(adata: AnnData) -> dict[str, _Entry]:
    """What is known of each library; one that has no name is called ""."""
    spatial = adata.uns.get(keys.SPATIAL, {})
    if not isinstance(spatial, Mapping):
        return {}
    if "images" in spatial:
        spatial = {"": spatial}
    return {
        str(name): _Entry(_mapping(entry.get("images")), _mapping(entry.get("scalefactors")))
        for name, entry in spatial.items()
        if isinstance(entry, Mapping)
    }


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _library(adata: AnnData) -> tuple[str, str]:
    """Name the library to show, and say so if there is a choice."""
    entries = _entries(adata)
    if len(entries) < 2:
        return next(iter(entries), ""), ""
    used = (
        adata.obs["library_id"].dropna().astype(str).unique() if "library_id" in adata.obs else []
    )
    order = [*(name for name in used if name in entries), *entries]
    chosen = next((name for name in order if entries[name].is_whole), order[0])
    with_image = [name for name, entry in entries.items() if entry.images]
    if len(with_image) < 2:
        return chosen, ""
    listed = ", ".join(with_image)
    return chosen, f"The file holds {len(with_image)} images ({listed}); {chosen} is shown."


def _single(value: Any) -> Any:
    """The number in an array of one, as R writes all of them."""
    return value.item() if isinstance(value, np.ndarray) and value.size == 1 else value


def _is_positive(number: Any) -> TypeGuard[float]:
    return isinstance(number, (int, float, np.number)) and bool(0 < number < np.inf)


def _scale_factor(scales: Mapping[str, Any], key: str, place: str) -> float:
    if key not in scales:
        raise BadImage(
            expected=f"the scale factor {key!r} in {place}['scalefactors']",
            found="none, so the image cannot be laid under the spots",
            remedy="Add it (image pixels per coordinate unit), or go on without the image.",
        )
    scale = _single(scales[key])
    if not _is_positive(scale):
        raise BadImage(
            expected=f"a scale factor {key!r} above 0",
            found=f"{scale!r}",
            remedy="Correct it (image pixels per coordinate unit), or go on without the image.",
        )
    return float(scale)


def _rgb(image: NDArray[Any], place: str) -> NDArray[np.uint8]:
    """Bring grey, RGBA, 16-bit and float images to (height, width, 3), uint8."""
    layered = image[..., None] if image.ndim == 2 else image
    is_image = layered.ndim == 3 and layered.shape[2] in (1, 3, 4) and layered.size > 0
    if not is_image or image.dtype.kind not in "buif":
        shape = " × ".join(str(n) for n in image.shape) or "a single value"
        raise BadImage(
            expected=f"an image (height × width × 3 colours) in {place}",
            found=f"{shape}, {image.dtype}",
            remedy="Store it as RGB, 8 bits per colour.",
        )
    if image.dtype.kind == "f" and not np.isfinite(image).all():
        raise BadImage(
            expected=f"finite colours in {place}",
            found="NaN or infinite values",
            remedy="Store the image as RGB, 8 bits per colour.",
        )
    colours = _eight_bits(layered[..., :3])
    return np.ascontiguousarray(np.broadcast_to(colours, (*colours.shape[:2], 3)))


def _eight_bits(image: NDArray[Any]) -> NDArray[np.uint8]:
    if image.dtype == np.uint8:
        return image
    if image.dtype.kind == "b" or (image.dtype.kind == "f" and image.max() <= 1):
        full = 1
    else:
        full = 255 if image.max() <= 255 else 65_535
    scaled: NDArray[np.float32] = image.astype(np.float32) * np.float32(255 / full)
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
