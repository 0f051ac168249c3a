from __future__ import annotations

import numpy as np
import pytest
from napari.utils.colormaps import ensure_colormap

from napari_stimpute.scene.colours import (
    COLOURMAPS,
    NO_LABEL,
    colours_of_categories,
    colours_of_values,
    faded,
    table,
    unpicked,
)

from ..contrast import contrast, luminance


@pytest.mark.parametrize("colormap", COLOURMAPS)
def test_the_lowest_colour_is_seen_on_black_and_lightness_still_grows(colormap: str) -> None:
    light = np.array([luminance(colour[:3]) for colour in table(colormap)])
    assert contrast(table(colormap)[0, :3], (0, 0, 0)) >= 3
    assert (np.diff(light) > -1e-3).all()  # eight bits a colour: not quite smooth
    expected = ensure_colormap(colormap).map(np.linspace(0, 1, 256))
    np.testing.assert_allclose(table(colormap)[-1], expected[-1], atol=1 / 255)


def test_what_is_not_picked_goes_over_to_the_ground_and_hides_the_tissue() -> None:
    colours = np.array([[0.0, 0.4, 0.0, 1.0]], np.float32)
    on_paper, on_nothing = unpicked(colours, (1.0, 1.0, 1.0)), unpicked(colours)
    assert on_paper[0, 3] == 1 and luminance(on_paper[0, :3]) > 0.5
    assert on_nothing[0, 3] < 0.5
    assert_same = np.testing.assert_array_equal
    assert_same(faded(colours, 1.0, (1.0, 1.0, 1.0)), colours)
    assert_same(faded(colours, 0.0, (1.0, 1.0, 1.0))[0], [1, 1, 1, 1])


def test_a_value_has_the_colour_of_its_share_of_the_limits() -> None:
    found = colours_of_values(np.array([-1, 0, 3], np.float32), (-1, 3), "magma")
    np.testing.assert_array_equal(found, table("magma")[[0, 64, 255]])


def test_values_beyond_the_limits_take_the_colours_of_the_ends() -> None:
    ends = colours_of_values(np.array([-5, 0, 1, 9], np.float32), (0.0, 1.0), "viridis")
    np.testing.assert_array_equal(ends[0], ends[1])
    np.testing.assert_array_equal(ends[2], ends[3])


def test_a_spot_without_a_label_is_faint() -> None:
    found = colours_of_categories(np.array([1, -1, 0]), ["#ff0000", "#0000ff"])
    np.testing.assert_allclose(found, [[0, 0, 1, 1], NO_LABEL, [1, 0, 0, 1]], atol=1e-6)
