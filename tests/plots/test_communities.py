"""Figures of communities show every number, mark what is significant, and name every gene."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection

from napari_stimpute.plots.communities import activity_map, network_picture

ACTIVITY = np.array([[0.5, -1.0, 0.1], [-0.2, 2.0, 0.0]])
P = np.array([[0.04, 0.2, 0.009], [0.5, 1e-9, 1.0]])


def test_every_cluster_and_community_has_a_tile_on_a_scale_around_zero() -> None:
    ax, bar = activity_map(ACTIVITY, P, ["a", "b"], ["1", "2", "3"]).axes
    (tiles,) = ax.images
    np.testing.assert_array_equal(tiles.get_array(), ACTIVITY)
    assert tiles.get_clim() == (-2, 2)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["1", "2", "3"]
    assert bar.get_ylabel() == "activity (mean z-score)"


def test_what_is_significant_is_marked_legibly() -> None:
    ax = activity_map(ACTIVITY, P, ["a", "b"], ["1", "2", "3"]).axes[0]
    assert [t.get_text() for t in ax.texts] == ["*", "", "**", "", "***", ""]
    assert ax.texts[4].get_color() == "white"  # on the darkest tile
    assert ax.texts[0].get_color() == "black"


def test_the_network_names_every_gene_and_draws_every_edge() -> None:
    places = np.array([[0.0, 0], [1, 0], [0, 1], [5, 5]])
    edges, weights = np.array([[0, 1], [0, 2]]), np.array([1.0, 0.5])
    (ax,) = network_picture(["A", "B", "C", "D"], edges, weights, places, title="Network").axes
    assert [t.get_text() for t in ax.texts] == ["A", "B", "C", "D"]
    (lines,) = (c for c in ax.collections if isinstance(c, LineCollection))
    np.testing.assert_array_equal(lines.get_segments(), places[edges])
    widths = np.asarray(lines.get_linewidths())
    assert widths[0] == 2 * widths[1]
    (dots,) = (c for c in ax.collections if isinstance(c, PathCollection))
    a, b, c, d = dots.get_sizes()
    assert a > b > c > d


@pytest.mark.parametrize("n", [1, 3])
def test_genes_without_edges_are_drawn(n: int) -> None:
    nothing = np.empty((0, 2), dtype=int)
    figure = network_picture(["A", "B", "C"][:n], nothing, np.empty(0), np.eye(3)[:n, :2])
    figure.canvas.draw()
    assert len(figure.axes[0].texts) == n
