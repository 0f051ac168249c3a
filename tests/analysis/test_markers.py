"""Markers of every group: those of one group against the rest, and nothing for tiny groups."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scanpy as sc
import scipy.sparse as sp
from anndata import AnnData
from scipy import stats

from napari_stimpute.analysis import differential_expression, marker_steps, profile
from napari_stimpute.analysis.markers import Method
from napari_stimpute.data import on_disk
from napari_stimpute.data.on_disk import Stack
from napari_stimpute.errors import TooSmall, UnknownName

from ..simulated import simulate_section


def finished(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


@pytest.fixture(scope="module")
def section() -> AnnData:
    return simulate_section(seed=0, n_rows=20, n_genes=100)


@pytest.fixture(scope="module")
def even() -> AnnData:
    """Three groups of 100 spots, equally deep, each with ten genes that are higher in it."""
    rates = np.full((300, 120), 0.7)
    for group in range(3):
        rates[100 * group : 100 * (group + 1), 10 * group : 10 * (group + 1)] = 1.4
    adata = AnnData(np.random.default_rng(0).poisson(rates).astype(np.float32))
    adata.obs["side"] = np.repeat(list("abc"), 100)
    return adata


@pytest.fixture
def groups_of_unlike_depth() -> AnnData:
    """100 shallow, 100 deep and 100 deepest spots; no gene differs."""
    generator = np.random.default_rng(0)
    rates = generator.gamma(1.0, 0.5, 200)
    depth = np.repeat([1.0, 2.0, 3.0], 100)
    adata = AnnData(generator.poisson(np.outer(depth, rates)).astype(np.float32))
    adata.obs["side"] = np.repeat(["shallow", "deep", "deepest"], 100)
    return adata


def test_each_group_is_tested_as_against_the_rest(even: AnnData) -> None:
    markers = finished(marker_steps(even, "side"))
    assert markers.notes == ()
    for group in markers.groups:
        alone = differential_expression(even, "side", group)
        here = markers.of(group).set_index("gene").loc[alone.index]
        for column in ("p", "p_adjusted", "log2_fold_change", "share_group"):
            np.testing.assert_allclose(here[column], alone[column], rtol=1e-6)
        np.testing.assert_allclose(here["share_others"], alone["share_reference"])


def test_the_best_markers_are_the_genes_that_are_higher(even: AnnData) -> None:
    top = finished(marker_steps(even, "side")).top(10)
    for at, group in enumerate("abc"):
        assert set(top[group]) == set(even.var_names[10 * at : 10 * (at + 1)])


def test_rows_of_a_group_begin_with_its_best_markers(section: AnnData) -> None:
    markers = finished(marker_steps(section, "domain", n_genes=7))
    for group in markers.groups:
        rows = markers.of(group)
        assert len(rows) == 7
        assert rows["score"].is_monotonic_decreasing
        assert list(rows["gene"][:3]) == markers.top(3)[group]


def test_groups_of_two_spots_are_left_out_and_said_but_are_among_the_others(even: AnnData) -> None:
    adata = even.copy()
    adata.obs["side"] = ["tiny", "tiny", *adata.obs["side"][2:]]
    markers = finished(marker_steps(adata, "side"))
    assert markers.groups == tuple("abc") and list(markers.top(1)) == list("abc")
    assert "tiny" in markers.notes[0]
    alone = differential_expression(adata, "side", "b")
    here = markers.of("b").set_index("gene").loc[alone.index]
    np.testing.assert_allclose(here["p"], alone["p"], rtol=1e-6)


@pytest.mark.parametrize(("method", "is_thinned"), [("permutation", False), ("t-test", True)])
def test_groups_that_differ_in_depth_alone_have_few_markers(
    groups_of_unlike_depth: AnnData, method: Method, is_thinned: bool
) -> None:
    adata = groups_of_unlike_depth
    markers = finished(marker_steps(adata, "side", method=method))
    assert (markers.table["p"] < 0.05).mean() < 0.08
    assert any("differ in depth" in text for text in markers.notes) == is_thinned
    ranked = adata.copy()
    sc.pp.normalize_total(ranked)
    sc.pp.log1p(ranked)
    sc.tl.rank_genes_groups(ranked, "side", method="wilcoxon", tie_correct=True)
    assert (sc.get.rank_genes_groups_df(ranked, None)["pvals"] < 0.05).mean() > 0.15


@pytest.mark.parametrize(("method", "is_thinned"), [("permutation", False), ("t-test", True)])
def test_a_very_shallow_group_does_not_empty_the_others(
    groups_of_unlike_depth: AnnData, method: Method, is_thinned: bool
) -> None:
    adata = groups_of_unlike_depth
    adata.X[:10] = 0
    adata.X[:10, :3] = 1
    adata.obs["side"] = ["empty"] * 10 + list(adata.obs["side"][10:])
    adata.X[210:, 5] += 20  # a marker
    markers = finished(marker_steps(adata, "side", method=method))
    assert markers.top(1)["deepest"] == [adata.var_names[5]]
    said = any("Shallower than the others" in text and "empty" in text for text in markers.notes)
    assert said == is_thinned


def test_the_t_test_is_that_of_welch_and_said_not_to_be_for_small_groups(even: AnnData) -> None:
    adata = even.copy()
    adata.obs["side"] = ["few"] * 60 + list(adata.obs["side"][60:])
    markers = finished(marker_steps(adata, "side", method="t-test"))
    (text,) = markers.notes  # the group of exactly 100 spots is enough
    assert "fewer than 100" in text and ": a, few." in text
    logged = adata.copy()
    sc.pp.normalize_total(logged)
    sc.pp.log1p(logged)
    here = (adata.obs["side"] == "b").to_numpy()
    for gene, p in markers.of("b").set_index("gene")["p"].iloc[[0, 60]].items():
        x = logged[:, [gene]].X.ravel().astype(float)
        expected = stats.ttest_ind(x[here], x[~here], equal_var=False).pvalue
        assert p == pytest.approx(expected, rel=1e-3)
    assert finished(marker_steps(adata, "side")).notes == ()


def test_genes_that_are_not_modelled_are_tested_and_profiled(section: AnnData) -> None:
    part = section[:, ::2].copy()
    part.raw = section
    whole = finished(marker_steps(section, "domain"))
    pd.testing.assert_frame_equal(finished(marker_steps(part, "domain")).table, whole.table)
    genes = [section.var_names[1]]
    expected, found = profile(section, "domain", genes), profile(part, "domain", genes)
    np.testing.assert_array_equal(found.level, expected.level)
    np.testing.assert_array_equal(found.share, expected.share)


def test_spots_without_molecules_are_borne(section: AnnData) -> None:
    adata = section.copy()
    adata.X = adata.X.toarray()
    adata.X[:5] = 0
    table = finished(marker_steps(adata, "domain")).table
    assert np.isfinite(table.select_dtypes("number").to_numpy()).all()


@pytest.mark.parametrize(
    ("names", "text"),
    [(["a"] * 6, "only 'a'"), ([None] * 6, "none"), (list("aabbcc"), "at most 2")],
)
def test_columns_without_groups_to_compare_are_refused(names: list[str], text: str) -> None:
    adata = AnnData(np.ones((6, 3), np.float32), obs=pd.DataFrame({"side": names}))
    with pytest.raises(TooSmall, match=text):
        finished(marker_steps(adata, "side"))


def test_unknown_names_are_refused(section: AnnData) -> None:
    with pytest.raises(UnknownName, match="column"):
        finished(marker_steps(section, "no such"))
    with pytest.raises(UnknownName, match="'permutation', 't-test'"):
        finished(marker_steps(section, "domain", method="no such"))  # type: ignore[arg-type]
    with pytest.raises(UnknownName, match="name of a gene"):
        profile(section, "domain", ["no such"])


def test_profile_is_the_mean_of_each_group(section: AnnData) -> None:
    genes = list(section.var_names[[3, 0]])
    found = profile(section, "domain", genes)
    logged = section.copy()
    sc.pp.normalize_total(logged)
    sc.pp.log1p(logged)
    for at, group in enumerate(found.groups):
        here = (section.obs["domain"] == group).to_numpy()
        expected = logged[here, genes].X.toarray()
        np.testing.assert_allclose(found.level[at], expected.mean(axis=0), rtol=1e-4)
        np.testing.assert_allclose(found.share[at], (expected > 0).mean(axis=0))
        assert found.sizes[at] == here.sum()


def test_nothing_is_written_to_the_data(section: AnnData) -> None:
    before = section.copy()
    finished(marker_steps(section, "domain"))
    assert list(section.obs) == list(before.obs) and list(section.uns) == list(before.uns)
    assert (section.X != before.X).nnz == 0


def test_markers_of_counts_on_disk_are_those_of_memory(
    even: AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = Stack(even.n_vars, on_disk=True)
    stack.add(sp.csr_matrix(even.X))
    stored = AnnData(stack.matrix(), obs=even.obs, var=even.var)
    stored.raw = AnnData(on_disk.by_column(stored.X), obs=even.obs, var=even.var)
    monkeypatch.setattr(on_disk, "PART", 500)
    for method in ("permutation", "t-test"):
        found, expected = (
            finished(marker_steps(adata, "side", method=method)) for adata in (stored, even)
        )
        pd.testing.assert_frame_equal(found.table, expected.table, rtol=1e-3, atol=1e-5)
    genes = list(even.var_names[:3])
    levels = (profile(adata, "side", genes).level for adata in (stored, even))
    np.testing.assert_allclose(*levels)
