"""The dock with a map of the cells: coloured as the tissue, and picked from as well."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from anndata import AnnData
from napari._qt.widgets.qt_viewer_dock_widget import QtViewerDockWidget
from napari.utils.interactions import (
    mouse_move_callbacks,
    mouse_press_callbacks,
    mouse_release_callbacks,
)
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QWidget

from napari_stimpute import keys
from napari_stimpute.plugin import open_map, open_panel
from napari_stimpute.plugin.canvas import spots
from napari_stimpute.plugin.canvas.lasso import PICK_KEY
from napari_stimpute.plugin.canvas.outline import Outline, canvas_of
from napari_stimpute.plugin.map.dock import MapPanel
from napari_stimpute.plugin.map.stamp import packed
from napari_stimpute.plugin.panel import StimputePanel
from napari_stimpute.scene.spot import in_short
from napari_stimpute.session.contents import COUNTS

pytestmark = pytest.mark.usefixtures("drawn")


@pytest.fixture
def dock(opened: StimputePanel) -> MapPanel:
    return beside(opened)


def beside(panel: StimputePanel) -> MapPanel:
    """The map of the section's counts beside the tissue."""
    adata = panel.session.adata
    places = np.random.default_rng(0).normal(size=(adata.n_obs, 2))
    adata.obsm[keys.space(COUNTS, "umap")] = places.astype(np.float32)
    return open_map(panel.view.viewer)


def circle(x: float, y: float, radius: float) -> list[tuple[float, float]]:
    angles = np.linspace(0, 2 * np.pi, 17)  # its sides lie less than 2 % within it
    return [(x + radius * np.cos(a), y + radius * np.sin(a)) for a in angles]


def draw_on_canvas(viewer: Any, outline: list[tuple[float, float]], *held: str) -> bool:
    """Drag the mouse along (x, y); whether the canvas was kept from moving."""
    event = SimpleNamespace(button=1, modifiers=held, is_dragging=True, pos=np.zeros(2))
    kept = True
    last = len(outline) - 1
    for place, (x, y) in enumerate([*outline, outline[-1]]):
        kinds = [("mouse_press", mouse_press_callbacks)] if place == 0 else []
        kinds += [("mouse_move", mouse_move_callbacks)] if 0 < place <= last else []
        kinds += [("mouse_release", mouse_release_callbacks)] if place > last else []
        for kind, run in kinds:
            event.type, event.position, event.handled = kind, (y, x), False
            run(viewer, event)
            kept &= event.handled or kind == "mouse_release"
    return kept


def test_the_map_has_the_colours_of_the_tissue(dock: MapPanel, opened: StimputePanel) -> None:
    def same() -> None:
        on_tissue = packed(np.asarray(opened.view.layer.face_color))
        np.testing.assert_array_equal(dock.scatter.colours, on_tissue)

    same()
    opened.session.display.gene = opened.session.contents.genes[3]
    opened.session.display.colormap = "magma"
    same()
    opened.session.display.column = "domain"
    same()
    assert "domain" in dock.coloured.whole


def test_spots_within_a_line_on_the_map_light_up_on_the_tissue(
    dock: MapPanel, opened: StimputePanel, qtbot: QtBot
) -> None:
    scatter = dock.scatter
    scatter.resize(300, 300)
    whole = np.asarray(opened.view.layer.face_color).copy()
    middle = scatter.pixel_of(5)
    corners = [QPoint(int(x), int(y)) for x, y in circle(*middle, 40)]
    qtbot.mousePress(scatter, Qt.MouseButton.LeftButton, pos=corners[0])
    for corner in corners[1:]:
        qtbot.mouseMove(scatter, corner)
        scatter.mouseMoveEvent(moved(corner))
    qtbot.mouseRelease(scatter, Qt.MouseButton.LeftButton, pos=corners[-1])
    picked = opened.session.display.picked
    pixels = np.array([scatter.pixel_of(i) for i in range(len(picked))])
    distance = np.hypot(*(pixels - middle).T)
    clear = np.abs(distance - 40) > 2
    np.testing.assert_array_equal(picked[clear], (distance < 40)[clear])
    now = np.asarray(opened.view.layer.face_color)
    np.testing.assert_allclose(now[picked], whole[picked])
    assert (now[~picked, 3] == 1).all()  # the tissue does not shine through
    assert (now[~picked, :3].min(axis=1) > whole[~picked, :3].min(axis=1)).all()  # paler
    assert f"{picked.sum():,} of {len(picked):,}" in dock.picks.notes.text()


def moved(at: QPoint) -> Any:
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    return QMouseEvent(QEvent.Type.MouseMove, QPointF(at), QPointF(at), left, left, none)


def test_spots_within_a_line_on_the_tissue_light_up_on_the_map(
    dock: MapPanel, opened: StimputePanel
) -> None:
    view = opened.view
    points, viewer = view.scene.places.points, view.viewer
    n_layers = len(viewer.layers)
    x, y, radius = points[9, 1], points[9, 0], 3 * view.scene.places.diameter
    assert not draw_on_canvas(viewer, circle(x, y, radius))  # the canvas moves
    assert opened.session.display.picked is None
    opened.genes.picks.pick_button.click()
    assert draw_on_canvas(viewer, circle(x, y, radius))
    distance = np.hypot(points[:, 1] - x, points[:, 0] - y)
    clear = np.abs(distance - radius) > 0.05 * radius
    near = distance < radius
    np.testing.assert_array_equal(opened.session.display.picked[clear], near[clear])
    assert dock.scatter.picked is opened.session.display.picked
    far = points[np.argmax(distance)]
    draw_on_canvas(viewer, circle(far[1], far[0], radius), "Shift")
    assert opened.session.display.picked[np.argmax(distance)]
    assert opened.session.display.picked[9]
    draw_on_canvas(viewer, circle(x, y, radius), "Alt")
    assert not opened.session.display.picked[9]
    assert len(viewer.layers) == n_layers
    callbacks = len(viewer.mouse_drag_callbacks)
    opened.genes.picks.pick_button.click()
    assert not view.lasso.is_on
    assert len(viewer.mouse_drag_callbacks) == callbacks  # the lasso's for napari's own


@pytest.mark.parametrize("most_points", [50_000, 100], ids=["points", "picture"])
def test_picked_spots_stand_out_among_values_labels_and_numbers(
    panel: StimputePanel, section: AnnData, monkeypatch: pytest.MonkeyPatch, most_points: int
) -> None:
    monkeypatch.setattr(spots, "MOST_POINTS", most_points)
    section.obs["time"] = np.where(np.arange(section.n_obs) < 5, np.nan, np.arange(section.n_obs))
    panel.session.open(section)
    mask = np.arange(section.n_obs) < 30
    for column in ("", "domain", "time"):
        panel.session.display.column = column
        opaque = opacity(panel)
        panel.session.display.pick(mask)
        faint = opacity(panel)
        np.testing.assert_allclose(faint[mask], opaque[mask], atol=0.01)
        assert (faint[~mask] < 0.5 * opaque[~mask]).all()
        panel.session.display.pick(None)
        np.testing.assert_allclose(opacity(panel), opaque, atol=0.01)


def opacity(panel: StimputePanel) -> Any:
    """Of each spot, as the canvas draws it; one that goes over to white paper is fainter."""
    layer, view = panel.view.layer, panel.view
    if hasattr(layer, "face_color"):
        colours = np.asarray(layer.face_color)
        return colours[:, 3] * (1 - colours[:, :3]).max(axis=1)
    places = np.array([layer.world_to_data(place) for place in view.scene.places.points])
    rows, columns = np.rint(places).astype(int).T
    values = layer.data[0][:, :][rows, columns]
    bottom, top = layer.contrast_limits
    return layer.colormap.map((values - bottom) / (top - bottom))[:, 3]


def test_a_spot_is_named_under_the_mouse_on_the_map_and_ringed_from_the_tissue(
    dock: MapPanel, opened: StimputePanel
) -> None:
    scatter = dock.scatter
    scatter.resize(300, 300)
    scatter.draw()
    x, y = scatter.pixel_of(11)
    place = scatter.spot_at(x, y)
    assert np.hypot(*np.subtract(scatter.pixel_of(place), (x, y))) < 6  # itself, or one upon it
    scatter.mouseMoveEvent(moved(QPoint(int(x), int(y))))
    name = opened.session.adata.obs_names[place]
    assert name in opened.genes.spot.text()
    assert name in in_short(opened.view.scene, opened.view.shown, place)
    opened.view.hovered.emit(3)
    assert scatter.ringed == 3


def test_the_dock_says_why_there_is_no_map(panel: StimputePanel, section: AnnData) -> None:
    dock = open_map(panel.view.viewer)
    assert "Open data first" in dock.scatter.nothing
    panel.session.open(section)
    assert "press “Draw map”" in dock.scatter.nothing
    dock.choice.button.click()
    assert "being drawn" in dock.scatter.nothing
    assert dock.choice.cancel.isVisibleTo(dock)
    panel.session.job.wait(60)
    assert dock.scatter.points is not None
    assert "near means similar expression" in dock.title.text()
    assert not dock.choice.button.isVisibleTo(dock)


def taken_out(widget: QWidget) -> None:
    """Close a dock as its button does."""
    dock = widget.parent()
    while not isinstance(dock, QtViewerDockWidget):
        assert dock is not None
        dock = dock.parent()
    dock.destroyOnClose()


def test_the_dock_goes_on_without_the_panel_and_the_panel_without_the_dock(
    docked: StimputePanel,
) -> None:
    dock, view, viewer = beside(docked), docked.view, docked.view.viewer
    taken_out(docked)
    session = view.session
    session.display.gene = session.contents.genes[4]
    assert session.contents.genes[4] in dock.coloured.whole
    panel = open_panel(viewer)
    assert panel.view is view
    taken_out(dock)
    session.display.gene = session.contents.genes[5]
    assert session.contents.genes[5] in panel.genes.legend.bar.title
    assert session.contents.genes[4] in dock.coloured.whole  # it is closed
    taken_out(panel)
    shown = view.shown
    session.display.gene = session.contents.genes[6]
    assert view.shown is shown  # nobody is left to see it
    assert [layer.name for layer in viewer.layers] == ["Tissue image", "Spots"]
    last = open_panel(viewer)
    assert last.view is not view


def test_the_key_to_pick_does_nothing_after_the_panel_is_closed(
    docked: StimputePanel, viewer: Any
) -> None:
    lasso, key = docked.view.lasso, next(k for k in viewer.keymap if str(k) == PICK_KEY)
    viewer.keymap[key](viewer)
    assert lasso.is_on
    viewer.keymap[key](viewer)
    assert not lasso.is_on
    taken_out(docked)
    viewer.keymap[key](viewer)
    assert not lasso.is_on


def test_the_line_follows_the_mouse_from_its_first_move(opened: StimputePanel) -> None:
    view, viewer = opened.view, opened.view.viewer
    canvas = canvas_of(viewer)
    view.lasso.start()
    camera = viewer.scene.camera
    middle, step = np.asarray(camera.center)[-2:], 10 / camera.zoom
    event = SimpleNamespace(button=1, modifiers=(), is_dragging=True, handled=False)
    event.type, event.position = "mouse_press", tuple(middle)
    mouse_press_callbacks(viewer, event)
    event.type, event.position = "mouse_move", (middle[0], middle[1] + step)
    mouse_move_callbacks(viewer, event)
    (line,) = canvas.findChildren(Outline)
    ends = [(corner.x(), corner.y()) for corner in line.corners]
    half = canvas.width() / 2, canvas.height() / 2
    np.testing.assert_allclose(ends, [half, (half[0] + 10, half[1])], atol=1e-3)
    event.type = "mouse_release"
    mouse_release_callbacks(viewer, event)
    assert line.isHidden()
    view.lasso.stop()


def test_nothing_is_picked_on_two_maps_side_by_side(opened: StimputePanel) -> None:
    opened.session.train("gene_mean", blend=False, judged=False).wait(60)
    box, view = opened.genes.picks, opened.view
    box.pick_button.click()
    assert view.lasso.is_on
    opened.genes.both.setChecked(True)
    assert not view.lasso.is_on
    box.pick_button.click()
    assert not view.lasso.is_on
    assert not box.pick_button.isChecked()
    assert "side by side" in box.words.text()
