from __future__ import annotations

import numpy as np
import pytest
from napari.utils.colormaps import ensure_colormap

from napari_stimpute.plugin.canvas.raster import label_raster
from napari_stimpute.scene.colours import (
    COLOURMAPS,
    NO_LABEL,
    colours_of_categories,
    colours_of_values,
)


@pytest.mark.parametrize("colormap", COLOURMAPS)
def test_colours_are_those_of_napari(colormap: str) -> None:
    values = np.linspace(0, 4, 50, dtype=np.float32)
    expected = ensure_colormap(colormap).map(values / 4)
    found = colours_of_values(values, (0.0, 4.0), colormap)
    np.testing.assert_allclose(found, expected, atol=0.01)  # one of 256 steps


def test_values_beyond_the_limits_take_the_colours_of_the_ends() -> None:
    ends = colours_of_values(np.array([-5, 0, 1, 9], np.float32), (0.0, 1.0), "viridis")
    np.testing.assert_array_equal(ends[0], ends[1])
    np.testing.assert_array_equal(ends[2], ends[3])


def test_a_spot_without_a_label_is_faint() -> None:
    found = colours_of_categories(np.array([1, -1, 0]), ["#ff0000", "#0000ff"])
    np.testing.assert_allclose(found, [[0, 0, 1, 1], NO_LABEL, [1, 0, 0, 1]], atol=1e-6)


def test_a_raster_holds_every_spot_at_its_place() -> None:
    points = np.random.default_rng(0).uniform(0, 500, (400, 2))
    raster = label_raster(points, diameter=8.0)
    picture = raster.picture(np.arange(400))
    rows, columns = np.rint((points - raster.corner) / raster.pixel).astype(int).T
    crowded = np.array([(np.hypot(*(points - p).T) < 8).sum() > 1 for p in points])
    np.testing.assert_array_equal(picture[rows, columns][~crowded], np.arange(400)[~crowded])
    assert np.isnan(picture[0, 0]) or np.hypot(*(points - raster.corner).T).min() < 6


def test_a_raster_tells_which_spot_lies_under_a_place() -> None:
    raster = label_raster(np.array([[0.0, 0.0], [10.0, 20.0]]), diameter=4.0)
    assert raster.spot_at(np.array([10.5, 19.5])) == 1
    assert raster.spot_at(np.array([5.0, 10.0])) == -1
    assert raster.spot_at(np.array([-90.0, 10.0])) == -1


def test_a_raster_of_a_far_outlier_stays_small() -> None:
    points = np.array([[0.0, 0.0], [1.0, 1.0], [1e6, 1e6]])
    assert max(label_raster(points, diameter=1.0).labels.shape) < 3_100
