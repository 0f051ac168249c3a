"""Figures of gene communities: how active each is in each cluster, and a community's network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .drawing import BLUE, GREY, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ACTIVITY_COLORS = "RdBu_r"
"""Below average in blue, above in red; told apart also by red-blind and green-blind readers."""

_MARKS = ((0.001, "***"), (0.01, "**"), (0.05, "*"))
_DARK = 0.6  # of the largest activity, from which marks are white
_WIDEST = 3.5  # points of the strongest edge


def activity_map(
    activity: NDArray[Any],
    p_adjusted: NDArray[Any],
    clusters: Sequence[str],
    communities: Sequence[str],
) -> Figure:
    """Draw the activity of each gene community in each cluster, with marks where it is significant.

    Parameters
    ----------
    activity : (n_clusters, n_communities), mean z-scores
    p_adjusted : alike; * below 0.05, ** below 0.01, *** below 0.001
    clusters, communities : names of rows and columns
    """
    n_rows, n_columns = activity.shape
    figure = new_figure(2.6 + 0.44 * n_columns, 1.6 + 0.34 * n_rows)
    ax = figure.subplots()
    limit = max(float(np.abs(activity).max(initial=0)), 1e-9)
    tiles = ax.imshow(activity, cmap=ACTIVITY_COLORS, vmin=-limit, vmax=limit, aspect="auto")
    for row, column in np.ndindex(n_rows, n_columns):
        mark = next((m for most, m in _MARKS if p_adjusted[row, column] < most), "")
        color = "white" if abs(activity[row, column]) > _DARK * limit else "black"
        ax.text(column, row + 0.08, mark, ha="center", va="center", color=color, fontsize=8)
    ax.set_xticks(range(n_columns), communities)
    ax.set_yticks(range(n_rows), clusters)
    ax.set(xlabel="community of genes", ylabel="cluster")
    ax.tick_params(length=0, labelsize=8)
    ax.spines[:].set_visible(False)
    bar = figure.colorbar(tiles, ax=ax, shrink=0.8, aspect=25, pad=0.02)
    bar.set_label("activity (mean z-score)")
    figure.supxlabel(
        "* p < 0.05   ** p < 0.01   *** p < 0.001, adjusted", fontsize=7, x=0.01, ha="left"
    )
    return figure


def network_picture(
    genes: Sequence[str],
    edges: NDArray[Any],
    weights: NDArray[Any],
    places: NDArray[Any],
    *,
    title: str = "",
) -> Figure:
    """Draw a network of genes: thick lines are strong edges, large dots well-connected genes.

    Parameters
    ----------
    genes : (n,) names
    edges : (e, 2), places in `genes`
    weights : (e,), in (0, 1]
    places : (n, 2), where genes lie
    """
    from matplotlib.collections import LineCollection

    figure = new_figure(6.4, 5.6)
    ax = figure.subplots()
    lines = LineCollection(
        list(places[edges]), linewidths=_WIDEST * np.asarray(weights), colors=GREY, alpha=0.5
    )
    ax.add_collection(lines)
    degree = np.bincount(edges.ravel(), np.repeat(weights, 2), len(genes))
    size = 30 + 220 * degree / max(float(degree.max(initial=0)), 1e-9)
    ax.scatter(
        places[:, 0], places[:, 1], s=size, color=BLUE, edgecolors="white", linewidths=0.8, zorder=2
    )
    for gene, (x, y), dot in zip(genes, places, size, strict=True):
        above = (0, 2 + np.sqrt(dot) / 2)
        ax.annotate(
            gene,
            (x, y),
            xytext=above,
            textcoords="offset points",
            ha="center",
            fontsize=8,
            zorder=3,
        )
    ax.margins(0.12)
    ax.set_axis_off()
    ax.set_title(title, loc="left", fontsize=10)
    return figure
