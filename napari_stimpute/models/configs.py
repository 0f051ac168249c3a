"""Settings, titles and needs of every model, without torch: forms and `--help` open at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from ..config import ModelConfig, Phase, setting
from ..errors import UnknownName
from .cell_configs import ScAMZIConfig, ScZivaConfig
from .diffusion_config import ScDiffusionConfig
from .scimta_config import ScIMTAConfig

Need = Literal["counts", "spatial"]


class GeneMeanConfig(ModelConfig):
    """Gene mean × depth has nothing to set."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {"default": {}, "tiny": {}}


class NeighbourMeanConfig(ModelConfig):
    """Settings of the neighbour mean."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {"default": {}, "tiny": {"n_neighbors": 10}}

    neighbors: Literal["expression", "tissue"] = setting(
        "expression",
        "Who counts as a neighbour: those with similar expression, or those that lie side by side.",
    )
    n_neighbors: int = setting(
        30, "How many are averaged, each itself included.", ge=2, le=500, step=1
    )
    n_components: int = setting(
        20,
        "Principal components in which similarity is measured.",
        ge=2,
        le=100,
        step=1,
        advanced=True,
    )


class PCADenoiserConfig(ModelConfig):
    """Settings of the principal-component denoiser."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {"default": {}, "tiny": {"n_components": 10}}
    SEARCH: ClassVar[dict[str, tuple[Any, ...]]] = {"n_components": (5, 10, 15, 20, 30, 50, 100)}

    n_components: int = setting(
        20, "Principal components that are kept; the rest is taken for noise.", ge=1, le=200, step=1
    )


class MixtureConfig(ModelConfig):
    """Settings of the blend of simple predictions."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {"default": {}, "tiny": {}}

    section_key: str = setting(
        "",
        "Column that tells tissue sections apart: no neighbours across two. As found: by the data.",
        source="obs",
        title="Section column",
        none="as found",
    )
    hidden_share: float = setting(
        0.1,
        "Share of the molecules hidden to find the weights.",
        ge=0.01,
        le=0.5,
        step=0.01,
        advanced=True,
        title="Hidden share",
    )


class GMMVGAEConfig(ModelConfig):
    """Settings of the graph variational autoencoder with a Gaussian-mixture prior."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "default": {},
        "tiny": {"n_hidden": 32, "n_latent": 8, "epochs": 12, "mixture_epochs": 4, "n_domains": 3},
        "paper": {
            "n_hidden": 240,
            "n_latent": 40,
            "smoothing": "neighbours",
            "n_neighbors": 5,
            "learning_rate": 1e-3,
            "mixture_epochs": 50,
        },
    }
    PHASES: ClassVar[dict[str, Phase]] = {
        "pretrain": Phase("epochs", usual=250, usual_of_few=40),
        "mixture": Phase("mixture_epochs"),
    }
    SEARCH: ClassVar[dict[str, tuple[Any, ...]]] = {
        "n_latent": (10, 20, 40),
        "n_hidden": (64, 128, 256),
        "n_components": (20, 30, 50),
        "n_neighbors": (4, 6, 10),
        "n_hops": (1, 2, 3),
        "edge_weight": (0.3, 1.0, 3.0),
        "kl_weight": (0.3, 1.0, 3.0),
        "learning_rate": (1e-3, 2e-3, 5e-3),
        "dropout": (0.0, 0.1, 0.2),
    }

    n_domains: int = setting(
        0,
        "Spatial domains to find; 0 lets hidden molecules decide (BIC is shown beside).",
        ge=0,
        le=60,
        step=1,
        title="Domains",
    )
    mode: Literal["denoise", "fill"] = setting(
        "denoise",
        "denoise: model mean everywhere. fill: observed counts stay as they are, and only zeros "
        "that are likely technical are filled.",
    )
    smoothing: Literal["auto", "none", "own+neighbours", "neighbours"] = setting(
        "auto",
        "What a spot's embedding is made of: its own counts, its neighbours', or both. "
        "auto: the simplest that no other clearly beats on hidden molecules.",
    )
    epochs: int = setting(
        300,
        "Passes over the spots at most; training stops when hidden molecules are no longer "
        "predicted better.",
        ge=1,
        le=5000,
        step=10,
    )
    refine: bool = setting(
        False,
        "Give each spot the domain that most of its neighbours have. Off: domains as learned.",
        title="Refine domains",
    )
    section_key: str = setting(
        "",
        "Column that tells tissue sections apart: no neighbours across two. As found: by the data.",
        source="obs",
        title="Section column",
        none="as found",
    )
    likelihood: Literal["negative binomial", "gaussian"] = setting(
        "negative binomial",
        "negative binomial: on counts. gaussian: on log-normalised values.",
        advanced=True,
    )
    n_latent: int = setting(
        20,
        "Dimensions of the embedding.",
        ge=2,
        le=200,
        step=1,
        advanced=True,
        title="Latent dimensions",
    )
    n_hidden: int = setting(
        128,
        "Width of the hidden layer.",
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
        6,
        "Neighbours of a spot in the tissue graph.",
        ge=1,
        le=100,
        step=1,
        advanced=True,
        title="Neighbours",
    )
    n_hops: int = setting(
        2,
        "Steps on the graph from which expression is gathered.",
        ge=1,
        le=6,
        step=1,
        advanced=True,
        title="Graph steps",
    )
    mixture_epochs: int = setting(
        30,
        "Epochs with the Gaussian-mixture prior, after pretraining.",
        ge=0,
        le=1000,
        step=5,
        advanced=True,
        title="Mixture epochs",
    )
    edge_weight: float = setting(
        1.0,
        "Weight of the edge decoder (which spots are neighbours) in the loss.",
        ge=0.0,
        le=100.0,
        step=0.1,
        advanced=True,
        title="Edge weight",
    )
    kl_weight: float = setting(
        1.0,
        "Weight of the prior in the loss.",
        ge=0.0,
        le=10.0,
        step=0.1,
        advanced=True,
        title="KL weight",
    )
    prune: bool = setting(
        True,
        "Drop edges across confident domain boundaries while the mixture is learned.",
        advanced=True,
        title="Prune edges",
    )
    fill_threshold: float = setting(
        0.5,
        "fill: a zero is filled if it hides a molecule with at least this probability.",
        ge=0.0,
        le=1.0,
        step=0.05,
        advanced=True,
        title="Fill threshold",
    )
    learning_rate: float = setting(
        2e-3, "Step size of the optimiser.", ge=1e-6, le=1.0, step=1e-4, log=True, advanced=True
    )
    dropout: float = setting(
        0.1,
        "Share of hidden units switched off in each training step.",
        ge=0.0,
        le=0.9,
        step=0.05,
        advanced=True,
    )
    batch_size: int = setting(
        512,
        "Spots whose genes are decoded in one step.",
        ge=16,
        le=65536,
        step=16,
        advanced=True,
        title="Spots per step",
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


@dataclass(frozen=True)
class ModelInfo:
    """What menus, tables and checks need to know of a model without importing it."""

    name: str
    title: str
    summary: str
    """One sentence a biologist understands."""
    config: type[ModelConfig]
    home: str
    """``module:class``, imported when it is built; a leading dot stands for this package."""
    needs: frozenset[Need] = frozenset({"counts"})
    recommended_genes: str = "hvg:3000"
    provides: tuple[str, ...] = field(default=("imputed",))
    good_for: str = ""
    """A few words for a menu."""
    blends: bool = False
    """Whether its prediction is blended with simple ones; what is simple itself is not."""


_INFOS: tuple[ModelInfo, ...] = (
    ModelInfo(
        "gmm_vgae",
        "GMM-VGAE",
        "Finds the domains of a tissue section, and fills in genes from spots that are alike or "
        "near (a graph autoencoder with a Gaussian-mixture prior).",
        GMMVGAEConfig,
        ".gmm_vgae.model:GMMVGAE",
        needs=frozenset({"counts", "spatial"}),
        provides=("imputed", "embedding", "clusters"),
        blends=True,
        good_for="also finds domains",
    ),
    ModelInfo(
        "scziva",
        "scZiva",
        "Fills in genes of dissociated cells, and tells zeros that were missed from true ones (a "
        "zero-inflated variational autoencoder).",
        ScZivaConfig,
        ".scziva:ScZiva",
        provides=("imputed", "embedding", "clusters"),
        blends=True,
        good_for="for cells",
    ),
    ModelInfo(
        "scamzi",
        "scAMZI",
        "Finds types of cells, and fills in genes on the way (a zero-inflated autoencoder with "
        "attention).",
        ScAMZIConfig,
        ".scamzi:ScAMZI",
        recommended_genes="hvg:2000",
        provides=("imputed", "embedding", "clusters"),
        blends=True,
        good_for="finds types of cells",
    ),
    ModelInfo(
        "scimta",
        "scIMTA",
        "Finds clusters of cells and communities of genes, and merges batches (a multi-task graph "
        "autoencoder).",
        ScIMTAConfig,
        ".scimta.model:ScIMTA",
        recommended_genes="hvg:2000",
        provides=("imputed", "embedding", "clusters"),
        blends=True,
        good_for="finds gene communities",
    ),
    ModelInfo(
        "scdiffusion",
        "scDiffusion",
        "Count autoencoder and latent diffusion: generates cells of wished conditions.",
        ScDiffusionConfig,
        ".scdiffusion.model:ScDiffusion",
        provides=("imputed", "embedding", "clusters"),
        blends=True,
        good_for="generates cells",
    ),
    ModelInfo(
        "mixture",
        "Mixture",
        "Blends simple predictions, gene by gene, as far as they predict hidden molecules: quick, "
        "usually as good as a network, and no GPU is needed.",
        MixtureConfig,
        ".simple.mixture:Mixture",
        good_for="quick, usually as good",
    ),
    ModelInfo(
        "gene_mean",
        "Gene mean × depth",
        "Each gene's share of all molecules, times the depth. The baseline to beat.",
        GeneMeanConfig,
        ".simple.baselines:GeneMean",
    ),
    ModelInfo(
        "neighbour_mean",
        "Neighbour mean",
        "Average over those of similar expression, or over neighbours in the tissue.",
        NeighbourMeanConfig,
        ".simple.baselines:NeighbourMean",
    ),
    ModelInfo(
        "pca",
        "PCA denoiser",
        "Keeps the leading principal components; gene totals restored.",
        PCADenoiserConfig,
        ".simple.baselines:PCADenoiser",
        provides=("imputed", "embedding"),
    ),
)

MODELS: dict[str, ModelInfo] = {info.name: info for info in _INFOS}


def model_info(name: str) -> ModelInfo:
    """Title, needs and settings of a model; `UnknownName` lists the known ones."""
    if name not in MODELS:
        raise UnknownName.of("model", name, MODELS)
    return MODELS[name]
