"""Communities of genes in clusters of spots, against scipy and dense formulas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from anndata import AnnData
from scipy import stats

from napari_stimpute import keys
from napari_stimpute.analysis import marker_steps
from napari_stimpute.analysis.communities import CommunityMap, community_steps, gene_network
from napari_stimpute.data.counts import counts_of, log_normalise, size_factors
from napari_stimpute.errors import MissingKey, TooSmall, UnknownName
from napari_stimpute.progress import drain

N_OBS, N_VARS = 240, 60


def clustered() -> AnnData:
    """Three clusters; genes 0–11 high in the first, 12–23 in the second; the last are in none."""
    rng = np.random.default_rng(0)
    cluster = np.arange(N_OBS) % 3
    rate = np.full((N_OBS, N_VARS), 2.0)
    rate[cluster == 0, :12] = 8
    rate[cluster == 1, 12:24] = 6
    counts = rng.poisson(rate * rng.gamma(8, 1 / 8, (N_OBS, 1)))
    counts[:, 30] = 0  # a gene that never varies
    adata = AnnData(sp.csr_matrix(counts, dtype=np.float32))
    adata.var_names = [f"G{i}" for i in range(N_VARS)]
    adata.obs[keys.cluster("run")] = pd.Categorical(np.array(["one", "two", "three"])[cluster])
    names = pd.Series(["1"] * 12 + ["2"] * 12 + ["3"] * 26 + [None] * 10, index=adata.var_names)
    adata.var[keys.community("run")] = pd.Categorical(names)
    weights = np.triu(rng.random((N_VARS, N_VARS)) * (rng.random((N_VARS, N_VARS)) < 0.4), 1)
    adata.varp[keys.gene_graph("run")] = sp.csr_matrix(weights + weights.T)
    return adata


@pytest.fixture(scope="module")
def adata() -> AnnData:
    return clustered()


@pytest.fixture(scope="module")
def found(adata: AnnData) -> CommunityMap:
    return drain(community_steps(adata, "run"))


def found_markers(adata: AnnData) -> dict[str, list[str]]:
    return drain(marker_steps(adata, keys.cluster("run"))).top(100)


def dense_activity(adata: AnnData) -> np.ndarray:
    counts = counts_of(adata, "X")
    logged = log_normalise(counts, size_factors(counts)).toarray().astype(np.float64)
    z = (logged - logged.mean(axis=0)) / np.where(logged.std(axis=0) > 0, logged.std(axis=0), 1)
    groups = adata.var[keys.community("run")]
    return np.stack([z[:, (groups == c).to_numpy()].mean(axis=1) for c in "123"], axis=1)


def test_activity_is_the_mean_z_score(adata: AnnData, found: CommunityMap) -> None:
    assert found.clusters == ("one", "three", "two")
    assert found.communities == ("1", "2", "3")
    cluster = adata.obs[keys.cluster("run")]
    wanted = [dense_activity(adata)[(cluster == c).to_numpy()].mean(0) for c in found.clusters]
    np.testing.assert_allclose(found.activity, wanted, atol=1e-5)
    assert found.facts.loc["1", "cluster"] == "one"
    assert found.facts.loc["2", "cluster"] == "two"


def test_tests_are_those_of_scipy(adata: AnnData, found: CommunityMap) -> None:
    activity, cluster = dense_activity(adata), adata.obs[keys.cluster("run")]
    p, auc = np.empty((3, 3)), np.empty((3, 3))
    for row, name in enumerate(found.clusters):
        here = (cluster == name).to_numpy()
        test = stats.mannwhitneyu(
            activity[here], activity[~here], use_continuity=False, method="asymptotic"
        )
        p[row], auc[row] = test.pvalue, test.statistic / (here.sum() * (~here).sum())
    np.testing.assert_allclose(found.auc, auc, atol=1e-3)  # ties that rounding makes or breaks
    wanted = stats.false_discovery_control(p, axis=None).reshape(3, 3)
    np.testing.assert_allclose(found.p_adjusted, wanted, rtol=0.02, atol=1e-12)
    assert found.auc[0, 0] > 0.95
    assert found.p_adjusted[0, 0] < 1e-10
    assert found.auc[0, 1] < found.auc[0, 2] < found.auc[0, 0]


def test_overlap_with_markers_is_hypergeometric(adata: AnnData, found: CommunityMap) -> None:
    table = found.overlap.set_index(["cluster", "community"])
    row = table.loc[("one", "1")]
    assert row["n_shared"] == 12
    assert set(row["genes"].split(", ")) == {f"G{i}" for i in range(12)}
    n_counted = N_VARS - 1  # one has no molecule, so it can be no marker
    n_markers = len(found_markers(adata)["one"])
    assert row["expected"] == pytest.approx(n_markers * 12 / n_counted)
    assert row["p"] == pytest.approx(stats.hypergeom(n_counted, 12, n_markers).sf(11))
    assert row["p_adjusted"] < 0.01
    assert table.loc[("two", "1"), "n_shared"] < 12
    np.testing.assert_allclose(
        found.overlap["p_adjusted"], stats.false_discovery_control(found.overlap["p"])
    )


def test_hub_genes_have_the_most_edges_within_their_community(
    adata: AnnData, found: CommunityMap
) -> None:
    graph = adata.varp[keys.gene_graph("run")].toarray()
    degree = graph[:12, :12].sum(axis=0)
    assert found.genes["1"] == tuple(f"G{i}" for i in np.argsort(-degree, kind="stable"))
    assert found.facts.loc["1", "hub_genes"] == ", ".join(found.genes["1"][:5])
    assert found.facts["n_genes"].tolist() == [12, 12, 26]


@pytest.mark.parametrize("others", [False, None, np.nan])
def test_genes_are_variable_that_the_data_say_are(others: object) -> None:
    adata = clustered()
    adata.var["highly_variable"] = [True if i in (3, 5, 40) else others for i in range(N_VARS)]
    shares = drain(community_steps(adata, "run")).facts["variable"]
    assert shares.tolist() == pytest.approx([2 / 12, 0, 1 / 26])


def test_genes_that_differ_are_variable_where_the_data_do_not_say(found: CommunityMap) -> None:
    assert (found.facts["variable"] * found.facts["n_genes"]).sum() <= N_VARS // 4
    assert found.facts.loc["1", "variable"] > found.facts.loc["3", "variable"] > 0


def test_the_table_has_a_row_for_each_pair(found: CommunityMap) -> None:
    table = found.table
    assert len(table) == 9
    at = table[(table["cluster"] == "two") & (table["community"] == "2")].iloc[0]
    assert at["activity"] == found.activity[2, 1]
    assert at["auc"] == found.auc[2, 1]
    assert at["p_adjusted"] == found.p_adjusted[2, 1]


def test_spots_without_a_cluster_are_left_out() -> None:
    adata = clustered()
    column = adata.obs[keys.cluster("run")].astype(object)
    column[column == "three"] = None
    adata.obs["some"] = pd.Categorical(column)
    found = drain(community_steps(adata, "run", column="some"))
    assert found.clusters == ("one", "two")
    np.testing.assert_allclose(found.auc[0], 1 - found.auc[1])


def test_a_cluster_of_two_spots_is_not_significant() -> None:
    adata = clustered()
    column = adata.obs[keys.cluster("run")].astype(str)
    column.iloc[:2] = "few"
    adata.obs["some"] = pd.Categorical(column)
    found = drain(community_steps(adata, "run", column="some"))
    assert (found.p_adjusted[found.clusters.index("few")] == 1).all()
    assert np.isfinite(found.activity).all()


def test_the_network_is_that_of_the_hub_genes(adata: AnnData, found: CommunityMap) -> None:
    part = gene_network(adata, "run", "1", n_genes=6)
    assert part.genes == found.genes["1"][:6]
    assert part.places.shape == (6, 2)
    graph = adata.varp[keys.gene_graph("run")]
    places = adata.var_names.get_indexer(part.genes)
    expected = sp.triu(graph[places][:, places], 1)
    assert len(part.edges) == expected.nnz
    for (a, b), weight in zip(part.edges, part.weights, strict=True):
        assert graph[places[a], places[b]] == weight
    np.testing.assert_allclose(part.activity, dense_activity(adata)[:, 0], atol=1e-5)
    np.testing.assert_array_equal(gene_network(adata, "run", "1", n_genes=6).places, part.places)


def test_nothing_is_changed(adata: AnnData) -> None:
    before = adata.copy()
    drain(community_steps(adata, "run"))
    gene_network(adata, "run", "2")
    assert (adata.X != before.X).nnz == 0
    pd.testing.assert_frame_equal(adata.var, before.var)
    pd.testing.assert_frame_equal(adata.obs, before.obs)


def test_runs_without_communities_are_said() -> None:
    adata = clustered()
    with pytest.raises(MissingKey, match=r"communities of genes.*'other'"):
        drain(community_steps(adata, "other", column=keys.cluster("run")))
    with pytest.raises(UnknownName, match="'9'"):
        gene_network(adata, "run", "9")
    del adata.varp[keys.gene_graph("run")]
    with pytest.raises(MissingKey, match="a gene graph"):
        gene_network(adata, "run", "1")


def test_one_cluster_is_refused_in_words() -> None:
    adata = clustered()
    adata.obs["all"] = pd.Categorical(["a"] * N_OBS)
    with pytest.raises(TooSmall, match="two groups"):
        drain(community_steps(adata, "run", column="all"))


def test_only_modelled_genes_are_shared_with_markers_as_no_other_is_in_a_community() -> None:
    adata = clustered()
    part = adata[:, :50].copy()  # the others are in no community
    part.raw = adata
    before, found = (drain(community_steps(data, "run")).overlap for data in (adata, part))
    assert set(found["n_shared"]) != {0}
    best = drain(marker_steps(adata, keys.cluster("run"))).table
    modelled = best[best["gene"].isin(part.var_names)].groupby("group", sort=False).head(100)
    for row in found.itertuples():
        n_best = ((modelled["group"] == row.cluster) & (modelled["score"] > 0)).sum()
        n_members = (part.var[keys.community("run")] == row.community).sum()
        assert row.expected == pytest.approx(n_best * n_members / 49)  # gene 30 is never counted
    assert len(before) == len(found)
