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
    (column x · scale, row y · scale). ``spot_diameter`` is in coordinate units. ``note`` tells
    which image was taken where there are several, else "".
    """

    pixels: NDArray[np.uint8]
    scale: float
    spot_diameter: float
    name: str
    note: str = ""


def tissue_image(adata: AnnData) -> TissueImage | None:
    """Return the tissue image, the sharpest there is; None if the data hold none.

    With several libraries it is the one that ``obs["library_id"]`` names first, else the first.

    Raises
    ------
    BadImage : an image without a usable scale factor, scale factors without an image, or
        something that is not an image
    MissingKey, BadCoordinates : no spot diameter is given and there are no coordinates
    """
    library, text = _library(adata)
    entry = _entries(adata).get(library, {})
    images, scales = entry.get("images") or {}, entry.get("scalefactors") or {}
    resolution = next((r for r in ("hires", "lowres") if r in images), "")
    if not resolution and not scales:
        return None
    place = f"uns['spatial'][{library!r}]"
    if not resolution:
        raise BadImage(
            expected=f"an image 'hires' or 'lowres' in {place}['images']",
            found="scale factors, but no image",
            remedy="Add the image, or go on without: spots are then drawn on a plain background.",
        )
    scale = _scale_factor(scales, f"tissue_{resolution}_scalef", place)
    pixels = _rgb(np.asarray(images[resolution]), f"{place}['images'][{resolution!r}]")
    return TissueImage(pixels, scale, spot_diameter(adata), f"{library} ({resolution})", text)


def spot_diameter(adata: AnnData) -> float:
    """Return the diameter of a spot in coordinate units.

    As the scale factors say; without them from the spacing: 0.55 of it for Visium (55 of 100
    µm), 0.5 for classic ST (100 of 200 µm), 0.8 for anything else.

    Raises
    ------
    MissingKey, BadCoordinates : neither scale factors nor coordinates
    """
    scales = _entries(adata).get(_library(adata)[0], {}).get("scalefactors") or {}
    stated = scales.get("spot_diameter_fullres")
    if _is_positive(stated):
        return float(stated)
    return guess_technology(adata).spot_diameter


def _entries(adata: AnnData) -> Mapping[str, Any]:
    entries = adata.uns.get(keys.SPATIAL, {})
    if not isinstance(entries, Mapping):
        return {}
    return {str(k): v for k, v in entries.items() if isinstance(v, Mapping)}


def _library(adata: AnnData) -> tuple[str, str]:
    """Name the library to show, and say so if there is a choice."""
    names = list(_entries(adata))
    if len(names) < 2:
        return (names[0] if names else ""), ""
    used = (
        adata.obs["library_id"].dropna().astype(str).unique() if "library_id" in adata.obs else []
    )
    chosen = next((name for name in used if name in names), names[0])
    return chosen, f"The file holds {len(names)} images ({', '.join(names)}); {chosen} is shown."


def _is_positive(number: Any) -> TypeGuard[float]:
    return isinstance(number, (int, float, np.number)) and bool(0 < number < np.inf)


def _scale_factor(scales: Mapping[str, Any], key: str, place: str) -> float:
    if key not in scales:
        raise BadImage(
            expected=f"the scale factor {key!r} in {place}['scalefactors']",
            found="none, so the image cannot be laid under the spots",
            remedy="Add it (image pixels per coordinate unit), or go on without the image.",
        )
    if not _is_positive(scales[key]):
        raise BadImage(
            expected=f"a scale factor {key!r} above 0",
            found=f"{scales[key]!r}",
            remedy="Correct it (image pixels per coordinate unit), or go on without the image.",
        )
    return float(scales[key])


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
