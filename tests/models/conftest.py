"""A small simulated section, with known domains and expected counts, for every test of models."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from anndata import AnnData

from napari_stimpute.data.structure import named
from napari_stimpute.models import MODELS, model_class, model_info
from napari_stimpute.models.base import Model
from napari_stimpute.models.protocols import Clusters, Embeds, Imputes
from napari_stimpute.progress import Progress

MakeSection = Callable[..., AnnData]

N_ROWS, N_COLUMNS, N_GENES = 12, 10, 60
N_DOMAINS = 3
_PER_PROGRAM = 10
"""Genes of each program: genes 0–29 mark the three bands, 30–39 the scattered cells."""


def make_section(
    *, seed: int = 0, depth: float = 300.0, bands: float = 2.0, scattered: float = 1.5
) -> AnnData:
    """Hexagonal grid of 120 spots × 60 genes: three bands, and a program that ignores space.

    Parameters
    ----------
    depth : expected molecules of the median spot
    bands, scattered : log fold change of the genes of a band, and of the scattered program

    Returns
    -------
    Poisson counts in X (CSR), expected counts in ``layers["expected"]``, ``obs`` domain and
    scattered, and coordinates
    """
    rng = np.random.default_rng(seed)
    row, column = np.divmod(np.arange(N_ROWS * N_COLUMNS), N_COLUMNS)
    domain = row * N_DOMAINS // N_ROWS
    is_scattered = rng.random(len(row)) < 0.3
    log_rate = np.tile(rng.normal(0, 0.5, N_GENES), (len(row), 1))
    for d in range(N_DOMAINS):
        log_rate[domain == d, d * _PER_PROGRAM : (d + 1) * _PER_PROGRAM] += bands
    at = N_DOMAINS * _PER_PROGRAM
    log_rate[is_scattered, at : at + _PER_PROGRAM] += scattered
    share = np.exp(log_rate) / np.exp(log_rate).sum(axis=1, keepdims=True)
    expected = share * depth * np.exp(rng.normal(0, 0.2, (len(row), 1)))
    adata = AnnData(
        sp.csr_matrix(rng.poisson(expected).astype(np.float32)),
        obs=pd.DataFrame(
            {"domain": pd.Categorical([f"band {d}" for d in domain]), "scattered": is_scattered},
            index=[f"spot {i}" for i in range(len(row))],
        ),
        var=pd.DataFrame(index=[f"gene {j}" for j in range(N_GENES)]),
        obsm={"spatial": 100.0 * np.column_stack([column + 0.5 * (row % 2), row * np.sqrt(0.75)])},
        layers={"expected": expected},
    )
    return adata


@pytest.fixture(scope="session", name="make_section")
def _make_section() -> MakeSection:
    return make_section


@pytest.fixture
def section() -> AnnData:
    return make_section()


@pytest.fixture(scope="session")
def tiny() -> Callable[..., Model]:
    """Build a model of a name at preset "tiny", some settings overridden."""
    return lambda name, **settings: model_class(name).preset("tiny", **settings)


BRIEF = {
    "epochs": 3,
    "mixture_epochs": 2,
    "finetune_epochs": 2,
    "cluster_epochs": 2,
    "decoder_epochs": 2,
    "least_steps": 1,
    "diffusion_steps": 20,
}
"""Too short to learn much, for what a model promises however long it learned."""


def make_brief(name: str, **settings: object) -> Model:
    known = model_info(name).config.model_fields
    short = {key: value for key, value in BRIEF.items() if key in known}
    return model_class(name).preset("tiny", **(short | settings))


@pytest.fixture(scope="session")
def brief() -> Callable[..., Model]:
    """As `tiny`, but it learns for a few steps only."""
    return make_brief


@dataclass(frozen=True)
class Learned:
    """A model fitted to the section for a few steps, and what was seen meanwhile.

    Attributes
    ----------
    steps : of the fit
    found : everything it gives for the section it was fitted to
    data : the section before and after all of it, byte for byte
    randomness : the global random state before and after
    """

    model: Model
    steps: list[Progress]
    found: dict[str, np.ndarray]
    data: tuple[bytes, bytes]
    randomness: tuple[bytes, bytes]


def results(model: Model, adata: AnnData) -> dict[str, np.ndarray]:
    """Everything a model gives for an AnnData."""
    found = {}
    if isinstance(model, Imputes):
        found["imputed"] = model.impute(adata)
    if isinstance(model, Embeds):
        found["embedding"] = model.embed(adata)
    if isinstance(model, Clusters):
        found["clusters"] = model.cluster(adata)
        found["probability"] = model.cluster_probability(adata)
    return found


def learn(model: Model, adata: AnnData) -> Learned:
    """Fit a model, ask it for everything, and watch it."""
    data, randomness = frozen(adata), global_randomness()
    steps = list(model.fit_steps(adata, seed=0, device="cpu"))
    found = results(model, adata)
    return Learned(model, steps, found, (data, frozen(adata)), (randomness, global_randomness()))


def frozen(adata: AnnData) -> bytes:
    """Everything in an AnnData, byte for byte."""
    matrix = adata.X
    parts = [matrix.data, matrix.indices, matrix.indptr, *adata.obsm.values()]
    layers = named(adata, "layers")
    parts += list(layers.values())
    tables = [adata.obs.to_csv(), adata.var.to_csv(), sorted(adata.obsm), sorted(layers)]
    return b"".join(np.asarray(p).tobytes() for p in parts) + pickle.dumps((tables, adata.uns))


def global_randomness() -> bytes:
    """State of the generators that all code shares, which no model may use."""
    numpy = pickle.dumps(np.random.get_state())  # noqa: NPY002
    return torch.get_rng_state().numpy().tobytes() + numpy


@pytest.fixture(scope="session")
def learned() -> Callable[[str], Learned]:
    """A model of a name, fitted to the section once; shared, so tests only look at it."""
    return cache(lambda name: learn(make_brief(name), make_section()))


@pytest.fixture(scope="session")
def fitted(learned: Callable[[str], Learned]) -> Callable[[str], Model]:
    """The model alone; shared, so tests only ask it for results."""
    return lambda name: learned(name).model


@pytest.fixture(params=list(MODELS))
def name(request: pytest.FixtureRequest) -> str:
    """Name of each registered model in turn."""
    return str(request.param)
