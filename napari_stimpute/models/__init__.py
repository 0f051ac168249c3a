"""Every model by its registered name; a model's code is imported when it is first built."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from .configs import MODELS, model_info

if TYPE_CHECKING:
    from .base import Model

__all__ = ["MODELS", "model_class", "model_info"]


def model_class(name: str) -> type[Model]:
    """Import and return the class of a model."""
    module, _, cls = model_info(name).home.partition(":")
    return getattr(import_module(module, __name__), cls)  # type: ignore[no-any-return]
