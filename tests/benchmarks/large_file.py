"""A large .h5ad for benchmarks, written part by part; and what memory a process holds."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import psutil
import scipy.sparse as sp


def write(path: Path, obs: pd.DataFrame, n_genes: int, parts: Iterator[sp.csr_matrix]) -> int:
    """The file, unpacked and by row; how many counts are above zero.

    Parameters
    ----------
    obs : all cells
    parts : counts of these cells, (n, n_genes) each, in order
    """
    var = pd.DataFrame(index=[f"gene{n}" for n in range(n_genes)])
    ad.AnnData(obs=obs, var=var).write_h5ad(path)
    with h5py.File(path, "a") as file:
        if "X" in file:
            del file["X"]
        group = file.create_group("X")
        kind = {"encoding-type": "csr_matrix", "encoding-version": "0.1.0"}
        group.attrs.update(kind | {"shape": np.array([len(obs), n_genes])})
        data, indices = (
            group.create_dataset(name, (0,), dtype, maxshape=(None,), chunks=(2**18,))
            for name, dtype in (("data", "f4"), ("indices", "i4"))
        )
        starts = [0]
        for part in parts:
            for held, values in ((data, part.data), (indices, part.indices)):
                held.resize((starts[-1] + part.nnz,))
                held[starts[-1] :] = values
            starts += (starts[-1] + part.indptr[1:]).tolist()
        group["indptr"] = np.array(starts)
    return starts[-1]


def resident(*, peak: bool = False) -> int:
    """Bytes that this process holds, or held at most."""
    if peak:
        return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(psutil.Process().memory_info().rss)
