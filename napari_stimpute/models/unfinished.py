"""Trainings that were broken off: what tells them apart, and where those of a viewer are kept.

Equal data, settings, seed and versions give equal numbers, so that nobody needs to be asked whether
to go on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from .. import keys
from ..config import ModelConfig, WithSections
from ..data.records import fingerprint, versions
from ..data.sections import section_codes
from ..nn import ranks
from ..nn.checkpoint import EVERY, Checkpoint

if TYPE_CHECKING:
    from anndata import AnnData


MOST_LEFT = 3
"""Trainings that are kept in the user's folder; the oldest go first."""


def folder() -> Path:
    """Where trainings are kept that were begun in a window or a notebook, a place per user."""
    import platformdirs

    place = platformdirs.user_state_path("napari-stimpute") / "trainings"
    with suppress(OSError):  # who cannot keep a training may train
        place.mkdir(parents=True, exist_ok=True)
        files = sorted(place.glob("*.training"), key=lambda file: file.stat().st_mtime)
        for file in files[:-MOST_LEFT]:
            file.unlink(missing_ok=True)
    return place


def checkpoint_in(place: Path, identity: str, *, every: float = EVERY) -> Checkpoint:
    """Where a training is kept: in a file, or in one of its own in a folder."""
    name = hashlib.sha256(identity.encode()).hexdigest()[:24]
    file = place / f"{name}.training" if place.is_dir() else place
    return Checkpoint(file, identity, every=every)


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
