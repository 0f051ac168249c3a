"""Hide molecules, so that a model can be judged on what it did not see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from .. import keys
from ..errors import InvalidSetting

if TYPE_CHECKING:
    from anndata import AnnData

HIDDEN_SHARE = 0.1
"""Share of the molecules that judges whatever is judged; of what is left, the share that steers."""


def thin(counts: sp.csr_matrix, share: float, seed: int) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Hide each molecule with the same chance, independently (binomial thinning).

    If counts are Poisson given a rate, the two parts are independent given that rate.

    Parameters
    ----------
    counts : (n_obs, n_vars), whole numbers
    share : chance of a molecule to be hidden, between 0 and 1
    seed : of the random generator

    Returns
    -------
    kept, hidden : (n_obs, n_vars) each, float32; kept + hidden equals counts exactly

    Raises
    ------
    InvalidSetting : the share is not between 0 and 1
    """
    if not 0 < share < 1:
        raise InvalidSetting(
            field="share",
            expected="between 0 and 1 (both excluded)",
            found=f"{share:g}",
            remedy="Hide a share such as 0.1.",
        )
    generator = np.random.default_rng(seed)
    hidden = generator.binomial(counts.data.astype(np.int64), share).astype(np.float32)
    return _like(counts, counts.data.astype(np.float32) - hidden), _like(counts, hidden)


def with_counts(adata: AnnData, counts: sp.csr_matrix) -> AnnData:
    """The same spots and genes with other counts in X, to fit or apply a model to."""
    from anndata import AnnData

    obsm = {keys.SPATIAL: adata.obsm[keys.SPATIAL]} if keys.SPATIAL in adata.obsm else {}
    return AnnData(X=counts, obs=adata.obs.copy(), var=adata.var[[]].copy(), obsm=obsm)


def _like(counts: sp.csr_matrix, values: np.ndarray) -> sp.csr_matrix:
    part = sp.csr_matrix((values, counts.indices.copy(), counts.indptr.copy()), counts.shape)
    part.eliminate_zeros()
    return part
