"""A tissue section as a graph model sees it: counts, depths, places and who is next to whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from .counts import depth_of
from .graph import spatial_coordinates, spatial_graph
from .sections import section_codes

if TYPE_CHECKING:
    from anndata import AnnData


@dataclass(frozen=True)
class Section:
    """One AnnData, ready for a graph model; several sections may lie side by side in it.

    Attributes
    ----------
    counts : (n_obs, n_vars)
    size : (n_obs,) float32, to divide counts by; 1 for a spot without any
    depth : (n_obs,) float32, each spot's total over the median of the fitted data; 0 for a spot
        without any counts
    places : (n_obs, 2)
    codes : (n_obs,), section of each spot
    graph : (n_obs, n_obs), 0/1, no edge between sections
    """

    counts: sp.csr_matrix
    size: np.ndarray
    depth: np.ndarray
    places: np.ndarray
    codes: np.ndarray
    graph: sp.csr_matrix


def read_section(
    adata: AnnData, counts: sp.csr_matrix, median: float, *, n_neighbours: int, section_key: str
) -> Section:
    """Build a `Section`; `median` is the depth of a typical spot of the fitted data."""
    places, codes = spatial_coordinates(adata), section_codes(adata, section_key)
    graph = spatial_graph(places, n_neighbours=n_neighbours, sections=codes)
    depth = (depth_of(counts) / median).astype(np.float32)
    size = np.where(depth > 0, depth, np.float32(1.0))
    return Section(counts, size, depth, places, codes, graph)


def median_depth(counts: sp.csr_matrix) -> float:
    """Median total of the spots that have counts at all."""
    depth = depth_of(counts)
    return float(np.median(depth[depth > 0]))
