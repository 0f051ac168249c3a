"""Raw and imputed of the same gene, side by side on one scale, with linked cameras."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import ref

from ...session.contents import COUNTS, LOG
from .spots import image_layer, layer_name, paint, spots_layer

if TYPE_CHECKING:
    from napari.layers import Layer

    from .view import SpotsView


class SideBySide:
    """Napari's grid with two maps: counts on the left, imputed on the right.

    All cells of the grid share one camera, so both maps pan and zoom as one.
    """

    def __init__(self, viewer: Any, view: SpotsView) -> None:
        self._viewer, self._view = ref(viewer), ref(view)
        self.layer: Layer | None = None
        """The second map; None while this is off."""
        self._image: Layer | None = None
        self._before: tuple[bool, int, tuple[int, int]] = (False, 1, (-1, -1))

    @property
    def is_on(self) -> bool:
        """Whether two maps are drawn."""
        return self.layer is not None

    def sources(self) -> tuple[str, str]:
        """What the left and the right map show."""
        view = self._view()
        assert view is not None
        session = view.session
        chosen = session.display.source if session.display.source in session.contents.runs else ""
        imputed = chosen or (session.contents.runs[-1] if session.contents.runs else LOG)
        return COUNTS, view.drawable_source(imputed)

    def start(self) -> None:
        """Draw the second map beside the first."""
        viewer, view = self._viewer(), self._view()
        if viewer is None or view is None or view.layer is None or self.is_on:
            return
        assert view.places is not None
        view.wipe.stop()
        view.lasso.stop()
        grid = viewer.canvas.grid
        self._before = (grid.enabled, grid.stride, grid.shape)
        self._image = image_layer(view.session) if view.image is not None else None
        self.layer = spots_layer(view.session, view.places, role="second")
        self.layer.opacity = view.opacity
        for layer in (self._image, self.layer):
            if layer is not None:
                viewer.add_layer(layer)
        grid.stride = 1 if self._image is None else 2
        grid.shape, grid.enabled = (1, 2), True
        self.repaint()
        view.show_title()
        viewer.reset_view()

    def stop(self) -> None:
        """Back to one map."""
        viewer, view = self._viewer(), self._view()
        if viewer is None or view is None or not self.is_on:
            return
        second, image = self.layer, self._image
        self.layer = self._image = None
        for layer in (second, image):
            if layer is not None and layer in viewer.layers:
                viewer.layers.remove(layer)
        grid = viewer.canvas.grid
        grid.enabled, grid.stride, grid.shape = self._before
        if view.layer is not None:
            view.layer.name_overlay.visible = False
            view.layer.name = layer_name(view.session)
            viewer.layers.selection.active = view.layer
        view.refresh()
        viewer.reset_view()

    def repaint(self) -> None:
        """Colour both maps on one scale."""
        view = self._view()
        if view is None or self.layer is None or view.layer is None:
            return
        for layer, source in zip((view.layer, self.layer), self.sources(), strict=True):
            shown = view.shown_for(source)
            if shown is not None:
                paint(layer, shown)
                layer.name = shown.headline or shown.title
                layer.name_overlay.visible = True
