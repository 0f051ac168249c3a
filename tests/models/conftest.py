"""A small simulated section, with known domains and expected counts, for every test of models."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from anndata import AnnData

from napari_stimpute.models import MODELS, model_class
from napari_stimpute.models.base import Model

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


@pytest.fixture(scope="session")
def fitted(tiny: Callable[..., Model]) -> Callable[[str], Model]:
    """A model of a name, fitted to the section; shared, so tests only ask it for results."""
    return cache(lambda name: tiny(name).fit(make_section(), seed=0, device="cpu"))


@pytest.fixture(params=list(MODELS))
def name(request: pytest.FixtureRequest) -> str:
    """Name of each registered model in turn."""
    return str(request.param)
