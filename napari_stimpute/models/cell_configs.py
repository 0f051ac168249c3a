"""Settings of the models of cells: what all have, scZiva and scAMZI."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from ..config import ModelConfig, Phase, setting


class CellConfig(ModelConfig):
    """Settings that every model of cells has."""

    n_clusters: int = setting(
        0,
        "Clusters to find; 0 estimates their number from the cells.",
        ge=0,
        le=200,
        step=1,
        title="Clusters",
    )
    mode: Literal["denoise", "fill"] = setting(
        "denoise",
        "denoise: model mean everywhere. fill: observed counts stay as they are, and only zeros "
        "that are likely technical are filled.",
    )
    clustering: Literal["consensus", "spectral", "mixture"] = setting(
        "consensus",
        "consensus: what 30 clusterings by three methods agree on. spectral: on a graph of similar "
        "cells. mixture: of normal distributions with one covariance.",
        advanced=True,
    )
    batch_size: int = setting(
        256,
        "Cells in one training step.",
        ge=16,
        le=65536,
        step=16,
        advanced=True,
        title="Cells per step",
    )
    hidden_share: float = setting(
        0.05,
        "Share of the molecules hidden during training to decide when to stop.",
        ge=0.01,
        le=0.5,
        step=0.01,
        advanced=True,
        title="Hidden share",
    )
    kl_weight: float = setting(
        1.0,
        "Weight of the prior on the embedding in the loss; 0 leaves it out.",
        ge=0.0,
        le=10.0,
        step=0.1,
        advanced=True,
        title="KL weight",
    )
    learning_rate: float = setting(
        2e-3,
        "Step size of the optimiser; half of it in phases after the first.",
        ge=1e-6,
        le=1.0,
        step=1e-4,
        log=True,
        advanced=True,
    )


class ScZivaConfig(CellConfig):
    """Settings of the zero-inflated variational autoencoder."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "default": {},
        "tiny": {"epochs": 16, "n_hidden": 32, "n_latent": 8, "kernel": 16, "n_clusters": 3},
        "paper": {"channels": 1, "stride": 1, "learning_rate": 1e-3, "epochs": 200},
    }
    PHASES: ClassVar[dict[str, Phase]] = {"train": Phase("epochs", usual=90)}
    SEARCH: ClassVar[dict[str, tuple[Any, ...]]] = {
        "likelihood": ("zinb", "nb"),
        "n_latent": (16, 32, 64),
        "n_hidden": (64, 128, 256),
        "ordering": ("correlation", "none"),
        "kl_weight": (0.3, 1.0, 3.0),
        "auxiliary_weight": (0.0, 0.1, 1.0),
        "learning_rate": (1e-3, 2e-3, 4e-3),
        "dropout": (0.0, 0.1, 0.2),
    }

    likelihood: Literal["zinb", "nb"] = setting(
        "zinb",
        "zinb: negative binomial with extra zeros. nb: without, as UMI counts mostly are.",
    )
    epochs: int = setting(
        400,
        "Passes over the cells at most; training stops when hidden molecules are no longer "
        "predicted better.",
        ge=1,
        le=5000,
        step=10,
    )
    fill_threshold: float = setting(
        0.5,
        "fill: a zero is filled if it is technical with more than this probability.",
        ge=0.0,
        le=1.0,
        step=0.05,
        title="Fill threshold",
    )
    n_latent: int = setting(
        64,
        "Dimensions of the embedding.",
        ge=2,
        le=200,
        step=1,
        advanced=True,
        title="Latent dimensions",
    )
    n_hidden: int = setting(
        128,
        "Width of the hidden layers.",
        ge=4,
        le=2048,
        step=8,
        advanced=True,
        title="Hidden units",
    )
    ordering: Literal["correlation", "data", "none"] = setting(
        "correlation",
        "What neighbouring genes in the convolution have in common: expression in "
        "the same cells, their place in the file; none leaves the convolution out.",
        advanced=True,
        title="Order of genes",
    )
    kernel: int = setting(
        64,
        "Genes that one window of the convolution sees.",
        ge=2,
        le=1024,
        step=8,
        advanced=True,
        title="Window of genes",
    )
    stride: int = setting(
        4,
        "Genes from one window to the next.",
        ge=1,
        le=64,
        step=1,
        advanced=True,
    )
    channels: int = setting(
        8,
        "Patterns that the convolution looks for.",
        ge=1,
        le=64,
        step=1,
        advanced=True,
        title="Patterns",
    )
    auxiliary_weight: float = setting(
        0.1,
        "Weight of the squared error of log counts in the loss.",
        ge=0.0,
        le=10.0,
        step=0.1,
        advanced=True,
        title="Auxiliary weight",
    )
    dropout: float = setting(
        0.1,
        "Share of hidden units switched off in each training step.",
        ge=0.0,
        le=0.9,
        step=0.05,
        advanced=True,
    )


class ScAMZIConfig(CellConfig):
    """Settings of the autoencoder with SimAM attention and a zero-inflation layer."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "default": {},
        "tiny": {"epochs": 16, "finetune_epochs": 6, "n_clusters": 3},
        "paper": {"noise": 2.5, "kl_weight": 0.0},
    }
    PHASES: ClassVar[dict[str, Phase]] = {
        "pretrain": Phase("epochs", usual=200),
        "fine-tune": Phase("finetune_epochs", usual=100),
    }
    SEARCH: ClassVar[dict[str, tuple[Any, ...]]] = {
        "noise": (0.1, 0.3, 1.0, 2.5),
        "kl_weight": (0.3, 1.0, 3.0),
        "attention": (True, False),
        "zero_inflation": (True, False),
        "learning_rate": (1e-3, 2e-3, 4e-3),
        "n_latent": (8, 10, 16, 32),
    }

    attention: bool = setting(
        True,
        "SimAM: genes that stand out within a cell count more. Off to see what it adds.",
        title="Attention",
    )
    zero_inflation: bool = setting(
        True,
        "Zero-inflation layer: imitates dropout while training. Off to see what it adds.",
        title="Zero-inflation layer",
    )
    epochs: int = setting(
        200, "Passes over the cells at most, in pretraining.", ge=1, le=5000, step=10
    )
    finetune_epochs: int = setting(
        100,
        "Passes at most after the zero-inflation layer has faded.",
        ge=0,
        le=5000,
        step=10,
        title="Fine-tuning epochs",
    )
    fill_threshold: float = setting(
        0.5,
        "fill: a zero is filled if it is technical with more than this probability.",
        ge=0.0,
        le=1.0,
        step=0.05,
        title="Fill threshold",
    )
    n_latent: int = setting(
        10,
        "Dimensions of the embedding.",
        ge=2,
        le=200,
        step=1,
        advanced=True,
        title="Latent dimensions",
    )
    noise: float = setting(
        0.3,
        "Standard deviation of the noise added to each layer's input in training.",
        ge=0.0,
        le=5.0,
        step=0.1,
        advanced=True,
    )
