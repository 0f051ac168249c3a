"""Thin calls of scanpy on counts and on what a run imputed."""

from __future__ import annotations

from .differential import caution, differential_expression, differential_steps
from .variable import VariableGenes, variable_genes

__all__ = [
    "VariableGenes",
    "caution",
    "differential_expression",
    "differential_steps",
    "variable_genes",
]
