"""How much memory a run needs, and room on disk: counted, not tried.

Counted is what lies there at once where most does, in arrays of known size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import scipy.sparse as sp

from ..config import WithBlocks
from ..data.chosen import counts_on_disk
from ..data.counts import ROW_BLOCK
from ..data.on_disk import folder, is_on_disk
from ..data.scratch import fits_somewhere, room_on_disk
from ..models.blocks import sized_for
from ..models.simple.sample import MOST_JUDGED
from ..words import memory
from .plan import Plan

if TYPE_CHECKING:
    from anndata import AnnData

_WORKSPACE = 50
"""Arrays of a block of spots (`ROW_BLOCK` values) that lie there at once, whatever the data."""

_PER_STEP = 20
"""Arrays of the size spots × genes of one step of training, gradients included."""

_PREDICTIONS = 3
"""Arrays of the spots that are judged × genes at once."""

_FILLED = 1
"""Arrays of all spots × genes where zeros are filled: how likely each of these is technical."""

_PER_COUNT = 60
"""Bytes for each count that is not zero: the counts, and their kept and hidden parts."""

_PER_SPOT = 4_000
"""Bytes for each spot: its nearest spots in expression and in the tissue."""

_PER_COUNT_ON_DEVICE, _VALIDATED = 24, 1024
"""Bytes for each count that is not zero: three trainings hold it with its gene; spots that are
validated at a time, at least."""

_GIB = 2**30

LARGE_TO_SMALL = (5_000, 3_000, 2_000, 1_000, 500)
"""Numbers of genes to choose from where more do not fit."""


def needed_memory(adata: AnnData, plan: Plan, n_vars: int = 0, n_obs: int = 0) -> int:
    """Bytes that a run needs beside the data, at its peak.

    Parameters
    ----------
    adata : counts of the modelled genes in X
    n_vars : as if so many of the genes were modelled; 0 for all
    n_obs : as if there were so many spots like these; 0 for these
    """
    n_obs, n_vars = n_obs or adata.n_obs, n_vars or adata.n_vars
    share = n_vars / adata.n_vars * n_obs / adata.n_obs
    config = plan.config
    batch = min(n_obs, config.batch_size) if isinstance(config, WithBlocks) else 0
    held = _PREDICTIONS * min(n_obs, MOST_JUDGED)
    held += _FILLED * n_obs if getattr(config, "mode", "") == "fill" else 0
    values = _WORKSPACE * min(ROW_BLOCK, n_obs * n_vars)
    values += _PER_STEP * batch * n_vars + held * n_vars
    n_counts = round(share * adata.X.nnz)
    if is_on_disk(adata.X) or (n_obs > adata.n_obs and counts_on_disk(None, n_counts)):
        n_counts = 0
    return int(4 * values + _PER_COUNT * n_counts + _PER_SPOT * n_obs)


def needed_on_device(adata: AnnData, plan: Plan) -> int:
    """Bytes that a run needs in the memory of a GPU, at its peak; 0 where it does not use one.

    Counted only: never measured on a GPU.
    """
    config = sized_for(plan.config, "cuda", adata.n_obs)
    if not config.PHASES:
        return 0
    batch = config.batch_size if isinstance(config, WithBlocks) else adata.n_obs
    values = _PER_STEP * min(adata.n_obs, max(batch, _VALIDATED)) * adata.n_vars
    return int(4 * values + _PER_COUNT_ON_DEVICE * sp.csr_matrix(adata.X).nnz)


def memory_in_words(needed: int, free: int) -> str:
    """How much of what is free will be taken: "1.2 of 20 GB free memory"."""
    return f"{_gigabytes(needed)} of {_gigabytes(free)} GB free memory"


def room_in_words(adata: AnnData) -> str:
    """What imputed values take on disk until they are saved: ", and 0.7 GB in /var/tmp", or ""."""
    size = room_on_disk(*adata.shape)
    return f", and {memory(size)} in {folder()}" if size else ""


def too_many_in_words(adata: AnnData, plan: Plan) -> str:
    """Why the values of all genes cannot be kept, and what to do; "" where they can or need not."""
    if plan.keeps != "values" or fits_somewhere(*adata.shape):
        return ""
    return (
        f"The values of all genes take {memory(4 * adata.n_obs * adata.n_vars)}, more than is free "
        "in memory or for temporary files. Keep the model in their place (under Settings): it "
        "computes a gene when it is shown."
    )


def too_large_in_words(needed: int, free: int) -> str:
    """Why it cannot be run here; "" where it can."""
    if needed <= free:
        return ""
    return (
        f"Too large for this machine: it would need about {_gigabytes(needed)} GB of memory, and "
        f"{_gigabytes(free)} GB are free. Fewer genes need less."
    )


def too_large_for_workers(needed: int, free: int, n: int) -> str:
    """Why so many workers cannot share the work here; "" where they can.

    Parameters
    ----------
    needed : bytes of each
    """
    if n * needed <= free:
        return ""
    return (
        f"{n} workers would need about {_gigabytes(n * needed)} GB of memory together, and "
        f"{_gigabytes(free)} GB are free. Choose at most {max(1, free // needed)}."
    )


def short_of_device_memory(needed: int, free: int) -> str:
    """What follows where the memory of a GPU is too small for spots or cells by the settings."""
    return (
        f"The GPU has {_gigabytes(free)} GB free of the {_gigabytes(needed)} GB that this takes: "
        "training starts again with fewer at a time, which is slower."
    )


def _gigabytes(size: int) -> str:
    """Write bytes as GB: 0.3, 7.9, 20."""
    found = max(0.1, size / _GIB)
    return f"{found:.1f}" if found < 10 else f"{found:.0f}"


def genes_that_fit(adata: AnnData, plan: Plan, free: int) -> int:
    """The most genes, fewer than are modelled now, with which a run fits; 0 if there are none."""
    smaller = (n for n in LARGE_TO_SMALL if n < adata.n_vars)
    return next((n for n in smaller if needed_memory(adata, plan, n) <= free), 0)
