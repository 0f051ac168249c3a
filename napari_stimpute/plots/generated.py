"""Real and generated cells in one figure: a map, and genes' means, zeros and correlations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..keys import HYPOTHESIS
from .drawing import BLUE, GREY, ORANGE, new_figure, quiet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def real_and_generated(
    places: tuple[NDArray[Any], NDArray[Any]],
    means: NDArray[Any],
    zeros: NDArray[Any],
    correlations: NDArray[Any],
    *,
    title: str = "",
    size: float = 7.0,
) -> Figure:
    """Draw generated cells over real ones on one map, and their genes against those of real cells.

    Parameters
    ----------
    places : (n, 2) and (m, 2), real and generated cells on two principal components of both
    means, zeros : (2, n_genes), mean log values and shares of zeros, of real cells first
    correlations : (2, n_pairs), between genes
    size : inches of its width, and about of its height
    """
    letters = 8.0 if size > 5 else 6.5
    figure = new_figure(size, 0.97 * size)
    axes = figure.subplots(2, 2)
    _draw_map(axes[0, 0], places, letters)
    for ax, pair, name in (
        (axes[0, 1], means, "genes: mean log value"),
        (axes[1, 0], zeros, "genes: share of zeros"),
        (axes[1, 1], correlations, "pairs of genes: correlation"),
    ):
        _draw_pair(ax, pair, name, letters)
    handles = axes[0, 0].get_legend_handles_labels()
    figure.legend(
        *handles, loc="outside lower left", ncols=2, frameon=False, fontsize=letters, markerscale=2
    )
    said = f"{title}\n" if title else ""
    figure.suptitle(
        f"{said}{HYPOTHESIS}: generated, not measured", x=0.01, ha="left", fontsize=letters + 1
    )
    return figure


def _draw_map(ax: Axes, places: tuple[NDArray[Any], NDArray[Any]], letters: float) -> None:
    dots = (("real", BLUE, places[0]), ("generated", ORANGE, places[1]))
    for name, color, where in dots:
        label = f"{name} ({len(where):,})"
        width = 0.8 * letters
        ax.scatter(
            where[:, 0],
            where[:, 1],
            s=width,
            color=color,
            alpha=0.5,
            lw=0,
            label=label,
            rasterized=True,
        )
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_xlabel("component 1", fontsize=letters)
    ax.set_ylabel("component 2", fontsize=letters)
    ax.set_title("cells", fontsize=letters, loc="left")
    quiet(ax)


def _draw_pair(ax: Axes, pair: NDArray[Any], name: str, letters: float) -> None:
    real, made = pair
    both = np.concatenate([real, made])
    ends = [float(both.min(initial=0.0)), float(both.max(initial=0.0))]
    ax.plot(ends, ends, color=GREY, lw=0.8, ls=(0, (4, 3)), zorder=3)
    ax.scatter(real, made, s=5, color=BLUE, alpha=0.35, lw=0, rasterized=True)
    ax.set_title(name, fontsize=letters, loc="left")
    ax.set_xlabel("real", fontsize=letters)
    ax.set_ylabel("generated", fontsize=letters)
    ax.locator_params(nbins=4)
    quiet(ax)
    ax.tick_params(labelsize=letters)
