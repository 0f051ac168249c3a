"""MAGIC as one part of a blend, where the package magic-impute is installed.

Paper: van Dijk et al., Cell 2018. Run as documented: square roots of proportions are diffused over
a graph of similar spots, and squared back.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

_N_COMPONENTS = 100
_MOST_SPOTS = 30_000
"""It works on dense arrays in double precision; beyond, it is left out of a blend."""


def magic_prediction(counts: sp.csr_matrix, seed: int) -> NDArray[np.float32] | None:
    """Proportions (n_obs, n_vars) by MAGIC; None where it is not installed, or the data are large.

    A spot without counts stays 0.
    """
    if find_spec("magic") is None or counts.shape[0] > _MOST_SPOTS:
        return None
    return diffused(counts, seed)


def diffused(counts: sp.csr_matrix, seed: int) -> NDArray[np.float32]:
    """Run MAGIC on counts (n_obs, n_vars); the package has to be installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # advice to programmers
        tool = import_module("magic")
        dense = counts.toarray().astype(np.float64)
        depth = dense.sum(axis=1)
        seen = depth > 0
        roots = np.sqrt(dense[seen] / depth[seen, None])
        operator = tool.MAGIC(
            solver="exact",
            decay=1,
            t=3,
            n_pca=min(_N_COMPONENTS, min(roots.shape) - 1),
            random_state=seed,
            verbose=0,
        )
        found = operator.fit_transform(roots, genes="all_genes")
    prediction = np.zeros(counts.shape, dtype=np.float32)
    prediction[seen] = np.square(np.clip(found, 0, None))
    return prediction
