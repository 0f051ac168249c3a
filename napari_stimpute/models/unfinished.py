"""What tells a training from all others: equal data, settings, seed and versions, equal numbers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from .. import keys
from ..config import ModelConfig, WithSections
from ..data.records import fingerprint, versions
from ..data.sections import section_codes
from ..nn import ranks

if TYPE_CHECKING:
    from anndata import AnnData


def identity_of(
    adata: AnnData, counts: sp.csr_matrix, config: ModelConfig, *, seed: int, device: str
) -> str:
    """Tell a training by all that its numbers follow from.

    Parameters
    ----------
    counts : (n_obs, n_vars), which are learned from
    device : which computes; on another one, or several processes, the numbers are others
    """
    settings = {"settings": type(config).__name__, **config.model_dump()}
    digest = hashlib.sha256()
    for part in _read(adata, config):
        digest.update(part)
    told = [fingerprint(counts), digest.hexdigest(), settings, seed, device, versions()]
    return json.dumps([*told, ranks.n_ranks()])


def _read(adata: AnnData, config: ModelConfig) -> Iterator[bytes]:
    """What a model may read beside counts: names, places, and the columns that settings name."""
    yield "\n".join(adata.var_names.astype(str)).encode()
    yield "\n".join(adata.obs_names.astype(str)).encode()
    if keys.SPATIAL in adata.obsm:
        yield np.ascontiguousarray(adata.obsm[keys.SPATIAL]).tobytes()
    if isinstance(config, WithSections):
        yield section_codes(adata, config.section_key).tobytes()
    for value in config.model_dump().values():
        for name in str(value).split(","):
            if name.strip() in adata.obs:
                yield "\n".join(adata.obs[name.strip()].astype(str)).encode()
