"""What the canvas shows of a layer of spots."""

from __future__ import annotations

from napari.layers import Layer


def limits_of(layer: Layer) -> tuple[float, float]:
    """The colour limits that the canvas shows for a layer of spots."""
    limits = layer.contrast_limits if hasattr(layer, "colorbar") else layer.face_contrast_limits
    return (float(limits[0]), float(limits[1]))
