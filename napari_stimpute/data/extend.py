"""Let a working AnnData hold further genes of raw, and runs that are in it values for them.

A layer of the file knows nothing of genes that were left out when it was opened. One that holds
the counts gets those of the new genes; any other moves to ``obsm``, as an X of other genes does, so
that nothing is made up in it and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from .. import keys
from ..words import counted
from .counts import counts_by_gene
from .gene_choice import known_genes, named, with_asked
from .genes import asked_for
from .records import RunRecord, read_records
from .results import GeneFacts
from .scratch import Scratch, parts_of
from .structure import named as held

if TYPE_CHECKING:
    from anndata import AnnData


@dataclass(frozen=True, eq=False)
class AddedGenes:
    """What one run gets for genes that it did not model.

    ``imputed`` (n_obs, genes), in the unit of the run's layer; ``facts`` as those of the run, or
    None where it has none; ``fill_probability`` (n_obs, genes) sparse, where the run says how
    likely filled zeros are technical; ``baseline`` the simple method they were held against, ""
    where nothing was judged.
    """

    imputed: NDArray[np.float32] = field(repr=False)
    facts: GeneFacts | None = field(default=None, repr=False)
    fill_probability: sp.csr_matrix | None = field(default=None, repr=False)
    baseline: str = ""


def not_modelled(adata: AnnData, genes: Sequence[str]) -> list[str]:
    """Of genes that are asked for, those which raw holds and which are not modelled yet.

    Raises
    ------
    UnknownName : raw does not hold one of them
    """
    if not genes or adata.raw is None:
        return []
    known = known_genes(genes, adata.raw.var_names.astype(str), adata.raw.var)
    return [name for name in known if name not in adata.var_names]


def kept_genes(adata: AnnData, also: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Genes asked for by name that stay so with other data, and a sentence on those that cannot."""
    held = set(map(str, adata.var_names if adata.raw is None else adata.raw.var_names))
    lost = [name for name in also if name not in held]
    kept = [name for name in also if name in held]
    said = f"Not in these data, and so not among the genes always modelled: {named(lost)}."
    return tuple(dict.fromkeys([*kept, *asked_for(adata)])), [said] if lost else []


def learned_by(record: RunRecord, adata: AnnData) -> AnnData:
    """The data without genes that a run got later: what its pipeline made, and makes again."""
    if not record.added:
        return adata
    return adata[:, ~adata.var_names.isin(list(record.added))].copy()


def with_counts_of(adata: AnnData, genes: Sequence[str]) -> tuple[sp.csr_matrix, pd.Index[str]]:
    """Counts of the modelled genes and of others in raw, (n_obs, all of them), and their names.

    They come in the order of raw.
    """
    wanted = {*adata.var_names, *genes}
    names = pd.Index([str(name) for name in adata.raw.var_names if name in wanted])
    columns = adata.raw.var_names.get_indexer(names)
    counts = sp.csr_matrix(counts_by_gene(adata)[:, columns])
    counts.sum_duplicates()
    counts.eliminate_zeros()
    return counts, names


def extend(adata: AnnData, genes: Sequence[str], added: Mapping[str, AddedGenes]) -> list[str]:
    """Let an AnnData hold further genes of raw, in the order of raw; it stays the same object.

    Parameters
    ----------
    adata : a working AnnData (see `working_adata`), whose raw holds the counts of all genes
    genes : names in raw that are not modelled yet
    added : their values in each run that has imputed values, by key

    Returns
    -------
    Sentences on what was moved
    """
    from anndata import AnnData

    counts, names = with_counts_of(adata, genes)
    new = names.get_indexer(pd.Index(genes))
    old = names.get_indexer(adata.var_names)
    grow = _Growth(old, new, len(names))
    layers, obsm, uns, notes = _layers(adata, counts, grow, added)
    varm = {name: grow.rows(rows, np.nan) for name, rows in adata.varm.items()}
    for key, genes_of_run in added.items():
        weights = None if genes_of_run.facts is None else genes_of_run.facts.weights
        if weights is not None and keys.weights(key) in varm:
            varm[keys.weights(key)][new] = weights
    asked = [*asked_for(adata), *(name for name in genes if name not in asked_for(adata))]
    uns[keys.ALSO] = np.array(asked, dtype=object)
    uns[keys.GENE_CHOICE] = with_asked(str(uns.get(keys.GENE_CHOICE, "")), asked)
    if records := read_records(adata):
        told = {key: _told(record, genes, added.get(key)) for key, record in records.items()}
        uns[keys.UNS] = {key: record.model_dump_json() for key, record in told.items()}
    AnnData.__init__(  # in place: whoever shows these data goes on showing the same object
        adata,
        X=counts,
        obs=adata.obs,
        var=_var(adata, names, new, added),
        uns=uns,
        obsm=obsm,
        obsp=dict(adata.obsp),
        layers=layers,
        varm={name: _as_table(rows, names) for name, rows in varm.items()},
        varp={name: grow.pairs(pairs) for name, pairs in adata.varp.items()},
        raw=adata.raw,
    )
    return notes


@dataclass(frozen=True)
class _Growth:
    """Places of the genes that were there, and of the new ones, among all ``n``."""

    old: NDArray[np.intp]
    new: NDArray[np.intp]
    n: int

    def columns(self, matrix: Any, values: Any) -> Any:
        """Put values of the new genes beside a matrix (n_obs, old genes)."""
        order = np.argsort(np.concatenate([self.old, self.new]), kind="stable")
        is_sparse, values_are = bool(sp.issparse(matrix)), bool(sp.issparse(values))
        if is_sparse:
            return sp.csr_matrix(sp.hstack([matrix, sp.csr_matrix(values)], format="csr")[:, order])
        dense = values.toarray() if values_are else values
        if matrix.dtype != np.float32:
            return np.concatenate([matrix, dense.astype(matrix.dtype)], axis=1)[:, order]
        made = Scratch((len(matrix), self.n))
        for rows, block in parts_of(matrix):
            made[rows] = np.concatenate([block, dense[rows]], axis=1)[:, order]
        return made.whole()

    def rows(self, rows: Any, empty: float) -> Any:
        """Rows of an array (old genes, …), and empty ones for the new genes."""
        if isinstance(rows, pd.DataFrame):
            return rows
        is_sparse = bool(sp.issparse(rows))
        if is_sparse:
            return sp.csr_matrix(self._places() @ rows)
        kind = rows.dtype if rows.dtype.kind == "f" else np.dtype(np.float64)
        out = np.full((self.n, *rows.shape[1:]), empty, dtype=kind)
        out[self.old] = rows
        return out

    def pairs(self, pairs: Any) -> sp.csr_matrix:
        """A network of genes, in which the new ones stand alone."""
        places = self._places()
        return sp.csr_matrix((places @ sp.csr_matrix(pairs)) @ places.transpose().tocsr())

    def _places(self) -> sp.csr_matrix:
        ones = np.ones(len(self.old), dtype=np.float32)
        at = (self.old, np.arange(len(self.old)))
        return sp.csr_matrix((ones, at), shape=(self.n, len(self.old)))


def _as_table(rows: Any, names: pd.Index[str]) -> Any:
    return rows.reindex(names) if isinstance(rows, pd.DataFrame) else rows


def _layers(
    adata: AnnData, counts: sp.csr_matrix, grow: _Growth, added: Mapping[str, AddedGenes]
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any], list[str]]:
    """Layers of all genes, ``obsm`` and ``uns`` with those that know nothing of the new ones."""
    layers, obsm, uns = dict[str, Any](), dict(adata.obsm), dict(adata.uns)
    known = dict[str, Any]()
    for key, run in added.items():
        known[keys.imputed(key)] = run.imputed
        known[keys.fill_probability(key)] = run.fill_probability
    moved = []
    for name, layer in held(adata, "layers").items():
        if known.get(name) is not None:
            layers[name] = grow.columns(layer, known[name])
        elif _is_same(layer, adata.X):
            layers[name] = grow.columns(layer, counts[:, grow.new])
        else:
            free = keys.free(name, {*obsm, *uns})
            obsm[free], uns[free] = layer, adata.var.copy()
            moved.append(f"{name!r} to obsm[{free!r}]")
    told = f"Layers that lack the new genes were moved: {', '.join(moved)}; their genes to uns."
    return layers, obsm, uns, [told] if moved else []


def _is_same(layer: Any, counts: Any) -> bool:
    difference = sp.csr_matrix(layer) - sp.csr_matrix(counts)
    return not difference.nnz or bool(np.abs(difference.data).max() == 0)


def _var(
    adata: AnnData, names: pd.Index[str], new: NDArray[np.intp], added: Mapping[str, AddedGenes]
) -> pd.DataFrame:
    """Facts of all genes: the file's own from raw, those of runs from what was added."""
    facts: dict[str, Any] = {}
    for key, run in added.items():
        if run.facts is not None:
            facts |= run.facts.columns | {keys.trust(key): run.facts.verdict}
    genes, columns = names[new], {}
    for name, column in adata.var.items():
        if facts.get(str(name)) is not None:
            of_new = pd.Series(facts[str(name)], index=genes, dtype=column.dtype)
            columns[name] = pd.concat([column, of_new]).reindex(names)
        else:
            columns[name] = _of_file(column, adata.raw.var, names)
    return pd.DataFrame(columns, index=names)


def _of_file(column: pd.Series[Any], raw: pd.DataFrame, names: pd.Index[str]) -> pd.Series[Any]:
    """A fact that came with the file, or of nothing that is known of the new genes."""
    whole = raw.get(column.name)
    if whole is not None and whole.reindex(column.index).equals(column):
        return whole.reindex(names)
    if column.dtype == bool:
        return column.astype("boolean").reindex(names)
    if column.dtype == object or isinstance(column.dtype, pd.StringDtype):
        return column.reindex(names, fill_value="")
    return column.reindex(names)


def _told(record: RunRecord, genes: Sequence[str], added: AddedGenes | None) -> RunRecord:
    """The record of a run that has values for genes which it did not model."""
    if added is None:
        return record
    trust, verdict = record.trust, None if added.facts is None else added.facts.verdict
    if trust is not None and verdict is not None:
        more = verdict.value_counts()
        counts = {name: n + int(more.get(name, 0)) for name, n in trust.verdicts.items()}
        trust = trust.model_copy(update={"verdicts": counts})
    judged = ", and judged on hidden molecules like the others" if verdict is not None else ""
    note = (
        f"{counted(len(genes), 'gene')} added after training ({', '.join(genes)}): not by "
        f"{record.title}, but blended of simple predictions alone{judged}."
    )
    held = record.added | dict.fromkeys(genes, added.baseline)
    update = {"added": held, "notes": [*record.notes, note], "trust": trust}
    return record.model_copy(update=update)
