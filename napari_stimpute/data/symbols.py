"""Symbols of genes that go by Ensembl ids: what people call them, while the data keep the ids."""

from __future__ import annotations

import pandas as pd

_ID = r"ENS[A-Z]*\d{11}(\.\d+)?"
"""An Ensembl id, with its version or without."""

_COLUMNS = (
    "feature_name",
    "gene_symbol",
    "gene_symbols",
    "symbol",
    "symbols",
    "gene_name",
    "gene_names",
    "gene_short_name",
    "hgnc_symbol",
    "mgi_symbol",
    "features",
    "name",
)
"""Where ``var`` holds symbols, the likeliest first; compared in lower case."""

_MOST = 0.5
"""Share of the genes that must go by ids, and have a symbol."""


def symbols_of(var: pd.DataFrame) -> dict[str, str]:
    """What people call genes, by their ids: {} where they go by other names, or none is told.

    A symbol of several genes, or one that another gene goes by, is followed by the id, as in "TBCE
    (ENSG00000284770)"; a gene without one is not among them.
    """
    names = pd.Index(var.index.astype(str))
    if not len(names) or names.str.fullmatch(_ID).mean() < _MOST:
        return {}
    column = next((c for known in _COLUMNS for c in var if str(c).lower() == known), None)
    if column is None:
        return {}
    told = pd.Series(var[column].astype(object).to_numpy(), index=names).dropna().astype(str)
    told = told.str.strip()
    told = told[(told != "") & (told != told.index)]
    if len(told) < _MOST * len(names):
        return {}
    is_shared = told.duplicated(keep=False) | told.isin(names)
    told[is_shared] = told[is_shared] + " (" + told.index[is_shared] + ")"
    return {str(gene): str(symbol) for gene, symbol in told.items()}
