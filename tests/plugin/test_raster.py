from __future__ import annotations

import numpy as np

from napari_stimpute.plugin.canvas.raster import label_raster


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
