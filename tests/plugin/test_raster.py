"""Many spots as one picture: round near by, averages from afar, at the cost of what is seen."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stimpute.plugin.canvas.raster import Half, Level, Raster

DIAMETER = 8.0


def scattered(n: int = 400, side: float = 500) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, side, (n, 2))


def at(raster: Raster, level: Level, points: np.ndarray) -> np.ndarray:
    """What a level shows at places (n, 2): the pixel that each lies in."""
    width = raster.pixel * np.divide(raster.shape, level.shape)
    pixels = np.floor((points - np.subtract(raster.corner, raster.pixel / 2)) / width).astype(int)
    return np.asarray(level)[tuple(pixels.T)]


def test_every_spot_is_a_disc_at_its_place_at_each_level_that_is_fine_enough() -> None:
    points = scattered()
    raster = Raster.of(points, DIAMETER)
    alone = np.array([(np.hypot(*(points - p).T) < DIAMETER).sum() == 1 for p in points])
    for level in raster.levels(np.arange(400), DIAMETER, mixes=True)[:8:3]:
        np.testing.assert_array_equal(at(raster, level, points)[alone], np.flatnonzero(alone))
        for angle in np.linspace(0, 2 * np.pi, 7):
            step = np.array([np.sin(angle), np.cos(angle)]) * DIAMETER / 2
            inside, outside = points[alone] + 0.8 * step, points[alone] + 1.35 * step
            np.testing.assert_array_equal(at(raster, level, inside), np.flatnonzero(alone))
            assert not (at(raster, level, outside) == np.flatnonzero(alone)).any()


def test_from_afar_a_pixel_shows_the_mean_of_its_spots() -> None:
    points, values = scattered(20_000), np.random.default_rng(1).gamma(1, 2, 20_000)
    raster = Raster.of(points, 0.5)
    coarsest = raster.levels(values, 0.5, mixes=True)[-1]
    width = raster.pixel * np.divide(raster.shape, coarsest.shape)
    pixels = np.floor((points - np.subtract(raster.corner, raster.pixel / 2)) / width).astype(int)
    for place in np.unique(pixels, axis=0)[::997]:
        inside = (pixels == place).all(axis=1)
        assert coarsest[:, :][tuple(place)] == pytest.approx(values[inside].mean(), rel=1e-5)


def test_from_afar_a_pixel_shows_the_group_that_most_of_its_spots_have() -> None:
    points = np.array([[0.0, 0.0], [0.001, 0.0], [0.0, 0.001], [100.0, 100.0], [50.0, 50.0]])
    raster = Raster.of(points, 0.1)
    coarsest = raster.levels(np.array([2, 1, 2, 0, 3]), 0.1, mixes=False)[-1]
    assert at(raster, coarsest, points[[0, 3, 4]]).tolist() == [2, 0, 3]
    tied = raster.levels(np.array([2, 1, np.nan, 0, 3]), 0.1, mixes=False)[-1]
    assert at(raster, tied, points[:1]).tolist() == [1]


def test_what_has_no_place_or_no_number_is_not_drawn() -> None:
    points = np.array([[0.0, 0.0], [np.nan, np.nan], [30.0, 30.0]])
    raster = Raster.of(points, DIAMETER)
    level = raster.levels(np.array([1.0, 2.0, np.nan]), DIAMETER, mixes=True)[0]
    assert np.unique(level[:, :][np.isfinite(level[:, :])]).tolist() == [1.0]


@pytest.mark.parametrize("number", [0, 6, -1])
def test_a_window_is_a_part_of_the_whole(number: int) -> None:
    raster = Raster.of(scattered(), DIAMETER)
    level, again = (raster.levels(np.arange(400), DIAMETER, mixes=True)[number] for _ in range(2))
    height, width = level.shape
    rows, columns = slice(height // 3, height // 2), slice(width // 5, width // 2)
    np.testing.assert_array_equal(level[rows, columns], np.asarray(again)[rows, columns])


def test_a_cut_empties_one_side_and_can_be_moved_and_lifted() -> None:
    points = np.array([[0.0, 0.0], [0.0, 100.0]])
    raster = Raster.of(points, DIAMETER)
    level = raster.levels(np.array([1.0, 2.0]), DIAMETER, mixes=True)[0]
    raster.cut = Half("left", 50.0)
    np.testing.assert_array_equal(at(raster, level, points), [1.0, np.nan])
    raster.cut = Half("right", 50.0)
    np.testing.assert_array_equal(at(raster, level, points), [np.nan, 2.0])
    raster.cut = Half("right", 0.0)
    picture = level[:, :]
    assert np.isnan(picture).any(axis=0).all()
    assert 0 < (picture == 1.0).sum() < 0.6 * 24**2 * np.pi / 4
    raster.cut = None
    np.testing.assert_array_equal(at(raster, level, points), [1.0, 2.0])


def test_a_far_outlier_costs_no_memory() -> None:
    points = np.array([[0.0, 0.0], [1.0, 1.0], [1e6, 1e6]])
    raster = Raster.of(points, 1.0)
    levels = raster.levels(np.arange(3), 1.0, mixes=True)
    assert max(levels[-1].shape) <= 400
    assert np.isfinite(np.asarray(levels[-1])).sum() == 2  # two of them share a pixel
    assert np.unique(levels[0][0:100, 0:100]).size > 1
