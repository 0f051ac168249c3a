"""Settings of scDiffusion."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from ..config import Phase, setting
from .cell_configs import CellConfig


class ScDiffusionConfig(CellConfig):
    """Settings of the count autoencoder and of the denoiser of its latent points."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "default": {},
        "tiny": {
            "epochs": 10,
            "least_steps": 50,
            "diffusion_steps": 300,
            "n_hidden": 32,
            "n_latent": 8,
            "width": 32,
            "n_blocks": 2,
            "n_clusters": 3,
        },
        "paper": {"n_latent": 256, "n_hidden": 512, "kl_weight": 0.01, "process": "ve"},
    }
    PHASES: ClassVar[dict[str, Phase]] = {
        "autoencoder": Phase("epochs", least="least_steps"),
        "diffusion": Phase("diffusion_steps", unit="steps", per_cell=1.75),
    }
    SEARCH: ClassVar[dict[str, tuple[Any, ...]]] = {
        "n_latent": (8, 16, 32),
        "n_hidden": (128, 256, 512),
        "kl_weight": (0.3, 1.0, 3.0),
        "learning_rate": (1e-3, 3e-3, 5e-3),
    }

    condition: str = setting(
        "",
        "Columns of obs that cells can be asked for, divided by commas: names (types, treatments) "
        "or numbers (doses, times).",
        source="obs",
        title="Conditions",
        several=True,
    )
    likelihood: Literal["auto", "nb", "zinb", "poisson", "bernoulli", "gaussian"] = setting(
        "auto",
        "How counts scatter. auto: nb for genes, bernoulli for peaks. nb: counts of molecules. "
        "zinb: with extra zeros. bernoulli: peaks, open or closed. poisson: fragments in peaks. "
        "gaussian: log values.",
    )
    epochs: int = setting(
        40,
        "Passes over the cells in which the autoencoder learns; more where cells are few.",
        ge=1,
        le=5000,
        step=10,
    )
    least_steps: int = setting(
        500,
        "Steps that the autoencoder learns at least, however few the cells are.",
        ge=1,
        le=1_000_000,
        step=100,
        advanced=True,
        title="Least steps",
    )
    diffusion_steps: int = setting(
        5000,
        "Steps in which the denoiser learns; fewer where cells are few (1.75 a cell, 500 in any "
        "case), so that it does not copy them.",
        ge=1,
        le=1_000_000,
        step=1000,
    )
    process: Literal["flow", "v", "vp", "sub_vp", "ve"] = setting(
        "flow",
        "How noise is mixed in. flow: along straight lines. v: evenly in the angle between data "
        "and noise. vp, sub_vp, ve: score matching.",
        advanced=True,
    )
    judge_share: float = setting(
        0.1,
        "Cells that are not learned from, so that generated ones can be held against them; at "
        "least 200 where these are few of all, at most 3,000. 0 keeps none.",
        ge=0.0,
        le=0.3,
        step=0.05,
        title="Kept apart",
        advanced=True,
    )
    fill_threshold: float = setting(
        0.5,
        "fill: a zero is filled if it is technical with more than this probability.",
        ge=0.0,
        le=1.0,
        step=0.05,
        title="Fill threshold",
        advanced=True,
    )
    batch_size: int = setting(
        128,
        "Cells in one training step of the autoencoder.",
        ge=16,
        le=65536,
        step=16,
        advanced=True,
        title="Cells per step",
    )
    learning_rate: float = setting(
        3e-3,
        "Step size of the autoencoder's optimiser.",
        ge=1e-6,
        le=1.0,
        step=1e-4,
        log=True,
        advanced=True,
    )
    n_latent: int = setting(
        16,
        "Dimensions of the embedding.",
        ge=2,
        le=512,
        step=1,
        advanced=True,
        title="Latent dimensions",
    )
    n_hidden: int = setting(
        256,
        "Width of the autoencoder's hidden layers.",
        ge=4,
        le=4096,
        step=8,
        advanced=True,
        title="Hidden units",
    )
    width: int = setting(
        128, "Width of the denoiser.", ge=8, le=4096, step=8, advanced=True, title="Denoiser width"
    )
    n_blocks: int = setting(
        3, "Layers of the denoiser.", ge=1, le=24, step=1, advanced=True, title="Denoiser layers"
    )
    condition_dropout: float = setting(
        0.1,
        "How often a condition is left out in training, so that it can be left open afterwards.",
        ge=0.0,
        le=0.9,
        step=0.05,
        advanced=True,
        title="Condition dropout",
    )
