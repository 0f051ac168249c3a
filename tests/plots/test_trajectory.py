"""The figure of a trajectory shows groups, links and order as they are."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex

from napari_stimpute.plots.trajectory import trajectory

COLORS = ["#ff0000", "#00ff00", "#0000ff"]


@pytest.fixture
def ordered() -> SimpleNamespace:
    """Group b first, then a; c cannot be reached."""
    return SimpleNamespace(
        pseudotime=np.array([0.5, 0.6, 1.0, 0.0, 0.1, np.nan, np.nan]),
        groups=("a", "b", "c"),
        connectivity=np.array([[0, 0.8, 0.1], [0.8, 0, 0], [0.1, 0, 0]]),
        places=np.array([[0.8, 0.0], [0.3, 0.0], [1.15, 1.0]]),
        tree=((0, 1),),
    )


CODES = np.array([0, 0, 0, 1, 1, 2, -1])


def test_groups_stand_at_their_places_in_their_colours(ordered: SimpleNamespace) -> None:
    tree, _ = trajectory(ordered, CODES, COLORS).axes
    (dots,) = (c for c in tree.collections if isinstance(c, PathCollection))
    at = {tuple(place): color for place, color in zip(ordered.places, COLORS, strict=True)}
    colors = map(to_hex, dots.get_facecolors())
    assert dict(zip(map(tuple, dots.get_offsets()), colors, strict=True)) == at
    assert {text.get_text() for text in tree.texts} >= {"a", "b", "c"}


def test_only_the_tree_and_strong_links_are_drawn(ordered: SimpleNamespace) -> None:
    tree, _ = trajectory(ordered, CODES, COLORS).axes
    assert [sorted(line.get_xdata()) for line in tree.lines] == [[0.3, 0.8]]


def test_groups_are_listed_in_their_order_with_those_out_of_reach_last(
    ordered: SimpleNamespace,
) -> None:
    tree, spread = trajectory(ordered, CODES, COLORS).axes
    assert [t.get_text() for t in spread.get_yticklabels()] == ["b", "a", "c"]
    middles = [line.get_xdata()[0] for line in spread.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(middles, [0.3, 0.8])  # of 5 spots: the 1.5th, and the 4th
    assert any("no path" in text.get_text() for text in tree.texts)


def test_nothing_is_said_of_reach_where_all_is_reached(ordered: SimpleNamespace) -> None:
    ordered.pseudotime = np.linspace(0, 1, 7)
    tree, _ = trajectory(ordered, CODES, COLORS).axes
    assert not any("no path" in text.get_text() for text in tree.texts)
