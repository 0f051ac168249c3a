"""Make the working AnnData, which holds the genes to model.

The working AnnData has the counts of the modelled genes in X and those of all genes in raw
(scanpy's idiom), so that an imputed layer always fits the AnnData it is stored in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from .. import keys
from ..errors import DuplicateNames
from .counts import ROW_BLOCK, Counts, check_counts, read_counts, size_factors
from .gene_choice import choose_genes
from .on_disk import by_column, is_on_disk, let_go, n_with
from .structure import named

if TYPE_CHECKING:
    from anndata import AnnData

CHOSEN = "How they were chosen: "
"""How a note begins that says how the genes of a result were chosen when it was made."""


def check_unique_names(adata: AnnData) -> None:
    """Refuse cells or genes that share a name, since results could not be told apart.

    Raises
    ------
    DuplicateNames : names up to three of them, and how to make them unique
    """
    both = (("gene", "var_names", adata.var_names), ("cell", "obs_names", adata.obs_names))
    for kind, attribute, names in both:
        if names.is_unique:
            continue
        repeated = names[names.duplicated()].unique()
        listed = ", ".join(repr(str(n)) for n in repeated[:3])
        more = f" and {len(repeated) - 3:,} more" if len(repeated) > 3 else ""
        raise DuplicateNames(
            expected=f"every {kind} to have its own name",
            found=f"{listed}{more} more than once",
            remedy=f"Run adata.{attribute}_make_unique() and save again.",
        )


def working_adata(
    adata: AnnData, spec: str = "", counts: Counts | None = None, also: Sequence[str] = ()
) -> tuple[AnnData, list[str]]:
    """Make the AnnData that is worked on: counts of the modelled genes in X, of all in raw.

    Every cell is kept, in order, with obs, obsm, obsp and uns. Layers, varm and varp are kept
    where they hold every modelled gene. A raw that is not the counts goes to
    ``obsm[keys.RAW_BEFORE]`` (its genes to ``uns``), an X that was not the counts to
    ``layers[keys.X_BEFORE]`` (or ``obsm`` if its genes are others). How the genes were chosen
    stands in ``uns[keys.GENE_CHOICE]``, and stays there when a result is opened again; which were
    asked for by name stands in ``uns[keys.ALSO]``, and they are asked for again when others are
    chosen later. The input is not changed, but its matrices are taken over: hand in a copy of what
    others work on. Raw is sparse by column, so that a gene is read at once. `spec`, `counts` and
    `also` are those of `choose_genes`.

    Returns
    -------
    the working AnnData, and sentences that say what was chosen, moved and left out

    Raises
    ------
    NotCounts : no modelled gene has any counts
    DuplicateNames : as `check_unique_names`
    others as `choose_genes`
    """
    from anndata import AnnData

    check_unique_names(adata)
    counts = counts or read_counts(adata)
    choice = choose_genes(adata, spec, counts, also or _asked_before(adata, counts))
    columns = counts.var.index.get_indexer(pd.Index(choice.names))
    is_all = np.array_equal(columns, np.arange(counts.matrix.shape[1]))
    modelled = counts.matrix if is_all else counts.matrix[:, columns]
    if not modelled.nnz:  # the counts are those of other genes
        check_counts(modelled, "X")
    earlier = str(adata.uns.get(keys.GENE_CHOICE, ""))
    is_reopened = bool(earlier) and choice.is_all and counts.place != "raw"
    work = AnnData(
        X=modelled,
        obs=adata.obs.copy(),
        var=counts.var.iloc[columns].copy(),
        obsm=dict(adata.obsm),
        obsp=dict(adata.obsp),
        uns=dict(adata.uns),
    )
    work.uns[keys.GENE_CHOICE] = earlier if is_reopened else choice.note
    work.uns.pop(keys.ALSO, None)
    if choice.also:
        work.uns[keys.ALSO] = np.array(choice.also, dtype=object)
    rounded = ", and rounded to whole numbers" if counts.is_rounded else ""
    notes = [f"The counts were taken from {counts.where}{rounded}.", choice.note]
    notes += [f"{CHOSEN}{earlier}"] if is_reopened and earlier != choice.note else []
    notes += _keep_by_gene(adata, work)
    notes += _keep_x(adata, work, counts.place)
    notes += _set_raw(adata, work, counts)
    return work, notes


def hold_once(adata: AnnData) -> None:
    """Let X stand for raw where all genes of a working AnnData are modelled.

    For work in which nobody changes X, and no gene is looked at: it saves as much memory as the
    counts take. Counts on disk take none.
    """
    from anndata import AnnData

    if adata.var_names.equals(adata.raw.var_names) and not is_on_disk(adata.X):
        adata.raw = AnnData(X=adata.X, var=adata.raw.var, obs=adata.obs)


def relative_variance(counts: sp.csr_matrix) -> NDArray[np.floating]:
    """Variance over mean of each gene, depth taken out, (n_vars,); 0 without counts."""
    n_obs, n_vars = counts.shape
    factors, ends = size_factors(counts), counts.indptr
    mean, square = np.zeros(n_vars), np.zeros(n_vars)
    step = max(1, ROW_BLOCK * n_obs // max(1, counts.nnz))
    for start in range(0, n_obs, step):
        rows = slice(start, min(start + step, n_obs))
        here = slice(ends[rows.start], ends[rows.stop])
        per_value = np.repeat(factors[rows], np.diff(ends[rows.start : rows.stop + 1]))
        level = counts.data[here] / per_value
        mean += np.bincount(counts.indices[here], level, n_vars) / n_obs
        square += np.bincount(counts.indices[here], level**2, n_vars) / n_obs
        let_go(counts)
    ratio: NDArray[np.floating] = np.divide(
        square - mean**2, mean, out=np.zeros_like(mean), where=mean > 0
    )
    return ratio


def most_telling_gene(counts: Counts) -> str:
    """The gene to show first: the largest variance-to-mean ratio, depth taken out."""
    ratio = relative_variance(counts.matrix)
    seen = n_with(counts.matrix) >= 0.3 * counts.matrix.shape[0]
    return str(
        counts.var.index[int(np.argmax(np.where(seen, ratio, -1.0) if seen.any() else ratio))]
    )


def asked_for(adata: AnnData) -> list[str]:
    """Genes of a working AnnData that were asked for by name, whatever else was chosen."""
    return [str(name) for name in np.ravel(adata.uns.get(keys.ALSO, ()))]


def _asked_before(adata: AnnData, counts: Counts) -> list[str]:
    """Genes that an earlier choice was to hold whatever it chose, as far as they are here."""
    return [name for name in asked_for(adata) if name in counts.var.index]


def _keep_by_gene(adata: AnnData, work: AnnData) -> list[str]:
    """Carry over layers, varm and varp, if they hold every modelled gene."""
    at = adata.var_names.get_indexer(work.var_names)
    if (at < 0).any():
        left = [
            *(f"layer {k!r}" for k in named(adata, "layers")),
            *(f"varm {k!r}" for k in adata.varm),
        ]
        left += [f"varp {k!r}" for k in adata.varp]
        return [f"Left out, because they lack modelled genes: {', '.join(left)}."] if left else []
    for name, layer in named(adata, "layers").items():
        work.layers[name] = layer[:, at]
    for name, rows in adata.varm.items():
        work.varm[name] = rows.iloc[at] if isinstance(rows, pd.DataFrame) else rows[at]
    for name, pairs in adata.varp.items():
        work.varp[name] = pairs[at][:, at]
    return []


def _keep_x(adata: AnnData, work: AnnData, place: str) -> list[str]:
    """Carry over an X that was not the counts."""
    if place == "X" or adata.X is None:
        return []
    at = adata.var_names.get_indexer(work.var_names)
    if (at >= 0).all():
        name = keys.free(keys.X_BEFORE, work.layers)
        work.layers[name] = adata.X[:, at]
        return [f"The former X is kept in layers[{name!r}]."]
    name = keys.free(keys.X_BEFORE, work.obsm)
    work.obsm[name] = adata.X
    work.uns[name] = adata.var.copy()
    return [f"The former X (other genes) is kept in obsm[{name!r}], its genes in uns[{name!r}]."]


def _set_raw(adata: AnnData, work: AnnData, counts: Counts) -> list[str]:
    """Let raw hold the counts of all genes, and carry over a raw that was something else."""
    from anndata import AnnData

    if adata.raw is not None and raw_holds(adata, counts):
        matrix: Any = adata.raw.X
        by_gene = matrix.tocsc() if hasattr(matrix, "tocsc") else matrix
        work.raw = AnnData(X=by_gene, var=adata.raw.var.copy(), obs=work.obs)
        return [f"raw holds the counts of all {adata.raw.n_vars:,} genes, as before."]
    notes = [f"raw holds the counts of all {counts.matrix.shape[1]:,} genes."]
    if adata.raw is not None:
        name = keys.free(keys.RAW_BEFORE, work.obsm)
        work.obsm[name] = adata.raw.X
        work.uns[name] = adata.raw.var.copy()
        notes += [
            f"The former raw ({adata.raw.n_vars:,} genes, not these counts) is kept in "
            f"obsm[{name!r}], its genes in uns[{name!r}]."
        ]
    work.raw = AnnData(X=by_column(counts.matrix), var=counts.var.copy(), obs=work.obs)
    return notes


def raw_holds(adata: AnnData, counts: Counts) -> bool:
    """Whether ``adata.raw`` holds these very counts, perhaps beside those of further genes."""
    at = adata.raw.var_names.get_indexer(counts.var.index)
    if (at < 0).any():
        return False
    difference: sp.csr_matrix = sp.csr_matrix(adata.raw.X)[:, at] - counts.matrix
    return bool((np.abs(difference.data) < 1e-3).all())  # or as near as rounding leaves them
