"""Simple predictions: each against a slow and plain computation."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.spatial.distance import cdist

from napari_stimpute.data import on_disk
from napari_stimpute.data.components import principal_components
from napari_stimpute.data.counts import log_normalise, size_factors
from napari_stimpute.data.graph import spatial_graph
from napari_stimpute.data.on_disk import Stack, is_on_disk
from napari_stimpute.models.simple import parts as parts_module
from napari_stimpute.models.simple.neighbours import nearest, nearest_of
from napari_stimpute.models.simple.parts import GENE_MEAN, OWN, PROGRAMS, TISSUE, Parts


@pytest.fixture(scope="module")
def counts() -> sp.csr_matrix:
    rng = np.random.default_rng(0)
    groups = rng.gamma(1.0, size=(3, 40))
    rates = groups[rng.integers(3, size=150)] * rng.gamma(5.0, 0.4, size=(150, 1))
    return sp.csr_matrix(rng.poisson(rates).astype(np.float32))


@pytest.fixture(scope="module")
def graph() -> sp.csr_matrix:
    places = np.random.default_rng(1).uniform(0, 100, size=(150, 2))
    return spatial_graph(places, n_neighbours=6, sections=np.zeros(150, dtype=int))


def at_depth(prediction: np.ndarray, counts: sp.csr_matrix) -> np.ndarray:
    depth = counts.toarray().sum(axis=1, keepdims=True)
    return prediction / prediction.sum(axis=1, keepdims=True) * depth


def part(made: Parts, title: str) -> np.ndarray:
    return made.rows(slice(0, made.shape[0]))[made.titles.index(title)]


def test_every_part_but_the_restored_ones_is_at_each_spots_depth(
    counts: sp.csr_matrix, graph: sp.csr_matrix
) -> None:
    made = Parts.of(counts, graph, 0)
    depth = counts.toarray().sum(axis=1)
    for title in made.titles:
        if "components" not in title and title != PROGRAMS:
            np.testing.assert_allclose(part(made, title).sum(axis=1), depth, rtol=1e-4)


def test_gene_totals_of_components_and_programs_are_those_of_the_counts(
    counts: sp.csr_matrix, graph: sp.csr_matrix
) -> None:
    made = Parts.of(counts, graph, 0)
    for title in ("principal components", PROGRAMS, TISSUE):
        np.testing.assert_allclose(
            part(made, title).sum(axis=0), counts.toarray().sum(axis=0), rtol=1e-4
        )


def test_pools_are_sums_over_the_nearest_spots(counts: sp.csr_matrix) -> None:
    made = Parts.of(counts, None, 0)
    scores = principal_components(log_normalise(counts, size_factors(counts)), 20, 0).scores
    order = np.argsort(cdist(scores, scores), axis=1, kind="stable")
    dense = counts.toarray()
    for k in (15, 30, 100):
        pooled = np.stack([dense[order[i, :k]].sum(axis=0) for i in range(len(dense))])
        found = part(made, f"mean of the {k} most similar")
        np.testing.assert_allclose(found, at_depth(pooled, counts), rtol=1e-3, atol=1e-4)


def test_tissue_parts_are_repeated_averages_over_the_graph(
    counts: sp.csr_matrix, graph: sp.csr_matrix
) -> None:
    made = Parts.of(counts, graph, 0)
    own = graph.toarray() + np.eye(150)
    average = own / own.sum(axis=1, keepdims=True)
    for steps, text in ((1, "1 step"), (2, "2 steps"), (4, "4 steps")):
        expected = at_depth(np.linalg.matrix_power(average, steps) @ counts.toarray(), counts)
        np.testing.assert_allclose(
            part(made, f"tissue neighbours ({text})"), expected, rtol=1e-3, atol=1e-5
        )


def test_blocks_give_what_all_rows_give(
    counts: sp.csr_matrix, graph: sp.csr_matrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Parts.of(counts, graph, 0)
    whole = made.rows(slice(0, 150))
    monkeypatch.setattr("napari_stimpute.data.counts.ROW_BLOCK", 40 * 7)
    blocks = list(made.blocks())
    assert len(blocks) == 22
    np.testing.assert_allclose(
        np.concatenate([made.rows(b) for b in blocks], axis=1), whole, rtol=1e-4, atol=1e-6
    )


def test_one_part_alone_is_as_among_all(counts: sp.csr_matrix, graph: sp.csr_matrix) -> None:
    made, rows = Parts.of(counts, graph, 0), slice(20, 90)
    for title, expected in zip(made.titles, made.rows(rows), strict=True):
        np.testing.assert_array_equal(made.part(rows, title), expected)


@pytest.mark.parametrize("at", [None, np.arange(0, 150, 4)])
def test_one_gene_alone_is_as_among_all(
    at: np.ndarray | None,
    counts: sp.csr_matrix,
    graph: sp.csr_matrix,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    skewed = np.random.default_rng(0).gamma(1.0, size=counts.shape).astype(np.float32)
    monkeypatch.setattr(parts_module, "magic_prediction", lambda _counts, _seed: skewed)
    holes = counts.toarray()
    holes[4], holes[:, 5] = 0, 0  # a spot and a gene without counts
    made = Parts.of(sp.csr_matrix(holes), graph, 0, at)
    whole = made.rows(slice(0, made.shape[0]))
    for gene in range(40):
        np.testing.assert_allclose(made.column(gene), whole[:, :, gene], rtol=1e-5, atol=1e-6)


def test_some_spots_have_their_neighbours_among_all(
    counts: sp.csr_matrix, graph: sp.csr_matrix
) -> None:
    at = np.arange(0, 150, 4)
    whole, some = Parts.of(counts, graph, 0), Parts.of(counts, graph, 0, at)
    assert some.titles == whole.titles and some.shape == (len(at), 40)
    for title in (OWN, GENE_MEAN, *(t for t in whole.titles if t.startswith("tissue"))):
        np.testing.assert_allclose(part(some, title), part(whole, title)[at], rtol=1e-5)


def test_all_rows_asked_for_are_what_all_are(counts: sp.csr_matrix, graph: sp.csr_matrix) -> None:
    whole, asked = Parts.of(counts, graph, 0), Parts.of(counts, graph, 0, np.arange(150))
    for title in whole.titles:
        np.testing.assert_allclose(part(asked, title), part(whole, title), rtol=1e-3, atol=1e-4)


def test_nearest_of_some_are_among_all() -> None:
    places, at = np.random.default_rng(0).normal(size=(80, 3)), np.array([3, 11, 40])
    found = nearest_of(at, places, 6)
    np.testing.assert_array_equal(found, np.argsort(cdist(places[at], places), axis=1)[:, :6])


def test_without_coordinates_there_are_no_tissue_parts(counts: sp.csr_matrix) -> None:
    titles = Parts.of(counts, None, 0).titles
    assert titles[:2] == (OWN, GENE_MEAN)
    assert not any("tissue" in title for title in titles)


def test_a_model_comes_first(counts: sp.csr_matrix) -> None:
    simple = Parts.of(counts, None, 0)
    made = simple.with_model("Mine", np.ones((150, 40), dtype=np.float32))
    assert made.titles == ("Mine", *simple.titles)
    np.testing.assert_allclose(
        part(made, "Mine"),
        np.repeat(counts.toarray().sum(axis=1) / 40, 40).reshape(150, 40),
        rtol=1e-5,
    )


def test_fewer_spots_than_a_pool_wants_are_all_pooled() -> None:
    few = sp.csr_matrix(np.random.default_rng(0).poisson(2.0, size=(8, 12)).astype(np.float32))
    made = Parts.of(few, None, 0)
    assert "mean of the 8 most similar" in made.titles
    assert np.isfinite(made.rows(slice(0, 8))).all()


def test_a_spot_without_counts_and_a_gene_without_counts_are_finite(
    counts: sp.csr_matrix, graph: sp.csr_matrix
) -> None:
    holes = counts.toarray()
    holes[3], holes[:, 5] = 0, 0
    made = Parts.of(sp.csr_matrix(holes), graph, 0)
    everything = made.rows(slice(0, 150))
    assert np.isfinite(everything).all()
    assert (everything[:, 3] == 0).all()


def test_nearest_is_exact_and_begins_with_itself_among_twins() -> None:
    rng = np.random.default_rng(0)
    places = rng.normal(size=(60, 3))
    places[10:20] = places[10]
    found = nearest(places, 7, 0)
    assert (found[:, 0] == np.arange(60)).all()
    assert all(len(set(row)) == 7 for row in found)
    distances = cdist(places, places)
    far = np.take_along_axis(distances, found, axis=1).max(axis=1)
    np.testing.assert_allclose(far, np.sort(distances, axis=1)[:, 6], atol=1e-5)


def test_magic_comes_last_with_gene_totals_restored(
    counts: sp.csr_matrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the package is installed; its own totals are far off for variable genes."""
    skewed = np.random.default_rng(0).gamma(1.0, size=counts.shape).astype(np.float32)
    monkeypatch.setattr(parts_module, "magic_prediction", lambda _counts, _seed: skewed)
    made = Parts.of(counts, None, 0)
    assert made.titles[-1] == "MAGIC"
    np.testing.assert_allclose(
        part(made, "MAGIC").sum(axis=0), counts.toarray().sum(axis=0), rtol=1e-4
    )


@pytest.mark.parametrize("at", [None, np.arange(0, 150, 2)])
def test_parts_of_counts_on_disk_are_those_of_memory(
    counts: sp.csr_matrix,
    graph: sp.csr_matrix,
    at: np.ndarray | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(on_disk, "PART", 500)
    stack = Stack(counts.shape[1], on_disk=True)
    stack.add(counts)
    found, expected = (Parts.of(c, graph, 0, at) for c in (stack.matrix(), counts))
    assert is_on_disk(found.counts)  # and were not copied to memory
    rows = slice(0, found.shape[0])
    np.testing.assert_allclose(found.rows(rows), expected.rows(rows), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found.column(3), expected.column(3), rtol=1e-3, atol=1e-4)
