"""Impute, inspect and judge gene expression in spatial transcriptomics and single-cell data."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .data.readers.h5ad import read
    from .models.gmm_vgae.model import GMMVGAE
    from .models.scamzi import ScAMZI
    from .models.scimta.model import ScIMTA
    from .models.scziva import ScZiva
    from .models.simple.baselines import GeneMean, NeighbourMean, PCADenoiser
    from .session.session import Session

__version__ = version("napari-stimpute")

_HOME = {
    "GMMVGAE": ".models.gmm_vgae.model",
    "GeneMean": ".models.simple.baselines",
    "NeighbourMean": ".models.simple.baselines",
    "PCADenoiser": ".models.simple.baselines",
    "ScAMZI": ".models.scamzi",
    "ScIMTA": ".models.scimta.model",
    "ScZiva": ".models.scziva",
    "Session": ".session.session",
    "read": ".data.readers.h5ad",
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
