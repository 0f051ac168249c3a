"""The layers that lie on the canvas now: image and spots, and what is laid beside or upon them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np

from ...scene.colours import Ground
from ...scene.places import Places
from ...scene.scene import Scene
from ...scene.shown import Style
from .cut import uncut
from .spots import (
    image_layers,
    image_names,
    layer_name,
    mark_of,
    show_section,
    spots_layer,
    titles_layers,
    waiting_layer,
)
from .units import take_units

if TYPE_CHECKING:
    from napari.layers import Layer

    from .divider import Divider

_OUTLINED = 6.0
"""Pixels of the canvas from which a spot has an outline: napari draws one at least a pixel wide."""

_PASSING = ("second", "divider", "waiting")
"""Layers that come and go with what is done on the canvas."""


class Stage:
    """Lays the spots of a scene on a viewer's canvas, and knows which spot lies where."""

    def __init__(self, viewer: Any, scene: Scene) -> None:
        self.scene = scene
        self.images: list[Layer] = []
        """What lies under the spots: one of each section that has one."""
        self.spots: Layer | None = None
        self.second: Layer | None = None
        """Another map of the same spots, beside or upon the first; None for none."""
        self.divider: Divider | None = None
        """The line between two maps that lie upon one another; None for none."""
        self.is_grid = False
        """Whether two maps stand side by side."""
        self.opacity = 1.0
        self._viewer = ref(viewer)
        self._adata: Any = None
        self._ground: Ground = None
        self._places: Places | None = None

    @property
    def viewer(self) -> Any:
        """The napari viewer; None once it is closed."""
        return self._viewer()

    @property
    def has_moved(self) -> bool:
        """Whether the spots that lie here belong elsewhere now: another map, or a section alone."""
        scene = self.scene
        return self._adata is scene.session.adata and self._places is not scene.places

    @property
    def is_current(self) -> bool:
        """Whether the layers are those of the scene, and nobody removed the spots."""
        scene = self.scene
        if self._adata is not scene.session.adata or self._places is not scene.places:
            return False
        return self._places is None or self.spots in self.viewer.layers

    def lay(self) -> None:
        """Replace our layers by those of the data that are open now."""
        take_units()
        scene, session, layers = self.scene, self.scene.session, self.viewer.layers
        has_moved = self.has_moved
        for layer in list(layers):
            mark = mark_of(layer)
            if mark is not None and (
                mark.adata is not session.adata
                or mark.role in _PASSING
                or (has_moved and mark.role == "spots")
            ):
                layers.remove(layer)
        self._adata, self._places = session.adata, scene.places
        self.images = self._ours("image") or self._added(*self._make_images())
        if not self._ours("titles"):
            self._added(*self._make_titles())
        self.spots = next(iter(self._ours("spots") or self._added(*self._make_spots())), None)
        if self.images:  # cells on a map have no tissue to ask for their names
            for image, name in zip(self.images, image_names(session), strict=False):
                image.name = name
        if self.spots is not None:
            self.spots.name = layer_name(session)
            uncut(self.spots)
            layers.selection.active = self.spots
            for layer in (*self._ours("image"), *self._ours("titles")):
                show_section(layer, scene.places)
            self.fit()
        elif scene.no_map:
            self._added(waiting_layer(session))

    @property
    def can_turn(self) -> bool:
        """Whether another section can be shown by the layers that lie here."""
        mark = None if self.spots is None else mark_of(self.spots)
        before, now = self._places, self.scene.places
        if not self.has_moved or mark is None or mark.placed is None or self.divider is not None:
            return False
        return before is not None and now is not None and None not in (before.layout, now.layout)

    def turn(self) -> None:
        """Show the section that is chosen now; napari takes long to remove layers and add others.

        Colours are as before: the caller paints.
        """
        self._places = self.scene.places
        for role in ("image", "titles", "spots", "second"):
            for layer in self._ours(role):
                show_section(layer, self._places)
        self.fit()

    def fit(self) -> None:
        """Fit what is in sight to the canvas: napari would leave room for the hidden sections."""
        marks = [(layer, mark_of(layer)) for layer in self.viewer.layers if layer.visible]
        seen = [layer for layer, mark in marks if mark is None or mark.role != "titles"]
        with self.viewer.events.reset_view.blocker():
            self.viewer.reset_view(layers=seen)

    def fit_section(self) -> None:
        """The same, where a section is shown alone."""
        if self._places is not None and self._places.section:
            self.fit()

    def show_image(self) -> None:
        """Draw the tissue image as strongly as wanted, on its own ground, with a scale bar."""
        viewer, scene = self.viewer, self.scene
        opacity = scene.session.display.image_opacity
        for layer in viewer.layers:
            mark = mark_of(layer)
            if mark is not None and mark.role == "image" and layer.opacity != opacity:
                layer.opacity = opacity
        if self._ground != scene.ground:  # what someone chose for the canvas stays otherwise
            self._ground = viewer.canvas.background_color_override = scene.ground
        bar = viewer.canvas.overlays.scale_bar
        bar.position = "bottom_left"  # the colour bar stands on the right
        bar.visible = self._places is not None and self._places.microns > 0

    @property
    def style(self) -> Style:
        """As the scene has it; spots of a few pixels have no outline: it would cover them."""
        style, zoom = self.scene.style, self.viewer.scene.camera.zoom
        return style if style.diameter * zoom >= _OUTLINED else replace(style, outline=0.0)

    @property
    def shares_pixels(self) -> bool:
        """Whether spots are narrower than a pixel of the canvas, so that one may show several."""
        mark = None if self.spots is None else mark_of(self.spots)
        if mark is None or mark.raster is None:
            return False
        return bool(self.scene.style.diameter * self.viewer.scene.camera.zoom < 1)

    def set_opacity(self, opacity: float) -> None:
        """Opacity of all maps of spots, 0–1."""
        self.opacity = opacity
        for layer in (self.spots, self.second):
            if layer is not None:
                layer.opacity = opacity

    def remove(self, layer: Layer | None) -> None:
        """Take a layer off the canvas, if it is still there."""
        if layer is not None and layer in self.viewer.layers:
            self.viewer.layers.remove(layer)

    def spot_at(self, position: Any) -> int:
        """Number of the spot at a place of the canvas (y, x last), or −1."""
        mark = mark_of(self.spots) if self.spots is not None else None
        if mark is None or self._places is None:
            return -1
        place = np.asarray(position, dtype=np.float64)[-2:]
        return self._places.tiles.nearest(place, self._places.diameter / 2)

    def _make_images(self) -> list[Layer]:
        return [] if self._places is None else image_layers(self.scene.session, self._places)

    def _make_titles(self) -> list[Layer]:
        return [] if self._places is None else titles_layers(self.scene.session, self._places)

    def _make_spots(self) -> list[Layer]:
        if self._places is None:
            return []
        layer = spots_layer(self.scene.session, self._places)
        layer.opacity = self.opacity
        return [layer]

    def _added(self, *layers: Layer) -> list[Layer]:
        for layer in layers:
            self.viewer.add_layer(layer)
        return list(layers)

    def _ours(self, role: str) -> list[Layer]:
        """The layers that draw the open data already, for example from a file reader."""
        marks = [(layer, mark_of(layer)) for layer in self.viewer.layers]
        return [
            layer
            for layer, mark in marks
            if mark is not None and mark.adata is self._adata and mark.role == role
        ]
