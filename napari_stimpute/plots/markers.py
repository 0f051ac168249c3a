"""Figures of marker genes: dots for many groups, a volcano for one, violins for single genes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..words import counted
from .drawing import BLUE, GREY, ORANGE, new_figure, quiet

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LEVEL_COLORS = "Blues"
_LARGEST = 110.0  # points² of a dot whose gene is in every spot
_FAINT = "#c9c9c9"
_SMALLEST_P = 1e-300  # smaller ones are no longer told apart
_LETTER, _LINE = 5.0, 10.0  # points that a letter of a label is wide, and a line high
_FEWEST = 3  # different values that a violin needs


class Profile(Protocol):
    """Genes in groups: ``level`` and ``share`` are (n_groups, n_genes)."""

    @property
    def groups(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def genes(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def level(self) -> NDArray[Any]: ...  # noqa: D102
    @property
    def share(self) -> NDArray[Any]: ...  # noqa: D102


def dot_plot(profile: Profile) -> Figure:
    """Draw a dot per gene and group: larger in more of its spots, darker where its mean is higher.

    Colours are relative to the group where the gene is highest, so that rare genes show too.
    """
    n_groups, n_genes = profile.level.shape
    longest = max(len(name) for name in profile.groups)
    figure = new_figure(1.6 + 0.075 * longest + 0.24 * n_genes, max(3.0, 1.35 + 0.27 * n_groups))
    ax = figure.subplots()
    highest = np.maximum(profile.level.max(axis=0, initial=0.0), 1e-12)
    x, y = np.meshgrid(np.arange(n_genes), np.arange(n_groups))
    dots = ax.scatter(
        x.ravel(),
        y.ravel(),
        s=_LARGEST * profile.share.ravel(),
        c=(profile.level / highest).ravel(),
        cmap=_LEVEL_COLORS,
        vmin=-0.12,
        vmax=1,
        edgecolors="#7d93a5",
        linewidths=0.4,
    )
    ax.set(xlim=(-0.7, n_genes - 0.3), ylim=(n_groups - 0.4, -0.6))
    size = 8 if n_genes <= 60 else 7
    ax.set_xticks(range(n_genes), list(profile.genes), rotation=90, style="italic")
    ax.set_yticks(range(n_groups), list(profile.groups))
    quiet(ax, grid="both")
    ax.tick_params(labelsize=size, length=0)
    ax.spines[:].set_visible(False)
    _draw_dot_keys(figure, ax, dots)
    return figure


def volcano(table: pd.DataFrame, *, title: str, level: float = 0.05, n_named: int = 8) -> Figure:
    """Draw each gene's fold change against its p, and name the most significant on either side.

    Parameters
    ----------
    table : ``gene``, ``log2_fold_change``, ``p_adjusted``; smaller p first among equals
    level : of the adjusted p below which genes are coloured
    n_named : genes that are named on each side
    """
    p = table["p_adjusted"].to_numpy(dtype=float)
    x, y = table["log2_fold_change"].to_numpy(dtype=float), -np.log10(np.maximum(p, _SMALLEST_P))
    figure = new_figure(6.2, 4.8)
    ax = figure.subplots()
    sides = {
        "lower": ((p < level) & (x < 0), BLUE),
        "higher": ((p < level) & (x > 0), ORANGE),
    }
    neither = ~(sides["lower"][0] | sides["higher"][0])
    ax.scatter(x[neither], y[neither], s=7, color=_FAINT, lw=0, rasterized=True)
    for name, (here, color) in sides.items():
        label = f"{name} ({counted(int(here.sum()), 'gene')})"
        ax.scatter(x[here], y[here], s=11, color=color, alpha=0.75, lw=0, label=label)
    ax.axhline(-np.log10(level), color=GREY, lw=0.8, ls=(0, (4, 3)))
    ax.axvline(0, color=GREY, lw=0.8)
    wide = 1.25 * max(float(np.abs(x).max(initial=0.0)), 0.5)
    ax.set(xlim=(-wide, wide), ylim=(0, 1.1 * max(float(y.max(initial=0.0)), 2.0)))
    ax.set_xlabel("base-2 logarithm of the fold change")
    ax.set_ylabel("−log₁₀ of the adjusted p (higher: less by chance)")
    figure.suptitle(title, x=0.01, ha="left", fontsize=10)
    ax.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=2,
        frameon=False,
        fontsize=8,
        handletextpad=0.1,
        borderpad=0.2,
    )
    quiet(ax)
    names = table["gene"].astype(str).to_numpy()
    for here, _ in sides.values():
        best = np.flatnonzero(here)[np.argsort(-y[here], kind="stable")][:n_named]
        _name_dots(ax, x[best], y[best], [names[at] for at in best])
    return figure


def violins(
    values: Mapping[str, NDArray[Any]],
    codes: NDArray[Any],
    groups: Sequence[str],
    colors: Sequence[str],
    *,
    unit: str = "log counts",
) -> Figure:
    """Draw how each gene's values are spread in each group, a row per gene; a dot at the mean.

    Parameters
    ----------
    values : (n_obs,) by gene
    codes : (n_obs,), group of each spot, −1 for none
    colors : hex, by group
    """
    longest = max(len(name) for name in groups)
    height = 0.7 + 1.15 * len(values) + (0.06 * longest)
    figure = new_figure(max(3.6, 1.2 + 0.5 * len(groups)), height)
    rows = figure.subplots(len(values), 1, sharex=True, squeeze=False)[:, 0]
    for ax, (gene, shown) in zip(rows, values.items(), strict=True):
        for at, color in enumerate(colors[: len(groups)]):
            _draw_violin(ax, at, np.asarray(shown, dtype=float)[codes == at], color)
        ax.set_ylim(bottom=min(0.0, float(np.min(shown, initial=0.0))))
        ax.set_title(gene, loc="left", fontsize=9, style="italic", pad=3)
        quiet(ax)
    sizes = np.bincount(codes[codes >= 0], minlength=len(groups))
    labels = [f"{name} ({n:,})" for name, n in zip(groups, sizes, strict=True)]
    rows[-1].set_xticks(range(len(groups)), labels, rotation=90 if longest > 4 else 0)
    rows[-1].set_xlim(-0.7, len(groups) - 0.3)
    figure.supylabel(unit, fontsize=8)
    return figure


def _draw_dot_keys(figure: Figure, ax: Axes, dots: Any) -> None:
    from matplotlib.lines import Line2D

    bar = figure.colorbar(
        dots,
        ax=ax,
        fraction=0.05,
        pad=0.01,
        shrink=min(0.5, 1.5 / figure.get_figheight()),
        anchor=(0, 0),
    )
    bar.set_ticks([0, 1], labels=["none", "its highest"])
    bar.set_label("mean level", fontsize=8)
    bar.ax.set_ylim(0, 1)
    bar.ax.tick_params(labelsize=7, length=0)
    bar.outline.set_visible(False)
    sizes = [
        Line2D(
            [],
            [],
            marker="o",
            ls="",
            ms=np.sqrt(_LARGEST * share),
            mec="#7d93a5",
            mew=0.4,
            color="#c6dbef",
            label=f"{100 * share:.0f} %",
        )
        for share in (0.25, 0.5, 1.0)
    ]
    ax.legend(
        handles=sizes,
        title="share that shows it",
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=3,
        frameon=False,
        fontsize=8,
        title_fontsize=8,
        alignment="left",
        handletextpad=0.2,
        columnspacing=1.0,
        borderpad=0.2,
    )


def _name_dots(ax: Axes, x: NDArray[Any], y: NDArray[Any], names: Sequence[str]) -> None:
    """Write names beside dots, outwards; those that would cover one another are left out."""
    scale = 72 / 100
    taken: list[tuple[float, float, float]] = []
    for px, py, name in zip(x, y, names, strict=True):
        at, height = ax.transData.transform((px, py)) * scale
        wide = _LETTER * len(name)
        left = at if px > 0 else at - wide
        if any(
            abs(height - other) < _LINE and left < end and start < left + wide
            for start, end, other in taken
        ):
            continue
        taken.append((left, left + wide, height))
        ax.annotate(
            name,
            (px, py),
            xytext=(4 if px > 0 else -4, 0),
            textcoords="offset points",
            ha="left" if px > 0 else "right",
            va="center",
            fontsize=8,
            style="italic",
        )


def _draw_violin(ax: Axes, at: int, values: NDArray[Any], color: str) -> None:
    if len(values) == 0:
        return
    if len(np.unique(values)) >= _FEWEST:
        (body,) = list(ax.violinplot([values], [at], widths=0.85, showextrema=False)["bodies"])  # type: ignore[call-overload]
        body.set(facecolor=color, edgecolor=color, alpha=0.55, linewidth=0.8)
    else:
        few = np.unique(values[values != 0])
        ax.plot(np.full(len(few), at), few, "o", color=color, ms=2.5)
    ax.plot(at, values.mean(), "o", color="#1c2126", ms=3.5, mec="white", mew=0.6)
