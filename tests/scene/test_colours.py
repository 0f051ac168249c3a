from __future__ import annotations

import numpy as np
import pytest
from napari.utils.colormaps import ensure_colormap

from napari_stimpute.scene.colours import (
    COLOURMAPS,
    NO_LABEL,
    colours_of_categories,
    colours_of_values,
    table,
)


@pytest.mark.parametrize("colormap", COLOURMAPS)
def test_colours_are_those_of_napari(colormap: str) -> None:
    expected = ensure_colormap(colormap).map(np.linspace(0, 1, 256))
    np.testing.assert_allclose(table(colormap), expected, atol=1 / 255)


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
