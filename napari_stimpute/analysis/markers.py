"""Marker genes of every group of spots, tested on the counts of all genes."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from ..data.counts import depth_of, log_normalise, size_factors
from ..data.on_disk import chosen, n_with
from ..data.technology import place_of
from ..errors import TooSmall, UnknownName
from ..progress import Progress
from .circular import circularity
from .contrast import (
    FEWEST,
    Contrast,
    contrast_steps,
    log2_fold_changes,
    means,
    membership,
    shares,
    sizes_of,
)
from .depth import UNEVEN, with_even_depth
from .draws import draw_steps
from .sources import all_counts, labels_of

if TYPE_CHECKING:
    from anndata import AnnData

Method = Literal["permutation", "t-test"]

_LEAST = 1 / 3
"""Share of the depth of all spots to which the shallowest group may pull the others."""


_NORMAL = 100
"""Fewer than these are not enough for the means of rare genes to be normal."""


@dataclass(frozen=True, eq=False)
class Markers:
    """Every gene in every group against all other spots.

    Attributes
    ----------
    table : a row per group and gene, within a group the highest score first: ``group``, ``gene``,
        ``log2_fold_change``, ``p``, ``p_adjusted`` (Benjamini and Hochberg, within a group),
        ``share_group`` and ``share_others`` of spots with molecules, ``score`` (the
        standard normal value of that p, or t; positive where the group is higher)
    groups : in the order of the column
    notes : sentences on what to beware of
    """

    table: pd.DataFrame = field(repr=False)
    groups: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def of(self, group: str) -> pd.DataFrame:
        """Rows of one group, markers first."""
        if group not in self.groups:
            raise UnknownName.of("group with markers", group, self.groups)
        return self.table[self.table["group"] == group].reset_index(drop=True)

    def top(self, n: int) -> dict[str, list[str]]:
        """Names of the `n` best markers of each group: genes that are higher in it, best first."""
        higher = self.table[self.table["score"] > 0]
        best = higher.groupby("group", sort=False).head(n).groupby("group")["gene"].agg(list)
        return {group: list(best.get(group, [])) for group in self.groups}


@dataclass(frozen=True, eq=False)
class GroupProfile:
    """Genes in groups of spots, each array (n_groups, n_genes).

    ``level`` mean of log(1 + counts at the median depth); ``share`` of spots with molecules;
    ``sizes`` (n_groups,) spots.
    """

    groups: tuple[str, ...]
    genes: tuple[str, ...]
    level: NDArray[np.float64]
    share: NDArray[np.float64]
    sizes: NDArray[np.intp]


def marker_steps(
    adata: AnnData, column: str, *, method: Method = "permutation", n_genes: int = 0
) -> Generator[Progress, None, Markers]:
    """Find the genes that tell each group of spots from all others.

    Parameters
    ----------
    adata : counts of all genes in raw, or else in X; never changed
    column : of obs, with the names of the groups; spots without a name are left out
    method : against as many spots drawn at random (see `draw_steps`), or Welch's t-test
    n_genes : rows kept per group, the best markers first; 0 keeps every gene with molecules

    Raises
    ------
    UnknownName : no such column or method
    TooSmall : fewer than two groups, or none with three spots

    Notes
    -----
    Groups of fewer than three spots have no markers, but are among the others. Counts are scored at
    the depth of their spot, once for all groups. The t-test takes means for normal, which those of
    few spots or rare genes are not, and needs even depth: where a group is deeper than another by a
    fifth or more, spots are thinned to one common depth before it (see `with_even_depth`), but not
    below a third of what they have on the whole; fold changes and shares are those of all counts.
    """
    if method not in get_args(Method):
        raise UnknownName.of("test", method, get_args(Method))
    spots, groups, names, lines = _testable(adata, column)
    yield Progress("test", 0, 1, message="Reading counts")
    counts, known = all_counts(adata)
    counts = chosen(counts, spots)
    counts = chosen(counts, columns=(genes := np.flatnonzero(n_with(counts))))
    values = log_normalise(counts, size_factors(counts))
    if method == "permutation":
        contrast = yield from draw_steps(counts, groups)
    else:
        tested, more = _evened(counts, groups, names)
        lines += (*_few(groups, names), *more)
        contrast = yield from contrast_steps(values if tested is None else tested, groups, "t-test")
    table = _table(contrast, values, counts, groups, names, known[genes].to_numpy())
    kept = table.groupby("group", sort=False).head(n_genes) if n_genes else table
    doubts = (circularity(adata, column), *lines)
    return Markers(kept.reset_index(drop=True), names, tuple(filter(None, doubts)))


def profile(adata: AnnData, column: str, genes: Sequence[str]) -> GroupProfile:
    """Mean level of genes in every group of spots, and the share of spots that show them.

    Raises
    ------
    UnknownName : no such column or gene
    TooSmall : no spot has a group
    """
    groups, names = labels_of(adata, column)
    if not names:
        raise TooSmall(
            expected=f"{place_of(adata)}s with a group",
            found=f"none in {column!r}",
            remedy="Choose another column.",
        )
    counts, known = all_counts(adata)
    places = known.get_indexer(pd.Index(genes))
    if (places < 0).any():
        unknown = str(genes[int(np.flatnonzero(places < 0)[0])])
        raise UnknownName.of("gene", unknown, known)
    spots = np.flatnonzero(groups >= 0)
    counts = chosen(counts, spots)
    members = membership(groups[spots])
    levels = chosen(log_normalise(counts, size_factors(counts)), columns=places)
    with np.errstate(invalid="ignore", divide="ignore"):  # a single group has no others
        level, share = means(levels, members)[0], shares(chosen(counts, columns=places), members)[0]
    sizes = sizes_of(members).ravel().astype(np.intp)
    return GroupProfile(names, tuple(map(str, genes)), level, share, sizes)


def _testable(
    adata: AnnData, column: str
) -> tuple[NDArray[np.intp], NDArray[np.intp], tuple[str, ...], tuple[str, ...]]:
    """Spots with a name, the group of each (−1 for too small ones), names, what was left out."""
    groups, names = labels_of(adata, column)
    spots = np.flatnonzero(groups >= 0)
    if len(names) < 2:
        raise TooSmall(
            expected=f"at least two groups in {column!r}",
            found=f"only {names[0]!r}" if names else "none",
            remedy="Choose a column with more groups, or find clusters first.",
        )
    sizes = np.bincount(groups[spots], minlength=len(names))
    enough = (sizes >= FEWEST) & (len(spots) - sizes >= FEWEST)
    if not enough.any():
        raise TooSmall(
            expected=f"groups of at least {FEWEST} {place_of(adata)}s, and as many others",
            found=f"{len(names)} groups of at most {sizes.max()} among {len(spots)}",
            remedy="Choose larger groups: from so few, no difference can be told from chance.",
        )
    kept = tuple(name for name, is_kept in zip(names, enough, strict=True) if is_kept)
    left = [name for name, is_kept in zip(names, enough, strict=True) if not is_kept]
    lines = (
        f"Without markers, as fewer than {FEWEST} {place_of(adata)}s are in or outside them: "
        f"{', '.join(left)}.",
    )
    codes = np.where(enough, np.cumsum(enough) - 1, -1)
    return spots, codes[groups[spots]], kept, lines if left else ()


def _few(groups: NDArray[np.intp], names: tuple[str, ...]) -> tuple[str, ...]:
    """What to beware of in groups whose means are not normal."""
    sizes = np.bincount(groups[groups >= 0], minlength=len(names))
    few = [name for name, size in zip(names, sizes, strict=True) if size < _NORMAL]
    line = (
        f"In groups of fewer than {_NORMAL} the t-test finds genes that do not differ: "
        f"{', '.join(few)}. The permutation test does not."
    )
    return (line,) if few else ()


def _evened(
    counts: sp.csr_matrix, groups: NDArray[np.intp], names: tuple[str, ...]
) -> tuple[sp.csr_matrix | None, tuple[str, ...]]:
    """Log-normalised counts at one depth, or None where depths are even; and what to beware of."""
    depth = depth_of(counts)
    medians = np.array([np.median(depth[groups == at]) for at in range(len(names))])
    if medians.max() <= UNEVEN * max(medians.min(), 1.0) and len(names) > 1:
        return None, ()
    even = with_even_depth(counts, groups, np.random.default_rng(0), least=_LEAST)
    shallow = [
        name
        for name, median in zip(names, medians, strict=True)
        if median < _LEAST * np.median(depth) / UNEVEN
    ]
    lines = [
        f"Groups differ in depth (median {medians.min():,.0f} to {medians.max():,.0f} molecules), "
        "so molecules of the deeper ones were left out at random before testing; small differences "
        "may still come from depth."
    ]
    if shallow:
        lines.append(
            "Shallower than the others even so, which makes genes look lower in them: "
            f"{', '.join(shallow)}."
        )
    return log_normalise(even, size_factors(even)), tuple(lines)


def _table(
    contrast: Contrast,
    values: sp.csr_matrix,
    counts: sp.csr_matrix,
    groups: NDArray[np.intp],
    names: tuple[str, ...],
    genes: NDArray[np.str_],
) -> pd.DataFrame:
    members = membership(groups)
    change = log2_fold_changes(values, members)
    here, others = shares(counts, members)
    parts = []
    for at, name in enumerate(names):
        order = np.lexsort((-change[at], -contrast.score[at]))
        p = contrast.p[at]
        rows = {
            "group": name,
            "gene": genes,
            "log2_fold_change": change[at],
            "p": p,
            "p_adjusted": false_discovery_control(p),
            "share_group": here[at],
            "share_others": others[at],
            "score": contrast.score[at],
        }
        parts.append(pd.DataFrame(rows).iloc[order])
    return pd.concat(parts, ignore_index=True)
