"""Figures of a comparison: the scores of each method, who wins which gene, and genes under each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..words import percent
from .drawing import (
    BLUE,
    Tissue,
    draw_bar,
    draw_scale_bar,
    draw_spots,
    frame_of,
    new_figure,
    quiet,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 4
_LINE = 24  # letters of a heading over one map
_FAINT = "#9bb8c9"
_FAR = 0.7  # of the best score; what lies further below the reference is not drawn to scale


def score_spread(scores: Mapping[str, Sequence[float]], *, label: str, reference: str) -> Figure:
    """Draw a dot per split and a bar at the mean for each method, the best first.

    A method far below the others stands at the edge, with its number: it would flatten them.

    Parameters
    ----------
    scores : by method; 0 is level with the reference
    """
    means = {name: float(np.mean(values)) for name, values in scores.items()}
    names = sorted(means, key=lambda name: -means[name])
    far = {n for n in names if means[n] < -_FAR * max(0.02, *means.values())}
    seen = [0.0, 0.02, *(x for name in names if name not in far for x in scores[name])]
    margin = 0.06 * (max(seen) - min(seen))
    low, high = min(seen) - margin, max(seen) + margin
    figure = new_figure(7.2, 1.0 + 0.34 * len(names))
    ax = figure.subplots()
    ax.axvline(0, color="black", lw=1)
    for at, name in enumerate(names):
        color = BLUE if at == 0 else _FAINT
        if name in far:
            ax.plot(low, at, marker="<", color=color, ms=6, clip_on=False)
        else:
            ax.barh(at, means[name], color=color, height=0.62, alpha=0.85)
            ax.plot(scores[name], [at] * len(scores[name]), "o", color="#1c2126", ms=3.2)
        ax.annotate(
            percent(means[name], 1),
            (1.0, at),
            xycoords=("axes fraction", "data"),
            xytext=(44, 0),
            textcoords="offset points",
            va="center",
            ha="right",
            fontsize=8,
        )
    ax.set_yticks(range(len(names)), names)
    ax.set_xlim(low, high)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.xaxis.set_major_formatter(_percent)
    ax.set_xlabel(f"{label} (0: level with {reference})")
    quiet(ax, grid="x")
    return figure


def win_map(
    shares: Mapping[str, float],
    colors: Mapping[str, str],
    winner: Sequence[str],
    hidden: NDArray[Any],
    gain: NDArray[Any],
) -> Figure:
    """Draw the share of genes that each method predicts best, and each gene in its winner's colour.

    Parameters
    ----------
    shares : of the genes, by method
    colors : hex, by method
    winner : method of each gene
    hidden, gain : (genes,), hidden molecules, and deviance explained by the winner
    """
    from matplotlib.ticker import LogLocator, NullLocator

    names = sorted(shares, key=lambda name: -shares[name])
    figure = new_figure(9.6, max(3.4, 0.9 + 0.36 * len(names)))
    bars, genes = figure.subplots(1, 2, width_ratios=[1, 1.25])
    bars.barh(names, [shares[n] for n in names], color=[colors[n] for n in names], height=0.68)
    for at, name in enumerate(names):
        bars.text(shares[name], at, f" {percent(shares[name])}", va="center", fontsize=8)
    bars.invert_yaxis()
    bars.set_xlim(0, 1.18 * max([*shares.values(), 0.01]))
    bars.set_xticks([])
    bars.set_title("Share of genes predicted best", loc="left", fontsize=10)
    quiet(bars)
    bars.spines[["bottom"]].set_visible(False)
    bars.grid(visible=False)
    genes.axhline(0, color="black", lw=1)
    shown = np.array([colors[name] for name in winner])
    genes.scatter(hidden, gain, s=12, c=shown if len(shown) else None, alpha=0.75, lw=0)
    genes.set_xscale("log")
    genes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    genes.xaxis.set_major_formatter(lambda value, _place: f"{value:,.0f}")
    genes.xaxis.set_minor_locator(NullLocator())
    genes.set(xlabel="hidden molecules of the gene", ylabel="deviance explained by its winner")
    genes.yaxis.set_major_formatter(_percent)
    genes.set_title("Each gene, in the colour of its winner", loc="left", fontsize=10)
    quiet(genes)
    return figure


def gene_grid(
    tissue: Tissue,
    values: Mapping[str, NDArray[Any]],
    *,
    limits: tuple[float, float],
    title: str,
    unit: str = "counts per spot",
) -> Figure:
    """Draw many maps of one gene on one scale, in rows of four.

    Parameters
    ----------
    values : (n_obs,) by the heading of its panel
    """
    figure, axes = _grid(tissue, len(values))
    for ax, (heading, shown) in zip(axes, values.items(), strict=False):
        spots = draw_spots(ax, tissue, values=np.asarray(shown), limits=limits)
        ax.set_title(fill(heading, _LINE), loc="left", fontsize=8)
    over = max(float(np.max(v, initial=0.0)) for v in values.values()) > limits[1]
    draw_bar(figure, axes, spots, unit=unit, over=over)
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold")
    return figure


def _percent(value: float, _place: float) -> str:
    return f"{100 * value:.3g} %".replace("-", "−")


def _grid(tissue: Tissue, n: int) -> tuple[Figure, list[Axes]]:
    (left, right), (bottom, top) = frame_of(tissue)
    shape = min(max(abs(bottom - top) / (right - left), 0.4), 2.0)
    columns = min(n, _COLUMNS)
    rows = -(-n // columns)
    figure = new_figure(2.1 * columns + 0.9, rows * (2.1 * shape + 0.45) + 0.4)
    axes = list(figure.subplots(rows, columns, squeeze=False).ravel())
    for ax in axes:
        ax.set(xlim=(left, right), ylim=(bottom, top), aspect="equal", xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    if tissue.microns_per_unit:
        draw_scale_bar(axes[0], tissue)
    return figure, axes
