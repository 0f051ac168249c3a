from __future__ import annotations

import numpy as np
import pytest

from napari_stimpute.plugin.map.stamp import Viewport, packed, radius_of, stamp, whole

SIZE = (200, 100)


def test_every_spot_lies_under_its_own_pixel() -> None:
    pixels = np.array([[10, 10], [50, 20], [99, 79]], dtype=np.float32)
    labels = stamp(pixels, (80, 100), 3.0, [np.arange(3)])
    assert [labels[int(y), int(x)] for x, y in pixels] == [1, 2, 3]
    assert labels[10, 10 + 3] == 1  # its radius
    assert labels[10, 10 + 4] == 0
    assert labels[40, 70] == 0


def test_what_lies_outside_leaves_no_trace_at_the_edge() -> None:
    outside = np.array([[-20, 10], [130, 10], [50, -9], [50, 200]], dtype=np.float32)
    assert not stamp(outside, (80, 100), 3.0, [np.arange(4)]).any()
    at_the_edge = np.array([[-2, 10]], dtype=np.float32)
    labels = stamp(at_the_edge, (80, 100), 3.0, [np.arange(1)])
    assert set(zip(*np.nonzero(labels), strict=True)) >= {(10, 0), (10, 1)}
    assert not labels[:, 90:].any()


def test_the_second_sheet_lies_on_the_first_wherever_they_meet() -> None:
    rng = np.random.default_rng(0)
    pixels = rng.uniform(0, 60, (400, 2)).astype(np.float32)
    above = np.arange(400) >= 390
    sheets = [np.flatnonzero(~above), np.flatnonzero(above)]
    labels = stamp(pixels, (60, 60), 4.0, sheets)
    alone = stamp(pixels, (60, 60), 4.0, [np.flatnonzero(above)])
    np.testing.assert_array_equal(labels[alone > 0], alone[alone > 0])
    assert (labels[alone == 0] <= 390).all()


def test_a_map_fits_the_window_and_its_y_points_up() -> None:
    points = np.array([[0, 0], [10, 0], [10, 5]], dtype=np.float32)
    pixels = whole(points, SIZE).pixels(points, SIZE)
    assert (pixels >= 10).all()
    assert (pixels <= np.array(SIZE) - 10).all()
    assert pixels[2, 1] < pixels[1, 1]
    across, down = pixels[1, 0] - pixels[0, 0], pixels[1, 1] - pixels[2, 1]
    assert across == pytest.approx(2 * down)  # neither direction is stretched


def test_zooming_keeps_what_lies_under_the_mouse() -> None:
    view = Viewport((3.0, -2.0), 4.0)
    point = np.array([[7.0, 5.0]], dtype=np.float32)
    x, y = view.pixels(point, SIZE)[0]
    near = view.zoomed(2.5, (x, y), SIZE)
    np.testing.assert_allclose(near.pixels(point, SIZE)[0], (x, y), atol=1e-3)
    assert near.scale == pytest.approx(10.0)
    moved = near.moved(12, -5).pixels(point, SIZE)[0]
    np.testing.assert_allclose(moved, (x + 12, y - 5), atol=1e-3)


def test_a_map_of_one_place_can_be_drawn() -> None:
    points = np.zeros((5, 2), dtype=np.float32)
    assert np.isfinite(whole(points, SIZE).pixels(points, SIZE)).all()


def test_colours_are_packed_as_qt_reads_them() -> None:
    from qtpy.QtGui import QColor, QImage

    colours = np.array([[1, 0.5, 0, 1], [0, 0, 1, 0.25]], dtype=np.float32)
    numbers = packed(colours)
    assert numbers[0] == 0
    kind = QImage.Format.Format_ARGB32_Premultiplied
    image = QImage(numbers.tobytes(), 3, 1, 12, kind).copy()
    assert image.pixelColor(1, 0) == QColor(255, 128, 0)
    assert image.pixelColor(2, 0).alpha() == 64
    assert image.pixelColor(2, 0).blue() == pytest.approx(255, abs=2)


def test_spots_are_small_where_there_are_many_and_grow_when_one_comes_near() -> None:
    assert radius_of(500, 1) > radius_of(50_000, 1) >= radius_of(500_000, 1) >= 1
    assert radius_of(50_000, 4) > radius_of(50_000, 1)
