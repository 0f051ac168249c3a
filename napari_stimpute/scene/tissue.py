"""The tissue image as what spots are drawn on."""

from __future__ import annotations

import numpy as np

from ..data.image import TissueImage
from .colours import Ground

_EVERY = 10  # pixels: so many tell how light an image is


def ground_of(image: TissueImage) -> Ground:
    """Paper under a stained section, black under a fluorescent one: what the image pales to."""
    is_light = np.median(image.pixels[::_EVERY, ::_EVERY]) > 127
    return (1.0, 1.0, 1.0) if is_light else (0.0, 0.0, 0.0)
