"""Runs as tests ask for them: few steps, a seed of their own, on the processor."""

from __future__ import annotations

from napari_stimpute.models import model_info
from napari_stimpute.run import Request


def request(model: str = "pca", **settings: object) -> Request:
    """A run of the tiny preset, with some settings."""
    config = model_info(model).config
    presets: dict[str, dict[str, object]] = config.PRESETS
    return Request(model, config.checked(presets["tiny"] | settings), seed=3, device="cpu")
