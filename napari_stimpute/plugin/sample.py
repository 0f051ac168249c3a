"""The section in napari's File → Open Sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari.types import LayerData


def simulated_section() -> list[LayerData]:
    """Layers of the simulated tissue section."""
    from ..data.simulate import simulate_section
    from .reader import layers_of

    return layers_of(simulate_section)
