"""Libraries of ``uns["spatial"]``, in the squidpy and scanpy layout: images, and their scales."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from .. import keys

if TYPE_CHECKING:
    from anndata import AnnData

_RESOLUTIONS = {
    "hires": ("hires", "hires_image", "tissue_hires_image"),
    "lowres": ("lowres", "lowres_image", "tissue_lowres_image"),
}
"""Usual names of images, the sharper first."""


@dataclass(frozen=True, eq=False)
class Library:
    """Images and scale factors of one library; one that has no name is called ""."""

    name: str
    images: Mapping[str, Any]
    scales: Mapping[str, Any]

    @property
    def place(self) -> str:
        """Where it lies in the file, in words."""
        return f"uns['spatial'][{self.name!r}]" if self.name else "uns['spatial']"

    @property
    def image_names(self) -> dict[str, str]:
        """What the images are called, by their resolution."""
        found = {r: [n for n in names if n in self.images] for r, names in _RESOLUTIONS.items()}
        return {resolution: names[0] for resolution, names in found.items() if names}

    @property
    def resolution(self) -> str:
        """The sharpest image with a scale factor, else the sharpest; "" for none."""
        whole = [r for r in self.image_names if self.number(scale_name(r))]
        return next(iter([*whole, *self.image_names]), "")

    @property
    def is_whole(self) -> bool:
        """Whether there is an image that can be laid under the spots."""
        return bool(self.resolution and self.number(scale_name(self.resolution)))

    def number(self, scale: str) -> float:
        """A scale factor above 0; 0 where there is none that can be used."""
        value = single(self.scales.get(scale))
        return float(value) if is_positive(value) else 0.0


def libraries(adata: AnnData) -> dict[str, Library]:
    """What is known of each library, by its name."""
    spatial = adata.uns.get(keys.SPATIAL, {})
    if not isinstance(spatial, Mapping):
        return {}
    if "images" in spatial:
        spatial = {"": spatial}
    return {
        str(name): Library(str(name), _mapping(entry, "images"), _mapping(entry, "scalefactors"))
        for name, entry in spatial.items()
        if isinstance(entry, Mapping)
    }


def scale_name(resolution: str) -> str:
    """What the scale factor of an image is called."""
    return f"tissue_{resolution}_scalef"


def single(value: Any) -> Any:
    """The number in an array of one, as R writes all of them."""
    return value.item() if isinstance(value, np.ndarray) and value.size == 1 else value


def is_positive(number: Any) -> TypeGuard[float]:
    """Whether something is a finite number above 0."""
    return isinstance(number, (int, float, np.number)) and bool(0 < number < np.inf)


def _mapping(entry: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = entry.get(name)
    return value if isinstance(value, Mapping) else {}
