"""Figures of a comparison show every method, and no method's colour is another's."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import PathCollection

from napari_stimpute.plots import Tissue
from napari_stimpute.plots.comparison import gene_grid, score_spread, win_map

SCORES = {"Mixture": [0.30, 0.32], "PCA": [0.21, 0.20], "Raw": [-5.0, -5.2], "Mean": [0.0, 0.0]}


def texts(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_scores_stand_in_order_with_a_dot_per_split() -> None:
    (ax,) = score_spread(SCORES, label="explained", reference="the mean").axes
    assert [t.get_text() for t in ax.get_yticklabels()] == ["Mixture", "PCA", "Mean", "Raw"]
    dots = [line.get_xdata() for line in ax.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(dots[0], [0.30, 0.32])
    assert texts(ax) == ["31.0 %", "20.5 %", "0.0 %", "−510.0 %"]
    assert ax.get_xlabel() == "explained (0: level with the mean)"


def test_a_method_far_below_does_not_flatten_the_others() -> None:
    (ax,) = score_spread(SCORES, label="explained", reference="the mean").axes
    low, high = ax.get_xlim()
    assert high - low < 1
    arrows = [line for line in ax.lines if line.get_marker() == "<"]
    assert len(arrows) == 1 and arrows[0].get_xdata()[0] == low


def test_scores_that_are_all_bad_are_drawn() -> None:
    (ax,) = score_spread({"A": [-0.5], "B": [-0.7]}, label="x", reference="y").axes
    low, high = ax.get_xlim()
    assert low < 0 < high


def test_each_gene_has_the_colour_of_its_winner() -> None:
    colors = {"A": "#ff0000", "B": "#0000ff"}
    figure = win_map(
        {"A": 1 / 3, "B": 2 / 3},
        colors,
        ["B", "A", "B"],
        np.array([10.0, 100.0, 50.0]),
        np.array([0.1, 0.2, 0.0]),
    )
    bars, genes = figure.axes
    assert [t.get_text() for t in bars.get_yticklabels()] == ["B", "A"]
    assert texts(bars) == [" 67 %", " 33 %"]
    (dots,) = (c for c in genes.collections if isinstance(c, PathCollection))
    np.testing.assert_allclose(dots.get_facecolors()[:, [0, 2]], [[0, 1], [1, 0], [0, 1]])
    np.testing.assert_allclose(dots.get_offsets()[:, 0], [10, 100, 50])


@pytest.mark.parametrize("n", [1, 3, 4, 7])
def test_every_map_has_its_heading_on_one_scale(n: int) -> None:
    rng = np.random.default_rng(0)
    tissue = Tissue(rng.uniform(0, 100, (30, 2)), 3.0)
    values = {f"Method {i}": rng.uniform(0, 2, 30) for i in range(n)}
    figure = gene_grid(tissue, values, limits=(0, 1), title="Gene", unit="counts")
    headed = [ax for ax in figure.axes if ax.get_title(loc="left")]
    assert [ax.get_title(loc="left") for ax in headed] == list(values)
    assert {ax.collections[0].get_clim() for ax in headed} == {(0.0, 1.0)}
    assert figure.get_suptitle() == "Gene"
