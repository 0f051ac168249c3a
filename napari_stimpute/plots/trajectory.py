"""Figure of a trajectory: how groups are connected, and when their spots come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from .drawing import GREY, new_figure, quiet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WEAKEST = 0.5  # connectivity from which a link outside the tree is drawn
_LETTER = 0.0125  # x that a letter of a name is wide
_LAST = 1.03  # x behind which groups stand that cannot be reached


class Ordered(Protocol):
    """What is drawn of a trajectory; see `analysis.trajectory.Trajectory`."""

    @property
    def pseudotime(self) -> NDArray[Any]: ...  # noqa: D102
    @property
    def groups(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def connectivity(self) -> NDArray[Any]: ...  # noqa: D102
    @property
    def places(self) -> NDArray[Any]: ...  # noqa: D102
    @property
    def tree(self) -> Sequence[tuple[int, int]]: ...  # noqa: D102


def trajectory(ordered: Ordered, codes: NDArray[Any], colors: Sequence[str]) -> Figure:
    """Draw groups as a tree along the line of spots, above where each group's spots stand in it.

    Parameters
    ----------
    ordered : pseudotime (n_obs,), groups, connectivity, places and tree
    codes : (n_obs,), group of each spot, −1 for none
    colors : hex, by group
    """
    n = len(ordered.groups)
    rows = float(np.ptp(ordered.places[:, 1]))
    heights = [0.8 + 0.4 * rows, 0.5 + 0.21 * n]
    figure = new_figure(7.4, 0.6 + sum(heights))
    tree, spread = figure.subplots(2, 1, sharex=True, height_ratios=heights)
    sizes = np.bincount(codes[codes >= 0], minlength=n)
    _draw_tree(tree, ordered, sizes, colors)
    _draw_spread(spread, ordered, codes, colors)
    is_lost = not np.isfinite(ordered.pseudotime).all()
    spread.set_xlim(-0.03, 1.27 if is_lost else 1.08)
    spread.set_xticks([0, 0.25, 0.5, 0.75, 1], ["first", "25 %", "50 %", "75 %", "last"])
    spread.set_xlabel("place in line by pseudotime (share that comes before)")
    if is_lost:
        for ax in (tree, spread):
            ax.axvspan(_LAST, 1.27, color="#f2f2f2", zorder=0, lw=0)
        tree.text(
            1.15,
            1.0,
            "no path\nfrom the root",
            transform=tree.get_xaxis_transform(),
            ha="center",
            va="bottom",
            fontsize=7,
            color=GREY,
        )
    return figure


def _draw_tree(ax: Axes, ordered: Ordered, sizes: NDArray[Any], colors: Sequence[str]) -> None:
    x, y = ordered.places.T
    others = np.argwhere(np.triu(ordered.connectivity, 1) >= _WEAKEST)
    for a, b in {(int(a), int(b)) for a, b in others} - set(ordered.tree):
        _link(ax, ordered, a, b, "#d5dade", 1.4)
    for a, b in ordered.tree:
        _link(ax, ordered, a, b, "#5b6670", 3.2)
    area = 40 + 300 * sizes / max(1, sizes.max())
    order = np.argsort(-area, kind="stable")  # the small ones on top
    shown = [colors[at] for at in order]
    ax.scatter(x[order], y[order], s=area[order], c=shown, edgecolors="white", lw=1.2, zorder=3)
    ax.set_ylim(y.max() + 0.9, y.min() - 0.9)
    _name_groups(ax, ordered, area)
    ax.set_yticks([])
    ax.set_title("Connected groups (thick: strongest tree)", loc="left", fontsize=10)
    quiet(ax, grid="x")
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.tick_params(length=0)


def _name_groups(ax: Axes, ordered: Ordered, area: NDArray[Any]) -> None:
    """Write names above the dots, or below them where one above would be covered."""
    from matplotlib.patheffects import withStroke

    ends: dict[tuple[float, int], float] = {}
    for at in np.argsort(ordered.places[:, 0], kind="stable"):
        (x, y), name = ordered.places[at], ordered.groups[at]
        half = _LETTER * len(name) / 2
        free = [side for side in (1, -1) if ends.get((float(y), side), -1.0) < x - half]
        side = free[0] if free else 1
        ends[float(y), side] = x + half
        ax.annotate(
            name,
            (x, y),
            xytext=(0, side * (np.sqrt(area[at]) / 2 + 1.5)),
            textcoords="offset points",
            ha="center",
            va="bottom" if side > 0 else "top",
            fontsize=8,
            zorder=4,
            path_effects=[withStroke(linewidth=2.2, foreground="white")],
        )


def _link(ax: Axes, ordered: Ordered, a: int, b: int, color: str, width: float) -> None:
    """A line as wide as the groups are connected."""
    weight = 0.3 + 0.7 * float(ordered.connectivity[a, b])
    (x0, y0), (x1, y1) = ordered.places[a], ordered.places[b]
    ax.plot(
        [x0, x1],
        [y0, y1],
        color=color,
        lw=width * weight,
        zorder=1 + (width > 2),
        solid_capstyle="round",
    )


def _draw_spread(ax: Axes, ordered: Ordered, codes: NDArray[Any], colors: Sequence[str]) -> None:
    is_reached = np.isfinite(ordered.pseudotime)
    line = np.full(len(is_reached), np.nan)
    line[is_reached] = rankdata(ordered.pseudotime[is_reached]) / max(1, int(is_reached.sum()))
    order = np.argsort(ordered.places[:, 0], kind="stable")
    for row, at in enumerate(order):
        stands = line[(codes == at) & is_reached]
        if not len(stands):
            continue
        low, first, middle, third, high = np.quantile(stands, (0.05, 0.25, 0.5, 0.75, 0.95))
        ax.plot([low, high], [row, row], color=colors[at], lw=1.4, solid_capstyle="butt")
        ax.plot([first, third], [row, row], color=colors[at], lw=7, solid_capstyle="butt")
        ax.plot(middle, row, "o", color="white", ms=4, mec="#1c2126", mew=0.9)
    ax.set_yticks(range(len(order)), [ordered.groups[at] for at in order])
    ax.set_ylim(len(order) - 0.4, -0.6)
    ax.set_title("When those of each come (bar: middle half; line: 90 %)", loc="left", fontsize=10)
    quiet(ax, grid="x")
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
