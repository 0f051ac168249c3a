"""Which columns of obs name groups, and which hold numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anndata import AnnData

_NAMES = ("category", "object", "bool", "boolean", "string", "str")
"""Types of columns that may hold names."""

MAX_LABELS = 60
"""Columns of obs with more categories than this are names rather than labels."""

REST = "rest"
"""In place of a group's name: every spot of another group."""


def categorical_columns(adata: AnnData) -> list[str]:
    """Columns of obs that name groups (2 to 60 of them)."""
    named = [c for c in adata.obs if adata.obs[c].dtype.name in _NAMES]
    return [c for c in named if 2 <= adata.obs[c].nunique() <= MAX_LABELS]


def number_columns(adata: AnnData) -> list[str]:
    """Columns of obs that hold numbers, such as a pseudotime."""
    obs = adata.obs
    return [c for c in obs if obs[c].dtype.kind in "iuf" and obs[c].nunique() > 1]
