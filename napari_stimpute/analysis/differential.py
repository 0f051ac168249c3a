"""Genes that differ between two groups of spots, tested on counts unless asked otherwise."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from ..data.columns import REST
from ..data.counts import counts_of, log_normalise, size_factors
from ..data.on_disk import chosen, n_with
from ..data.technology import place_of
from ..errors import InvalidSetting, TooSmall, UnknownName
from ..keys import COUNTS
from ..progress import Progress, drain
from .circular import circularity
from .contrast import FEWEST, Values, contrast_steps, log2_fold_changes, membership, shares
from .draws import draw_steps
from .sources import all_counts, logged_imputed

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
    accept_imputed: bool = False,
) -> pd.DataFrame:
    """Test each gene for a difference between a group of spots and another group, or the rest.

    Parameters
    ----------
    adata : counts of all genes in raw, or else in X; never changed
    column : of obs, with the names of the groups; spots without a name are left out
    group, reference : names in that column; "rest" is every other spot with a name
    source : "counts", of all genes; or the key of a run whose imputed values are tested, of the
        modelled genes
    accept_imputed : has to be True for imputed values, which borrow differences from other genes

    Returns
    -------
    One row per gene with molecules in these spots (index ``gene``), the smallest p first:
    ``log2_fold_change`` of the means at a common depth, half a molecule added in the smaller group
    so that it is finite; ``p``; ``p_adjusted`` (Benjamini and Hochberg); ``share_group`` and
    ``share_reference``, of spots in which molecules were counted.

    Raises
    ------
    UnknownName : no such column, group or run
    TooSmall : fewer than three spots in a group
    InvalidSetting : imputed values that were not accepted, or a group against itself

    Notes
    -----
    Counts are scored at the depth of their spot, and the group is compared with as many spots drawn
    at random from both groups (see `draw_steps`), so that p is right for few spots and rare genes
    too. Imputed values are tested by Wilcoxon's rank-sum test.
    """
    steps = differential_steps(
        adata,
        column,
        group,
        reference=reference,
        source=source,
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
    accept_imputed: bool = False,
) -> Generator[Progress, None, pd.DataFrame]:
    """As `differential_expression`, in blocks of genes, so that it can be watched and stopped."""
    spots, is_group = _groups(adata, column, group, reference)
    sides = np.where(is_group, 0, -1)
    if source == COUNTS:
        counts, names = all_counts(adata)
        counts = chosen(counts, spots)
        genes = np.flatnonzero(n_with(counts))
        counts, names = chosen(counts, columns=genes), names[genes]
        values: Values = log_normalise(counts, size_factors(counts))
        contrast = yield from draw_steps(counts, sides)
    else:
        values = _imputed(adata, source, spots, accept_imputed)
        counts = counts_of(adata, "X")[spots]
        genes = np.flatnonzero(counts.getnnz(axis=0))
        counts, values, names = counts[:, genes], values[:, genes], adata.var_names[genes]
        contrast = yield from contrast_steps(values, sides, "wilcoxon")
    members = membership(sides)
    here, there = shares(counts, members)
    table = pd.DataFrame(
        {
            "log2_fold_change": log2_fold_changes(values, members)[0],
            "p": contrast.p[0],
            "p_adjusted": false_discovery_control(contrast.p[0]),
            "share_group": here[0],
            "share_reference": there[0],
        },
        index=pd.Index([str(name) for name in names], name="gene"),
    )
    order = np.lexsort((-table["log2_fold_change"].abs(), table["p"]))
    return table.iloc[order]


def caution(adata: AnnData, column: str, *, source: str = COUNTS) -> tuple[str, ...]:
    """Say in sentences why p-values of groups of a column cannot be taken at their word."""
    ranking = f"Read this table as a ranking: {WHY_NOT_IMPUTED}." if source != COUNTS else ""
    return tuple(filter(None, (ranking, circularity(adata, column))))


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


def _imputed(
    adata: AnnData, source: str, spots: NDArray[np.intp], accepted: bool
) -> NDArray[np.float32]:
    values = logged_imputed(adata, source, spots)
    if not accepted:
        raise InvalidSetting(
            field="accept_imputed",
            expected="True before imputed values are tested",
            found=f"imputed values of {source!r} chosen without it; {WHY_NOT_IMPUTED}",
            remedy="Test the counts; or set it, and read the p-values as a ranking only.",
        )
    return values
