"""Impute, inspect and judge gene expression in spatial transcriptomics and single-cell data.

These names are public; everything else may move.

| name | for |
|---|---|
| `read` | an .h5ad file, checked, with errors in words |
| `Session` | what the window and a notebook work on: open, train, look at, save |
| `jupyter.panels` | the tabs in a notebook; each also stands alone, as in `jupyter.train` |
| `open_viewer` | napari with its panel, on the same session |
| `GMMVGAE`, `ScZiva`, `ScAMZI`, `ScIMTA` | models: fit, impute, embed, cluster, save, load |
| `ScDiffusion` | the same, and generates cells |
| `Editor`, `EditRequest`, `judge_edit` | cells as they might be otherwise, and a verdict per gene |
| `Mixture`, `GeneMean`, `NeighbourMean`, `PCADenoiser` | simple ones: the same, where they can |
| `GMMVGAEConfig`, `ScZivaConfig`, `ScAMZIConfig`, `ScIMTAConfig` | settings, with range and help |
| `ScDiffusionConfig` | the same |
| `MixtureConfig`, `GeneMeanConfig`, `NeighbourMeanConfig`, `PCADenoiserConfig` | of simple ones |
| `GeneByGene` | values of a run that kept its model in place of them |
| `thin`, `deviance_explained` | hide molecules, and score what was predicted of them |
| `variable_genes`, `differential_expression`, `pattern_steps` | what the tab Statistics finds |
| `marker_steps`, `annotation_steps`, `read_marker_lists` | markers and names of groups |
| `transfer_steps`, `trajectory_steps`, `community_steps` | names, an order, communities |
| `gene_network`, `network_picture` | the best connected genes of a community, and their figure |
| `mixing`, `representation` | scores of batches, and the points that they are about |
| `Order`, `generation_steps` | cells that a trained `ScDiffusion` is asked for, and their scores |
| `raise_steps`, `deepen_steps`, `denoise_steps` | data made fuller by one |
| `Tuning`, `Search` | a search of settings |
| `comparison_of`, `verdict` | methods on the same hidden molecules, and which is best, in words |
| `Workers` | how many processes share the fits of either |
| `drain` | takes all `steps` of long work, and returns what it found |
| `Scene`, `gene_figure` | what a session shows: values, colours, and their figure |
| `Tissue`, `gene_pair`, `domain_map` | figures: what they are drawn on, a gene, domains |
| `score_spread`, `real_and_generated` | figures: scores of methods; generated cells beside real |
| `simulate_section`, `simulate_cells` | data whose truth is known |
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .analysis.annotation import annotation_steps
    from .analysis.communities import community_steps, gene_network
    from .analysis.differential import differential_expression
    from .analysis.marker_lists import read_marker_lists
    from .analysis.markers import marker_steps
    from .analysis.mixing import mixing
    from .analysis.sources import representation
    from .analysis.trajectory import trajectory_steps
    from .analysis.transfer import transfer_steps
    from .analysis.variable import variable_genes
    from .compare.contenders import comparison_of
    from .compare.standing import verdict
    from .data.holdout import thin
    from .data.readers.reading import read
    from .data.simulate import simulate_cells, simulate_section
    from .editing import judge_edit
    from .generate import Order, generation_steps
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
    from .models.scdiffusion.enhance import deepen_steps, denoise_steps, raise_steps
    from .models.scdiffusion.model import ScDiffusion
    from .models.scimta.model import ScIMTA
    from .models.scimta_config import ScIMTAConfig
    from .models.scziva import ScZiva
    from .models.simple.baselines import GeneMean, NeighbourMean, PCADenoiser
    from .models.simple.mixture import Mixture
    from .plots import Tissue, domain_map, gene_pair
    from .plots.communities import network_picture
    from .plots.comparison import score_spread
    from .plots.generated import real_and_generated
    from .plugin import open_viewer
    from .progress import drain
    from .scene.figure import gene_figure
    from .scene.scene import Scene
    from .session.patterns import pattern_steps
    from .session.session import Session
    from .trust.gene_by_gene import GeneByGene
    from .trust.recovery import deviance_explained
    from .tune.search import Search, Tuning
    from .workers.workers import Workers

__version__ = version("napari-stimpute")

_HOME = {
    "EditRequest": ".models.scdiffusion.edit",
    "Editor": ".models.scdiffusion.editor",
    "GMMVGAE": ".models.gmm_vgae.model",
    "GMMVGAEConfig": ".models.configs",
    "GeneByGene": ".trust.gene_by_gene",
    "GeneMean": ".models.simple.baselines",
    "GeneMeanConfig": ".models.configs",
    "Mixture": ".models.simple.mixture",
    "MixtureConfig": ".models.configs",
    "NeighbourMean": ".models.simple.baselines",
    "NeighbourMeanConfig": ".models.configs",
    "Order": ".generate",
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
    "Scene": ".scene.scene",
    "Search": ".tune.search",
    "Session": ".session.session",
    "Tissue": ".plots",
    "Tuning": ".tune.search",
    "Workers": ".workers.workers",
    "annotation_steps": ".analysis.annotation",
    "community_steps": ".analysis.communities",
    "comparison_of": ".compare.contenders",
    "deepen_steps": ".models.scdiffusion.enhance",
    "denoise_steps": ".models.scdiffusion.enhance",
    "deviance_explained": ".trust.recovery",
    "differential_expression": ".analysis.differential",
    "domain_map": ".plots",
    "drain": ".progress",
    "gene_figure": ".scene.figure",
    "gene_network": ".analysis.communities",
    "gene_pair": ".plots",
    "generation_steps": ".generate",
    "judge_edit": ".editing",
    "marker_steps": ".analysis.markers",
    "mixing": ".analysis.mixing",
    "network_picture": ".plots.communities",
    "open_viewer": ".plugin",
    "pattern_steps": ".session.patterns",
    "raise_steps": ".models.scdiffusion.enhance",
    "read": ".data.readers.reading",
    "read_marker_lists": ".analysis.marker_lists",
    "real_and_generated": ".plots.generated",
    "representation": ".analysis.sources",
    "score_spread": ".plots.comparison",
    "simulate_cells": ".data.simulate",
    "simulate_section": ".data.simulate",
    "thin": ".data.holdout",
    "trajectory_steps": ".analysis.trajectory",
    "transfer_steps": ".analysis.transfer",
    "variable_genes": ".analysis.variable",
    "verdict": ".compare.standing",
}

__all__ = [
    "GMMVGAE",
    "EditRequest",
    "Editor",
    "GMMVGAEConfig",
    "GeneByGene",
    "GeneMean",
    "GeneMeanConfig",
    "Mixture",
    "MixtureConfig",
    "NeighbourMean",
    "NeighbourMeanConfig",
    "Order",
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
    "Scene",
    "Search",
    "Session",
    "Tissue",
    "Tuning",
    "Workers",
    "annotation_steps",
    "community_steps",
    "comparison_of",
    "deepen_steps",
    "denoise_steps",
    "deviance_explained",
    "differential_expression",
    "domain_map",
    "drain",
    "gene_figure",
    "gene_network",
    "gene_pair",
    "generation_steps",
    "judge_edit",
    "marker_steps",
    "mixing",
    "network_picture",
    "open_viewer",
    "pattern_steps",
    "raise_steps",
    "read",
    "read_marker_lists",
    "real_and_generated",
    "representation",
    "score_spread",
    "simulate_cells",
    "simulate_section",
    "thin",
    "trajectory_steps",
    "transfer_steps",
    "variable_genes",
    "verdict",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name], __name__), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
