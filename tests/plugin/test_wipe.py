from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from anndata import AnnData
from napari.layers import Image, Points
from napari.utils.interactions import (
    mouse_move_callbacks,
    mouse_press_callbacks,
    mouse_release_callbacks,
)
from numpy.testing import assert_allclose, assert_array_equal
from qtpy.QtWidgets import QApplication

from napari_stimpute.data.records import RunRecord
from napari_stimpute.data.results import Results, write_results
from napari_stimpute.plugin.canvas import spots
from napari_stimpute.plugin.canvas.spots import colour_bar_of, limits_of
from napari_stimpute.plugin.canvas.view import SpotsView
from napari_stimpute.plugin.genes.wipe_box import KEYS, WipeBox
from napari_stimpute.plugin.panel import StimputePanel
from napari_stimpute.scene.colours import colours_of_values
from napari_stimpute.session.contents import COUNTS, LOG


def give_runs(adata: AnnData) -> None:
    """Two results without a training: "soft" (between count and gene mean) and "flat" (means)."""
    counts = np.asarray(adata.X.todense(), dtype=np.float32)
    means = np.broadcast_to(counts.mean(axis=0), counts.shape)
    for key, imputed in (("soft", 0.5 * counts + 0.5 * means), ("flat", means)):
        record = RunRecord(
            key=key,
            model=key,
            title=key.capitalize(),
            config={},
            seed=0,
            device="cpu",
            versions={},
            started="2025-01-01",
            seconds=1,
            completed=True,
            n_obs=adata.n_obs,
            n_vars=adata.n_vars,
            fingerprint="",
        )
        write_results(adata, Results(record, imputed=np.array(imputed)))


@pytest.fixture
def imputed(panel: StimputePanel, section: AnnData) -> StimputePanel:
    """The section open with two runs, the values of "soft" shown."""
    give_runs(section)
    panel.session.open(section)
    panel.session.display.source = "soft"
    return panel


@pytest.fixture
def box(imputed: StimputePanel) -> WipeBox:
    """The controls in the panel, with the wipe off."""
    return imputed.genes.wipe


def xs(view: SpotsView) -> Any:
    return view.session.adata.obsm["spatial"][:, 0]


def kept(view: SpotsView, layer: Any) -> Any:
    """Which spots lie on the side of a layer's plane that is drawn."""
    (plane,) = layer.experimental_clipping_planes
    at = layer.data_to_world(plane.position[1:])[1]
    return (xs(view) - at) * plane.normal[2] >= 0


def rendered(view: SpotsView) -> Any:
    """Colour of the canvas at the centre of each spot, (n_obs, 3), 0–255."""
    QApplication.processEvents()
    picture = view.viewer.screenshot(canvas_only=True, flash=False)
    camera = view.viewer.scene.camera
    middle = np.array(picture.shape[:2]) / 2
    places = view.session.adata.obsm["spatial"][:, ::-1]
    rows, columns = np.floor((places - camera.center[-2:]) * camera.zoom + middle).astype(int).T
    return picture[rows, columns, :3].astype(int)


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
    return float(view.session.adata.obsm["spatial"][:, 1].mean())


@pytest.mark.parametrize("most_points", [50_000, 100], ids=["points", "picture"])
def test_each_side_of_the_divider_shows_its_own_source(
    panel: StimputePanel, section: AnnData, monkeypatch: pytest.MonkeyPatch, most_points: int
) -> None:
    monkeypatch.setattr(spots, "MOST_POINTS", most_points)
    session, view = panel.session, panel.view
    give_runs(section)
    session.open(section)
    session.display.source = "soft"
    session.display.gene = max(
        session.contents.genes, key=lambda gene: session.expression(gene, COUNTS).mean()
    )
    assert isinstance(view.layer, Points if most_points > 1000 else Image)
    view.set_mode("wipe")
    view.viewer.show()
    QApplication.processEvents()  # the canvas takes its size
    view.viewer.reset_view()
    for position in (0.3, 0.7):
        view.wipe.set_position(position)
        limits = session.limits()
        counts, soft = (
            colours_of_values(session.expression(source=s), limits, "viridis")[:, :3] * 255
            for s in (COUNTS, "soft")
        )
        is_left = xs(view) < view.wipe.x
        clear = (
            np.abs(xs(view) - view.wipe.x) > session.contents.spot_diameter
        )  # not under the line
        seen_steps = clear & (np.abs(counts - soft).max(axis=1) > 40)
        expected = np.where(is_left[:, None], counts, soft)
        assert (seen_steps & is_left).sum() > 5
        assert (seen_steps & ~is_left).sum() > 5
        assert_allclose(
            rendered(view)[seen_steps], expected[seen_steps], atol=12
        )  # smooth edges, 8 bits


def test_dragging_the_line_moves_the_divider_and_not_the_camera(box: WipeBox) -> None:
    view, viewer = box.view, box.view.viewer
    view.set_mode("wipe")
    y, start, end = middle_y(view), view.wipe.x, float(np.quantile(xs(view), 0.2))
    before = kept(view, view.layer)
    taken = drag(viewer, (y, start + 2 / viewer.scene.camera.zoom), (y, end))
    assert taken[:2] == [True, True]
    assert view.wipe.x == pytest.approx(end - 2 / viewer.scene.camera.zoom)
    now = kept(view, view.layer)
    assert_array_equal(now, xs(view) <= view.wipe.x)
    assert_array_equal(kept(view, view.stage.second), ~now)
    assert now.sum() < before.sum()
    assert box.slider.value() == round(view.wipe.position * 1000)


def test_dragging_elsewhere_is_left_to_the_camera(imputed: StimputePanel) -> None:
    view = imputed.view
    view.set_mode("wipe")
    y, x = middle_y(view), view.wipe.x
    beside = x + 30 / view.viewer.scene.camera.zoom
    assert drag(view.viewer, (y, beside), (y, x)) == [False, False, False]
    assert view.wipe.position == 0.5
    far = y + 1e6
    assert not any(drag(view.viewer, (far, x), (far, beside)))
    assert view.wipe.position == 0.5


def test_the_divider_stays_at_the_tissue_and_its_ends_show_one_source(
    imputed: StimputePanel,
) -> None:
    view = imputed.view
    view.set_mode("wipe")
    for asked, got in ((-3.0, 0.0), (7.0, 1.0)):
        view.wipe.set_position(asked)
        assert view.wipe.position == got
        assert kept(view, view.layer).all() == (got == 1.0)
        assert kept(view, view.stage.second).all() == (got == 0.0)


def test_the_line_is_as_wide_on_the_screen_at_every_zoom(imputed: StimputePanel) -> None:
    view = imputed.view
    view.set_mode("wipe")
    line, camera = view.stage.divider.layer, view.viewer.scene.camera
    for zoom in (camera.zoom, 5 * camera.zoom):
        camera.zoom = zoom
        assert line.scale[1] * camera.zoom == pytest.approx(1)
        low, high = line.extent.world[:, 1]
        assert (low + high) / 2 == pytest.approx(view.wipe.x, abs=1 / zoom)


def test_the_line_moves_without_a_new_look_at_all_layers(imputed: StimputePanel) -> None:
    view = imputed.view
    view.set_mode("wipe")
    seen = []
    view.stage.divider.layer.events.translate.connect(lambda _event: seen.append(1))
    view.layer.events.face_color.connect(lambda _event: seen.append(1))
    view.wipe.set_position(0.2)
    assert seen == []
    assert view.stage.divider.layer.extent.world[:, 1].mean() == pytest.approx(
        view.wipe.x, abs=1 / view.viewer.scene.camera.zoom
    )


def test_keys_of_the_canvas_step_the_divider(box: WipeBox) -> None:
    view, viewer = box.view, box.view.viewer
    keys = {str(key): run for key, run in viewer.keymap.items()}
    assert len([k for k in keys if k[-1] in "[]"]) == len(KEYS)
    keys["]"](viewer)
    assert view.wipe.position == 0.5  # there is no divider yet
    view.set_mode("wipe")
    for key, expected in (("]", 0.52), ("[", 0.5), ("Ctrl+]", 0.6), ("Ctrl+[", 0.5)):
        keys[key](viewer)
        assert view.wipe.position == pytest.approx(expected)


def test_the_slider_moves_the_divider_and_follows_it(box: WipeBox) -> None:
    box.on.setChecked(True)
    heard: list[float] = []
    box.wipe.moved.connect(heard.append)
    box.slider.setValue(250)
    assert box.wipe.position == 0.25
    box.wipe.step(0.5)
    assert box.slider.value() == 750
    assert heard == [0.25, 0.75]


def test_turning_it_off_restores_what_was_there(imputed: StimputePanel) -> None:
    view, viewer = imputed.view, imputed.view.viewer
    mine = viewer.add_points(np.zeros((1, 2)), name="my own")

    def state() -> list[Any]:
        text, camera = viewer.canvas.overlays.text, viewer.scene.camera
        layer = view.layer
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
    view.set_mode("wipe")
    view.wipe.set_position(0.8)
    assert state() != before
    view.set_mode("one map")
    assert state() == before


def test_it_and_side_by_side_exclude_one_another(imputed: StimputePanel, box: WipeBox) -> None:
    view, viewer = imputed.view, imputed.view.viewer
    imputed.genes.both.setChecked(True)
    box.on.setChecked(True)
    assert view.wipe.is_on
    assert not view.stage.is_grid
    assert not imputed.genes.both.isChecked()
    assert not viewer.canvas.grid.enabled
    imputed.genes.both.setChecked(True)
    assert view.stage.is_grid
    assert not view.wipe.is_on
    assert not box.on.isChecked()
    assert viewer.canvas.grid.enabled
    assert len([one for one in viewer.layers if one.name == "Divider"]) == 0


def test_both_halves_follow_gene_limits_and_colours_on_one_scale(imputed: StimputePanel) -> None:
    view, session = imputed.view, imputed.session
    view.set_mode("wipe")
    session.display.gene = next(
        g for g in session.contents.genes if session.expression(g).std() > 0
    )
    session.display.percentiles = (0, 90)
    session.display.colormap = "magma"
    limits = session.limits(high=90)
    for layer, source in ((view.layer, COUNTS), (view.stage.second, "soft")):
        assert limits_of(layer) == pytest.approx(limits)
        expected = colours_of_values(session.expression(source=source), limits, "magma")
        assert_allclose(layer.face_color, expected, atol=1e-6)
    assert [colour_bar_of(one).visible for one in (view.layer, view.stage.second)] == [True, False]
    assert imputed.genes.legend.bar.limits == pytest.approx(limits)


def test_the_halves_are_named_on_the_canvas(imputed: StimputePanel) -> None:
    view = imputed.view
    view.set_mode("wipe")
    for layer, name, corner in (
        (view.layer, "Counts", "top_left"),
        (view.stage.second, view.session.contents.record("soft").title, "top_right"),
    ):
        assert layer.name == name
        assert layer.name_overlay.visible
        assert layer.name_overlay.position == corner
    text = view.viewer.canvas.overlays.text
    assert (text.text, text.position, text.visible) == (
        view.session.display.gene,
        "top_center",
        True,
    )


def test_two_runs_can_be_compared_and_exchanged(box: WipeBox) -> None:
    box.on.setChecked(True)
    box.left.setCurrentIndex(box.left.findData("flat"))
    box.left.activated.emit(box.left.currentIndex())
    assert box.pair.sources() == ("flat", "soft")
    box.left.setCurrentIndex(box.left.findData("soft"))  # what the right shows: they change places
    box.left.activated.emit(box.left.currentIndex())
    assert box.pair.sources() == ("soft", "flat")
    assert (box.left.currentData(), box.right.currentData()) == ("soft", "flat")
    titles = [box.view.session.contents.record(key).title for key in ("soft", "flat")]
    assert [box.view.layer.name, box.view.stage.second.name] == titles


def test_log_values_cannot_share_the_scale_and_say_so(box: WipeBox) -> None:
    box.on.setChecked(True)
    item = box.left.model().item(box.left.findData(LOG))
    assert not item.isEnabled()
    assert "unit" in item.toolTip()
    box.pair.choose(LOG, "soft")
    assert box.pair.sources() == (COUNTS, "soft")


def test_without_anything_imputed_it_says_why_it_is_off(opened: StimputePanel) -> None:
    made = opened.genes.wipe
    assert not made.on.isEnabled()
    assert "Train a model" in made.on.toolTip()
    opened.view.set_mode("wipe")
    assert not opened.view.wipe.is_on
    give_runs(opened.session.adata)
    opened.session.look_again()
    assert made.on.isEnabled()


def test_a_gene_that_was_not_modelled_shows_counts_and_says_so(imputed: StimputePanel) -> None:
    session, view = imputed.session, imputed.view
    session.open(session.adata, genes="hvg:20", counts="raw")
    give_runs(session.adata)
    session.look_again()
    session.display.source = "flat"
    view.set_mode("wipe")
    session.display.gene = next(
        g for g in session.contents.genes if not session.contents.is_modelled(g)
    )
    assert "not modelled: counts" in view.stage.second.name
    assert view.layer.name == "Counts"
    assert_array_equal(view.layer.face_color, view.stage.second.face_color)


def test_it_waits_while_labels_are_shown(box: WipeBox) -> None:
    view, session = box.view, box.view.session
    box.on.setChecked(True)
    session.display.column = "domain"
    assert view.wipe.is_on
    assert "A column is shown" in box.words.text()
    assert not view.stage.second.visible
    assert not view.stage.divider.layer.visible
    assert not view.layer.experimental_clipping_planes[0].enabled
    assert not view.layer.name_overlay.visible
    session.display.column = ""
    assert view.stage.second.visible
    assert view.layer.experimental_clipping_planes[0].enabled
    assert not box.words.text()


def test_a_removed_layer_turns_it_off_with_the_next_move_or_gene(imputed: StimputePanel) -> None:
    view, viewer = imputed.view, imputed.view.viewer
    for which in ("second map", "line", "first map"):
        view.set_mode("wipe")
        found = {
            "second map": view.stage.second,
            "line": view.stage.divider.layer,
            "first map": view.layer,
        }
        viewer.layers.remove(found[which])
        if which == "first map":
            view.session.display.gene = view.session.contents.genes[3]
        else:
            view.wipe.set_position(0.1)
        assert not view.wipe.is_on
        assert [one.name for one in viewer.layers] == ["Tissue image", "Spots"]
        assert list(view.layer.experimental_clipping_planes) == []


def test_opening_other_data_ends_it(imputed: StimputePanel, section: Any) -> None:
    view = imputed.view
    view.set_mode("wipe")
    imputed.session.open(section[:60].copy())
    assert not view.wipe.is_on
    assert [one.name for one in view.viewer.layers] == ["Tissue image", "Spots"]


def test_a_new_panel_finds_whole_maps_where_the_old_one_was_closed(imputed: StimputePanel) -> None:
    old, viewer = imputed.view, imputed.view.viewer
    old.wipe.start()
    n_callbacks = len(viewer.mouse_drag_callbacks)
    old.close()
    assert len(viewer.mouse_drag_callbacks) == n_callbacks - 1
    new = SpotsView(viewer, imputed.session)
    assert [one.name for one in viewer.layers] == ["Tissue image", "Spots"]
    assert list(new.layer.experimental_clipping_planes) == []
    assert not new.layer.name_overlay.visible
    new.close()


def test_what_was_judged_is_written_beside_the_gene(panel: StimputePanel, judged: AnnData) -> None:
    panel.session.open(judged)
    panel.session.display.source, panel.session.display.gene = "mine", str(judged.var_names[1])
    panel.genes.wipe.on.setChecked(True)
    assert panel.genes.wipe.pair.badges() == "Mine: use with care"
    panel.session.display.aspect = "uncertainty"
    assert "expected counts" in panel.genes.wipe.words.text()
    assert not panel.view.wipe.is_split
