"""Two maps upon one another: each side of the divider shows its own source."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from anndata import AnnData
from napari.layers import Image, Points
from numpy.testing import assert_allclose
from pytestqt.qtbot import QtBot
from qtpy.QtWidgets import QApplication

from napari_stimpute.plugin import view_of
from napari_stimpute.plugin.canvas import spots
from napari_stimpute.plugin.canvas.spots import colour_bar_of
from napari_stimpute.plugin.canvas.view import SpotsView
from napari_stimpute.scene.colours import colours_of_values
from napari_stimpute.session.contents import COUNTS

from ..judged import give_runs
from .limits import limits_of


def xs(view: SpotsView) -> Any:
    return view.scene.places.points[:, 1]


def rendered(view: SpotsView) -> Any:
    """Colour of the canvas at the centre of each spot, (n_obs, 3), 0–255."""
    QApplication.processEvents()
    picture = view.viewer.screenshot(canvas_only=True, flash=False)
    camera = view.viewer.scene.camera
    middle = np.array(picture.shape[:2]) / 2
    places = view.scene.places.points
    rows, columns = np.floor((places - camera.center[-2:]) * camera.zoom + middle).astype(int).T
    return picture[rows, columns, :3].astype(int)


@pytest.mark.parametrize("most_points", [50_000, 100], ids=["points", "picture"])
def test_each_side_of_the_divider_shows_its_own_source(
    make_viewer: Callable[..., Any],
    section: AnnData,
    monkeypatch: pytest.MonkeyPatch,
    qtbot: QtBot,
    most_points: int,
) -> None:
    monkeypatch.setattr(spots, "MOST_POINTS", most_points)
    view = view_of(make_viewer(show=True))  # a window of its own: pixels are looked at
    session = view.session
    session.open(give_runs(section))
    session.display.source = "soft"
    session.display.gene = max(
        session.contents.genes, key=lambda gene: session.expression(gene, COUNTS).mean()
    )
    assert isinstance(view.layer, Points if most_points > 1000 else Image)
    view.set_mode("wipe")
    QApplication.processEvents()  # the canvas takes its size
    view.viewer.reset_view()
    # no spot under the colour bar or the names in the corners, however small the canvas is here
    view.viewer.scene.camera.zoom *= 0.6
    colour_bar_of(view.layer).visible = False
    for position in (0.3, 0.7):
        view.wipe.set_position(position)
        limits = session.limits()
        counts, soft = (
            colours_of_values(session.expression(source=s), limits, "viridis")[:, :3] * 255
            for s in (COUNTS, "soft")
        )
        is_left = xs(view) < view.wipe.x
        # not under the line
        clear = np.abs(xs(view) - view.wipe.x) > view.scene.places.diameter
        clear_and_different = clear & (np.abs(counts - soft).max(axis=1) > 30)
        expected = np.where(is_left[:, None], counts, soft)
        assert (clear_and_different & is_left).sum() > 5
        assert (clear_and_different & ~is_left).sum() > 5

        def is_drawn(spots: Any = clear_and_different, expected: Any = expected) -> None:
            assert not colour_bar_of(view.layer).visible
            # smooth edges, 8 bits
            assert_allclose(rendered(view)[spots], expected[spots], atol=12)

        qtbot.waitUntil(is_drawn, timeout=10_000)
    view.close()


def test_turning_it_off_restores_what_was_there(canvas: SpotsView) -> None:
    viewer = canvas.viewer
    mine = viewer.add_points(np.zeros((1, 2)), name="my own")

    def state() -> list[Any]:
        text, camera = viewer.canvas.overlays.text, viewer.scene.camera
        layer = canvas.layer
        return [
            list(viewer.layers),
            [one.name for one in viewer.layers],
            layer.name,
            layer.name_overlay.position,
            layer.name_overlay.visible,
            viewer.canvas.grid.enabled,
            viewer.layers.selection.active,
            text.text,
            text.visible,
            text.position,
            camera.center,
            camera.zoom,
            list(layer.experimental_clipping_planes),
            layer.face_color.tolist(),
            len(viewer.mouse_drag_callbacks),
            len(viewer.mouse_move_callbacks),
            colour_bar_of(layer).visible,
            layer.opacity,
        ]

    viewer.layers.selection.active = mine
    before = state()
    canvas.set_mode("wipe")
    canvas.wipe.set_position(0.8)
    assert state() != before
    canvas.set_mode("one map")
    assert state() == before


def test_it_and_side_by_side_exclude_one_another(canvas: SpotsView) -> None:
    layers, grid = canvas.viewer.layers, canvas.viewer.canvas.grid
    canvas.toggle("side by side", True)
    canvas.toggle("wipe", True)
    assert canvas.mode == "wipe"
    assert not grid.enabled
    canvas.toggle("side by side", False)  # it is off already
    assert canvas.mode == "wipe"
    canvas.toggle("side by side", True)
    assert canvas.mode == "side by side"
    assert grid.enabled
    assert "Divider" not in [one.name for one in layers]
    canvas.toggle("side by side", False)
    assert canvas.mode == "one map"
    assert [one.name for one in layers] == ["Tissue image", "Spots"]


def test_both_halves_follow_gene_limits_and_colours_on_one_scale(canvas: SpotsView) -> None:
    session = canvas.session
    canvas.set_mode("wipe")
    session.display.gene = next(
        g for g in session.contents.genes if session.expression(g).std() > 0
    )
    session.display.percentiles = (0, 90)
    session.display.colormap = "magma"
    limits = session.limits(high=90)
    for layer, source in ((canvas.layer, COUNTS), (canvas.stage.second, "soft")):
        assert limits_of(layer) == pytest.approx(limits)
        expected = colours_of_values(session.expression(source=source), limits, "magma")
        assert_allclose(layer.face_color, expected, atol=1e-6)
    assert [colour_bar_of(one).visible for one in (canvas.layer, canvas.stage.second)] == [
        True,
        False,
    ]


def test_the_halves_are_named_on_the_canvas(canvas: SpotsView) -> None:
    canvas.set_mode("wipe")
    for layer, name, corner in (
        (canvas.layer, "Counts", "top_left"),
        (canvas.stage.second, canvas.session.contents.record("soft").title, "top_right"),
    ):
        assert layer.name == name
        assert layer.name_overlay.visible
        assert layer.name_overlay.position == corner
    text = canvas.viewer.canvas.overlays.text
    assert (text.text, text.position, text.visible) == (
        canvas.session.display.gene,
        "top_center",
        True,
    )


def test_without_anything_imputed_there_is_nothing_to_compare(
    view: SpotsView, section: AnnData
) -> None:
    view.session.open(section)
    view.set_mode("wipe")
    assert view.mode == "one map"
    give_runs(view.session.adata)
    view.session.look_again()
    view.set_mode("wipe")
    assert view.mode == "wipe"


def test_a_gene_is_announced_once_and_with_both_halves(canvas: SpotsView) -> None:
    heard: list[str] = []
    canvas.set_mode("wipe")
    canvas.changed.connect(lambda shown: heard.append(shown.caption))
    gene = canvas.session.contents.genes[3]
    canvas.session.display.show_gene(gene)
    assert heard == [f"{gene} · Counts | Soft"]


def test_it_waits_while_labels_are_shown(canvas: SpotsView) -> None:
    session = canvas.session
    canvas.set_mode("wipe")
    session.display.column = "domain"
    assert canvas.wipe.is_on
    assert "A column is shown" in canvas.wipe.waits
    assert not canvas.stage.second.visible
    assert not canvas.stage.divider.layer.visible
    assert not canvas.layer.experimental_clipping_planes[0].enabled
    assert not canvas.layer.name_overlay.visible
    session.display.column = ""
    assert canvas.stage.second.visible
    assert canvas.layer.experimental_clipping_planes[0].enabled
    assert not canvas.wipe.waits


def test_a_removed_layer_turns_it_off_with_the_next_move_or_gene(canvas: SpotsView) -> None:
    viewer = canvas.viewer
    for which in ("second map", "line", "first map"):
        canvas.set_mode("wipe")
        found = {
            "second map": canvas.stage.second,
            "line": canvas.stage.divider.layer,
            "first map": canvas.layer,
        }
        viewer.layers.remove(found[which])
        if which == "first map":
            canvas.session.display.gene = canvas.session.contents.genes[3]
        else:
            canvas.wipe.set_position(0.1)
        assert not canvas.wipe.is_on
        assert [one.name for one in viewer.layers] == ["Tissue image", "Spots"]
        assert list(canvas.layer.experimental_clipping_planes) == []


def test_opening_other_data_ends_it(canvas: SpotsView, section: Any) -> None:
    canvas.set_mode("wipe")
    canvas.session.open(section[:60].copy())
    assert not canvas.wipe.is_on
    assert [one.name for one in canvas.viewer.layers] == ["Tissue image", "Spots"]


def test_a_new_view_finds_whole_maps_where_the_old_one_was_closed(canvas: SpotsView) -> None:
    viewer = canvas.viewer
    canvas.set_mode("wipe")
    n_callbacks = len(viewer.mouse_drag_callbacks)
    canvas.close()
    assert len(viewer.mouse_drag_callbacks) == n_callbacks - 1
    new = view_of(viewer)
    assert new is not canvas
    assert [one.name for one in viewer.layers] == ["Tissue image", "Spots"]
    assert list(new.layer.experimental_clipping_planes) == []
    assert not new.layer.name_overlay.visible
    new.close()
