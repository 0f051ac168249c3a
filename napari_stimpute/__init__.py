"""Impute, inspect and judge gene expression in spatial transcriptomics and single-cell data."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .data.io import read
    from .models.baselines import GeneMean, NeighbourMean, PCADenoiser
    from .models.gmm_vgae import GMMVGAE
    from .models.scamzi import ScAMZI
    from .models.scimta import ScIMTA
    from .models.scziva import ScZiva
    from .session import Session

__version__ = version("napari-stimpute")

_HOME = {
    "GMMVGAE": ".models.gmm_vgae",
    "GeneMean": ".models.baselines",
    "NeighbourMean": ".models.baselines",
    "PCADenoiser": ".models.baselines",
    "ScAMZI": ".models.scamzi",
    "ScIMTA": ".models.scimta",
    "ScZiva": ".models.scziva",
    "Session": ".session",
    "read": ".data.io",
}

__all__ = [
    "GMMVGAE",
    "GeneMean",
    "NeighbourMean",
    "PCADenoiser",
    "ScAMZI",
    "ScIMTA",
    "ScZiva",
    "Session",
    "read",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name], __name__), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
