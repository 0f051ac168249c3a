"""The picture of a simulated section: a plan of its domains, and an H&E-like image of that plan.

The plan is a curved slab of tissue in layers, like a piece of cortex, with one round nest in it.
The image follows the physics of a stained slide: haematoxylin (nuclei) and eosin (everything
else) each absorb light, so a pixel is 255 · exp(−H · haematoxylin − E · eosin) per channel. Both
stains are rounded to a few shades, which the eye does not see and which lets the image compress.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

Field = NDArray[np.float64]

GLASS = -1
"""Value of `TissuePlan.domain` where there is no tissue."""

_HAEMATOXYLIN = np.array([0.86, 0.95, 0.42])
"""Absorbance of the nuclear stain in red, green and blue (hue of Ruifrok and Johnston, 2001)."""
_EOSIN = np.array([0.14, 0.66, 0.24])
"""Absorbance of the counterstain in red, green and blue."""
_SHADES = 14
"""Shades kept per unit of stain."""
_NUCLEI = ((1.5, 0.0, 0.35), (1.7, 1.0, 0.3), (1.5, 2.1, 0.28), (2.5, 0.4, 0.07))
"""Kinds of nuclei: radius in half pixels, tilt in radians, share of all nuclei."""
_GLASS_COLOUR = np.array([244, 243, 245], dtype=np.uint8)


@dataclass(frozen=True)
class TissuePlan:
    """Where each domain of a section lies; every map is (height, width) pixels, row 0 on top.

    Parameters
    ----------
    domain : layers from 0 (outermost) inwards, the nest last; `GLASS` outside the tissue
    depth : 0 at the outer surface, 1 at the inner one
    arc : place along the slab, about -1 (left end) to 1 (right end)
    nest : distance from the centre of the nest, 1 at its border
    """

    domain: NDArray[np.int8]
    depth: Field
    arc: Field
    nest: Field

    @property
    def tissue(self) -> NDArray[np.bool_]:
        """Where there is tissue, (height, width)."""
        mask: NDArray[np.bool_] = self.domain != GLASS
        return mask


def draw_plan(
    rng: np.random.Generator, *, n_domains: int, height: int = 600, width: int = 700
) -> TissuePlan:
    """Lay out a curved slab of ``n_domains - 1`` layers with one round nest.

    Parameters
    ----------
    rng : source of the irregular outline
    n_domains : layers and nest together, ≥ 2
    height, width : size of the maps in pixels
    """
    rows, columns = np.mgrid[0:height, 0:width] / width
    x = columns + _wobble(rng, columns.shape)
    y = rows + _wobble(rng, rows.shape)
    across, down = (x - 0.50) / 0.475, (y - 0.675) / 0.60
    angle = np.arctan2(across, -down)
    depth = (1 - np.hypot(across, down)) / (0.82 + 0.06 * np.sin(2 * angle + 0.5))
    arc = angle / 1.75
    inside = _largest_piece(np.abs(arc) ** 6 + np.abs(2 * depth - 1) ** 6 < 1)
    nest = np.hypot(x - 0.695, y - 0.385) / 0.09
    domain = np.digitize(depth, _layer_edges(n_domains - 1)).astype(np.int8)
    domain[nest < 1] = n_domains - 1
    domain[~inside] = GLASS
    return TissuePlan(domain=domain, depth=np.clip(depth, 0, 1), arc=np.clip(arc, -1, 1), nest=nest)


def render_section(rng: np.random.Generator, plan: TissuePlan) -> NDArray[np.uint8]:
    """Paint a plan as a slide stained with haematoxylin and eosin.

    Parameters
    ----------
    rng : source of texture and nuclei
    plan : the domains to paint; each has its own density of nuclei and shade of pink

    Returns
    -------
    (height, width, 3), RGB, 0 to 255; the glass is nearly white
    """
    tissue = plan.tissue
    to_edge = ndimage.distance_transform_edt(tissue)
    opacity = ndimage.gaussian_filter(tissue.astype(np.float64), 0.8)
    haematoxylin = _nuclei(rng, plan) + 0.10 * np.exp(-to_edge / 2.5)
    eosin = _background(rng, plan) + 0.30 * np.exp(-to_edge / 3.0)
    grain = rng.uniform(-0.3, 0.3, tissue.shape) * tissue  # so that no contours of shades show
    stains = [np.round(opacity * s * _SHADES + grain) / _SHADES for s in (haematoxylin, eosin)]
    absorbed = stains[0][..., None] * _HAEMATOXYLIN + stains[1][..., None] * _EOSIN
    image: NDArray[np.uint8] = np.rint(_GLASS_COLOUR * np.exp(-absorbed)).astype(np.uint8)
    return image


def smooth_noise(rng: np.random.Generator, shape: tuple[int, ...], scale: float) -> Field:
    """Gaussian noise with a correlation length of `scale` pixels, mean 0 and variance 1."""
    coarse = max(1, int(scale / 4))
    small = rng.normal(size=tuple(n // coarse + 2 for n in shape))
    small = ndimage.gaussian_filter(small, scale / coarse, mode="wrap")
    noise: Field = ndimage.zoom(small, coarse, order=1)[tuple(slice(n) for n in shape)]
    noise -= noise.mean()
    noise /= noise.std()
    return noise


def _wobble(rng: np.random.Generator, shape: tuple[int, ...]) -> Field:
    """Displacement that turns a geometric outline into an organic one, in widths of the image."""
    broad, middle, fine = (smooth_noise(rng, shape, scale) for scale in (70, 14, 4))
    return 0.014 * broad + 0.0035 * middle + 0.0012 * fine


def _largest_piece(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep the largest connected part of a mask, and fill its holes."""
    labelled, _ = ndimage.label(mask)
    sizes = np.bincount(labelled.ravel())
    sizes[0] = 0
    return ndimage.binary_fill_holes(labelled == sizes.argmax())


def _layer_edges(n_layers: int) -> Field:
    """Depths of the borders between layers; deeper layers are thicker."""
    thickness = np.linspace(0.7, 1.3, n_layers)
    edges: Field = np.cumsum(thickness)[:-1] / thickness.sum()
    return edges


def _background(rng: np.random.Generator, plan: TissuePlan) -> Field:
    """Eosin everywhere: a shade per domain, blotches at four scales, and fibres across layers."""
    shape = plan.domain.shape
    n_layers = int(plan.domain.max())
    shade = np.append(0.62 + 0.28 * np.linspace(0, 1, n_layers) ** 2, [0.50, 0.0])
    eosin = ndimage.gaussian_filter(shade[plan.domain], 5)
    for scale, strength in ((1.0, 0.05), (3.0, 0.05), (12.0, 0.04), (70.0, 0.05)):
        eosin = eosin + strength * smooth_noise(rng, shape, scale)
    grain = ndimage.gaussian_filter(rng.normal(size=(40, 1200)), (1.5, 1.2), mode="nearest")
    along = [plan.depth * 39, (plan.arc + 1) * 599.5]
    fibres = ndimage.map_coordinates(grain / grain.std(), along, order=1, mode="nearest")
    return np.clip(eosin + 0.05 * fibres, 0.15, None)


def _nuclei(rng: np.random.Generator, plan: TissuePlan) -> Field:
    """Haematoxylin: a haze per domain, and nuclei as small dark ellipses."""
    density, haze = _cellularity(plan)
    haze = haze * (1 + 0.25 * smooth_noise(rng, plan.domain.shape, 9))
    nuclei = np.zeros((2 * plan.domain.shape[0], 2 * plan.domain.shape[1]))
    fine_density = np.kron(density, np.ones((2, 2))) / 4
    for radius, tilt, share in _NUCLEI:
        strength = rng.uniform(0.3, 1.6, nuclei.shape)
        seeds = strength * (rng.random(nuclei.shape) < share * fine_density)
        nuclei += signal.fftconvolve(seeds, _ellipse(radius, tilt), mode="same")
    height, width = plan.domain.shape
    dots = (1 - np.exp(-nuclei)).reshape(height, 2, width, 2).mean(axis=(1, 3))
    stain: Field = np.clip(haze + 1.25 * dots, 0, None)
    return stain


def _cellularity(plan: TissuePlan) -> tuple[Field, Field]:
    """Nuclei per pixel, and the haze of those out of focus; both (height, width).

    Layers alternate between sparse and packed, so that one sees them; the nest is the most
    packed, with a dark mantle around a paler centre.
    """
    n_layers = int(plan.domain.max())
    packed = np.resize([0.012, 0.100, 0.034, 0.080, 0.020], n_layers)
    per_domain = np.append(packed, [0.20, 0.0])
    density = ndimage.gaussian_filter(per_domain[plan.domain], 2.5)
    mantle = 1 - 0.6 * np.exp(-((plan.nest / 0.6) ** 4))
    density = np.where(plan.nest < 1, density * mantle, density)
    density[~plan.tissue] = 0
    return density, 0.06 + 1.9 * density


def _ellipse(radius: float, tilt: float) -> Field:
    """Kernel of one nucleus, 1.5 times as long as wide, with a soft border."""
    y, x = np.mgrid[-6:7, -6:7]
    long = x * np.cos(tilt) + y * np.sin(tilt)
    wide = y * np.cos(tilt) - x * np.sin(tilt)
    distance = np.hypot(long / 1.22, wide * 1.22)
    kernel: Field = 1.6 / (1 + np.exp(3 * (distance - radius)))
    return kernel
