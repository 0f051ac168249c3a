"""Which groups of genes work in which clusters of spots: a map, and the genes' network.

A run that grouped genes into communities leaves them in ``var``, and the gene graph that it
reconstructed in ``varp``. A community's activity in a spot is the mean z-score of its genes, taken
from log-normalised counts, not from imputed values. Time grows with the number of molecules.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.stats import false_discovery_control, hypergeom, rankdata

from .. import keys
from ..data.counts import counts_of
from ..errors import MissingKey, UnknownName
from ..progress import Progress
from .contrast import FEWEST, contrast_steps, membership, sizes_of
from .markers import marker_steps
from .sources import labels_of, logged_counts

if TYPE_CHECKING:
    from anndata import AnnData

N_MARKERS = 100
"""Best markers of a cluster that a community is compared with."""

_VARIABLE_SHARE = 4
"""Every fourth gene counts as variable, where the data do not say which are."""


@dataclass(frozen=True, eq=False)
class CommunityMap:
    """How active each community of genes is in each cluster; arrays (n_clusters, n_communities).

    Attributes
    ----------
    clusters, communities : names, in the order of rows and columns
    activity : mean over the cluster's spots of the community's activity (mean z-score of its genes)
    p_adjusted : that activity differs from all other spots' (Wilcoxon, over all pairs by Benjamini
        and Hochberg); 1 for clusters of fewer than three spots
    auc : chance that a spot of the cluster is more active than another spot; 0.5 is no difference
    genes : of each community, the best connected first, so that hub genes lead
    facts : a row per community: ``n_genes``, ``hub_genes`` (five names), ``variable`` (share of its
        genes that are variable), ``cluster`` (where it is most active)
    overlap : a row per cluster and community: ``n_shared`` genes that are among the cluster's 100
        best markers, ``expected`` by chance, ``p`` (hypergeometric), ``p_adjusted``, ``genes``
    notes : sentences on what to beware of
    """

    clusters: tuple[str, ...]
    communities: tuple[str, ...]
    activity: NDArray[np.float64]
    p_adjusted: NDArray[np.float64]
    auc: NDArray[np.float64]
    genes: dict[str, tuple[str, ...]] = field(repr=False)
    facts: pd.DataFrame = field(repr=False)
    overlap: pd.DataFrame = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """All of it in rows, one per cluster and community."""
        table = self.overlap.rename(columns={"p_adjusted": "overlap_p_adjusted", "p": "overlap_p"})
        numbers = (("activity", self.activity), ("auc", self.auc), ("p_adjusted", self.p_adjusted))
        for at, (name, values) in enumerate(numbers):
            table.insert(2 + at, name, values.ravel())
        return table


@dataclass(frozen=True, eq=False)
class GeneNetwork:
    """The best connected genes of a community.

    Attributes
    ----------
    genes : (n,), the best connected first
    edges : (e, 2), places in `genes`, each pair once
    weights : (e,), in (0, 1]
    places : (n, 2), where to draw them
    activity : (n_obs,), of the community in each spot
    """

    genes: tuple[str, ...]
    edges: NDArray[np.intp]
    weights: NDArray[np.float64]
    places: NDArray[np.float64]
    activity: NDArray[np.float64]


def community_steps(
    adata: AnnData, key: str, *, column: str = ""
) -> Generator[Progress, None, CommunityMap]:
    """Compare the activity of a run's gene communities between clusters of spots.

    Parameters
    ----------
    adata : counts of the modelled genes in X; never changed
    key : of a run with communities and a gene graph
    column : of obs, with the groups of spots; "" takes the run's own clusters. Spots without a
        group are left out

    Raises
    ------
    MissingKey : the run has no communities or no gene graph
    UnknownName : no such column
    TooSmall : fewer than two groups, or none with three spots
    """
    column = column or keys.cluster(key)
    codes, communities = _communities(adata, key)
    groups, clusters = labels_of(adata, column)
    genes = _ordered_genes(adata, key, codes, communities)
    found = yield from marker_steps(adata, column)
    is_modelled = found.table["gene"].isin(adata.var_names.astype(str))
    markers = replace(found, table=found.table[is_modelled]).top(N_MARKERS)
    activity = _activities(logged_counts(adata), codes)
    spots = np.flatnonzero(groups >= 0)
    means, auc, p = yield from _compared(activity[spots], groups[spots])
    variable = _variable_genes(adata)
    named = dict(zip(communities, genes, strict=True))
    best = [clusters[at] for at in means.argmax(axis=0)]
    n_counted = int((counts_of(adata, "X").getnnz(axis=0) > 0).sum())  # others are no one's markers
    text = (
        "Clusters and communities were found in the same counts, so p-values are too small: read "
        "them as a ranking.",
    )
    return CommunityMap(
        clusters,
        communities,
        means,
        p,
        auc,
        named,
        _facts(named, variable, best),
        _overlap(clusters, named, markers, n_counted),
        text,
    )


def gene_network(
    adata: AnnData, key: str, community: str, n_genes: int = 30, seed: int = 0
) -> GeneNetwork:
    """The best connected genes of one community, laid out so that strong edges are short.

    Parameters
    ----------
    adata : counts of the modelled genes in X; never changed
    key : of a run with communities and a gene graph
    community : its name
    n_genes : at most so many
    seed : of where the genes start in the layout

    Raises
    ------
    MissingKey : the run has no communities or no gene graph
    UnknownName : no such community
    """
    import networkx as nx

    codes, communities = _communities(adata, key)
    if community not in communities:
        raise UnknownName.of("gene community", community, communities)
    at = communities.index(community)
    genes = _ordered_genes(adata, key, codes, communities)[at][:n_genes]
    places = adata.var_names.astype(str).get_indexer(pd.Index(genes))
    edges = sp.triu(_graph(adata, key)[places][:, places], 1).tocoo()
    picture = nx.Graph()
    picture.add_nodes_from(range(len(genes)))
    picture.add_weighted_edges_from(zip(edges.row, edges.col, edges.data, strict=True))
    laid = nx.spring_layout(picture, seed=seed)
    return GeneNetwork(
        genes,
        np.column_stack([edges.row, edges.col]).astype(np.intp),
        np.asarray(edges.data, dtype=np.float64),
        np.array([laid[i] for i in range(len(genes))]),
        _activities(logged_counts(adata), np.where(codes == at, 0, -1)).ravel(),
    )


def _communities(adata: AnnData, key: str) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """Community of each gene (−1 for none), and their names."""
    place = keys.community(key)
    if place not in adata.var:
        raise _missing(f"communities of genes in var[{place!r}]", key)
    values = pd.Categorical(adata.var[place]).remove_unused_categories()
    if not len(values.categories):
        raise _missing(f"at least one community in var[{place!r}]", key)
    return np.asarray(values.codes, dtype=np.intp), tuple(str(c) for c in values.categories)


def _graph(adata: AnnData, key: str) -> sp.csr_matrix:
    place = keys.gene_graph(key)
    if place not in adata.varp:
        raise _missing(f"a gene graph in varp[{place!r}]", key)
    return sp.csr_matrix(adata.varp[place])


def _missing(expected: str, key: str) -> MissingKey:
    return MissingKey(
        expected=expected,
        found=f"none for run {key!r}",
        remedy="Run scIMTA with gene communities switched on.",
    )


def _ordered_genes(
    adata: AnnData, key: str, codes: NDArray[np.intp], communities: tuple[str, ...]
) -> list[tuple[str, ...]]:
    """Names of each community's genes, by the weight of their edges within it."""
    edges = _graph(adata, key).tocoo()
    is_within = (codes[edges.row] == codes[edges.col]) & (codes[edges.row] >= 0)
    degree = np.bincount(edges.row[is_within], edges.data[is_within], len(codes))
    order = np.argsort(-degree, kind="stable")
    names = adata.var_names.astype(str)
    return [tuple(names[order[codes[order] == at]]) for at in range(len(communities))]


def _activities(logged: sp.csr_matrix, codes: NDArray[np.intp]) -> NDArray[np.float64]:
    """Mean z-score of each community's genes in each spot, (n_obs, n_communities).

    Genes that never vary count as 0. The matrix stays sparse: centring is one number a community.
    """
    mean = np.asarray(logged.mean(axis=0, dtype=np.float64)).ravel()
    square = np.asarray(logged.power(2).mean(axis=0, dtype=np.float64)).ravel()
    variance = square - mean**2
    varies = variance > 1e-9 * square
    scale = np.where(varies, 1 / np.sqrt(np.where(varies, variance, 1)), 0)
    members = membership(codes)
    weights = sp.csr_matrix(sp.diags(1 / sizes_of(members).ravel()) @ members @ sp.diags(scale))
    return np.asarray((logged @ weights.T).toarray() - weights @ mean, dtype=np.float64)


def _compared(
    activity: NDArray[np.float64], groups: NDArray[np.intp]
) -> Generator[
    Progress, None, tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
]:
    """Mean activity, area under the curve and adjusted p of each cluster against the others."""
    members = membership(groups)
    size, n = sizes_of(members), len(groups)
    positive = (activity - activity.min(axis=0) + 1).astype(np.float32)
    contrast = yield from contrast_steps(positive, groups, "wilcoxon")
    sums = members @ rankdata(positive, axis=0)
    auc = (sums - size * (size + 1) / 2) / (size * np.maximum(n - size, 1))
    is_few = (size < FEWEST) | (n - size < FEWEST)
    p = false_discovery_control(np.where(is_few, 1, contrast.p), axis=None)
    return (members @ activity) / size, auc, p.reshape(auc.shape)


def _variable_genes(adata: AnnData) -> frozenset[str]:
    import scanpy as sc
    from anndata import AnnData

    names = adata.var_names.astype(str)
    if "highly_variable" in adata.var:
        chosen = adata.var["highly_variable"].eq(True).fillna(False)  # some may be undecided
        return frozenset(names[chosen.to_numpy(dtype=bool)])
    n = max(1, adata.n_vars // _VARIABLE_SHARE)
    table = sc.pp.highly_variable_genes(
        AnnData(logged_counts(adata)), n_top_genes=n, flavor="seurat", inplace=False
    )
    return frozenset(names[table["highly_variable"].to_numpy(dtype=bool)])


def _facts(
    genes: dict[str, tuple[str, ...]], variable: frozenset[str], best: list[str]
) -> pd.DataFrame:
    rows = {
        community: {
            "n_genes": len(members),
            "hub_genes": ", ".join(members[:5]),
            "variable": sum(gene in variable for gene in members) / len(members),
            "cluster": cluster,
        }
        for (community, members), cluster in zip(genes.items(), best, strict=True)
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("community")


def _overlap(
    clusters: tuple[str, ...],
    genes: dict[str, tuple[str, ...]],
    markers: dict[str, list[str]],
    n_vars: int,
) -> pd.DataFrame:
    rows = []
    for cluster in clusters:
        best = set(markers.get(cluster, ()))
        for community, members in genes.items():
            shared = [gene for gene in members if gene in best]
            chance = hypergeom(n_vars, len(members), len(best))
            rows.append(
                {
                    "cluster": cluster,
                    "community": community,
                    "n_shared": len(shared),
                    "expected": len(best) * len(members) / n_vars,
                    "p": float(chance.sf(len(shared) - 1)),
                    "genes": ", ".join(shared),
                }
            )
    table = pd.DataFrame(rows)
    table.insert(5, "p_adjusted", false_discovery_control(table["p"].clip(0, 1)))
    return table
