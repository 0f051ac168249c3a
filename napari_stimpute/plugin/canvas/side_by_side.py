"""Raw and imputed of the same gene, side by side on one scale, with linked cameras."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...scene.pair import raw_and_imputed
from .spots import image_layers, layer_name, paint, spots_layer, titles_layers
from .stage import Stage

if TYPE_CHECKING:
    from napari.layers import Layer


class SideBySide:
    """Napari's grid with two maps: counts on the left, imputed on the right.

    All cells of the grid share one camera, so both maps pan and zoom as one.
    """

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._below: list[Layer] = []
        """What lies below the second map, as below the first."""
        self._before: tuple[bool, int, tuple[int, int]] = (False, 1, (-1, -1))

    def start(self) -> None:
        """Lay the second map beside the first."""
        stage, session = self.stage, self.stage.scene.session
        viewer, places = stage.viewer, stage.scene.places
        if stage.spots is None or places is None or stage.is_grid:
            return
        grid = viewer.canvas.grid
        self._before = (grid.enabled, grid.stride, grid.shape)
        self._below = [
            *(image_layers(session, places) if stage.images else ()),
            *titles_layers(session, places),
        ]
        stage.second = spots_layer(session, places, role="second")
        stage.second.opacity = stage.opacity
        for layer in (*self._below, stage.second):
            viewer.add_layer(layer)
        grid.stride = len(self._below) + 1
        grid.shape, grid.enabled = (1, 2), True
        stage.is_grid = True
        viewer.reset_view()

    def stop(self) -> None:
        """Back to one map."""
        stage, viewer = self.stage, self.stage.viewer
        if viewer is None or not stage.is_grid:
            return
        added = [stage.second, *self._below]
        stage.second, self._below, stage.is_grid = None, [], False
        for layer in added:
            stage.remove(layer)
        grid = viewer.canvas.grid
        grid.enabled, grid.stride, grid.shape = self._before
        if stage.spots is not None and stage.spots in viewer.layers:
            stage.spots.name_overlay.visible = False
            stage.spots.name = layer_name(stage.scene.session)
            viewer.layers.selection.active = stage.spots
        viewer.reset_view()

    def repaint(self) -> None:
        """Colour both maps on one scale."""
        stage, scene = self.stage, self.stage.scene
        sources = raw_and_imputed(scene.session)
        for run in scene.session.contents.runs[-1:]:
            scene.computing.draw_beside(run)
        for layer, source in zip((stage.spots, stage.second), sources, strict=True):
            shown = scene.shown_for(source)
            if shown is not None and layer is not None:
                paint(layer, shown, stage.style)
                layer.name = shown.headline or shown.title
                layer.name_overlay.visible = True
