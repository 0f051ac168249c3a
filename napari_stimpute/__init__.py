"""Impute, inspect and judge gene expression in spatial transcriptomics and single-cell data.

These names are public; everything else may move.

| name | for |
|---|---|
| `read` | an .h5ad file, checked, with errors in words |
| `Session` | what the window and a notebook work on: open, train, look at, save |
| `jupyter.panels` | the panels of a notebook |
| `GMMVGAE`, `ScZiva`, `ScAMZI`, `ScIMTA` | models: fit, impute, embed, cluster, save, load |
| `ScDiffusion` | the same, and generates cells |
| `Editor`, `EditRequest`, `judge_edit` | cells as they might be otherwise, and a verdict per gene |
| `Mixture`, `GeneMean`, `NeighbourMean`, `PCADenoiser` | simple ones: the same, where they can |
| `GMMVGAEConfig`, `ScZivaConfig`, `ScAMZIConfig`, `ScIMTAConfig` | settings, with range and help |
| `ScDiffusionConfig` | the same |
| `MixtureConfig`, `GeneMeanConfig`, `NeighbourMeanConfig`, `PCADenoiserConfig` | of simple ones |
| `thin`, `deviance_explained` | hide molecules, and score what was predicted of them |
| `Tissue`, `gene_pair`, `domain_map` | figures: what they are drawn on, a gene, domains |
| `simulate_section`, `simulate_cells` | data whose truth is known |
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .data.holdout import thin
    from .data.readers.h5ad import read
    from .data.simulate import simulate_cells, simulate_section
    from .editing import judge_edit
    from .models.cell_configs import ScAMZIConfig, ScZivaConfig
    from .models.configs import (
        GeneMeanConfig,
        GMMVGAEConfig,
        MixtureConfig,
        NeighbourMeanConfig,
        PCADenoiserConfig,
    )
    from .models.diffusion_config import ScDiffusionConfig
    from .models.gmm_vgae.model import GMMVGAE
    from .models.scamzi import ScAMZI
    from .models.scdiffusion.edit import EditRequest
    from .models.scdiffusion.editor import Editor
    from .models.scdiffusion.model import ScDiffusion
    from .models.scimta.model import ScIMTA
    from .models.scimta_config import ScIMTAConfig
    from .models.scziva import ScZiva
    from .models.simple.baselines import GeneMean, NeighbourMean, PCADenoiser
    from .models.simple.mixture import Mixture
    from .plots import Tissue, domain_map, gene_pair
    from .session.session import Session
    from .trust.recovery import deviance_explained

__version__ = version("napari-stimpute")

_HOME = {
    "EditRequest": ".models.scdiffusion.edit",
    "Editor": ".models.scdiffusion.editor",
    "GMMVGAE": ".models.gmm_vgae.model",
    "GMMVGAEConfig": ".models.configs",
    "GeneMean": ".models.simple.baselines",
    "GeneMeanConfig": ".models.configs",
    "Mixture": ".models.simple.mixture",
    "MixtureConfig": ".models.configs",
    "NeighbourMean": ".models.simple.baselines",
    "NeighbourMeanConfig": ".models.configs",
    "PCADenoiser": ".models.simple.baselines",
    "PCADenoiserConfig": ".models.configs",
    "ScAMZI": ".models.scamzi",
    "ScAMZIConfig": ".models.cell_configs",
    "ScDiffusion": ".models.scdiffusion.model",
    "ScDiffusionConfig": ".models.diffusion_config",
    "ScIMTA": ".models.scimta.model",
    "ScIMTAConfig": ".models.scimta_config",
    "ScZiva": ".models.scziva",
    "ScZivaConfig": ".models.cell_configs",
    "Session": ".session.session",
    "Tissue": ".plots",
    "deviance_explained": ".trust.recovery",
    "domain_map": ".plots",
    "gene_pair": ".plots",
    "judge_edit": ".editing",
    "read": ".data.readers.h5ad",
    "simulate_cells": ".data.simulate",
    "simulate_section": ".data.simulate",
    "thin": ".data.holdout",
}

__all__ = [
    "GMMVGAE",
    "EditRequest",
    "Editor",
    "GMMVGAEConfig",
    "GeneMean",
    "GeneMeanConfig",
    "Mixture",
    "MixtureConfig",
    "NeighbourMean",
    "NeighbourMeanConfig",
    "PCADenoiser",
    "PCADenoiserConfig",
    "ScAMZI",
    "ScAMZIConfig",
    "ScDiffusion",
    "ScDiffusionConfig",
    "ScIMTA",
    "ScIMTAConfig",
    "ScZiva",
    "ScZivaConfig",
    "Session",
    "Tissue",
    "deviance_explained",
    "domain_map",
    "gene_pair",
    "judge_edit",
    "read",
    "simulate_cells",
    "simulate_section",
    "thin",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name], __name__), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
