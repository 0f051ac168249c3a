"""The sections in napari's File → Open Sample."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari.types import LayerData


def simulated_section() -> list[LayerData]:
    """Layers of the simulated tissue section."""
    from ..data.simulate import simulate_section
    from .reader import layers_of

    return layers_of(simulate_section)


def public_section(name: str) -> list[LayerData]:
    """Fetch a public section, by its name in squidpy, and open it in the panel.

    The panel shows how far it is, and draws the layers. napari asks for a layer at once: it gets
    one with nothing in it, which is gone a moment later.
    """
    import napari
    from qtpy.QtCore import QTimer

    from . import open_panel
    from .canvas.spots import waiting_layer
    from .widgets.unsaved import ask_first

    viewer = napari.current_viewer()
    if viewer is None:
        raise RuntimeError("A sample is opened in a viewer: there is none.")
    panel = open_panel(viewer)
    panel.show_tab("data")
    data = panel.data.panel
    data.choose_sample(name)
    ask_first(None, data.session, data.open_sample)
    QTimer.singleShot(0, lambda: _remove_empty(viewer))
    return [waiting_layer(data.session).as_layer_data_tuple()]


def _remove_empty(viewer: Any) -> None:
    from .canvas.spots import mark_of

    for layer in list(viewer.layers):
        mark = mark_of(layer)
        if mark is not None and mark.role == "waiting" and not len(layer.data):
            viewer.layers.remove(layer)


mouse_brain = partial(public_section, "V1_Adult_Mouse_Brain")
mouse_brain_fluorescence = partial(public_section, "V1_Adult_Mouse_Brain_Coronal_Section_2")
mouse_kidney = partial(public_section, "V1_Mouse_Kidney")
human_heart = partial(public_section, "V1_Human_Heart")
human_lymph_node = partial(public_section, "V1_Human_Lymph_Node")
human_breast_cancer = partial(public_section, "V1_Breast_Cancer_Block_A_Section_1")
