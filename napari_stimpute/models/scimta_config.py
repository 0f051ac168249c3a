"""Settings of scIMTA."""

from __future__ import annotations

from typing import Any, ClassVar

from ..config import Phase, setting
from .cell_configs import CellConfig


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
