"""The section in napari's File → Open Sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari.types import LayerData


def simulated_section() -> list[LayerData]:
    """Layers of the simulated tissue section."""
    from .reader import layers_of

    return layers_of(section())


def section() -> Any:
    """The simulated tissue section, an AnnData; the same one every time."""
    from ..data.simulate import simulate_section

    return simulate_section()
