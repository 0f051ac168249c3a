"""The sound data of which every broken input is made."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData

N, G = 40, 30
"""Spots and genes."""


def section(n_obs: int = N, n_vars: int = G, seed: int = 0) -> AnnData:
    """Two kinds of spots on a grid, with Poisson counts."""
    rng = np.random.default_rng(seed)
    kind = np.arange(n_obs) % 2
    rate = rng.lognormal(0.5, 0.7, (2, n_vars))[kind]
    adata = AnnData(sp.csr_matrix(rng.poisson(rate).astype(np.float32)))
    adata.obs_names = [f"spot {i}" for i in range(n_obs)]
    adata.var_names = [f"gene {j}" for j in range(n_vars)]
    adata.obs["label"] = pd.Categorical(np.array(["a", "b"])[kind])
    adata.obs["score"] = rng.normal(size=n_obs)
    adata.var["length"] = 100 + np.arange(n_vars)
    adata.obsm["spatial"] = np.column_stack(np.divmod(np.arange(n_obs), 6)).astype(float)
    return adata


def full_section() -> AnnData:
    """The same with a layer, raw, pairs, an image and free notes."""
    adata = section()
    adata.layers["counts"] = adata.X.copy()
    adata.raw = adata.copy()
    adata.obsp["near"] = sp.eye(N, format="csr")
    adata.varm["pcs"] = np.ones((G, 3))
    scales = {"tissue_hires_scalef": 1.0, "spot_diameter_fullres": 0.5}
    image = np.zeros((20, 20, 3), np.uint8)
    adata.uns["spatial"] = {"slide": {"images": {"hires": image}, "scalefactors": scales}}
    adata.uns["note"] = "x"
    return adata


def by_columns() -> AnnData:
    """The same with counts sorted by gene."""
    adata = section()
    adata.X = adata.X.tocsc()
    return adata


KINDS = {"plain": section, "full": full_section, "by columns": by_columns}


@functools.cache
def content(kind: str = "plain") -> bytes:
    """One of `KINDS` as the bytes of an .h5ad file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sound.h5ad"
        KINDS[kind]().write_h5ad(file)
        return file.read_bytes()


def put(folder: Path) -> Path:
    """Write the plain one as in.h5ad."""
    file = folder / "in.h5ad"
    file.write_bytes(content())
    return file
