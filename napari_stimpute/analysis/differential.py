"""Genes that differ between two groups of spots, tested on counts unless asked otherwise."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, get_args

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from ..data.columns import REST
from ..data.counts import counts_of, log_normalise, size_factors
from ..data.graph import place_of
from ..errors import InvalidSetting, TooSmall, UnknownName
from ..keys import COUNTS
from ..progress import Progress, drain
from .circular import circularity
from .contrast import FEWEST, Method, contrast_steps, log2_fold_changes, membership, shares
from .depth import UNEVEN, median_depths, with_even_depth
from .sources import logged_imputed

if TYPE_CHECKING:
    from anndata import AnnData

WHY_NOT_IMPUTED = (
    "an imputed gene borrows the differences of other genes, so that genes which do not differ "
    "come out with tiny p-values"
)


def differential_expression(
    adata: AnnData,
    column: str,
    group: str,
    *,
    reference: str = REST,
    source: str = COUNTS,
    method: Method = "wilcoxon",
    accept_imputed: bool = False,
) -> pd.DataFrame:
    """Test each gene for a difference between a group of spots and another group, or the rest.

    Parameters
    ----------
    adata : counts of the modelled genes in X; never changed
    column : of obs, with the names of the groups; spots without a name are left out
    group, reference : names in that column; "rest" is every other spot with a name
    source : "counts", or the key of a run whose imputed values are tested
    method : Wilcoxon's rank-sum test with ties corrected for, or Welch's t-test
    accept_imputed : has to be True for imputed values, which borrow differences from other genes

    Returns
    -------
    One row per gene with molecules in these spots (index ``gene``), the smallest p first:
    ``log2_fold_change`` of the means at a common depth, half a molecule added in the smaller group
    so that it is finite; ``p``; ``p_adjusted`` (Benjamini and Hochberg); ``share_group`` and
    ``share_reference``, of spots in which molecules were counted.

    Raises
    ------
    UnknownName : no such column, group, run or method
    TooSmall : fewer than three spots in a group
    InvalidSetting : imputed values that were not accepted, or a group against itself

    Notes
    -----
    On log(1 + x) of counts at the median depth (see `contrast_steps`). If one group is
    deeper by a fifth or more, its spots are thinned to the depth of the other first, always in the
    same way (see `with_even_depth`); fold changes and shares are those of all counts.
    """
    steps = differential_steps(
        adata,
        column,
        group,
        reference=reference,
        source=source,
        method=method,
        accept_imputed=accept_imputed,
    )
    return drain(steps)


def differential_steps(
    adata: AnnData,
    column: str,
    group: str,
    *,
    reference: str = REST,
    source: str = COUNTS,
    method: Method = "wilcoxon",
    accept_imputed: bool = False,
) -> Generator[Progress, None, pd.DataFrame]:
    """As `differential_expression`, in blocks of genes, so that it can be watched and stopped."""
    if method not in get_args(Method):
        raise UnknownName.of("test", method, get_args(Method))
    spots, is_group = _groups(adata, column, group, reference)
    counts = counts_of(adata, "X")[spots]
    genes = np.flatnonzero(counts.getnnz(axis=0))
    values = tested = _logged(adata, counts, spots, source, accept_imputed)[:, genes]
    if _is_uneven(counts, is_group, source):
        even = with_even_depth(counts, is_group, np.random.default_rng(0))
        tested = log_normalise(even, size_factors(even))[:, genes]
    sides = np.where(is_group, 0, -1)
    contrast = yield from contrast_steps(tested, sides, method)
    members = membership(sides)
    here, there = shares(counts[:, genes], members)
    table = pd.DataFrame(
        {
            "log2_fold_change": log2_fold_changes(values, members)[0],
            "p": contrast.p[0],
            "p_adjusted": false_discovery_control(contrast.p[0]),
            "share_group": here[0],
            "share_reference": there[0],
        },
        index=pd.Index([str(gene) for gene in adata.var_names[genes]], name="gene"),
    )
    order = np.lexsort((-table["log2_fold_change"].abs(), table["p"]))
    return table.iloc[order]


def caution(
    adata: AnnData, column: str, group: str, *, reference: str = REST, source: str = COUNTS
) -> tuple[str, ...]:
    """Say in sentences why p-values of these groups cannot be taken at their word."""
    lines = []
    if source != COUNTS:
        lines.append(f"Read this table as a ranking: {WHY_NOT_IMPUTED}.")
    if circular := circularity(adata, column):
        lines.append(circular)
    spots, is_group = _groups(adata, column, group, reference)
    counts = counts_of(adata, "X")[spots]
    if _is_uneven(counts, is_group, source):
        one, other = median_depths(counts, is_group)
        lines.append(
            f"The groups differ in depth (median {one:,.0f} molecules against {other:,.0f}), and "
            "zeros are rarer at greater depth. So molecules of the deeper one were left out at "
            "random before testing, until both groups were equally deep; small differences may "
            "still come from depth."
        )
    return tuple(lines)


def _is_uneven(counts: sp.csr_matrix, is_group: NDArray[np.bool_], source: str) -> bool:
    """Whether counts are tested, of groups that differ in depth."""
    low, high = sorted(median_depths(counts, is_group))
    return source == COUNTS and high > UNEVEN * max(low, 1.0)


def _groups(
    adata: AnnData, column: str, group: str, reference: str
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Spots that are compared, by place, and which of them are of the group."""
    if column not in adata.obs:
        raise UnknownName.of("column", column, adata.obs.columns)
    labels: pd.Series[str] = adata.obs[column].dropna().astype(str)
    for name in (group,) if reference == REST else (group, reference):
        if name not in set(labels):
            raise UnknownName.of(f"group in {column!r}", name, sorted(set(labels)))
    if group == reference:
        raise InvalidSetting(
            field="reference",
            expected="another group",
            found=f"{group!r} against itself",
            remedy="Choose another group, or the rest.",
        )
    known = adata.obs[column].notna().to_numpy(dtype=bool)
    in_group, in_reference = np.zeros((2, adata.n_obs), dtype=bool)
    in_group[known] = (labels == group).to_numpy()
    in_reference[known] = (labels == reference if reference != REST else labels != group).to_numpy()
    for name, n in ((group, int(in_group.sum())), (reference, int(in_reference.sum()))):
        if n < FEWEST:
            raise TooSmall(
                expected=f"at least {FEWEST} {place_of(adata)}s in each group",
                found=f"{n} in {name!r}",
                remedy="Choose larger groups: from so few, no difference can be told from chance.",
            )
    spots = np.flatnonzero(in_group | in_reference)
    return spots, in_group[spots]


def _logged(
    adata: AnnData, counts: sp.csr_matrix, spots: NDArray[np.intp], source: str, accepted: bool
) -> sp.csr_matrix | NDArray[np.float32]:
    if source == COUNTS:
        return log_normalise(counts, size_factors(counts))
    values = logged_imputed(adata, source, spots)
    if not accepted:
        raise InvalidSetting(
            field="accept_imputed",
            expected="True before imputed values are tested",
            found=f"imputed values of {source!r} chosen without it; {WHY_NOT_IMPUTED}",
            remedy="Test the counts; or set it, and read the p-values as a ranking only.",
        )
    return values
