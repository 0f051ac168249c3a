"""Groups that were found in the same counts on which they are then compared."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd

from .. import keys
from ..data.records import read_records

if TYPE_CHECKING:
    from anndata import AnnData

_FOUND_IN_COUNTS = re.compile(
    r"cluster|leiden|louvain|k_?means|cell_?types?|_(sub)?type$|annotation|picked", re.IGNORECASE
)
"""Names that columns have which were usually made by clustering, named after it, or drawn on a map
of expression."""


def circularity(adata: AnnData, column: str) -> str:
    """Say that p-values of groups are too small because the same counts made the groups.

    Clusters of runs, and picks by hand, are known as such; other columns are recognised by their
    names, and may have been overlooked. "" where nothing speaks for it.

    Parameters
    ----------
    column : of obs
    """
    for record in read_records(adata).values():
        if column == keys.cluster(record.key):
            return (
                f"These groups were found by {record.title} in the same counts, so their p-values "
                "are too small: read the table as a ranking."
            )
    values = adata.obs[column]
    is_named = isinstance(values.dtype, pd.CategoricalDtype)
    is_picked = is_named and set(values.cat.categories) == set(keys.PICKED)
    if is_picked or _FOUND_IN_COUNTS.search(column):
        return (
            f"If the groups in “{column}” were found in the same counts (by clustering, or drawn "
            "on a map), their p-values are too small: read the table as a ranking."
        )
    return ""
