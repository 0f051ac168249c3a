"""Genes that differ between two groups of spots, tested on counts unless asked otherwise."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from .. import keys
from ..data.counts import counts_of, log_normalise, size_factors
from ..data.results import read_records
from ..errors import InvalidSetting, TooSmall, UnknownName
from ..progress import Progress
from .depth import median_depths, with_even_depth

if TYPE_CHECKING:
    from anndata import AnnData

COUNTS, REST = "counts", "rest"
"""Sources and references that are no names of runs or groups."""

Method = Literal["wilcoxon", "t-test"]

WHY_NOT_IMPUTED = (
    "an imputed gene borrows the differences of other genes, so that genes which do not differ "
    "come out with tiny p-values"
)

_FEWEST = 3
"""Spots that each group needs."""

_HALF_A_MOLECULE = 0.5

_UNEVEN = 1.2
"""Ratio of the groups' median depths from which depth is evened out before testing."""

_BLOCK = 20_000_000
"""Values that are ranked in one go."""


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
    `scanpy.tl.rank_genes_groups` on log(1 + x) of counts at the median depth. If one group is
    deeper by a fifth or more, its spots are thinned to the depth of the other first, always in the
    same way (see `with_even_depth`); fold changes and shares are those of all counts.
    """
    steps = differential_steps(
        adata, column, group, reference=reference, source=source, method=method,
        accept_imputed=accept_imputed,
    )  # fmt: skip
    while True:
        try:
            next(steps)
        except StopIteration as end:
            table: pd.DataFrame = end.value
            return table


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
    values = _logged(adata, counts, spots, source, accept_imputed)[:, genes]
    size = max(1, _BLOCK // len(spots))
    n_blocks = max(1, math.ceil(len(genes) / size))
    tested = _evened(counts, is_group)[:, genes] if _is_uneven(counts, is_group, source) else values
    p = []
    for block in range(n_blocks):
        yield Progress("test", block, n_blocks, message="Testing genes")
        p.append(_p_values(tested[:, block * size : (block + 1) * size], is_group, method))
    yield Progress("test", n_blocks, n_blocks)
    table = pd.DataFrame(
        {"log2_fold_change": _fold_change(values, is_group), "p": np.concatenate(p)},
        index=pd.Index([str(gene) for gene in adata.var_names[genes]], name="gene"),
    )
    table["p_adjusted"] = false_discovery_control(table["p"])
    for name, here in (("share_group", is_group), ("share_reference", ~is_group)):
        table[name] = counts[here][:, genes].getnnz(axis=0) / here.sum()
    order = np.lexsort((-table["log2_fold_change"].abs(), table["p"]))
    return table.iloc[order]


def caution(
    adata: AnnData, column: str, group: str, *, reference: str = REST, source: str = COUNTS
) -> tuple[str, ...]:
    """Say in sentences why p-values of these groups cannot be taken at their word."""
    said = []
    if source != COUNTS:
        said.append(f"Read this table as a ranking: {WHY_NOT_IMPUTED}.")
    for record in read_records(adata).values():
        if column == keys.cluster(record.key):
            said.append(
                f"These groups were found by {record.title} in the same counts, so their p-values "
                "are too small: read the table as a ranking."
            )
    spots, is_group = _groups(adata, column, group, reference)
    counts = counts_of(adata, "X")[spots]
    if _is_uneven(counts, is_group, source):
        one, other = median_depths(counts, is_group)
        said.append(
            f"The groups differ in depth (median {one:,.0f} molecules against {other:,.0f}), and "
            "zeros are rarer where spots are deep. So molecules of the deeper spots were left out "
            "by chance before testing, until both groups were equally deep; small differences may "
            "still come from depth."
        )
    return tuple(said)


def _is_uneven(counts: sp.csr_matrix, is_group: NDArray[np.bool_], source: str) -> bool:
    """Whether counts are tested, of groups that differ in depth."""
    low, high = sorted(median_depths(counts, is_group))
    return source == COUNTS and high > _UNEVEN * max(low, 1.0)


def _evened(counts: sp.csr_matrix, is_group: NDArray[np.bool_]) -> sp.csr_matrix:
    even = with_even_depth(counts, is_group, np.random.default_rng(0))
    return log_normalise(even, size_factors(even))


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
            field="reference", expected="another group", found=f"{group!r} against itself",
            remedy="Choose another group, or the rest.",
        )  # fmt: skip
    known = adata.obs[column].notna().to_numpy(dtype=bool)
    in_group, in_reference = np.zeros((2, adata.n_obs), dtype=bool)
    in_group[known] = (labels == group).to_numpy()
    in_reference[known] = (labels == reference if reference != REST else labels != group).to_numpy()
    for name, n in ((group, int(in_group.sum())), (reference, int(in_reference.sum()))):
        if n < _FEWEST:
            raise TooSmall(
                expected=f"at least {_FEWEST} spots in each group",
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
    layer = keys.imputed(source)
    if layer not in adata.layers:
        ending = keys.imputed("")
        runs = [name.removesuffix(ending) for name in adata.layers if name.endswith(ending)]
        raise UnknownName.of("run with imputed genes", source, [COUNTS, *runs])
    if not accepted:
        raise InvalidSetting(
            field="accept_imputed", expected="True before imputed values are tested",
            found=f"imputed values of {source!r} chosen without it; {WHY_NOT_IMPUTED}",
            remedy="Test the counts; or set it, and read the p-values as a ranking only.",
        )  # fmt: skip
    values: NDArray[np.float32] = np.asarray(adata.layers[layer][spots], dtype=np.float32)
    depth = size_factors(values)  # type: ignore[arg-type]  # it needs no more than sums
    logged: NDArray[np.float32] = np.log1p(values / depth[:, None])
    return logged


def _p_values(
    values: sp.csr_matrix | NDArray[np.float32], is_group: NDArray[np.bool_], method: Method
) -> NDArray[np.float64]:
    """p of each gene, in their order; 1 for a constant gene."""
    import scanpy as sc
    from anndata import AnnData

    sides = pd.Categorical(np.where(is_group, "group", REST), categories=["group", REST])
    data = AnnData(values, obs=pd.DataFrame({"side": sides}, index=_names(len(is_group))))
    data.var_names = _names(data.n_vars)
    with np.errstate(invalid="ignore", divide="ignore"):  # a constant gene
        sc.tl.rank_genes_groups(
            data, "side", groups=["group"], reference=REST, method=method, use_raw=False,
            tie_correct=method == "wilcoxon",
        )  # fmt: skip
    found = sc.get.rank_genes_groups_df(data, group="group").set_index("names")
    return np.asarray(found["pvals"].loc[data.var_names], dtype=np.float64)


def _fold_change(
    values: sp.csr_matrix | NDArray[np.float32], is_group: NDArray[np.bool_]
) -> NDArray[np.float64]:
    added = _HALF_A_MOLECULE / min(is_group.sum(), (~is_group).sum())
    level = values.expm1() if sp.issparse(values) else np.expm1(values)
    group, reference = (
        np.asarray(level[here].mean(axis=0), dtype=np.float64).ravel() + added
        for here in (is_group, ~is_group)
    )
    return np.asarray(np.log2(group / reference))


def _names(n: int) -> pd.Index:
    return pd.Index([str(i) for i in range(n)])
