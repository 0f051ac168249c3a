"""What every figure is drawn with: the tissue, its spots at their true size, colours and axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..data.colours import stored_colours
from ..data.graph import has_place
from ..data.image import TissueImage
from ..data.layout import Layout, lay_out

if TYPE_CHECKING:
    from anndata import AnnData
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

EXPRESSION_COLORS = "viridis"
"""Colour map of expression: even in lightness, and safe for colour-blind readers."""

NO_CATEGORY = "#b8b8b8"
"""Colour of spots without a category."""

_PALETTE = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#b5245f",
    "#7a5c00",
    "#3f98dc",
    "#7d3cc8",
    "#006b6b",
    "#bd8a10",
    "#fa5a8c",
    "#6e6ef5",
    "#c873b9",
    "#b93ca5",
    "#a0694b",
    "#8c3791",
    "#a05ad2",
    "#1955f0",
    "#cd0a00",
    "#5f919b",
    "#af78ff",
    "#8c463c",
    "#825a87",
    "#78a04b",
    "#e15fdc",
    "#be7d73",
    "#878228",
    "#eb195a",
    "#d21982",
    "#fa5f55",
    "#dc37b9",
    "#008273",
    "#be4beb",
    "#554baf",
    "#d75a96",
    "#4b5f46",
    "#503cdc",
    "#9173c3",
    "#5a699b",
    "#6955dc",
    "#467d3c",
    "#914669",
    "#555aff",
    "#4191ff",
    "#aa3cc3",
    "#9619aa",
    "#b45f64",
    "#ff4baa",
    "#9b87c8",
    "#7d7da5",
    "#3773e1",
    "#196e14",
    "#235f96",
    "#69785f",
    "#e14641",
    "#aa4128",
    "#41697d",
    "#00a5a5",
    "#3c9687",
    "#d77396",
    "#37642d",
)
"""Three of Okabe and Ito's, then each far from those before, in OKLab, as seen with normal,
red-blind and green-blind eyes. Each has a contrast of 3 or more both on black and on white: its
luminance lies between 0.1 and 0.3. Pink, the colour of H&E, comes late."""

BLUE, ORANGE, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "#6f6f6f"
_TALLEST = 4.4  # inches of a map
_TITLE = 0.05  # height of a section's title, as a share of the map's longer side


@dataclass(frozen=True, eq=False)
class Tissue:
    """What values are drawn on.

    Parameters
    ----------
    coordinates : (n_obs, 2), x and y; NaN for a spot without a place, which is not drawn
    spot_diameter : in coordinate units
    images : of the tissue under the spots
    microns_per_unit : for a scale bar; 0 if unknown
    image_opacity : 0–1
    titles : of several sections, each with x and y of its lower left
    are_square : whether spots are drawn as squares, else as circles
    """

    coordinates: NDArray[np.float64]
    spot_diameter: float
    images: tuple[TissueImage, ...] = ()
    microns_per_unit: float = 0.0
    image_opacity: float = 0.35
    titles: tuple[tuple[str, float, float], ...] = ()
    are_square: bool = False

    @classmethod
    def of(cls, adata: AnnData) -> Tissue:
        """Read from an AnnData: sections apart, each with its image if that can be used."""
        return cls.laid_out(lay_out(adata))

    @classmethod
    def laid_out(cls, layout: Layout) -> Tissue:
        """All sections of a layout, or the one that it shows alone."""
        above = (layout.spot_corners - (0, 0.8 * layout.spot_diameter)).tolist()
        return cls(
            layout.points,
            layout.spot_diameter,
            layout.images,
            layout.microns_per_unit,
            titles=tuple((title, *above[code]) for code, title in layout.titles.items()),
            are_square=layout.technology.is_square,
        )


def categorical_palette(n: int) -> list[str]:
    """Colours (hex) that colour-blind readers can tell apart, best first; repeated beyond 60."""
    return [_PALETTE[i % len(_PALETTE)] for i in range(n)]


def palette(stored: object, names: Sequence[str]) -> list[str]:
    """Colours (hex) of categories by their names: those stored with the data, else our own.

    Parameters
    ----------
    stored : colours in the order of the names, or by name, in any way that matplotlib knows; what
        is no colour is replaced by one of ours
    """
    own = categorical_palette(len(names))
    return [found or own[i] for i, found in enumerate(stored_colours(stored, names))]


def new_figure(width: float, height: float) -> Figure:
    """Empty figure of so many inches, white, its parts laid out by themselves."""
    return _plain_figure()(figsize=(width, height), layout="constrained", facecolor="white")


@cache
def _plain_figure() -> type[Figure]:
    """Figures that show names as they are: a "$" in one begins no formula."""
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    class PlainFigure(Figure):
        def draw(self, renderer: Any) -> None:
            for text in self.findobj(Text):
                is_tick = text.get_text().startswith(r"$\mathdefault{")  # of a logarithmic axis
                text.set_parse_math(is_tick)
            super().draw(renderer)

    return PlainFigure


def panels(tissue: Tissue, n: int, *, extra: float) -> tuple[Figure, list[Axes]]:
    """Figure of `n` maps in a row, sized for the shape of the tissue; `extra` inches beside."""
    (left, right), (bottom, top) = frame_of(tissue)
    shape = min(max(abs(bottom - top) / (right - left), 0.4), 2.0)
    width = min(3.7 if n < 3 else 3.2, _TALLEST / shape)
    figure = new_figure(width * n + extra, width * shape + 0.7)
    axes = list(figure.subplots(1, n, squeeze=False)[0])
    for ax in axes:
        ax.set(xlim=(left, right), ylim=(bottom, top), aspect="equal", xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        for title, x, y in tissue.titles:
            ax.text(x, y, title, fontsize=7, va="bottom", ha="left")
    if tissue.microns_per_unit:
        draw_scale_bar(axes[0], tissue)
    return figure, axes


def frame_of(tissue: Tissue) -> tuple[tuple[float, float], tuple[float, float]]:
    """Limits of x, and of y from bottom to top (y points down): the spots with a margin."""
    low, high = np.nanmin(tissue.coordinates, axis=0), np.nanmax(tissue.coordinates, axis=0)
    side = float((high - low).max())
    margin = max(1.5 * tissue.spot_diameter, 0.03 * side, 1e-9)
    above = margin + (_TITLE * side if tissue.titles else 0.0)
    return (low[0] - margin, high[0] + margin), (high[1] + margin, low[1] - above)


def draw_image(ax: Axes, tissue: Tissue, *, opacity: float) -> None:
    """Lay the tissue under what follows, as far as there are images."""
    limits = ax.get_xlim(), ax.get_ylim()
    for image in tissue.images:
        height, width = (n / image.scale for n in image.pixels.shape[:2])
        left, top = image.corner
        extent = (left, left + width, top + height, top)
        ax.imshow(image.pixels, extent=extent, alpha=opacity, zorder=0)
    ax.set(xlim=limits[0], ylim=limits[1])


def draw_spots(
    ax: Axes,
    tissue: Tissue,
    *,
    values: NDArray[Any] | None = None,
    limits: tuple[float, float] = (0.0, 1.0),
    colors: NDArray[Any] | None = None,
) -> Any:
    """Circles, or squares, of true size, coloured by value (low below high) or by given colours."""
    from matplotlib.collections import Collection, EllipseCollection, PolyCollection

    draw_image(ax, tissue, opacity=tissue.image_opacity)
    order = np.arange(len(tissue.coordinates)) if values is None else np.argsort(values)
    order = order[has_place(tissue.coordinates[order])]
    places = tissue.coordinates[order]
    spots: Collection
    if tissue.are_square:
        square = tissue.spot_diameter / 2 * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
        sides = places[:, None] + square  # (n, 4, 2)
        spots = PolyCollection(list(sides), antialiased=False)
    else:
        size = np.full(len(order), tissue.spot_diameter)
        spots = EllipseCollection(
            size,
            size,
            np.zeros(len(order)),
            units="xy",
            offsets=places,
            offset_transform=ax.transData,
        )
    spots.set(linewidth=0, cmap=EXPRESSION_COLORS, rasterized=True)
    if values is not None:
        spots.set_array(values[order])
        spots.set_clim(*limits)
    else:
        spots.set_facecolor(list(colors[order] if colors is not None else ()))
    ax.add_collection(spots)
    return spots


def draw_bar(
    figure: Figure, axes: list[Axes], spots: Any, *, unit: str, over: bool = False
) -> None:
    """One colour bar for all maps; it ends in a tip where values lie beyond it."""
    bar = figure.colorbar(
        spots, ax=axes, shrink=0.8, pad=0.015, aspect=30, extend="max" if over else "neither"
    )
    bar.set_label(unit)
    bar.outline.set_visible(False)


def draw_scale_bar(ax: Axes, tissue: Tissue) -> None:
    """Draw a round length below the tissue."""
    (left, right), (bottom, top) = frame_of(tissue)
    across = (right - left) * tissue.microns_per_unit
    lengths = [m * 10**e for e in range(7) for m in (1, 2, 5)]
    microns = max((length for length in lengths if length <= across / 4), default=1)
    y = bottom + 0.02 * (bottom - top)
    end = left + microns / tissue.microns_per_unit
    ax.plot([left, end], [y, y], color="black", lw=2, clip_on=False, solid_capstyle="butt")
    label = f"{microns / 1000:g} mm" if microns >= 1000 else f"{microns:g} µm"
    ax.text((left + end) / 2, y + 0.01 * (bottom - top), label, ha="center", va="top", fontsize=7)


def quiet(ax: Axes, grid: str = "y") -> None:
    """Leave of the frame what is needed, and a faint grid."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis=grid, color="#e6e6e6", lw=0.6)  # type: ignore[arg-type]
    ax.set_axisbelow(True)
    ax.tick_params(labelsize=8)
