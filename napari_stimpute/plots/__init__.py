"""Figures from arrays: pure functions, no pyplot, so the same picture in a window, notebook, file.

Tissue is drawn as napari draws it: y downwards, both axes on one scale, spots at their true size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..words import number
from .drawing import (
    BLUE,
    EXPRESSION_COLORS,
    GREEN,
    GREY,
    NO_CATEGORY,
    ORANGE,
    Tissue,
    categorical_palette,
    draw_bar,
    draw_image,
    draw_spots,
    new_figure,
    panels,
    quiet,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "EXPRESSION_COLORS",
    "NO_CATEGORY",
    "Tissue",
    "categorical_palette",
    "domain_map",
    "gene_maps",
    "gene_pair",
    "loss_curve",
    "score_bars",
    "tissue_overview",
    "variable_gene_overlap",
    "wipe_map",
]

_LINE = 22  # letters of a heading that shares its map with another
_ROBUST = 97  # percentile of a loss that ends the axis, so that the first steps do not fill it


def gene_pair(
    tissue: Tissue,
    raw: NDArray[Any],
    imputed: NDArray[Any],
    *,
    limits: tuple[float, float],
    gene: str,
    unit: str = "counts per spot",
) -> Figure:
    """Draw a gene as counted and as imputed, on one scale.

    Parameters
    ----------
    raw, imputed : (n_obs,), in the same unit
    limits : values at the two ends of the colour bar
    """
    values = {"Counted": raw, "Imputed": imputed}
    return gene_maps(tissue, values, limits=limits, title=gene, unit=unit)


def gene_maps(
    tissue: Tissue,
    values: Mapping[str, NDArray[Any]],
    *,
    limits: tuple[float, float],
    title: str,
    unit: str = "counts per spot",
) -> Figure:
    """Draw several maps side by side on one scale, with one colour bar.

    Parameters
    ----------
    values : (n_obs,) by the heading of its panel
    """
    figure, axes = panels(tissue, len(values), extra=0.9)
    for ax, (heading, shown) in zip(axes, values.items(), strict=True):
        spots = draw_spots(ax, tissue, values=np.asarray(shown), limits=limits)
        ax.set_title(heading, loc="left", fontsize=10)
    over = max(float(np.max(v, initial=0.0)) for v in values.values()) > limits[1]
    draw_bar(figure, axes, spots, unit=unit, over=over)
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold")
    return figure


def wipe_map(
    tissue: Tissue,
    left: tuple[str, NDArray[Any]],
    right: tuple[str, NDArray[Any]],
    divider: float,
    *,
    limits: tuple[float, float],
    title: str,
    unit: str = "counts per spot",
    badge: str = "",
    colors: str = EXPRESSION_COLORS,
) -> Figure:
    """Draw a gene from two sources, one on each side of a divider, on one scale.

    Parameters
    ----------
    left, right : name of the source, and its values (n_obs,), both in the same unit
    divider : x in coordinate units; spots to the left of it show the left source
    badge : what may be believed of it, written small beside the title
    """
    from matplotlib.text import Annotation

    figure, axes = panels(tissue, 1, extra=0.9)
    ax, both = axes[0], (np.asarray(left[1]), np.asarray(right[1]))
    values = np.where(tissue.coordinates[:, 0] < divider, *both)
    spots = draw_spots(ax, tissue, values=values, limits=limits)
    spots.set_cmap(colors)
    ax.axvline(divider, color="white", lw=2.6)
    ax.axvline(divider, color="black", lw=1.2)
    ax.set_title(fill(left[0], _LINE), loc="left", fontsize=10)
    ax.set_title(fill(right[0], _LINE), loc="right", ha="right", fontsize=10)
    over = max(float(np.max(v, initial=0.0)) for v in both) > limits[1]
    draw_bar(figure, axes, spots, unit=unit, over=over)
    heading = figure.suptitle(title, x=0.01, ha="left", fontweight="bold")
    if badge:
        # The figure's own, not the map's: the layout makes no room for it.
        beside = Annotation(
            badge,
            (1, 0.5),
            xycoords=heading,
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=GREY,
        )
        figure.add_artist(beside)
    return figure


def tissue_overview(
    tissue: Tissue, depth: NDArray[Any], *, unit: str = "molecules per spot"
) -> Figure:
    """Draw the tissue image, if there is one, beside the depth of each spot."""
    has_image = bool(tissue.images)
    figure, axes = panels(tissue, 1 + has_image, extra=0.9)
    if has_image:
        draw_image(axes[0], tissue, opacity=1.0)
        axes[0].set_title("Tissue", loc="left", fontsize=10)
    low, high = np.percentile(depth, (0, 99))
    limits = (float(low), float(max(high, low + 1)))
    spots = draw_spots(axes[-1], tissue, values=depth, limits=limits)
    axes[-1].set_title("Depth", loc="left", fontsize=10)
    draw_bar(figure, axes, spots, unit=unit)
    return figure


def domain_map(
    tissue: Tissue, groups: Mapping[str, tuple[NDArray[Any], Sequence[str], Sequence[str]]]
) -> Figure:
    """Draw one or more groupings of the spots side by side, each with its legend.

    Parameters
    ----------
    groups : by heading: codes (n_obs,; −1 for none), names and colours (hex) of the categories
    """
    from matplotlib.lines import Line2D

    figure, axes = panels(tissue, len(groups), extra=1.5 * len(groups))
    for ax, (heading, (codes, names, colors)) in zip(axes, groups.items(), strict=True):
        shown = np.array([*colors, NO_CATEGORY])[codes]
        draw_spots(ax, tissue, colors=shown)
        ax.set_title(heading, loc="left", fontsize=10)
        counts = np.bincount(codes[codes >= 0], minlength=len(names))
        entries = list(zip(names, colors, counts, strict=True))
        if (codes < 0).any():
            entries.append(("none", NO_CATEGORY, int((codes < 0).sum())))
        dots = [
            Line2D([], [], marker="o", ls="", color=color, label=f"{name}  ({n:,})")
            for name, color, n in entries
        ]
        ax.legend(
            handles=dots,
            loc="center left",
            bbox_to_anchor=(1.0, 0.5),
            frameon=False,
            ncols=1 + (len(dots) - 1) // 20,
            fontsize=8,
            handletextpad=0.3,
        )
    return figure


def loss_curve(
    history: Sequence[Mapping[str, Any]], measured: Sequence[str] = ("loss", "validation")
) -> Figure:
    """Draw how the measured values changed while a model learned, phase by phase.

    Parameters
    ----------
    history : one row per report, with "phase", "step" and measured values
    measured : which values are drawn, each on axes of its own
    """
    names = [n for n in measured if any(n in row for row in history)]
    figure = new_figure(6.4, 1.2 + 1.6 * max(1, len(names)))
    axes = figure.subplots(max(1, len(names)), 1, sharex=True, squeeze=False)[:, 0]
    for place, (ax, name) in enumerate(zip(axes, names, strict=False)):
        rows = [row for row in history if name in row]
        steps, values = [row["step"] for row in rows], np.array([row[name] for row in rows])
        ax.plot(steps, values, color=BLUE, lw=1.3, marker="." if len(rows) < 40 else "", ms=4)
        low, high = float(values.min()), float(np.percentile(values, _ROBUST))
        margin = 0.08 * (high - low) or 0.5
        ax.set_ylim(low - margin, high + margin)
        ax.set_ylabel({"validation": "hidden molecules\n(lower is better)"}.get(name, name))
        _draw_phases(ax, history, is_named=place == 0)
        quiet(ax)
    if not names:
        axes[0].text(0.5, 0.5, "Nothing was measured while learning", ha="center")
        axes[0].set_axis_off()
    axes[-1].set_xlabel("step")
    return figure


def score_bars(
    scores: Mapping[str, float], *, reference: str, label: str, best: str = ""
) -> Figure:
    """Draw one bar per method from a vertical line that stands for the reference.

    Parameters
    ----------
    scores : by method; 0 is level with the reference
    best : the method to point out
    """
    figure = new_figure(6.4, 0.9 + 0.34 * len(scores))
    ax = figure.subplots()
    names, values = list(scores), np.array(list(scores.values()))
    colors = [BLUE if name == best else "#9bb8c9" for name in names]
    ax.barh(names, values, color=colors, height=0.68)
    ax.axvline(0, color="black", lw=1)
    room = 0.2 * max(float(np.abs(values).max(initial=0.0)), 1e-6)
    for at, value in enumerate(values):
        side = {"ha": "left", "x": value + room / 8}
        if value < 0:
            side = {"ha": "right", "x": value - room / 8}
        ax.text(y=at, s=number(value), va="center", fontsize=8, **side)
    ax.set_xlim(min(0.0, float(values.min())) - room, max(0.0, float(values.max())) + room)
    ax.invert_yaxis()
    ax.set_xlabel(f"{label} (0: level with {reference})")
    quiet(ax, grid="x")
    return figure


def variable_gene_overlap(before: Sequence[str], after: Sequence[str], n_genes: int) -> Figure:
    """Draw the ranks of the most variable genes before and after imputing.

    Parameters
    ----------
    before, after : names, the most variable first, equally many
    n_genes : genes they were chosen from
    """
    n = max(1, len(before))
    aside = 1.1 * n
    rank_before, rank_after = ({g: i + 1 for i, g in enumerate(x)} for x in (before, after))
    kept = [g for g in before if g in rank_after]
    groups = {
        f"in both ({len(kept):,})": (kept, BLUE),
        f"only before ({n - len(kept):,})": ([g for g in before if g not in rank_after], ORANGE),
        f"only after ({n - len(kept):,})": ([g for g in after if g not in rank_before], GREEN),
    }
    figure = new_figure(4.8, 5.0)
    ax = figure.subplots()
    ax.plot([1, n], [1, n], color="#cccccc", lw=1, zorder=0)
    ax.axhspan(1.04 * n, 1.16 * n, color="#f2f2f2", zorder=0)
    ax.axvspan(1.04 * n, 1.16 * n, color="#f2f2f2", zorder=0)
    for label, (genes, color) in groups.items():
        x = [rank_before.get(g, aside) for g in genes]
        y = [rank_after.get(g, aside) for g in genes]
        ax.scatter(x, y, s=14, color=color, alpha=0.75, lw=0, label=label)
    ax.set(xlabel="rank before imputing (1: most variable)", ylabel="rank after imputing")
    ax.set(xlim=(-0.03 * n, 1.16 * n), ylim=(1.16 * n, -0.03 * n), aspect="equal")
    ticks = {int(rank): f"{int(rank):,}" for rank in np.linspace(1, n, min(n, 5))}
    ticks[round(aside)] = "not\nin"
    ax.set_xticks(list(ticks), labels=list(ticks.values()))
    ax.set_yticks(list(ticks), labels=list(ticks.values()))
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=8, handletextpad=0.1)
    ax.set_title(f"{n:,} most variable of {n_genes:,} genes", loc="left", fontsize=10)
    quiet(ax)
    return figure


def _draw_phases(ax: Axes, history: Sequence[Mapping[str, Any]], *, is_named: bool) -> None:
    """Shade every second phase of the work, and name all, on two lines: names may be long."""
    starts = [
        (row["phase"], row["step"])
        for last, row in zip([None, *history], history, strict=False)
        if last is None or last["phase"] != row["phase"]
    ]
    ends = [step for _, step in starts[1:]] + [history[-1]["step"]]
    for place, ((phase, start), end) in enumerate(zip(starts, ends, strict=True)):
        if place % 2:
            ax.axvspan(start, end, color="#f2f2f2", zorder=0, lw=0)
        if not is_named:
            continue
        ax.text(
            start,
            1.01 + 0.08 * (place % 2),
            phase,
            transform=ax.get_xaxis_transform(),
            va="bottom",
            fontsize=7,
            color=GREY,
        )
