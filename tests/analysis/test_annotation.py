"""Groups are named by the markers they have; what could be chance is called unsure."""

from __future__ import annotations

import numpy as np
import pytest
from anndata import AnnData

from napari_stimpute.analysis import MarkerLists, annotation_steps
from napari_stimpute.errors import InputError, TooSmall, UnknownName

LISTS = MarkerLists(
    {"T cell": (), "B cell": ("b0", "b1", "b2", "b3"), "Platelet": ("p0", "p1", "p2")},
    {
        "CD4": ("T cell", ("c0", "c1", "c2", "c3")),
        "CD8": ("T cell", ("d0", "d1", "d2", "absent")),
    },
)


def finished(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


@pytest.fixture(scope="module")
def spots() -> AnnData:
    """Clusters 1 (CD4), 2 (CD8), 3 (B cells) and 4 (none of the lists), 80 spots each."""
    generator = np.random.default_rng(0)
    names = [f"{kind}{i}" for kind in "bcdp" for i in range(4)] + [f"g{i}" for i in range(200)]
    rates = np.tile(generator.gamma(2.0, 0.3, len(names)), (320, 1))
    for cluster, kind in enumerate("cdb"):
        of_kind = [i for i, name in enumerate(names) if name.startswith(kind)]
        rates[80 * cluster : 80 * (cluster + 1), of_kind] *= 4
    adata = AnnData(generator.poisson(rates).astype(np.float32))
    adata.var_names = names
    adata.obs["cluster"] = np.repeat(list("1234"), 80)
    return adata


def test_groups_are_named_in_two_levels(spots: AnnData) -> None:
    found = finished(annotation_steps(spots, "cluster", LISTS))
    assert [call.name for call in found.types] == ["T cell", "T cell", "B cell", "unsure"]
    assert [call and call.name for call in found.subtypes] == ["CD4", "CD8", None, None]
    assert found.table.loc["2", ["type", "subtype"]].tolist() == ["T cell", "CD8"]
    assert found.table.loc["3", ["type", "subtype"]].tolist() == ["B cell", "B cell"]


def test_genes_found_are_counted_of_those_listed(spots: AnnData) -> None:
    found = finished(annotation_steps(spots, "cluster", LISTS))
    assert (found.types[0].n_found, found.types[0].n_listed) == (7, 8)
    assert found.subtypes[1] is not None
    assert (found.subtypes[1].n_found, found.subtypes[1].n_listed) == (3, 4)


def test_each_spot_has_the_name_of_its_group(spots: AnnData) -> None:
    adata = spots.copy()
    adata.obs["cluster"] = adata.obs["cluster"].where(np.arange(320) > 0)
    found = finished(annotation_steps(adata, "cluster", LISTS))
    labels = found.labels("subtype")
    assert labels.isna().tolist() == [True] + [False] * 319
    assert set(labels[80:160]) == {"CD8"} and set(labels[240:]) == {"unsure"}
    assert set(found.labels("type").categories) == {"T cell", "B cell", "unsure"}


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_any_seed_gives_these_names_and_one_seed_the_same_numbers(spots: AnnData, seed) -> None:
    first, second = (finished(annotation_steps(spots, "cluster", LISTS, seed)) for _ in range(2))
    assert first.types == second.types
    assert [call.name for call in first.types] == ["T cell", "T cell", "B cell", "unsure"]


def test_groups_made_at_random_are_nearly_all_unsure(spots: AnnData) -> None:
    adata, generator, sure = spots.copy(), np.random.default_rng(0), []
    for seed in range(15):
        adata.obs["random"] = generator.integers(0, 4, adata.n_obs).astype(str)
        found = finished(annotation_steps(adata, "random", LISTS, seed))
        sure += [call.is_sure for call in found.types]
    assert np.mean(sure) <= 0.1


def test_two_types_with_the_same_genes_are_unsure(spots: AnnData) -> None:
    twins = MarkerLists({"B cell": ("b0", "b1", "b2"), "Twin": ("b0", "b1", "b2")}, {})
    found = finished(annotation_steps(spots, "cluster", twins))
    assert found.types[2].name == "unsure"
    assert {found.types[2].best, found.types[2].runner_up} == {"B cell", "Twin"}
    assert found.types[2].lead == pytest.approx(0, abs=0.05)


def test_a_single_list_is_given_where_it_is_high(spots: AnnData) -> None:
    alone = MarkerLists({"B cell": ("b0", "b1", "b2")}, {})
    found = finished(annotation_steps(spots, "cluster", alone))
    assert [call.name for call in found.types] == ["unsure", "unsure", "B cell", "unsure"]
    assert found.types[2].runner_up == ""


def test_lists_without_genes_in_the_data_are_left_out_and_said(spots: AnnData) -> None:
    some = MarkerLists({"B cell": ("b0", "b1"), "Hepatocyte": ("ALB",)}, {})
    found = finished(annotation_steps(spots, "cluster", some))
    assert "Hepatocyte" in found.notes[0] and "B cell" not in found.notes[0]


def test_lists_without_any_overlap_are_refused(spots: AnnData) -> None:
    other = MarkerLists({"B cell": ("CD79A",)}, {"naive": ("B cell", ("TCL1A",))})
    with pytest.raises(InputError, match="'CD79A', the data 'b0'"):
        finished(annotation_steps(spots, "cluster", other))


def test_markers_that_are_not_modelled_are_taken_from_raw(spots: AnnData) -> None:
    adata = spots[:, 16:].copy()
    adata.raw = spots
    found = finished(annotation_steps(adata, "cluster", LISTS))
    assert [call.name for call in found.types] == ["T cell", "T cell", "B cell", "unsure"]


def test_a_raw_that_is_no_counts_is_not_taken(spots: AnnData) -> None:
    logged = spots.copy()
    logged.X = np.log1p(logged.X) - 0.5
    adata = spots.copy()
    adata.raw = logged
    found = finished(annotation_steps(adata, "cluster", LISTS))
    assert found.types == finished(annotation_steps(spots, "cluster", LISTS)).types


def test_a_column_with_one_group_is_refused(spots: AnnData) -> None:
    with pytest.raises(TooSmall, match="at least two groups"):
        finished(annotation_steps(spots[:80].copy(), "cluster", LISTS))
    with pytest.raises(UnknownName, match="column"):
        finished(annotation_steps(spots, "no such", LISTS))


def test_constant_genes_and_empty_spots_are_borne(spots: AnnData) -> None:
    adata = spots.copy()
    adata.X = adata.X.copy()
    adata.X[:, adata.var_names.get_loc("b0")] = 1
    adata.X[5] = 0
    found = finished(annotation_steps(adata, "cluster", LISTS))
    assert found.types[2].name == "B cell"
    assert np.isfinite(found.table["score"]).all()
