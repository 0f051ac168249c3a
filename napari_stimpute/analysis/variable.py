"""Variable genes before and after imputing: which stay, which come, which go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .. import keys
from ..data.technology import place_of
from ..errors import TooSmall, UnknownName
from ..words import percent
from .sources import imputed_runs

if TYPE_CHECKING:
    from anndata import AnnData

N_VARIABLE = 2_000
"""Most variable genes that are compared, where there are many."""

_SHARE = 4
"""At most every fourth gene counts as variable: of few genes, all would agree by chance."""

_SPANS = (0.3, 0.5, 0.8, 1.0)
"""Widths of the loess that are tried; a wide one fits few genes too."""


@dataclass(frozen=True)
class VariableGenes:
    """The most variable genes before and after imputing, most variable first, equally many.

    ``n_genes`` is how many they were chosen from.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    n_genes: int

    @property
    def shared(self) -> tuple[str, ...]:
        """Genes in both lists, in the order before."""
        after = set(self.after)
        return tuple(gene for gene in self.before if gene in after)

    @property
    def overlap(self) -> int:
        """How many genes are in both lists."""
        return len(self.shared)

    @property
    def share(self) -> float:
        """Genes in both lists, as a share of one list."""
        return self.overlap / len(self.before)

    @property
    def by_chance(self) -> float:
        """Genes that two random lists of this length would share, on average."""
        return len(self.before) * len(self.after) / self.n_genes

    @property
    def note(self) -> str:
        """One sentence, with the overlap that chance would give."""
        return (
            f"Of the {len(self.before):,} most variable of {self.n_genes:,} genes, "
            f"{self.overlap:,} ({percent(self.share)}) are so both before and after imputing; "
            f"two random lists would share {self.by_chance:,.{0 if self.by_chance >= 10 else 1}f}."
        )


def variable_genes(adata: AnnData, key: str, n: int = 0) -> VariableGenes:
    """Rank genes by variability (seurat_v3) on the counts, and on what a run imputed.

    Parameters
    ----------
    adata : counts of the modelled genes in X, and the imputed layer of the run
    key : of the run
    n : genes in each list; 0 takes 2,000, or a quarter of the genes if that is less

    Raises
    ------
    UnknownName : no imputed layer of that run
    TooSmall : too few spots or genes to rank them by variability
    """
    layer = keys.imputed(key)
    if layer not in adata.layers:
        raise UnknownName.of("run with imputed genes", key, imputed_runs(adata))
    n = min(n or N_VARIABLE, max(1, adata.n_vars // _SHARE if not n else adata.n_vars))
    return VariableGenes(_ranked(adata, "", n), _ranked(adata, layer, n), adata.n_vars)


def _ranked(adata: AnnData, layer: str, n: int) -> tuple[str, ...]:
    """Names of the `n` most variable genes of X or a layer; expected counts are no integers."""
    import scanpy as sc
    from anndata import AnnData

    values = adata.layers[layer] if layer else adata.X
    used = np.flatnonzero(np.asarray(values.sum(axis=0)).ravel() > 0)
    data = AnnData(values[:, used], var=adata.var[[]].iloc[used])
    for span in _SPANS if data.n_obs > 2 and len(used) >= n else ():
        try:
            table = sc.pp.highly_variable_genes(
                data,
                flavor="seurat_v3",
                n_top_genes=n,
                span=span,
                check_values=False,
                inplace=False,
            )
        except ValueError:  # what the loess raises when too few points lie within its span
            continue
        score = table["variances_norm"].to_numpy()
        if np.isfinite(score).all():
            order = np.argsort(-score, kind="stable")[:n]
            return tuple(str(name) for name in data.var_names[order])
    raise TooSmall(
        expected="enough data to rank genes by variability",
        found=f"{adata.n_obs:,} {place_of(adata)}s and {len(used):,} genes with molecules",
        remedy="Model more genes; nothing else is affected.",
    )
