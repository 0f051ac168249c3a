"""Differences between groups: on the counts of all genes, unless asked otherwise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import stats
from statsmodels.stats.multitest import multipletests

from napari_stimpute import keys
from napari_stimpute.analysis import caution, differential_expression, draws
from napari_stimpute.analysis.sources import logged_imputed
from napari_stimpute.data.counts import counts_of, log_normalise, size_factors
from napari_stimpute.data.results import Results, write_results
from napari_stimpute.data.simulate import TRUE_RATE
from napari_stimpute.errors import InvalidSetting, TooSmall, UnknownName

from ..records import record_of
from ..simulated import simulate_section


@pytest.fixture(scope="module")
def section() -> AnnData:
    adata = simulate_section(seed=0, n_rows=20, n_genes=100)
    adata.layers[keys.imputed("run")] = adata.layers[TRUE_RATE]
    return adata


def names(adata: AnnData) -> tuple[str, str]:
    first, second = adata.obs["domain"].value_counts().index[:2]
    return str(first), str(second)


def logged(adata: AnnData) -> np.ndarray:
    counts = counts_of(adata, "X")
    return log_normalise(counts, size_factors(counts)).toarray().astype(float)


def test_imputed_values_are_ranked_as_by_scipy(section: AnnData) -> None:
    group, _ = names(section)
    settings = {"source": "run", "accept_imputed": True}
    table = differential_expression(section, "domain", group, **settings)  # type: ignore[arg-type]
    here = (section.obs["domain"] == group).to_numpy()
    values = logged_imputed(section, "run")
    for gene in table.index[[0, 10, 50]]:
        x = values[:, section.var_names.get_loc(gene)]
        expected = stats.mannwhitneyu(x[here], x[~here], use_continuity=False, method="asymptotic")
        assert table.loc[gene, "p"] == pytest.approx(expected.pvalue, rel=1e-4)


@pytest.fixture
def partly(section: AnnData) -> AnnData:
    """The section with half of its genes in X, and all in raw."""
    part = section[:, ::2].copy()
    part.raw = section
    return part


def test_all_counted_genes_are_tested_not_only_the_modelled_ones(
    section: AnnData, partly: AnnData
) -> None:
    group, reference = names(section)
    found = differential_expression(partly, "domain", group, reference=reference)
    whole = differential_expression(section, "domain", group, reference=reference)
    pd.testing.assert_frame_equal(found, whole)


def test_of_imputed_values_the_modelled_genes_are_tested(partly: AnnData) -> None:
    settings = {"source": "run", "accept_imputed": True}
    found = differential_expression(partly, "domain", names(partly)[0], **settings)  # type: ignore[arg-type]
    assert set(found.index) == set(partly.var_names[partly.X.getnnz(axis=0) > 0])


def test_p_values_are_adjusted_and_sorted(section: AnnData) -> None:
    table = differential_expression(section, "domain", names(section)[0])
    assert table["p"].is_monotonic_increasing
    expected = multipletests(table["p"], method="fdr_bh")[1]
    np.testing.assert_allclose(table["p_adjusted"], expected, rtol=1e-6)


def test_blocks_of_genes_do_not_change_it(
    section: AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = differential_expression(section, "domain", names(section)[0])
    monkeypatch.setattr(draws, "BLOCK", 30 * section.n_obs)
    in_blocks = differential_expression(section, "domain", names(section)[0])
    pd.testing.assert_frame_equal(in_blocks, whole)


def test_fold_change_and_shares_are_those_of_the_counts() -> None:
    counts = np.array([[8, 0, 92], [8, 0, 92], [8, 0, 92], [2, 0, 98], [2, 1, 97], [0, 0, 100]])
    adata = AnnData(counts.astype(np.float32), obs=pd.DataFrame({"side": list("aaabbb")}))
    adata.obs_names = [f"spot {i}" for i in range(6)]
    adata.var_names = ["up", "rare", "rest"]
    table = differential_expression(adata, "side", "a", reference="b")
    added = 0.5 / 3
    up = np.log2((8 + added) / (4 / 3 + added))
    assert table.loc["up", "log2_fold_change"] == pytest.approx(up, rel=1e-5)
    rare = np.log2(added / (1 / 3 + added))  # finite, although one group has none
    assert table.loc["rare", "log2_fold_change"] == pytest.approx(rare, rel=1e-5)
    assert table.loc["up", ["share_group", "share_reference"]].tolist() == [1.0, 2 / 3]


def test_genes_at_the_top_truly_differ_and_in_that_direction(section: AnnData) -> None:
    group, _ = names(section)
    here = (section.obs["domain"] == group).to_numpy()
    shares = section.layers[TRUE_RATE] / section.layers[TRUE_RATE].sum(axis=1, keepdims=True)
    true = np.log2(shares[here].mean(axis=0) / shares[~here].mean(axis=0))
    top = differential_expression(section, "domain", group).head(5)
    truth = true[section.var_names.get_indexer(top.index)]
    assert (np.abs(truth) > 0.5).all()
    assert (np.sign(truth) == np.sign(top["log2_fold_change"])).all()


def test_genes_without_molecules_in_these_spots_are_left_out(section: AnnData) -> None:
    adata = section.copy()
    adata.X = adata.X.copy()
    adata.X[:, 7] = 0
    adata.X.eliminate_zeros()
    group, reference = names(adata)
    table = differential_expression(adata, "domain", group, reference=reference)
    assert adata.var_names[7] not in table.index
    assert np.isfinite(table.to_numpy()).all()


def test_spots_without_a_name_are_in_neither_group(section: AnnData) -> None:
    group, other = names(section)
    adata = section.copy()
    adata.obs["domain"] = adata.obs["domain"].where(adata.obs["domain"].isin([group, other]))
    rest = differential_expression(adata, "domain", group)
    pair = differential_expression(section, "domain", group, reference=other)
    pd.testing.assert_frame_equal(rest, pair)


def test_nothing_is_written_to_the_data(section: AnnData) -> None:
    before = section.copy()
    differential_expression(section, "domain", names(section)[0])
    assert list(section.uns) == list(before.uns)
    assert list(section.obs) == list(before.obs)
    assert (section.X != before.X).nnz == 0


def test_imputed_values_are_refused_until_accepted(section: AnnData) -> None:
    group, _ = names(section)
    with pytest.raises(InvalidSetting, match="borrows the differences") as refused:
        differential_expression(section, "domain", group, source="run")
    assert refused.value.field == "accept_imputed"
    accepted = differential_expression(section, "domain", group, source="run", accept_imputed=True)
    on_counts = differential_expression(section, "domain", group)
    assert (accepted["p"] < 0.05).mean() > (on_counts["p"] < 0.05).mean()


def test_groups_split_at_random_do_not_differ(section: AnnData) -> None:
    generator = np.random.default_rng(0)
    shares = []
    for _ in range(20):
        adata = section.copy()
        adata.obs["half"] = generator.permutation(np.arange(adata.n_obs) % 2).astype(str)
        table = differential_expression(adata, "half", "0")
        often = section.var_names[section.X.getnnz(axis=0) >= 0.1 * section.n_obs]
        shares.append((table["p"].reindex(often) < 0.05).mean())
    assert np.mean(shares) <= 0.06


@pytest.mark.parametrize(
    ("settings", "error", "text"),
    [
        ({"column": "no such"}, UnknownName, "column"),
        ({"group": "no such"}, UnknownName, "group in 'domain'"),
        ({"reference": "no such"}, UnknownName, "group in 'domain'"),
        ({"source": "no such"}, UnknownName, "'counts', 'run'"),
    ],
)
def test_unknown_names_are_refused_with_those_that_exist(
    section: AnnData, settings: dict[str, str], error: type[Exception], text: str
) -> None:
    chosen = {"column": "domain", "group": names(section)[0]} | settings
    with pytest.raises(error, match=text):
        differential_expression(section, **chosen)  # type: ignore[arg-type]


def test_groups_of_two_spots_are_refused(section: AnnData) -> None:
    adata = section.copy()
    adata.obs["side"] = np.where(np.arange(adata.n_obs) < 2, "few", "many")
    for group, reference in (("few", "many"), ("many", "rest")):
        with pytest.raises(TooSmall, match="2 in"):
            differential_expression(adata, "side", group, reference=reference)


def test_a_group_is_not_tested_against_itself(section: AnnData) -> None:
    group, _ = names(section)
    with pytest.raises(InvalidSetting, match="against itself"):
        differential_expression(section, "domain", group, reference=group)


def test_groups_that_a_model_found_in_the_counts_are_named_as_such(section: AnnData) -> None:
    adata = section.copy()
    record = record_of("run", adata.shape, model="gmm_vgae", title="GMM-VGAE")
    write_results(adata, Results(record, clusters=np.arange(adata.n_obs) % 3))
    assert "found by GMM-VGAE in the same counts" in caution(adata, "run_cluster")[0]
    assert caution(adata, "domain") == ()


def test_columns_that_are_usually_found_in_the_counts_are_told(section: AnnData) -> None:
    for column in ("leiden", "seurat_clusters", "cell_type", "run_type", "picked"):
        section.obs[column] = section.obs["domain"].to_numpy()
        assert f"in “{column}” were found in the same counts" in caution(section, column)[0]
    section.obs["treatment"] = section.obs["domain"].to_numpy()
    assert caution(section, "treatment") == ()


def test_picks_by_hand_are_told_whatever_the_column_is_called(section: AnnData) -> None:
    names = np.where(np.arange(section.n_obs) % 2, *keys.PICKED)
    section.obs["lesion"] = pd.Categorical(names)
    assert "drawn on a map" in caution(section, "lesion")[0]


def test_genes_that_do_not_differ_between_groups_of_unlike_depth_are_rarely_called() -> None:
    """Ranked at their own depths, most would be: zeros are rarer where spots are deep."""
    generator = np.random.default_rng(0)
    rates = generator.gamma(1.0, 0.5, 300)
    depth = np.repeat([0.5, 2.0], 150) * generator.gamma(10.0, 0.1, 300)
    adata = AnnData(generator.poisson(np.outer(depth, rates)).astype(np.float32))
    adata.obs["side"] = np.repeat(["shallow", "deep"], 150)
    here = (adata.obs["side"] == "deep").to_numpy()
    ranked = [stats.mannwhitneyu(x[here], x[~here]).pvalue for x in logged(adata).T]
    assert (np.array(ranked) < 0.05).mean() > 0.3
    assert (differential_expression(adata, "side", "deep")["p"] < 0.05).mean() < 0.08


def test_a_table_of_imputed_values_is_called_a_ranking(section: AnnData) -> None:
    assert "ranking" in caution(section, "domain", source="run")[0]
