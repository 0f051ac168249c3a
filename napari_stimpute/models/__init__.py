"""Every model by its registered name; a model's code is imported when it is first built."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ..errors import UnknownName
from .configs import INFOS, ModelInfo

if TYPE_CHECKING:
    from .base import Model

MODELS: dict[str, ModelInfo] = {info.name: info for info in INFOS}


def model_info(name: str) -> ModelInfo:
    """Title, needs and settings of a model; `UnknownName` lists the known ones."""
    if name not in MODELS:
        raise UnknownName.of("model", name, MODELS)
    return MODELS[name]


def model_class(name: str) -> type[Model]:
    """Import and return the class of a model."""
    module, _, cls = model_info(name).home.partition(":")
    return getattr(import_module(f".{module}", __name__), cls)  # type: ignore[no-any-return]
