"""Thin calls of scanpy on counts and on what a run imputed."""

from __future__ import annotations

from .annotation import Annotation, annotation_steps
from .differential import caution, differential_expression, differential_steps
from .marker_lists import MarkerLists, read_marker_lists
from .markers import GroupProfile, Markers, marker_steps, profile
from .spaces import KINDS, space_steps, write_space
from .trajectory import Trajectory, trajectory_steps
from .transfer import Transfer, transfer_steps
from .variable import VariableGenes, variable_genes

__all__ = [
    "KINDS",
    "Annotation",
    "GroupProfile",
    "MarkerLists",
    "Markers",
    "Trajectory",
    "Transfer",
    "VariableGenes",
    "annotation_steps",
    "caution",
    "differential_expression",
    "differential_steps",
    "marker_steps",
    "profile",
    "read_marker_lists",
    "space_steps",
    "trajectory_steps",
    "transfer_steps",
    "variable_genes",
    "write_space",
]
