"""Figures from arrays: pure functions, no pyplot, so the same picture in a window, notebook, file.

Tissue is drawn as napari draws it: y downwards, both axes on one scale, spots at their true size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .data.image import TissueImage
from .words import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

EXPRESSION_COLORS = "viridis"
"""Colour map of expression: even in lightness, and safe for colour-blind readers."""

NO_CATEGORY = "#b8b8b8"
"""Colour of spots without a category."""

_PALETTE = (
    "#0072b2", "#e69f00", "#009e73", "#56b4e9", "#d55e00", "#f0e442", "#882255", "#332288",
    "#61ffff", "#244900", "#cc79a7", "#92ceaa", "#6186ff", "#796149", "#61ffaa", "#f3b6ff",
    "#0049b6", "#b63186", "#24ce6d", "#aa61db", "#6d0055", "#b63d0c", "#ff79ce", "#613d92",
    "#e7616d", "#c29e9e", "#928649", "#006d79", "#920000", "#316d00", "#6155ce", "#9edb61",
    "#613d31", "#ffdbce", "#00496d", "#79799e", "#ffaa92", "#00dbf3", "#6d9eff", "#c2923d",
    "#86559e", "#ffb6ce", "#e7c200", "#499eaa", "#499200", "#aa6161", "#864961", "#aab649",
    "#ce6dce", "#ffdb86", "#86aa86", "#00c2b6", "#b6dbe7", "#c29ef3", "#79493d", "#9e86e7",
    "#86006d", "#aa8686", "#c25592", "#61793d",
)  # fmt: skip
"""Okabe and Ito's, then each the colour farthest from those before, in OKLab, as seen with normal,
red-blind and green-blind eyes alike. Their pink comes late: it vanishes on H&E-stained tissue."""

_BLUE, _ORANGE, _GREEN, _GREY = "#0072b2", "#d55e00", "#009e73", "#6f6f6f"
_TALLEST = 4.4  # inches of a map
_ROBUST = 97  # percentile of a loss that ends the axis, so that the first steps do not fill it


@dataclass(frozen=True, eq=False)
class Section:
    """What values are drawn on.

    Parameters
    ----------
    coordinates : (n_obs, 2), x and y
    spot_diameter : in coordinate units
    image : tissue under the spots, or None
    microns_per_unit : for a scale bar; 0 if unknown
    """

    coordinates: NDArray[np.float64]
    spot_diameter: float
    image: TissueImage | None = None
    microns_per_unit: float = 0.0


def categorical_palette(n: int) -> list[str]:
    """Colours (hex) that colour-blind readers can tell apart, best first; repeated beyond 60."""
    return [_PALETTE[i % len(_PALETTE)] for i in range(n)]


def gene_pair(
    section: Section, raw: NDArray[Any], imputed: NDArray[Any], *,
    limits: tuple[float, float], gene: str, unit: str = "counts per spot",
) -> Figure:  # fmt: skip
    """Draw a gene as counted and as imputed, on one scale.

    Parameters
    ----------
    raw, imputed : (n_obs,), in the same unit
    limits : values at the two ends of the colour bar
    """
    values = {"Counted": raw, "Imputed": imputed}
    return gene_maps(section, values, limits=limits, title=gene, unit=unit)


def gene_maps(
    section: Section, values: Mapping[str, NDArray[Any]], *,
    limits: tuple[float, float], title: str, unit: str = "counts per spot",
) -> Figure:  # fmt: skip
    """Draw several maps side by side on one scale, with one colour bar.

    Parameters
    ----------
    values : (n_obs,) by the heading of its panel
    """
    figure, axes = _panels(section, len(values), extra=0.9)
    for ax, (heading, shown) in zip(axes, values.items(), strict=True):
        spots = _draw_spots(ax, section, values=np.asarray(shown), limits=limits)
        ax.set_title(heading, loc="left", fontsize=10)
    over = max(float(np.max(v, initial=0.0)) for v in values.values()) > limits[1]
    bar = figure.colorbar(
        spots, ax=axes, shrink=0.8, pad=0.015, aspect=30, extend="max" if over else "neither"
    )
    bar.set_label(unit)
    bar.outline.set_visible(False)
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold")
    return figure


def section_overview(
    section: Section, depth: NDArray[Any], *, unit: str = "molecules per spot"
) -> Figure:
    """Draw the tissue image, if there is one, beside the depth of each spot."""
    has_image = section.image is not None
    figure, axes = _panels(section, 1 + has_image, extra=0.9)
    if has_image:
        _draw_image(axes[0], section, opacity=1.0)
        axes[0].set_title("Tissue", loc="left", fontsize=10)
    low, high = np.percentile(depth, (0, 99))
    limits = (float(low), float(max(high, low + 1)))
    spots = _draw_spots(axes[-1], section, values=depth, limits=limits)
    axes[-1].set_title("Depth", loc="left", fontsize=10)
    bar = figure.colorbar(spots, ax=axes, shrink=0.8, pad=0.015, aspect=30)
    bar.set_label(unit)
    bar.outline.set_visible(False)
    return figure


def domain_map(
    section: Section, groups: Mapping[str, tuple[NDArray[Any], Sequence[str], Sequence[str]]]
) -> Figure:
    """Draw one or more groupings of the spots side by side, each with its legend.

    Parameters
    ----------
    groups : by heading: codes (n_obs,; −1 for none), names and colours (hex) of the categories
    """
    from matplotlib.lines import Line2D

    figure, axes = _panels(section, len(groups), extra=1.5 * len(groups))
    for ax, (heading, (codes, names, colors)) in zip(axes, groups.items(), strict=True):
        shown = np.array([*colors, NO_CATEGORY])[codes]
        _draw_spots(ax, section, colors=shown)
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
            handles=dots, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False,
            ncols=1 + (len(dots) - 1) // 20, fontsize=8, handletextpad=0.3,
        )  # fmt: skip
    return figure


def loss_curve(history: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw how the measured values fell while a model learned, phase by phase.

    Parameters
    ----------
    history : one row per report, with "phase", "step" and measured values ("loss", "validation")
    """
    names = [n for n in ("loss", "validation") if any(n in row for row in history)]
    figure = _figure(6.4, 1.2 + 1.6 * max(1, len(names)))
    axes = figure.subplots(max(1, len(names)), 1, sharex=True, squeeze=False)[:, 0]
    for ax, name in zip(axes, names, strict=False):
        rows = [row for row in history if name in row]
        steps, values = [row["step"] for row in rows], np.array([row[name] for row in rows])
        ax.plot(steps, values, color=_BLUE, lw=1.3, marker="." if len(rows) < 40 else "", ms=4)
        low, high = float(values.min()), float(np.percentile(values, _ROBUST))
        margin = 0.08 * (high - low) or 0.5
        ax.set_ylim(low - margin, high + margin)
        ax.set_ylabel({"validation": "hidden molecules\n(lower is better)"}.get(name, name))
        _draw_phases(ax, history)
        _quiet(ax)
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
    figure = _figure(6.4, 0.9 + 0.34 * len(scores))
    ax = figure.subplots()
    names, values = list(scores), np.array(list(scores.values()))
    colors = [_BLUE if name == best else "#9bb8c9" for name in names]
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
    _quiet(ax, grid="x")
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
        f"in both ({len(kept):,})": (kept, _BLUE),
        f"only before ({n - len(kept):,})": ([g for g in before if g not in rank_after], _ORANGE),
        f"only after ({n - len(kept):,})": ([g for g in after if g not in rank_before], _GREEN),
    }
    figure = _figure(4.8, 5.0)
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
    _quiet(ax)
    return figure


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def _panels(section: Section, n: int, *, extra: float) -> tuple[Figure, list[Axes]]:
    """Figure of `n` maps in a row, sized for the shape of the tissue; `extra` inches beside."""
    (left, right), (bottom, top) = _frame(section)
    shape = min(max(abs(bottom - top) / (right - left), 0.4), 2.0)
    width = min(3.7 if n < 3 else 3.2, _TALLEST / shape)
    figure = _figure(width * n + extra, width * shape + 0.7)
    axes = list(figure.subplots(1, n, squeeze=False)[0])
    for ax in axes:
        ax.set(xlim=(left, right), ylim=(bottom, top), aspect="equal", xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    if section.microns_per_unit:
        _draw_scale_bar(axes[0], section)
    return figure, axes


def _frame(section: Section) -> tuple[tuple[float, float], tuple[float, float]]:
    """Limits of x, and of y from bottom to top (y points down): the spots with a margin."""
    low, high = section.coordinates.min(axis=0), section.coordinates.max(axis=0)
    margin = max(1.5 * section.spot_diameter, 0.03 * float((high - low).max()), 1e-9)
    return (low[0] - margin, high[0] + margin), (high[1] + margin, low[1] - margin)


def _draw_image(ax: Axes, section: Section, *, opacity: float) -> None:
    if section.image is None:
        return
    pixels, scale = section.image.pixels, section.image.scale
    height, width = (n / scale for n in pixels.shape[:2])
    limits = ax.get_xlim(), ax.get_ylim()
    ax.imshow(pixels, extent=(0, width, height, 0), alpha=opacity, zorder=0)
    ax.set(xlim=limits[0], ylim=limits[1])


def _draw_spots(
    ax: Axes, section: Section, *, values: NDArray[Any] | None = None,
    limits: tuple[float, float] = (0.0, 1.0), colors: NDArray[Any] | None = None,
) -> Any:  # fmt: skip
    """Circles of true size, coloured by value (low below high) or by given colours."""
    from matplotlib.collections import EllipseCollection

    _draw_image(ax, section, opacity=0.35)
    order = np.arange(len(section.coordinates)) if values is None else np.argsort(values)
    size = np.full(len(order), section.spot_diameter)
    spots = EllipseCollection(
        size, size, np.zeros(len(order)), units="xy", offsets=section.coordinates[order],
        offset_transform=ax.transData, lw=0, cmap=EXPRESSION_COLORS, rasterized=True,
    )  # fmt: skip
    if values is not None:
        spots.set_array(values[order])
        spots.set_clim(*limits)
    else:
        spots.set_facecolor(list(colors if colors is not None else ()))
    ax.add_collection(spots)
    return spots


def _draw_scale_bar(ax: Axes, section: Section) -> None:
    (left, right), (bottom, top) = _frame(section)
    across = (right - left) * section.microns_per_unit
    lengths = [m * 10**e for e in range(7) for m in (1, 2, 5)]
    microns = max((length for length in lengths if length <= across / 4), default=1)
    y = bottom + 0.02 * (bottom - top)
    end = left + microns / section.microns_per_unit
    ax.plot([left, end], [y, y], color="black", lw=2, clip_on=False, solid_capstyle="butt")
    label = f"{microns / 1000:g} mm" if microns >= 1000 else f"{microns:g} µm"
    ax.text((left + end) / 2, y + 0.01 * (bottom - top), label, ha="center", va="top", fontsize=7)


def _draw_phases(ax: Axes, history: Sequence[Mapping[str, Any]]) -> None:
    """Shade and name every second phase of the work."""
    starts = [
        (row["phase"], row["step"])
        for last, row in zip([None, *history], history, strict=False)
        if last is None or last["phase"] != row["phase"]
    ]
    ends = [step for _, step in starts[1:]] + [history[-1]["step"]]
    for place, ((phase, start), end) in enumerate(zip(starts, ends, strict=True)):
        if place % 2:
            ax.axvspan(start, end, color="#f2f2f2", zorder=0, lw=0)
        ax.text(
            start, 1.01, phase, transform=ax.get_xaxis_transform(), va="bottom", fontsize=7,
            color=_GREY,
        )  # fmt: skip


def _quiet(ax: Axes, grid: str = "y") -> None:
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis=grid, color="#e6e6e6", lw=0.6)  # type: ignore[arg-type]
    ax.set_axisbelow(True)
    ax.tick_params(labelsize=8)
