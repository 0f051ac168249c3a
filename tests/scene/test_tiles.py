"""Spots by tiles: what is found near a place is what a look at all of them finds."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stimpute.scene.tiles import Tiles

N = 5_000


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    """Scattered spots, some without a place, one far away, two in one place."""
    found = np.random.default_rng(0).uniform(0, 1000, (N, 2))
    found[::50] = np.nan
    found[7], found[9] = (1e7, -1e7), found[11]
    return found


def inside(points: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return np.flatnonzero(((points >= low) & (points <= high)).all(axis=1))


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ((100, 200), (180, 230)),
        ((-50, 400), (60, 2000)),
        ((-1e9, -1e9), (1e9, 1e9)),
        ((5, 5), (5, 5)),
    ],
)
def test_all_spots_of_a_rectangle_are_near_it(
    points: np.ndarray, low: tuple[float, float], high: tuple[float, float]
) -> None:
    corners = np.array(low, dtype=float), np.array(high, dtype=float)
    near = Tiles.of(points).near(*corners)
    assert len(np.unique(near)) == len(near)
    assert set(inside(points, *corners)) <= set(near)


def test_few_others_are_near_and_an_outlier_makes_them_no_more(points: np.ndarray) -> None:
    near = Tiles.of(points).near(np.array([400.0, 400.0]), np.array([450.0, 450.0]))
    assert len(near) < N / 5


def test_who_is_near_two_places_comes_in_one_order(points: np.ndarray) -> None:
    tiles = Tiles.of(points)
    every = tiles.near(*tiles.box).tolist()
    part = tiles.near(np.array([300.0, 300.0]), np.array([600.0, 700.0])).tolist()
    assert part == sorted(part, key=every.index)


def test_the_nearest_spot_is_found_unless_it_is_too_far(points: np.ndarray) -> None:
    tiles, rng = Tiles.of(points), np.random.default_rng(1)
    for place in rng.uniform(-20, 1020, (50, 2)):
        distance = np.nan_to_num(np.hypot(*(points - place).T), nan=np.inf)
        wanted = int(distance.argmin()) if distance.min() <= 9 else -1
        assert tiles.nearest(place, 9.0) == wanted
    assert tiles.nearest(points[7], 1.0) == 7


@pytest.mark.parametrize("few", [np.empty((0, 2)), np.full((3, 2), np.nan)])
def test_without_places_there_is_nothing_near(few: np.ndarray) -> None:
    tiles = Tiles.of(few)
    assert tiles.nearest(np.zeros(2), 1.0) == -1
    assert not len(tiles.near(*tiles.box))


def test_spots_on_one_line_have_tiles_too() -> None:
    points = np.column_stack([np.full(2_000, 3.0), np.arange(2_000.0)])
    assert Tiles.of(points).nearest(np.array([3.2, 99.9]), 0.5) == 100
