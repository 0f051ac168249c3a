"""Copy code: the lines that do what is set in a tab, and run as they are in a fresh Python."""

from __future__ import annotations

from functools import singledispatch

from .cells import (
    batches_code,
    communities_code,
    markers_code,
    names_code,
    trajectory_code,
    transfer_code,
)
from .made import edit_code, enhance_code, generate_code
from .script import COPY, COPY_HELP, Code
from .statistics import differences_code, patterns_code, variable_code
from .tabs import compare_code, data_code, genes_code, train_code, tune_code

__all__ = ["COPY", "COPY_HELP", "Code", "code_of"]


@singledispatch
def code_of(panel: object) -> Code:
    """Lines that do what is set in a panel; in words why there are none."""
    raise TypeError(f"no code is written for a {type(panel).__name__}")


for _writer in (
    data_code,
    genes_code,
    train_code,
    tune_code,
    compare_code,
    variable_code,
    patterns_code,
    differences_code,
    markers_code,
    names_code,
    transfer_code,
    trajectory_code,
    batches_code,
    communities_code,
    generate_code,
    enhance_code,
    edit_code,
):
    code_of.register(_writer)
