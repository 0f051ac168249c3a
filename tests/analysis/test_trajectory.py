"""Spots come in the order of the path they lie on, as far as a path leads."""

from __future__ import annotations

import numpy as np
import pytest
import scanpy as sc
from anndata import AnnData
from scipy.stats import spearmanr

from napari_stimpute import keys
from napari_stimpute.analysis import trajectory_steps
from napari_stimpute.errors import InvalidSetting, TooSmall, UnknownName


def finished(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


@pytest.fixture(scope="module")
def path() -> AnnData:
    """240 spots along a bent path, in groups a to d, and a group of 40 far away from it."""
    generator = np.random.default_rng(0)
    along = np.sort(generator.uniform(0, 3, 240))
    places = np.column_stack([10 * np.cos(along), 10 * np.sin(along), np.zeros(240)])
    far = np.array([100.0, 0, 0]) + generator.normal(size=(40, 3))
    places = np.concatenate([places + generator.normal(0, 0.3, (240, 3)), far])
    adata = AnnData(generator.poisson(1, (280, 3)).astype(np.float32))
    adata.obsm[keys.embedding("run")] = places.astype(np.float32)
    adata.obs["group"] = [*np.repeat(list("abcd"), 60), *(["far"] * 40)]
    return adata


@pytest.fixture(scope="module")
def joined(path: AnnData) -> AnnData:
    return path[:240].copy()


@pytest.mark.parametrize("root", ["a", 0])
def test_spots_come_in_the_order_of_the_path(joined: AnnData, root: str | int) -> None:
    found = finished(trajectory_steps(joined, "run", "group", root))
    beyond = np.arange(60, 240)
    assert spearmanr(found.pseudotime[beyond], beyond)[0] > 0.98
    assert found.pseudotime[found.root] == 0 and np.nanmax(found.pseudotime) == 1
    assert found.notes == ()


def test_the_other_end_as_root_turns_the_order_around(joined: AnnData) -> None:
    found = finished(trajectory_steps(joined, "run", "group", "d"))
    assert spearmanr(found.pseudotime[:180], np.arange(180))[0] < -0.98


def test_a_group_as_root_begins_at_its_middle(joined: AnnData) -> None:
    root = finished(trajectory_steps(joined, "run", "group", "b")).root
    assert 75 < root < 105


def test_groups_are_connected_as_they_follow(joined: AnnData) -> None:
    found = finished(trajectory_steps(joined, "run", "group", "a"))
    assert found.groups == tuple("abcd")
    assert found.tree == ((0, 1), (1, 2), (2, 3))
    assert (np.diff(found.places[:, 0]) > 0).all()
    assert np.ptp(found.places[:, 1]) == 0  # a tree without forks is a line


def test_connectivity_is_that_of_scanpy(joined: AnnData) -> None:
    found = finished(trajectory_steps(joined, "run", "group", "a"))
    adata = joined.copy()
    adata.obs["group"] = adata.obs["group"].astype("category")
    sc.pp.neighbors(adata, n_neighbors=15, use_rep=keys.embedding("run"), random_state=0)
    sc.tl.paga(adata, groups="group")
    expected = adata.uns["paga"]["connectivities"].toarray()
    np.testing.assert_allclose(found.connectivity, expected, rtol=1e-6)


def test_branches_get_rows_of_their_own() -> None:
    generator = np.random.default_rng(0)
    arms = [np.outer(np.linspace(0, 10, 60), [np.cos(t), np.sin(t)]) for t in (0, 2.1, 4.2)]
    places = np.concatenate(arms) + generator.normal(0, 0.2, (180, 2))
    adata = AnnData(np.ones((180, 2), np.float32))
    adata.obsm[keys.embedding("run")] = places.astype(np.float32)
    names = np.where(np.tile(np.arange(60), 3) < 12, "stem", np.repeat(list("xyz"), 60))
    adata.obs["group"] = names
    found = finished(trajectory_steps(adata, "run", "group", "stem"))
    stem = found.groups.index("stem")
    assert all(stem in pair for pair in found.tree) and len(found.tree) == 3
    rows = np.delete(found.places[:, 1], stem)
    assert sorted(rows) == [0, 1, 2] and found.places[stem, 1] == 1


def test_spots_that_no_path_leads_to_have_no_pseudotime_and_that_is_said(path: AnnData) -> None:
    found = finished(trajectory_steps(path, "run", "group", "a"))
    np.testing.assert_array_equal(np.isnan(found.pseudotime), path.obs["group"] == "far")
    assert "40 of 280" in found.notes[0] and "far" in found.notes[0]
    assert found.places[found.groups.index("far"), 0] > 1
    assert np.isfinite(found.places).all()
    order = np.arange(60, 240)
    assert spearmanr(found.pseudotime[order], order)[0] > 0.98


def test_a_root_in_the_small_part_orders_that_part(path: AnnData) -> None:
    found = finished(trajectory_steps(path, "run", "group", 250))
    assert np.isfinite(found.pseudotime).sum() == 40
    assert "240 of 280" in found.notes[0] and "a, b, c, d" in found.notes[0]


def test_spots_without_a_group_are_ordered_too(joined: AnnData) -> None:
    adata = joined.copy()
    adata.obs["group"] = adata.obs["group"].where(adata.obs["group"] != "c")
    found = finished(trajectory_steps(adata, "run", "group", "a"))
    assert found.groups == ("a", "b", "d") and np.isfinite(found.pseudotime).all()
    assert np.isfinite(found.connectivity).all()


def test_a_spot_without_a_group_can_be_the_root(joined: AnnData) -> None:
    adata = joined.copy()
    adata.obs["group"] = adata.obs["group"].where(np.arange(240) > 0)
    found = finished(trajectory_steps(adata, "run", "group", 0))
    assert spearmanr(found.pseudotime, np.arange(240))[0] > 0.98


def test_the_same_seed_gives_the_same_order(joined: AnnData) -> None:
    first, second = (
        finished(trajectory_steps(joined, "counts", "group", "a", seed=4)) for _ in range(2)
    )
    np.testing.assert_array_equal(first.pseudotime, second.pseudotime)


def test_nothing_is_written_to_the_data(joined: AnnData) -> None:
    adata = joined.copy()
    finished(trajectory_steps(adata, "run", "group", "a"))
    assert list(adata.obs) == ["group"] and not adata.uns and not adata.obsp


def test_what_cannot_be_ordered_is_refused_in_words(path: AnnData) -> None:
    with pytest.raises(TooSmall, match="only 'a'"):
        finished(trajectory_steps(path[:60].copy(), "run", "group", "a"))
    with pytest.raises(TooSmall, match="at least 20 cells or spots in all"):
        finished(trajectory_steps(path[[0, 239]].copy(), "run", "group", "a"))
    with pytest.raises(TooSmall, match="at least 20 cells or spots connected"):
        finished(trajectory_steps(path[:258].copy(), "run", "group", "far"))
    with pytest.raises(UnknownName, match="group in 'group'"):
        finished(trajectory_steps(path, "run", "group", "e"))
    with pytest.raises(InvalidSetting, match="280, of 280 cells"):
        finished(trajectory_steps(path, "run", "group", 280))
    with pytest.raises(UnknownName, match="run with an embedding"):
        finished(trajectory_steps(path, "no such", "group", "a"))
