"""Sections concatenated in one file, as people do it: each keeps its own coordinates and image."""

from __future__ import annotations

from typing import Any

import anndata as ad
import numpy as np
import scipy.sparse as sp

PITCH = 10.0
SCALE = 2.0
SIDE = 8
"""Spots along a side of a section."""


def hexagonal(n_rows: int = SIDE, n_columns: int = SIDE) -> np.ndarray:
    """Places on Visium's grid, 20 units from the corner, (n_rows · n_columns, 2)."""
    row, column = np.divmod(np.arange(n_rows * n_columns), n_columns)
    return 20 + PITCH * np.column_stack([column + 0.5 * (row % 2), row * np.sqrt(0.75)])


def library(places: np.ndarray, colour: int = 200) -> dict[str, Any]:
    """A plain image of one colour, large enough for the places, and its scales."""
    width, height = np.ceil((places.max(axis=0) + 20) * SCALE).astype(int)
    pixels = np.full((height, width, 3), colour, dtype=np.uint8)
    scales = {"tissue_hires_scalef": SCALE, "spot_diameter_fullres": 5.5}
    return {"images": {"hires": pixels}, "scalefactors": scales, "metadata": {}}


def section(seed: int, places: np.ndarray, n_genes: int = 30) -> ad.AnnData:
    """Counts at these places; the first ten genes are higher in the left half."""
    mean = np.full((len(places), n_genes), 4.0)
    mean[places[:, 0] < np.median(places[:, 0]), :10] = 16.0
    counts = np.random.default_rng(seed).poisson(mean).astype(np.float32)
    made = ad.AnnData(sp.csr_matrix(counts), obsm={"spatial": places})
    made.var_names = [f"gene {i}" for i in range(n_genes)]
    made.obs_names = [f"spot {i}" for i in range(len(places))]
    return made


def overlaid(column: str = "library_id", *, shift: float = 1.3, images: bool = True) -> ad.AnnData:
    """Sections "B" and "A", the second with its tissue turned by 180° and shifted, an image each.

    The column goes from `anndata.concat`, and so does what it does with ``uns``.
    """
    places = hexagonal()
    parts = {"B": section(0, places), "A": section(1, places)}
    parts["A"].obsm["spatial"] = places.max(axis=0) + places.min(axis=0) - places + shift
    if images:
        for colour, (name, part) in zip((180, 220), parts.items(), strict=True):
            part.uns["spatial"] = {name: library(part.obsm["spatial"], colour)}
    return ad.concat(parts, label=column, index_unique="-", uns_merge="unique")
