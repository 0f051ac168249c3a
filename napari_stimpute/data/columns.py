"""Which columns of obs name groups, and which hold numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from anndata import AnnData


_MAX_LABELS = 60
"""Columns of obs with more categories than this are names rather than labels."""


def categorical_columns(adata: AnnData) -> list[str]:
    """Columns of obs that name groups (2 to 60 of them)."""
    return [c for c in adata.obs if _is_categorical(adata.obs[c])]


def number_columns(adata: AnnData) -> list[str]:
    """Columns of obs that hold numbers, such as a pseudotime."""
    obs = adata.obs
    return [c for c in obs if obs[c].dtype.kind in "iuf" and obs[c].nunique() > 1]


def _is_categorical(values: pd.Series[Any]) -> bool:
    if values.dtype.name not in ("category", "object", "bool", "string", "str"):
        return False
    return 2 <= values.nunique() <= _MAX_LABELS
