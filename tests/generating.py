"""A small model that generates cells, trained once for all tests that need one."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from anndata import AnnData

from napari_stimpute import ScDiffusion, simulate_cells

SMALL = {
    "epochs": 10,
    "least_steps": 50,
    "diffusion_steps": 200,
    "n_hidden": 32,
    "n_latent": 6,
    "width": 32,
    "n_blocks": 1,
    "n_clusters": 2,
    "clustering": "mixture",
}


@cache
def cells() -> AnnData:
    """What it was trained on; nobody may change them."""
    return simulate_cells(n_cells=400, n_genes=100)


@cache
def folder() -> Path:
    """Where the model is saved."""
    model = ScDiffusion(condition="cell_type,condition", **SMALL).fit(cells())
    return model.save(Path(mkdtemp(prefix="stimpute-model-")) / "model")


def trained() -> ScDiffusion:
    """The model, each time another."""
    return ScDiffusion.load(folder(), device="cpu")
