"""Many spots as one picture: round near by, averages from afar, at the cost of what is seen."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stimpute.plugin.canvas.inks import Commonest, Faded, Mean
from napari_stimpute.plugin.canvas.raster import Half, Level, Raster
from napari_stimpute.scene.colours import faded_steps
from napari_stimpute.scene.shown import Values
from napari_stimpute.scene.tiles import Tiles

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
    raster = Raster.of(Tiles.of(points), DIAMETER)
    alone = np.array([(np.hypot(*(points - p).T) < DIAMETER).sum() == 1 for p in points])
    for level in raster.levels(Mean(np.arange(400)), DIAMETER)[:8:3]:
        np.testing.assert_array_equal(at(raster, level, points)[alone], np.flatnonzero(alone))
        for angle in np.linspace(0, 2 * np.pi, 7):
            step = np.array([np.sin(angle), np.cos(angle)]) * DIAMETER / 2
            inside, outside = points[alone] + 0.8 * step, points[alone] + 1.35 * step
            np.testing.assert_array_equal(at(raster, level, inside), np.flatnonzero(alone))
            assert not (at(raster, level, outside) == np.flatnonzero(alone)).any()


def test_from_afar_a_pixel_shows_the_mean_of_its_spots() -> None:
    points, values = scattered(20_000), np.random.default_rng(1).gamma(1, 2, 20_000)
    raster = Raster.of(Tiles.of(points), 0.5)
    coarsest = raster.levels(Mean(values), 0.5)[-1]
    width = raster.pixel * np.divide(raster.shape, coarsest.shape)
    pixels = np.floor((points - np.subtract(raster.corner, raster.pixel / 2)) / width).astype(int)
    for place in np.unique(pixels, axis=0)[::997]:
        inside = (pixels == place).all(axis=1)
        assert coarsest[:, :][tuple(place)] == pytest.approx(values[inside].mean(), rel=1e-5)


def test_from_afar_a_pixel_shows_the_group_that_most_of_its_spots_have() -> None:
    points = np.array([[0.0, 0.0], [0.001, 0.0], [0.0, 0.001], [100.0, 100.0], [50.0, 50.0]])
    raster = Raster.of(Tiles.of(points), 0.1)
    coarsest = raster.levels(Commonest(np.array([2, 1, 2, 0, 3])), 0.1)[-1]
    assert at(raster, coarsest, points[[0, 3, 4]]).tolist() == [2, 0, 3]
    tied = raster.levels(Commonest(np.array([2, 1, -1, 0, 3])), 0.1)[-1]
    assert at(raster, tied, points[:1]).tolist() == [1]


def test_what_has_no_place_or_no_number_is_not_drawn() -> None:
    points = np.array([[0.0, 0.0], [np.nan, np.nan], [30.0, 30.0]])
    raster = Raster.of(Tiles.of(points), DIAMETER)
    level = raster.levels(Mean(np.array([1.0, 2.0, np.nan])), DIAMETER)[0]
    assert np.unique(level[:, :][np.isfinite(level[:, :])]).tolist() == [1.0]


@pytest.mark.parametrize("number", [0, 6, -1])
def test_a_window_is_a_part_of_the_whole(number: int) -> None:
    raster = Raster.of(Tiles.of(scattered()), DIAMETER)
    level, again = (raster.levels(Mean(np.arange(400)), DIAMETER)[number] for _ in range(2))
    height, width = level.shape
    rows, columns = slice(height // 3, height // 2), slice(width // 5, width // 2)
    np.testing.assert_array_equal(level[rows, columns], np.asarray(again)[rows, columns])


def test_a_cut_empties_one_side_and_can_be_moved_and_lifted() -> None:
    points = np.array([[0.0, 0.0], [0.0, 100.0]])
    raster = Raster.of(Tiles.of(points), DIAMETER)
    level = raster.levels(Mean(np.array([1.0, 2.0])), DIAMETER)[0]
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
    raster = Raster.of(Tiles.of(points), 1.0)
    levels = raster.levels(Mean(np.arange(3)), 1.0)
    assert max(levels[-1].shape) <= 400
    assert np.isfinite(np.asarray(levels[-1])).sum() == 2  # two of them share a pixel
    assert np.unique(levels[0][0:100, 0:100]).size > 1


def test_what_is_seen_while_one_moves_about_is_what_is_there() -> None:
    raster = Raster.of(Tiles.of(scattered()), DIAMETER)
    moving, still = (raster.levels(Mean(np.arange(400)), DIAMETER)[2] for _ in range(2))
    whole, (height, width) = np.asarray(still), moving.shape
    for top, left in np.random.default_rng(0).integers(0, (height - 300, width - 200), (12, 2)):
        window = slice(top, top + 300), slice(left, left + 200)
        np.testing.assert_array_equal(moving[window], whole[window])


def test_only_spots_of_what_comes_into_view_are_asked_for() -> None:
    class Counting(Mean):
        asked = 0

        def of_spots(self, spots: np.ndarray) -> np.ndarray:
            self.asked += len(spots)
            return super().of_spots(spots)

    ink = Counting(np.zeros(40_000))
    level = Raster.of(Tiles.of(scattered(40_000, 2_000)), DIAMETER).levels(ink, DIAMETER)[4]
    _ = level[1000:2000, 1000:2000]
    first = ink.asked
    assert first < 6_000
    _ = level[1000:2000, 1100:2100]
    assert first < ink.asked < 1.3 * first


def test_a_pixel_with_a_picked_spot_shows_it() -> None:
    """Of many spots, few are picked; from afar they are not outvoted."""
    points, picked = np.repeat(scattered(40), 25, axis=0), np.arange(1_000) % 25 == 3
    values = np.where(picked, 1.0, 0.0).astype(np.float32)
    raster = Raster.of(Tiles.of(points), 0.01)
    shown = Values(values, (0.0, 1.0), "viridis", "A gene", picked=picked)
    coarsest = np.asarray(raster.levels(Faded(shown), 0.01)[-1])
    alone = faded_steps(np.ones(1), (0.0, 1.0), certainty=None, picked=np.ones(1, dtype=bool))
    assert set(np.unique(coarsest[np.isfinite(coarsest)])) == set(alone.astype(float))


def test_a_pixel_of_sure_and_missing_values_shows_the_mean_of_those_there_are() -> None:
    points = np.zeros((4, 2))
    values = np.array([0.0, 1.0, np.nan, np.nan], dtype=np.float32)
    certainty = np.array([1.0, 0.0, 1.0, 1.0], dtype=np.float32)
    shown = Values(values, (0.0, 1.0), "viridis", "A gene", certainty=certainty)
    raster = Raster.of(Tiles.of(points), 0.01)
    found = np.asarray(raster.levels(Faded(shown), 1e-9)[0])
    half = np.full(1, 0.5, dtype=np.float32)
    wanted = faded_steps(half, (0.0, 1.0), certainty=half, picked=None)
    assert np.unique(found[np.isfinite(found)]).tolist() == wanted.tolist()


@pytest.mark.parametrize("turned", [0.0, 0.01])
def test_bins_fill_their_grid_without_gaps_and_each_its_own_place(turned: float) -> None:
    grid = np.mgrid[0:30, 0:30].reshape(2, -1).T * DIAMETER
    turn = np.array([[1, -turned], [turned, 1]])
    points = grid @ turn.T
    raster = Raster.of(Tiles.of(points), DIAMETER, are_square=True)
    corners = grid[:, None] + 0.42 * DIAMETER * np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    for level in raster.levels(Mean(np.arange(900)), DIAMETER)[:6]:
        for k in range(4):
            shown = at(raster, level, corners[:, k] @ turn.T)
            assert np.mean(shown == np.arange(900)) > (0.999 if not turned else 0.9)
            assert np.isfinite(shown).all()
