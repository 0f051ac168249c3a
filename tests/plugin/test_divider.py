"""The line between two maps: dragged, stepped, and as wide on the screen at every zoom."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from napari.utils.interactions import (
    mouse_move_callbacks,
    mouse_press_callbacks,
    mouse_release_callbacks,
)
from numpy.testing import assert_array_equal

from napari_stimpute.plugin.canvas.view import SpotsView


def xs(view: SpotsView) -> Any:
    return view.scene.places.points[:, 1]


def kept(view: SpotsView, layer: Any) -> Any:
    """Which spots lie on the side of a layer's plane that is drawn."""
    (plane,) = layer.experimental_clipping_planes
    at = layer.data_to_world(plane.position[1:])[1]
    return (xs(view) - at) * plane.normal[2] >= 0


def drag(viewer: Any, start: tuple[float, float], end: tuple[float, float]) -> list[bool]:
    """Press, move and release the left button; whether each event was taken from the camera."""
    event = SimpleNamespace(button=1, modifiers=(), is_dragging=True)
    taken = []
    for kind, place, run in (
        ("mouse_press", start, mouse_press_callbacks),
        ("mouse_move", end, mouse_move_callbacks),
        ("mouse_release", end, mouse_release_callbacks),
    ):
        event.type, event.position, event.handled = kind, place, False
        run(viewer, event)
        taken.append(event.handled)
    return taken


def middle_y(view: SpotsView) -> float:
    return float(view.scene.places.points[:, 0].mean())


def test_dragging_the_line_moves_the_divider_and_not_the_camera(canvas: SpotsView) -> None:
    viewer = canvas.viewer
    canvas.set_mode("wipe")
    moved: list[float] = []
    canvas.wipe.moved.connect(moved.append)
    y, start, end = middle_y(canvas), canvas.wipe.x, float(np.quantile(xs(canvas), 0.2))
    before = kept(canvas, canvas.layer)
    taken = drag(viewer, (y, start + 2 / viewer.scene.camera.zoom), (y, end))
    assert taken[:2] == [True, True]
    assert canvas.wipe.x == pytest.approx(end - 2 / viewer.scene.camera.zoom)
    now = kept(canvas, canvas.layer)
    assert_array_equal(now, xs(canvas) <= canvas.wipe.x)
    assert_array_equal(kept(canvas, canvas.stage.second), ~now)
    assert now.sum() < before.sum()
    assert moved == [canvas.wipe.position]


def test_dragging_elsewhere_is_left_to_the_camera(canvas: SpotsView) -> None:
    canvas.set_mode("wipe")
    y, x = middle_y(canvas), canvas.wipe.x
    beside = x + 30 / canvas.viewer.scene.camera.zoom
    assert drag(canvas.viewer, (y, beside), (y, x)) == [False, False, False]
    assert canvas.wipe.position == 0.5
    far = y + 1e6
    assert not any(drag(canvas.viewer, (far, x), (far, beside)))
    assert canvas.wipe.position == 0.5


def test_the_divider_stays_at_the_tissue_and_its_ends_show_one_source(canvas: SpotsView) -> None:
    canvas.set_mode("wipe")
    for asked, got in ((-3.0, 0.0), (7.0, 1.0)):
        canvas.wipe.set_position(asked)
        assert canvas.wipe.position == got
        assert kept(canvas, canvas.layer).all() == (got == 1.0)
        assert kept(canvas, canvas.stage.second).all() == (got == 0.0)


def test_the_line_is_as_wide_on_the_screen_at_every_zoom(canvas: SpotsView) -> None:
    canvas.set_mode("wipe")
    line, camera = canvas.stage.divider.layer, canvas.viewer.scene.camera
    for zoom in (camera.zoom, 5 * camera.zoom):
        camera.zoom = zoom
        assert line.scale[1] * camera.zoom == pytest.approx(1)
        low, high = line.extent.world[:, 1]
        assert (low + high) / 2 == pytest.approx(canvas.wipe.x, abs=1 / zoom)


def test_the_line_moves_without_a_new_look_at_all_layers(canvas: SpotsView) -> None:
    canvas.set_mode("wipe")
    seen = []
    canvas.stage.divider.layer.events.translate.connect(lambda _event: seen.append(1))
    canvas.layer.events.face_color.connect(lambda _event: seen.append(1))
    canvas.wipe.set_position(0.2)
    assert seen == []
    assert canvas.stage.divider.layer.extent.world[:, 1].mean() == pytest.approx(
        canvas.wipe.x, abs=1 / canvas.viewer.scene.camera.zoom
    )
