"""Read a .loom file: counts, layers, and the attributes of cells and genes.

Format: "Loom file format specification", version 3 (linnarsson-lab).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import scipy.sparse as sp
from pandas.api.types import is_numeric_dtype

from ...errors import NotReadable
from .found import Found, Options, Question
from .hdf5 import AGAIN, opened_hdf5
from .names import tell_genes_apart, values_of
from .reading import not_readable
from .survey import survey

_CELLS, _GENES = (
    ("CellID", "cell_names", "obs_names", "Barcode"),
    ("Gene", "gene_names", "var_names", "Accession"),
)
_BLOCK = 4_000_000
"""Values that are read at once."""
_TITLE = "a .loom file"


def read(path: Path, options: Options) -> Found:
    """Read a .loom file; its rows are genes.

    Raises
    ------
    NotReadable : another kind of HDF5, or damaged
    """
    from anndata import AnnData

    try:
        with opened_hdf5(path, _TITLE) as content:
            survey(content)
            if not {"matrix", "row_attrs", "col_attrs"} <= set(content):
                held = ", ".join(list(content)[:5]) or "nothing"
                raise _not_readable(path, f"HDF5 of another kind (it holds {held})", AGAIN)
            n_genes, n_cells = content["matrix"].shape
            obs, obsm, cells = _attributes(content["col_attrs"], n_cells, _CELLS, options, "cells")
            var, varm, genes = _attributes(content["row_attrs"], n_genes, _GENES, options, "genes")
            adata = AnnData(_by_cell(content["matrix"]), obs, var, obsm=obsm, varm=varm)
            for name, values in content.get("layers", {}).items():
                adata.layers[name] = _by_cell(values)
    except (KeyError, ValueError, TypeError) as error:
        raise _not_readable(path, f"a part that is damaged or missing ({error})", AGAIN) from error
    notes = tell_genes_apart(adata, "Accession" if "Accession" in adata.var else "")
    return Found(adata, notes, tuple(q for q in (cells, genes) if q is not None))


def _by_cell(values: Any) -> sp.csr_matrix:
    """A (genes, cells) array of the file, sparse and turned over, (cells, genes)."""
    n_genes, n_cells = values.shape
    step = max(1, _BLOCK // max(1, n_genes))
    step = -(-step // (chunk := values.chunks[1] if values.chunks else 1)) * chunk
    blocks = [sp.csr_matrix(values[:, at : at + step].T) for at in range(0, n_cells, step)]
    return sp.vstack(blocks, format="csr") if blocks else sp.csr_matrix((0, n_genes))


def _attributes(
    group: Any, n: int, usual: tuple[str, ...], options: Options, kind: str
) -> tuple[pd.DataFrame, dict[str, Any], Question | None]:
    """Attributes as columns and as matrices; which of them holds the names."""
    columns, matrices = {}, {}
    for name, held in group.items():
        values = values_of(held)
        if values.shape == (n,):
            columns[name] = values
        elif values.ndim == 2 and len(values) == n:
            matrices[name] = values
    table = pd.DataFrame(columns, index=pd.RangeIndex(n).astype(str))
    words = [name for name in columns if not is_numeric_dtype(table[name])]
    unique = [name for name in words if table[name].is_unique]
    named = [name for name in usual if name in table]
    offered = list(dict.fromkeys([*(name for name in named if name in unique), *unique, *named]))
    if not offered:
        return table, matrices, None
    choices = [(name, f"e.g. {table[name].iloc[0]}") for name in offered]
    title = f"Names of {kind}"
    question = Question.of(f"{kind}_by", title, choices, options, offered[0], "Which attribute.")
    table.index = pd.Index(table.pop(question.answer).astype(str), name=None)
    return table, matrices, question


def _not_readable(file: Path, found: str, remedy: str) -> NotReadable:
    return not_readable(file, found, remedy, _TITLE)
