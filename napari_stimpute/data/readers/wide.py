"""Read a text table with a row for each cell and a column for each gene, a part at a time."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp

from ...words import counted
from .folders import TABLE_FAULTS, Parts

_AT_ONCE = 2**22
"""So many values are held dense."""


def read_wide(
    parts: Parts, file: Path, names: Sequence[str]
) -> tuple[pd.DataFrame, sp.csr_matrix, list[str]]:
    """Names of cells, as text, their counts (cells, genes), and the names of genes.

    Parameters
    ----------
    names : columns of names; all others are genes

    Raises
    ------
    NotReadable : damaged, without cells or genes, a word among the counts, an empty field
    """
    genes = [column for column in parts.columns(file) if column not in names]
    if not genes:
        raise parts.refused(f"no genes in {file.name}", "It has a column for each.")
    kinds: dict[Hashable, str] = {
        **dict.fromkeys(names, "str"),
        **dict.fromkeys(genes, "float32"),
    }
    heads, counts = [], []
    try:
        with pd.read_csv(
            file,
            dtype=kinds,
            chunksize=max(1, _AT_ONCE // len(genes)),
            encoding="utf-8-sig",
            encoding_errors="replace",
        ) as chunks:
            for chunk in chunks:
                heads.append(chunk[list(names)])
                counts.append(sp.csr_matrix(chunk[genes].to_numpy(dtype=np.float32)))
    except TABLE_FAULTS as error:
        raise parts.unreadable(file, error) from error
    if not counts:
        raise parts.refused(f"no cells in {file.name}", "It has a row for each.")
    n_empty = sum(int(np.isnan(part.data).sum()) for part in counts)
    if n_empty:
        found = f"{counted(n_empty, 'empty field')} in {file.name}"
        raise parts.refused(found, "Write 0 where nothing was counted, or copy it again.")
    return pd.concat(heads), sp.csr_matrix(sp.vstack(counts)), genes
