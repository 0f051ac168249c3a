"""Write what a model found into an AnnData."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .. import keys
from ..errors import Diverged, GenesMismatch, InputError
from .records import RunRecord, check_key
from .scratch import parts_of

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData


@dataclass(frozen=True, eq=False)
class GeneFacts:
    """Columns for ``var`` and ``varm`` that say how far each gene can be believed.

    ``columns`` (n_vars,) each, by name; ``verdict`` (n_vars,) categorical, or None where nothing
    was judged; ``weights`` (n_vars, n_parts) of the blend, or None where nothing was blended.
    """

    columns: dict[str, NDArray[Any]]
    verdict: pd.Categorical | None = None
    weights: NDArray[np.float32] | None = None


@dataclass(frozen=True, eq=False)
class Networks:
    """Communities of genes, and the networks of genes and cells as a model rebuilt them.

    ``communities`` (n_vars,) whole numbers from 0, −1 for none; ``genes`` (n_vars, n_vars) and
    ``cells`` (n_obs, n_obs) sparse, symmetric, grades in (0, 1].
    """

    communities: NDArray[np.integer[Any]]
    genes: sp.csr_matrix
    cells: sp.csr_matrix


@dataclass(frozen=True, eq=False)
class Results:
    """What one run gives back; what a model cannot do is None.

    ``imputed`` (n_obs, n_vars) expected counts; ``embedding`` (n_obs, n_latent); ``clusters``
    (n_obs,) whole numbers from 0; ``cluster_probability`` (n_obs, n_clusters);
    ``fill_probability`` (n_obs, n_vars) sparse, how likely each filled zero is technical; ``kept``
    what gives the values of one gene, in place of those of all (see `models.kept`);
    ``cluster_stability`` (n_obs,) in (0, 1].
    """

    record: RunRecord
    imputed: NDArray[np.float32] | None = field(default=None, repr=False)
    embedding: NDArray[np.float32] | None = field(default=None, repr=False)
    clusters: NDArray[np.integer[Any]] | None = field(default=None, repr=False)
    cluster_probability: NDArray[np.float32] | None = field(default=None, repr=False)
    genes: GeneFacts | None = field(default=None, repr=False)
    networks: Networks | None = field(default=None, repr=False)
    fill_probability: sp.csr_matrix | None = field(default=None, repr=False)
    kept: dict[str, Any] | None = field(default=None, repr=False)
    cluster_stability: NDArray[np.float32] | None = field(default=None, repr=False)


_FOLLOWS = r"{}_(pseudotime(_\d+)?|community_.*_activity)"
"""Columns of obs that analyses made from an earlier run of the same key."""


def write_results(adata: AnnData, results: Results) -> RunRecord:
    """Write results under the run's key: all of them, or nothing if any is unusable.

    Imputed values, and how likely filled zeros are technical, go to ``layers``, embedding and
    probabilities to ``obsm``, clusters to ``obs`` and communities to ``var`` as categories "1",
    "2", …, networks to ``varp`` and ``obsp``, record and kept model to ``uns``. What an earlier run
    left under the same key is replaced, or removed if this run has nothing there, with maps,
    pseudotimes and activities that were made from it. What is in these places without a record,
    and so is not ours, is moved to a free name.

    Returns
    -------
    The record as it was written: its notes also say what was moved

    Raises
    ------
    Diverged : NaN or infinite values
    GenesMismatch, InputError : arrays of another shape than the AnnData
    InvalidSetting : a key that h5ad cannot hold
    """
    _check(adata, results)
    key, records = results.record.key, dict(adata.uns.get(keys.UNS, {}))
    moved = [] if key in records else _move_aside(adata, results)
    record = results.record.model_copy(update={"notes": [*results.record.notes, *moved]})
    _put(adata.layers, keys.imputed(key), results.imputed)
    adata.layers.pop(keys.fill_probability(key), None)
    if results.fill_probability is not None:
        adata.layers[keys.fill_probability(key)] = results.fill_probability
    _put(adata.obsm, keys.embedding(key), results.embedding)
    _put(adata.obsm, keys.cluster_probability(key), results.cluster_probability)
    _put_clusters(adata, keys.cluster(key), results.clusters)
    _put(adata.obs, keys.cluster_stability(key), results.cluster_stability)
    _put_gene_facts(adata, key, results.genes)
    _put_networks(adata, key, results.networks)
    _put_model(adata, key, results.kept)
    for kind in ("umap", "pca"):  # maps of an earlier embedding
        adata.obsm.pop(keys.space(key, kind), None)
    made_from_it = re.compile(_FOLLOWS.replace("{}", re.escape(key)))
    for column in [c for c in adata.obs if key in records and made_from_it.fullmatch(str(c))]:
        del adata.obs[column]
    records.pop(key, None)  # the newest comes last
    adata.uns[keys.UNS] = {**records, key: record.model_dump_json()}
    return record


def check_outlived(lost: Iterable[RunRecord], record: RunRecord, remedy: str = "") -> None:
    """Refuse to let a run that was not completed take the place of a finished one (`InputError`).

    Parameters
    ----------
    lost : the runs that would no longer be there
    record : the run that would be written
    remedy : what to do instead, where that is not to choose another name for the run
    """
    finished = [run.key for run in lost if run.completed]
    if finished and not record.completed:
        raise InputError(
            expected=f"a whole run, as “{finished[0]}” is",
            found="one that was not completed",
            remedy=remedy
            or "The finished run stays as it was. To keep a part of a run beside it, give it "
            "another name.",
        )


def _move_aside(adata: AnnData, results: Results) -> list[str]:
    """Give what is not ours, where results will be written, another name; what was moved."""
    key = results.record.key
    places = (
        ("layers", keys.imputed(key), results.imputed),
        ("obsm", keys.embedding(key), results.embedding),
        ("obsm", keys.cluster_probability(key), results.cluster_probability),
        ("obs", keys.cluster(key), results.clusters),
        ("obs", keys.cluster_stability(key), results.cluster_stability),
    )
    moved = []
    for where, name, array in places:
        mapping = getattr(adata, where)
        if array is not None and name in mapping:
            free = keys.free(f"{name}_before_stimpute", mapping)
            mapping[free] = mapping[name]
            moved.append(f"What {where}[{name!r}] held before is kept in {where}[{free!r}].")
    return moved


def _check(adata: AnnData, results: Results) -> None:
    record = results.record
    check_key(record.key)
    n_obs, n_vars = adata.shape
    for imputed in (results.imputed, results.fill_probability):
        if imputed is None or imputed.shape == (n_obs, n_vars):
            continue
        raise GenesMismatch(
            expected=f"imputed values for {n_obs:,} spots × {n_vars:,} genes",
            found=f"an array of {' × '.join(f'{n:,}' for n in imputed.shape)}",
            remedy="Write them into the AnnData that the model was fitted on.",
        )
    _check_per_spot(results, n_obs)
    _check_networks(results.networks, n_obs, n_vars)
    for name in ("imputed", "embedding", "cluster_probability", "cluster_stability"):
        _check_finite(getattr(results, name), f"{name.replace('_', ' ')} values of {record.key!r}")


def _check_per_spot(results: Results, n_obs: int) -> None:
    wanted = (
        ("embedding", 2),
        ("clusters", 1),
        ("cluster_probability", 2),
        ("cluster_stability", 1),
    )
    for name, n_dimensions in wanted:
        array = getattr(results, name)
        if array is not None and (array.ndim != n_dimensions or len(array) != n_obs):
            shape = " × ".join(f"{n:,}" for n in array.shape)
            raise _wrong_results(f"the {name.replace('_', ' ')} of {n_obs:,} spots", shape)
    clusters, probability = results.clusters, results.cluster_probability
    if clusters is None or clusters.size == 0:
        return
    if clusters.dtype.kind not in "iu" or clusters.min() < 0:
        raise _wrong_results(
            "clusters as whole numbers from 0", f"{clusters.dtype}, {clusters.min()}"
        )
    if probability is not None and clusters.max() >= probability.shape[1]:
        found = f"{probability.shape[1]} columns and cluster {clusters.max()}"
        raise _wrong_results("a probability for every cluster", found)


def _check_networks(networks: Networks | None, n_obs: int, n_vars: int) -> None:
    if networks is None:
        return
    wanted = (
        ("the community of each gene", networks.communities.shape, (n_vars,)),
        ("a network of the genes", networks.genes.shape, (n_vars, n_vars)),
        ("a network of the spots", networks.cells.shape, (n_obs, n_obs)),
    )
    for what, *shapes in wanted:
        found, expected = (" × ".join(f"{n:,}" for n in shape) for shape in shapes)
        if found != expected:
            raise _wrong_results(f"{what} ({expected})", found)


def _wrong_results(expected: str, found: str) -> InputError:
    remedy = "Write them into the AnnData that the model was fitted on."
    return InputError(expected=expected, found=f"an array of another kind ({found})", remedy=remedy)


def _check_finite(array: NDArray[Any] | None, name: str) -> None:
    if array is None:
        return
    with np.errstate(over="ignore"):
        blocks = (block.astype(np.float32, copy=False) for _, block in parts_of(array))
        n_bad = sum(int((~np.isfinite(block)).sum()) for block in blocks)
    if n_bad:
        raise Diverged(
            expected=f"finite {name}",
            found=f"NaN or infinity in {n_bad:,} of {array.size:,}",
            remedy="Nothing was written. Train again with a smaller learning rate or another seed.",
        )


def _put(mapping: Any, name: str, array: NDArray[Any] | None) -> None:
    if array is not None:
        mapping[name] = np.asarray(array, dtype=np.float32)
    elif name in mapping:
        del mapping[name]


def _put_gene_facts(adata: AnnData, key: str, facts: GeneFacts | None) -> None:
    for name in keys.gene_facts(key):
        if name in adata.var:
            del adata.var[name]
    _put(adata.varm, keys.weights(key), None if facts is None else facts.weights)
    if facts is None:
        return
    for name, column in facts.columns.items():
        adata.var[name] = column
    if facts.verdict is not None:
        adata.var[keys.trust(key)] = facts.verdict


def _put_networks(adata: AnnData, key: str, networks: Networks | None) -> None:
    column, genes, cells = keys.community(key), keys.gene_graph(key), keys.cell_graph(key)
    adata.uns.pop(keys.colors(column), None)  # a palette for other communities
    for mapping, name in ((adata.var, column), (adata.varp, genes), (adata.obsp, cells)):
        if name in mapping:
            del mapping[name]
    if networks is None:
        return
    import pandas as pd

    found = networks.communities
    names = [str(c + 1) for c in range(int(found.max(initial=-1)) + 1)]
    of_gene = [names[c] if c >= 0 else None for c in found]
    adata.var[column] = pd.Categorical(of_gene, categories=names)
    adata.varp[genes], adata.obsp[cells] = networks.genes, networks.cells


def _put_model(adata: AnnData, key: str, kept: dict[str, Any] | None) -> None:
    models = {k: v for k, v in dict(adata.uns.pop(keys.MODELS, {})).items() if k != key}
    if kept is not None:
        models[key] = kept
    if models:
        adata.uns[keys.MODELS] = models


def _put_clusters(adata: AnnData, column: str, clusters: NDArray[Any] | None) -> None:
    import pandas as pd

    adata.uns.pop(keys.colors(column), None)  # a palette for other clusters
    if clusters is None:
        if column in adata.obs:
            del adata.obs[column]
        return
    names = [str(c + 1) for c in np.unique(clusters)]
    adata.obs[column] = pd.Categorical((clusters + 1).astype(str), categories=names)
