"""Choose the genes to model, and make the working AnnData that holds them.

The working AnnData has the counts of the modelled genes in X and those of all genes in raw
(scanpy's idiom), so that an imputed layer always fits the AnnData it is stored in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from .. import keys
from ..errors import DuplicateNames, InvalidSetting, NotReadable, TooSmall, UnknownName
from .counts import Counts, check_counts, read_counts, size_factors
from .files import full_path
from .holdout import Molecules

if TYPE_CHECKING:
    from anndata import AnnData

ALL_UP_TO = 5_000
"""Files with at most so many genes are modelled whole, unless told otherwise."""

_MOST_DIGITS = 12
"""Of a number of genes; Python reads no number of thousands of digits."""

_VERSION = r"^(ENS[A-Z]*\d{11})\.\d+$"
"""An Ensembl id with its version."""

DEFAULT_VARIABLE = 3_000
"""Number of most variable genes taken from larger files."""


@dataclass(frozen=True)
class GeneChoice:
    """The genes to model, in the order of the data, and one sentence on how they were chosen.

    ``is_all`` where they are all that have counts at the place that was read.
    """

    names: list[str]
    note: str
    is_all: bool = False


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


def choose_genes(adata: AnnData, spec: str = "", counts: Counts | None = None) -> GeneChoice:
    """Choose the genes to model.

    Parameters
    ----------
    adata : in memory
    spec : "all"; "hvg:N" for the N most variable (seurat_v3, on the half of the molecules that
        judges nothing, see `holdout.Molecules`); the path of a text file with one gene per line; ""
        for all up to 5,000, else "hvg:3000"
    counts : those of the data, where they were read before

    Raises
    ------
    InvalidSetting : the text is none of these
    UnknownName : none of the genes of the file is in the data
    NotReadable : the file is not text
    TooSmall : too few cells or genes to rank by variability
    NotCounts, DuplicateNames : as `read_counts`, `check_unique_names`
    """
    check_unique_names(adata)
    counts = counts or read_counts(adata)
    names = counts.var.index.astype(str)
    default = "all" if len(names) <= ALL_UP_TO else f"hvg:{DEFAULT_VARIABLE}"
    spec = spec.strip() or default
    if spec == "all":
        return GeneChoice(list(names), f"All {len(names):,} genes are modelled.", is_all=True)
    if spec.startswith("hvg:"):
        n_wanted = _parsed_number(spec)
        return _variable_genes(Molecules.of(counts.matrix, adata.obs_names, names), names, n_wanted)
    full_path(spec, NotReadable)  # refuses what can be no path
    return _listed_genes(Path(spec).expanduser(), names, counts.var)


def working_adata(
    adata: AnnData, spec: str = "", counts: Counts | None = None
) -> tuple[AnnData, list[str]]:
    """Make the AnnData that is worked on: counts of the modelled genes in X, of all in raw.

    Every cell is kept, in order, with obs, obsm, obsp and uns. Layers, varm and varp are kept
    where they hold every modelled gene. A raw that is not the counts goes to
    ``obsm[keys.RAW_BEFORE]`` (its genes to ``uns``), an X that was not the counts to
    ``layers[keys.X_BEFORE]`` (or ``obsm`` if its genes are others). How the genes were chosen
    stands in ``uns[keys.GENE_CHOICE]``, and stays there when a result is opened again. The input
    is not changed and shares no matrix with the result. `spec` and `counts` are those of
    `choose_genes`.

    Returns
    -------
    the working AnnData, and sentences that say what was chosen, moved and left out

    Raises
    ------
    NotCounts : no modelled gene has any counts
    others as `choose_genes`
    """
    from anndata import AnnData

    counts = counts or read_counts(adata)
    choice = choose_genes(adata, spec, counts)
    columns = counts.var.index.get_indexer(pd.Index(choice.names))
    modelled = counts.matrix[:, columns]
    if not modelled.nnz:  # the counts are those of other genes
        check_counts(modelled, "X")
    earlier = str(adata.uns.get(keys.GENE_CHOICE, ""))
    is_reopened = earlier and choice.is_all and counts.place != "raw"
    work = AnnData(
        X=modelled,
        obs=adata.obs.copy(),
        var=counts.var.iloc[columns].copy(),
        obsm=_copied(adata.obsm),
        obsp=_copied(adata.obsp),
        uns=_copied(adata.uns),
    )
    work.uns[keys.GENE_CHOICE] = earlier if is_reopened else choice.note
    rounded = ", and rounded to whole numbers" if counts.is_rounded else ""
    notes = [f"The counts were taken from {counts.where}{rounded}.", choice.note]
    notes += [f"How they were chosen: {earlier}"] if is_reopened else []
    notes += _keep_by_gene(adata, work)
    notes += _keep_x(adata, work, counts.place)
    notes += _set_raw(adata, work, counts)
    return work, notes


def relative_variance(counts: sp.csr_matrix) -> NDArray[np.floating]:
    """Variance over mean of each gene, depth taken out, (n_vars,); 0 without counts."""
    level = (sp.diags(1 / size_factors(counts)) @ counts).tocsr()
    mean = np.asarray(level.mean(axis=0)).ravel()
    square = np.asarray(level.multiply(level).mean(axis=0)).ravel()
    ratio: NDArray[np.floating] = np.divide(
        square - mean**2, mean, out=np.zeros_like(mean), where=mean > 0
    )
    return ratio


def most_telling_gene(counts: Counts) -> str:
    """The gene to show first: the largest variance-to-mean ratio, depth taken out."""
    ratio = relative_variance(counts.matrix)
    seen = counts.matrix.getnnz(axis=0) >= 0.3 * counts.matrix.shape[0]
    return str(
        counts.var.index[int(np.argmax(np.where(seen, ratio, -1.0) if seen.any() else ratio))]
    )


def _parsed_number(spec: str) -> int:
    text = spec.removeprefix("hvg:").replace(",", "").replace("_", "")
    if not text.isascii() or not text.isdigit() or len(text) > _MOST_DIGITS or int(text) < 1:
        raise InvalidSetting(
            field="genes",
            expected="'hvg:' and a number of genes",
            found=repr(spec),
            remedy=f"Write, for example, hvg:{DEFAULT_VARIABLE}.",
        )
    return int(text)


def _variable_genes(molecules: Molecules, names: pd.Index[str], n_wanted: int) -> GeneChoice:
    seen = molecules.seen
    ranked = np.flatnonzero(seen.getnnz(axis=0))
    if n_wanted >= len(ranked):
        every = np.flatnonzero(molecules.counts.getnnz(axis=0))
        note = f"All {len(every):,} genes with counts are modelled ({n_wanted:,} were asked for)."
        return GeneChoice(list(names[every]), note)
    is_variable = _seurat_v3(seen[:, ranked], n_wanted)
    note = (
        f"The {n_wanted:,} most variable of {len(names):,} genes are modelled: chosen on one half "
        "of the molecules, so that they are judged on others."
    )
    return GeneChoice(list(names[ranked[is_variable]]), note)


def _seurat_v3(counts: sp.csr_matrix, n_wanted: int) -> NDArray[np.bool_]:
    """Mark the most variable genes; the loess is widened until it can be fitted."""
    import scanpy as sc
    from anndata import AnnData

    data = AnnData(counts)
    for span in (0.3, 0.5, 0.8, 1.0) if data.n_obs > 2 else ():
        try:
            table = sc.pp.highly_variable_genes(
                data, flavor="seurat_v3", n_top_genes=n_wanted, span=span, inplace=False
            )
        except ValueError:  # what the loess raises when too few points lie within its span
            continue
        is_variable: NDArray[np.bool_] = table["highly_variable"].to_numpy(dtype=bool)
        if is_variable.sum() == n_wanted:
            return is_variable
    raise TooSmall(
        expected="enough spots and genes to rank genes by variability",
        found=f"{data.n_obs:,} spots and {data.n_vars:,} genes with counts",
        remedy="Choose all genes (--genes all), or a file with gene names.",
    )


def _listed_genes(path: Path, names: pd.Index[str], var: pd.DataFrame) -> GeneChoice:
    if not path.is_file():
        raise InvalidSetting(
            field="genes",
            expected="'all', 'hvg:N' or a file with one gene per line",
            found=f"{str(path)!r}, which is none of these",
            remedy="Check the path.",
        )
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise NotReadable(
            expected=f"a text file with one gene per line at {path}",
            found=str(error),
            remedy="Save it as plain text (UTF-8).",
        ) from None
    wanted = pd.Index([line.strip() for line in lines if line.strip()]).unique()
    wanted, how = _by_other_names(wanted, names, var)
    unknown = wanted.difference(names, sort=False)
    if len(unknown) == len(wanted):
        raise UnknownName.of("gene", unknown[0] if len(unknown) else "", names)
    n = len(wanted) - len(unknown)
    genes, are = ("gene", "is") if n == 1 else ("genes", "are")
    note = f"{n:,} {genes} listed in {path.name} {are} modelled{how}."
    if len(unknown):
        listed = ", ".join(unknown[:5]) + (", …" if len(unknown) > 5 else "")
        note += f" Left out, because the data do not hold them ({len(unknown):,}): {listed}."
    return GeneChoice(list(names[names.isin(wanted)]), note)


def _by_other_names(
    wanted: pd.Index[str], names: pd.Index[str], var: pd.DataFrame
) -> tuple[pd.Index[str], str]:
    """Wanted genes by the names they have here, if they go by others: symbols, ids, no version."""
    missing = wanted.difference(names, sort=False)
    others = {
        "their ids without a version": pd.Series(names.str.replace(_VERSION, r"\1", regex=True))
    }
    for column in var.columns:
        if not pd.api.types.is_numeric_dtype(var[column]):
            others[f"var[{str(column)!r}]"] = var[column].astype(str)
    best = max(others, key=lambda other: int(missing.isin(others[other]).sum()))
    known = dict(zip(reversed(list(others[best])), reversed(list(names)), strict=True))  # the first
    lacking = set(missing)
    n_found = sum(gene in known for gene in lacking)
    if not n_found:
        return wanted, ""
    found = pd.Index([known.get(g, g) if g in lacking else g for g in wanted]).unique()
    return found, f" ({n_found:,} of them found by {best})"


def _copied(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a mapping, the mappings within it, and their arrays."""
    return {
        key: _copied(value) if isinstance(value, Mapping) else _copy_of(value)
        for key, value in mapping.items()
    }


def _copy_of(value: Any) -> Any:
    return value.copy() if hasattr(value, "copy") else value


def _keep_by_gene(adata: AnnData, work: AnnData) -> list[str]:
    """Carry over layers, varm and varp, if they hold every modelled gene."""
    at = adata.var_names.get_indexer(work.var_names)
    if (at < 0).any():
        left = [*(f"layer {k!r}" for k in adata.layers), *(f"varm {k!r}" for k in adata.varm)]
        left += [f"varp {k!r}" for k in adata.varp]
        return [f"Left out, because they lack modelled genes: {', '.join(left)}."] if left else []
    for name, layer in adata.layers.items():
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
    work.obsm[name] = adata.X.copy()
    work.uns[name] = adata.var.copy()
    return [f"The former X (other genes) is kept in obsm[{name!r}], its genes in uns[{name!r}]."]


def _set_raw(adata: AnnData, work: AnnData, counts: Counts) -> list[str]:
    """Let raw hold the counts of all genes, and carry over a raw that was something else."""
    from anndata import AnnData

    if adata.raw is not None and raw_holds(adata, counts):
        work.raw = AnnData(X=_copy_of(adata.raw.X), var=adata.raw.var.copy(), obs=work.obs)
        return [f"raw holds the counts of all {adata.raw.n_vars:,} genes, as before."]
    notes = [f"raw holds the counts of all {counts.matrix.shape[1]:,} genes."]
    if adata.raw is not None:
        name = keys.free(keys.RAW_BEFORE, work.obsm)
        work.obsm[name] = _copy_of(adata.raw.X)
        work.uns[name] = adata.raw.var.copy()
        notes += [
            f"The former raw ({adata.raw.n_vars:,} genes, not these counts) is kept in "
            f"obsm[{name!r}], its genes in uns[{name!r}]."
        ]
    work.raw = AnnData(X=counts.matrix.copy(), var=counts.var.copy(), obs=work.obs)
    return notes


def raw_holds(adata: AnnData, counts: Counts) -> bool:
    """Whether ``adata.raw`` holds these very counts, perhaps beside those of further genes."""
    at = adata.raw.var_names.get_indexer(counts.var.index)
    if (at < 0).any():
        return False
    difference: sp.csr_matrix = sp.csr_matrix(adata.raw.X)[:, at] - counts.matrix
    return bool((np.abs(difference.data) < 1e-3).all())  # or as near as rounding leaves them
