"""Settings of the models of cells: scZiva, scAMZI and scIMTA."""

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
    clustering: Literal["auto", "spectral", "mixture"] = setting(
        "auto",
        "spectral: on a graph of similar cells. mixture: of normal distributions with one "
        "covariance. auto: whichever predicts hidden molecules better.",
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
    PHASES: ClassVar[dict[str, Phase]] = {"train": Phase("epochs", usual=80)}
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
        "pretrain": Phase("epochs"),
        "fine-tune": Phase("finetune_epochs"),
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


class ScIMTAConfig(CellConfig):
    """Settings of the multi-task graph autoencoder."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "default": {},
        "tiny": {
            "epochs": 16,
            "cluster_epochs": 4,
            "decoder_epochs": 4,
            "n_hidden": 32,
            "n_latent": 8,
            "n_clusters": 3,
            "n_components": 10,
        },
        "paper": {"n_hidden": 128, "n_latent": 15, "n_neighbors": 15, "learning_rate": 5e-4},
        "large": {
            "epochs": 20,
            "cluster_epochs": 5,
            "decoder_epochs": 5,
            "batch_size": 1024,
            "learning_rate": 4e-3,
        },
    }
    PHASES: ClassVar[dict[str, Phase]] = {
        "pretrain": Phase("epochs"),
        "cluster": Phase("cluster_epochs"),
        "decode": Phase("decoder_epochs"),
    }
    SEARCH: ClassVar[dict[str, tuple[Any, ...]]] = {
        "n_neighbors": (10, 15, 30),
        "walk_steps": (1, 2, 3),
        "n_hops": (1, 2),
        "graph_weight": (0.003, 0.01, 0.03, 0.1),
        "cluster_weight": (0.0, 0.03, 0.1),
        "n_latent": (10, 15, 20, 30),
        "n_hidden": (64, 128, 256),
        "n_components": (20, 30, 50),
        "kl_weight": (0.3, 1.0, 3.0),
        "learning_rate": (1e-3, 2e-3, 4e-3),
    }

    batch_key: str = setting(
        "",
        "Column that names batches to be merged: neighbours are looked for in every batch, and "
        "what is peculiar to a batch is kept out of the embedding.",
        source="obs",
        title="Batch column",
    )
    communities: bool = setting(
        True,
        "Find communities of genes that vary together, on a graph of genes.",
        title="Gene communities",
    )
    epochs: int = setting(
        300, "Passes over the cells at most, in pretraining.", ge=1, le=5000, step=10
    )
    cluster_epochs: int = setting(
        30,
        "Passes while clusters and communities are learned, after pretraining.",
        ge=0,
        le=1000,
        step=5,
        title="Clustering epochs",
    )
    decoder_epochs: int = setting(
        60,
        "Passes at most in which the deep part of the decoder is learned, at the end.",
        ge=0,
        le=1000,
        step=5,
        title="Decoder epochs",
        advanced=True,
    )
    n_latent: int = setting(
        15,
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
    n_components: int = setting(
        30,
        "Principal components of the log-normalised counts that the encoder reads.",
        ge=2,
        le=500,
        step=5,
        advanced=True,
        title="Principal components",
    )
    n_neighbors: int = setting(
        15,
        "Cells (or genes) each is joined with, itself included.",
        ge=2,
        le=200,
        step=1,
        advanced=True,
        title="Neighbours",
    )
    walk_steps: int = setting(
        2,
        "Steps of the random walks that grade the edges.",
        ge=1,
        le=4,
        step=1,
        advanced=True,
        title="Walk steps",
    )
    n_hops: int = setting(
        2,
        "Steps on the graph from which expression is gathered.",
        ge=1,
        le=4,
        step=1,
        advanced=True,
        title="Graph steps",
    )
    graph_weight: float = setting(
        0.01,
        "Weight of rebuilding the graphs of cells and genes, beside rebuilding counts.",
        ge=0.0,
        le=10.0,
        step=0.01,
        advanced=True,
        title="Graph weight",
    )
    cluster_weight: float = setting(
        0.03,
        "Weight of drawing cells to their clusters, and genes to their communities.",
        ge=0.0,
        le=10.0,
        step=0.01,
        advanced=True,
        title="Cluster weight",
    )
    quantile: float = setting(
        0.001,
        "fill: how far below zero a gene's low-rank values may stray, as a share of cells.",
        ge=0.0,
        le=0.1,
        step=0.001,
        advanced=True,
    )
    dropout: float = setting(
        0.1,
        "Share of hidden units switched off in each training step.",
        ge=0.0,
        le=0.9,
        step=0.05,
        advanced=True,
    )
