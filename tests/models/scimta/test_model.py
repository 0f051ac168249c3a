"""scIMTA: communities and networks, batches, zeros that stay zero, and what is kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from anndata import AnnData

from napari_stimpute.errors import MissingKey, UnknownName
from napari_stimpute.models.scimta.model import ScIMTA
from napari_stimpute.models.scimta.sides import Surroundings, cell_side

MakeSection = Callable[..., AnnData]
Of = Callable[[str], ScIMTA]


def with_batches(adata: AnnData, effect: float = 1.0, seed: int = 0) -> AnnData:
    """The same cells in two batches at random, genes of the second changed by random factors."""
    rng = np.random.default_rng(seed)
    second = rng.random(adata.n_obs) < 0.4
    factor = np.exp(rng.normal(0, effect, adata.n_vars))
    rate = adata.layers["expected"] * np.where(second[:, None], factor, 1.0)
    adata.X = sp.csr_matrix(rng.poisson(rate).astype(np.float32))
    adata.obs["batch"] = np.where(second, "second", "first")
    return adata


def separation(embedding: np.ndarray, groups: np.ndarray) -> float:
    from sklearn.metrics import silhouette_score

    return float(silhouette_score(embedding, groups))


BRIEF = {"epochs": 3, "cluster_epochs": 2, "decoder_epochs": 2}
"""Where it does not matter how much was learned."""


@pytest.fixture(scope="module")
def of(make_section: MakeSection) -> Of:
    """A model with a batch column ("batch"), or without (""), fitted to two batches."""
    return cache(
        lambda key: ScIMTA.preset("tiny", batch_key=key).fit(
            with_batches(make_section()), seed=0, device="cpu"
        )
    )


@pytest.fixture
def two(section: AnnData) -> AnnData:
    """The data that `of` was fitted to."""
    return with_batches(section)


# ---- communities and networks ------------------------------------------------------------------


@pytest.fixture(scope="module")
def large(make_section: MakeSection) -> tuple[ScIMTA, AnnData]:
    """A model of enough training to tell the section's programs apart."""
    adata = make_section(depth=1500.0)
    return ScIMTA.preset("tiny", epochs=60, cluster_epochs=10).fit(adata, device="cpu"), adata


def test_communities_are_programs_of_genes(large: tuple[ScIMTA, AnnData]) -> None:
    from sklearn.metrics import adjusted_rand_score

    found = large[0].communities()
    program = np.minimum(np.arange(60) // 10, 4)  # three bands, the scattered, and the rest
    assert found.shape == (60,) and found.min() >= -1
    marks = program < 3
    assert adjusted_rand_score(program[marks], found[marks]) > 0.6


def test_communities_have_ten_genes_and_come_by_size(large: tuple[ScIMTA, AnnData]) -> None:
    found = large[0].communities()
    sizes = np.bincount(found[found >= 0])
    assert (sizes >= 10).all() and (np.diff(sizes) <= 0).all()
    text = f"Gene communities: {len(sizes)}, of {int((found >= 0).sum())} genes."
    assert text in large[0].notes_


def check_network(graph: sp.csr_matrix, n: int) -> None:
    assert sp.issparse(graph) and graph.format == "csr" and graph.shape == (n, n)
    assert (graph != graph.T).nnz == 0
    assert graph.diagonal().sum() == 0
    assert graph.nnz and graph.data.min() > 0 and graph.data.max() <= 1
    assert graph.nnz <= 20 * n  # ten of each, and those that chose it


def test_networks_are_sparse_symmetric_and_graded(large: tuple[ScIMTA, AnnData]) -> None:
    model, adata = large
    check_network(model.gene_graph(), adata.n_vars)
    check_network(model.cell_graph(adata), adata.n_obs)


def test_networks_join_what_belongs_together(large: tuple[ScIMTA, AnnData]) -> None:
    model, adata = large
    edges = model.cell_graph(adata).tocoo()
    domain = adata.obs["domain"].to_numpy()
    assert (domain[edges.row] == domain[edges.col]).mean() > 0.7  # by chance a third
    genes = model.gene_graph().tocoo()
    marks = (genes.row < 30) & (genes.col < 30)
    assert (genes.row // 10 == genes.col // 10)[marks].mean() > 0.7


def test_the_bands_of_the_section_are_found(large: tuple[ScIMTA, AnnData]) -> None:
    from sklearn.metrics import adjusted_rand_score

    model, adata = large
    assert adjusted_rand_score(adata.obs["domain"], model.cluster(adata)) > 0.6


def test_without_communities_nothing_of_them_is_said(section: AnnData) -> None:
    model = ScIMTA.preset("tiny", communities=False, **BRIEF).fit(section, device="cpu")
    assert not any("communities:" in note for note in model.notes_)
    assert (model.communities() == -1).all() and model.gene_graph().nnz == 0


def test_genes_are_alike_within_batches_not_by_what_batches_do_to_them(
    make_section: MakeSection,
) -> None:
    from sklearn.metrics import adjusted_rand_score

    two = with_batches(make_section(depth=1500.0), effect=2.0, seed=3)
    program = np.arange(40) // 10  # the other genes go with no one
    agreement = {}
    for key in ("", "batch"):
        model = ScIMTA.preset("tiny", epochs=1, n_neighbors=8, batch_key=key)
        found = model.fit(two, device="cpu").communities()[:40]
        agreement[key] = adjusted_rand_score(program, found)
    assert agreement["batch"] == 1 and agreement[""] < 0.95, agreement


def test_without_weight_for_graphs_nothing_is_said_of_networks(section: AnnData) -> None:
    model = ScIMTA.preset("tiny", graph_weight=0.0, **BRIEF).fit(section, device="cpu")
    assert (model.communities() == -1).all()
    assert model.gene_graph().nnz == 0 and model.cell_graph(section).nnz == 0
    assert model.cell_graph(section).shape == (section.n_obs, section.n_obs)


def test_genes_without_counts_are_in_no_community(section: AnnData) -> None:
    dense = section.X.toarray()
    dense[:, 44:59] = 0  # fifteen: enough for a community of their own
    section.X = sp.csr_matrix(dense)
    model = ScIMTA.preset("tiny", **BRIEF).fit(section, device="cpu")
    assert (model.communities()[44:59] == -1).all()
    assert (model.communities() >= 0).any()
    assert np.isfinite(model.impute(section)).all()


def test_the_number_of_clusters_is_estimated_if_none_is_given(section: AnnData) -> None:
    model = ScIMTA.preset("tiny", **BRIEF, n_clusters=0).fit(section, device="cpu")
    text = " ".join(model.notes_)
    n_clusters = model.clusters_.n_clusters
    assert f"Clusters: {n_clusters}, by how often 30 clusterings put cells together" in text
    assert model.cluster_probability(section).shape == (section.n_obs, n_clusters)


def test_the_deep_decoder_learns_last_and_leaves_embedding_and_clusters_alone(two: AnnData) -> None:
    short = BRIEF | {"epochs": 6}
    linear, deep = (
        ScIMTA.preset("tiny", **(short | {"decoder_epochs": n})).fit(two, device="cpu")
        for n in (0, 8)
    )
    np.testing.assert_array_equal(linear.embed(two), deep.embed(two))
    np.testing.assert_array_equal(linear.cluster(two), deep.cluster(two))
    assert linear.network_.decoder.hidden_loadings.count_nonzero() == 0
    assert np.abs(linear.impute(two) - deep.impute(two)).max() > 1e-3


@pytest.mark.parametrize("key", ["", "batch"])
def test_stopped_in_pretraining_it_still_has_its_clusters(key: str, two: AnnData) -> None:
    model = ScIMTA.preset("tiny", batch_key=key, epochs=200)
    steps = model.fit_steps(two, device="cpu")
    next(p for p in steps if p.step == 40)
    steps.close()
    assert not model.completed_
    assert len(set(model.cluster(two))) == 3
    assert model.cluster_probability(two).shape == (two.n_obs, 3)


# ---- batches -----------------------------------------------------------------------------------


def test_batches_are_mixed_where_they_are_named(of: Of, two: AnnData) -> None:
    batch, domain = two.obs["batch"].to_numpy(), two.obs["domain"].to_numpy()
    merged, apart = (of(key).embed(two) for key in ("batch", ""))
    assert separation(apart, batch) > separation(merged, batch) + 0.05
    assert separation(merged, batch) < 0.1
    assert separation(merged, domain) > separation(apart, domain)


def test_expected_counts_stay_those_of_the_cells_own_batch(of: Of, two: AnnData) -> None:
    """Genes differ between batches by factors; these must still be in what is imputed."""
    imputed, second = of("batch").impute(two), (two.obs["batch"] == "second").to_numpy()
    ratios = [
        np.log(m[second].mean(axis=0) / m[~second].mean(axis=0)) for m in (imputed, two.X.toarray())
    ]
    assert np.corrcoef(*ratios)[0, 1] > 0.6


def test_a_batch_column_that_is_missing_is_said(section: AnnData) -> None:
    words = r"a column 'plate' in obs that names the batches.*\['domain', 'scattered'\].*none if"
    with pytest.raises(MissingKey, match=words):
        ScIMTA.preset("tiny", batch_key="plate").fit(section)


def test_one_batch_is_said_and_gives_the_same_as_none(section: AnnData) -> None:
    section.obs["batch"] = "only"
    one = ScIMTA.preset("tiny", batch_key="batch", **BRIEF).fit(section, device="cpu")
    assert "Only one batch in 'batch': there was nothing to merge." in one.notes_
    none = ScIMTA.preset("tiny", **BRIEF).fit(section, device="cpu")
    np.testing.assert_allclose(one.impute(section), none.impute(section), rtol=1e-4)


def test_a_batch_with_one_cell_is_no_failure(two: AnnData) -> None:
    two.obs["batch"] = two.obs["batch"].astype(object)
    two.obs.loc[two.obs_names[7], "batch"] = "third"
    model = ScIMTA.preset("tiny", batch_key="batch", **BRIEF).fit(two, device="cpu")
    assert model.batches_ == ["first", "second", "third"]
    assert all(np.isfinite(a).all() for a in (model.impute(two), model.embed(two)))


def test_a_batch_that_was_not_seen_in_training_is_refused(of: Of, two: AnnData) -> None:
    two.obs["batch"] = two.obs["batch"].replace("second", "fourth")
    words = r"batch that was seen in training, but found 'fourth'.*'first', 'second'"
    with pytest.raises(UnknownName, match=words):
        of("batch").impute(two)
    del two.obs["batch"]
    with pytest.raises(MissingKey, match="that names the batches"):
        of("batch").embed(two)


def test_a_batch_column_of_numbers_or_categories_works(two: AnnData) -> None:
    two.obs["batch"] = (two.obs["batch"] == "second").astype(int)
    model = ScIMTA.preset("tiny", batch_key="batch", epochs=2).fit(two, device="cpu")
    assert model.batches_ == ["0", "1"]
    by_number = model.embed(two)
    two.obs["batch"] = two.obs["batch"].astype("category")
    np.testing.assert_array_equal(model.embed(two), by_number)


def test_dropout_is_judged_by_what_is_expected_in_the_batch(two: AnnData) -> None:
    model = ScIMTA.preset("tiny", batch_key="batch", epochs=2).fit(two, device="cpu")
    before = model.dropout_probability(two)
    with torch.no_grad():
        model.network_.decoder.batch_offset[0, 3] += 1.0
    first = (two.obs["batch"] == model.batches_[0]).to_numpy()
    changed = model.dropout_probability(two)
    zero = ~np.isnan(before[:, 3])
    assert (changed[first & zero, 3] > before[first & zero, 3]).all()
    np.testing.assert_array_equal(changed[~first, 3], before[~first, 3])


def test_cells_of_either_batch_alone_have_as_many_neighbours(two: AnnData) -> None:
    places = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    how = Surroundings(10, 2, 1, 0)
    first, last = (cell_side(places, np.full(60, code), how).graph for code in (0, 1))
    assert first.nnz == last.nnz


# ---- memory ------------------------------------------------------------------------------------


def test_what_is_remembered_belongs_to_these_counts_and_batches(
    of: Of, two: AnnData, tmp_path: Path
) -> None:
    model = of("batch")
    path = model.save(tmp_path / "model")
    first = model.embed(two)
    model.embed(two)[:] = 0  # whoever writes into a result does not write into the model
    changed, moved = two.copy(), two.copy()
    changed.X = sp.csr_matrix(changed.X.toarray() + np.eye(*changed.shape, dtype=np.float32))
    moved.obs["batch"] = moved.obs["batch"].to_numpy()[::-1]
    for other in (changed, moved, two):
        fresh = (ScIMTA.load(path, device="cpu") for _ in range(2))
        np.testing.assert_array_equal(model.embed(other), next(fresh).embed(other))
        np.testing.assert_array_equal(model.impute(other), next(fresh).impute(other))
    assert not np.array_equal(model.embed(changed), first)
    assert not np.array_equal(model.embed(moved), first)


def test_a_second_fit_forgets_the_first(section: AnnData) -> None:
    model = ScIMTA.preset("tiny", epochs=3, cluster_epochs=1)
    first = model.fit(section, seed=0, device="cpu").embed(section)
    second = model.fit(section, seed=1, device="cpu").embed(section)
    alone = ScIMTA.preset("tiny", epochs=3, cluster_epochs=1).fit(section, seed=1, device="cpu")
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(second, alone.embed(section))


# ---- filling -----------------------------------------------------------------------------------


def filling(model: ScIMTA, folder: Path) -> ScIMTA:
    """A copy that fills zeros."""
    again = ScIMTA.load(model.save(folder), device="cpu")
    again.config = again.config.model_copy(update={"mode": "fill"})
    return again


@pytest.mark.parametrize("key", ["", "batch"])
def test_counts_stay_bit_for_bit_where_zeros_are_filled(
    key: str, of: Of, two: AnnData, tmp_path: Path
) -> None:
    model, counts = filling(of(key), tmp_path / "model"), two.X.toarray()
    filled = model.impute(two)
    assert filled.dtype == np.float32 and (filled >= 0).all()
    assert np.array_equal(filled[counts > 0], counts[counts > 0])
    zero = counts == 0
    assert not (filled[zero] > 0).all()
    np.testing.assert_array_equal(filled[zero & ~model.fills(two)], 0)
    some = model.impute(two, genes=["gene 44", "gene 1"])
    np.testing.assert_allclose(some, filled[:, [44, 1]], rtol=1e-4, atol=1e-5)


def test_genes_that_are_silent_in_some_bands_stay_so(make_section: MakeSection) -> None:
    """Markers that are off elsewhere keep their zeros there, and more of them are filled inside."""
    adata = make_section(depth=60.0)
    band = adata.obs["domain"].cat.codes.to_numpy()
    rate = adata.layers["expected"].copy()
    for d in range(3):
        rate[np.ix_(band != d, np.arange(d * 10, d * 10 + 10))] = 0
    adata.X = sp.csr_matrix(np.random.default_rng(0).poisson(rate).astype(np.float32))
    model = ScIMTA.preset("tiny", mode="fill", epochs=60).fit(adata, device="cpu")
    filled, zero = model.impute(adata) > 0, adata.X.toarray() == 0
    marks = np.arange(60) < 30
    inside = (band[:, None] == np.arange(60) // 10) & marks
    outside = (band[:, None] != np.arange(60) // 10) & marks
    assert filled[zero & outside].mean() < 0.15
    assert filled[zero & inside].mean() > 0.5


def test_a_gene_without_counts_stays_without(section: AnnData) -> None:
    counts = section.X.toarray()
    counts[:, 7] = 0
    section.X = sp.csr_matrix(counts)
    model = ScIMTA.preset("tiny", mode="fill", **BRIEF).fit(section, device="cpu")
    np.testing.assert_array_equal(model.impute(section)[:, 7], 0)


# ---- keeping -----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["", "batch"])
def test_everything_comes_back_from_a_saved_model(
    key: str, of: Of, two: AnnData, tmp_path: Path
) -> None:
    model = of(key)
    again = ScIMTA.load(model.save(tmp_path / "model"), device="cpu")
    assert again.batches_ == model.batches_
    for name in ("batch_means_", "low_rank_", "gene_latent_", "communities_", "gene_scale_"):
        np.testing.assert_array_equal(getattr(again, name), getattr(model, name), err_msg=name)
    for name in ("threshold", "factor", "offset"):
        np.testing.assert_array_equal(getattr(again.rule_, name), getattr(model.rule_, name))
    assert (again.gene_graph() != model.gene_graph()).nnz == 0
    assert (again.cell_graph(two) != model.cell_graph(two)).nnz == 0
    np.testing.assert_array_equal(again.cluster_probability(two), model.cluster_probability(two))
    np.testing.assert_array_equal(again.dropout_probability(two), model.dropout_probability(two))
    np.testing.assert_array_equal(
        filling(again, tmp_path / "a").impute(two), filling(model, tmp_path / "b").impute(two)
    )
    assert torch.equal(again.network_.genes.graph.weight, model.network_.genes.graph.weight)
