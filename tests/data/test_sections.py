from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from napari_stimpute.data.graph import spatial_graph
from napari_stimpute.data.holdout import with_counts
from napari_stimpute.data.readers.section_choice import choose_sections
from napari_stimpute.data.sections import find_sections, section_codes
from napari_stimpute.errors import MissingKey, UnknownName
from napari_stimpute.spatial.permuted import permuted_coordinates

from ..overlaid import PITCH, hexagonal, overlaid, section

N = len(hexagonal())


@pytest.mark.parametrize("column", ["library_id", "sample", "Section", "slice_name", "batch"])
@pytest.mark.parametrize("images", [True, False])
def test_sections_upon_one_another_are_told_apart(column: str, images: bool) -> None:
    found = find_sections(overlaid(column, images=images))
    assert (found.column, found.names) == (column, ("B", "A"))
    assert np.array_equal(found.codes, np.repeat([0, 1], N))


def test_a_column_of_libraries_with_images_needs_no_usual_name() -> None:
    found = find_sections(overlaid("which"))
    assert (found.column, found.names) == ("which", ("B", "A"))
    assert not find_sections(overlaid("which", images=False)).column


def test_places_that_are_the_same_in_two_sections_lie_upon_one_another() -> None:
    both = ad.concat(
        {"1": section(0, hexagonal()), "2": section(1, hexagonal())},
        label="batch",
        index_unique="-",
    )
    assert find_sections(both).names == ("1", "2")


def test_fields_whose_places_are_local_are_sections_and_those_in_one_frame_are_not() -> None:
    rng = np.random.default_rng(0)
    local = [rng.uniform(0, 1000, (60, 2)) for _ in range(4)]
    fields = ad.concat(
        [section(0, places) for places in local], keys=list("abcd"), index_unique="-"
    )
    fields.obs["fov"] = np.repeat([1, 2, 3, 4], 60)
    assert find_sections(fields).names == ("1", "2", "3", "4")
    fields.obsm["spatial"] = np.vstack(
        [np.add(places, (1000 * k, 0)) for k, places in enumerate(local)]
    )
    assert not find_sections(fields).column


@pytest.mark.parametrize("column", ["batch", "donor", "sample"])
@pytest.mark.parametrize("n_groups", [2, 6])
def test_groups_mixed_on_one_grid_are_no_sections(column: str, n_groups: int) -> None:
    one = section(0, hexagonal(20, 20))
    one.obs[column] = np.random.default_rng(0).integers(0, n_groups, one.n_obs)
    assert (not find_sections(one).column) or (column, n_groups) == ("sample", 6)


def test_batches_mixed_among_cells_are_no_sections() -> None:
    rng = np.random.default_rng(0)
    cells = section(0, hexagonal(30, 30) + rng.normal(0, 0.15 * PITCH, (900, 2)))
    for n_groups in (2, 5):
        cells.obs["batch"] = rng.integers(0, n_groups, 900)
        assert not find_sections(cells).column
    cells.obs["batch"] = rng.random(900) < 0.1
    assert not find_sections(cells).column


def test_sections_side_by_side_are_left_where_they_are() -> None:
    parts = [section(k, np.add(hexagonal(), (k * 9 * PITCH, 0))) for k in range(3)]
    assert not find_sections(ad.concat(parts, label="sample", index_unique="-")).column


def test_columns_that_name_no_groups_are_not_looked_at() -> None:
    both = overlaid("which", images=False)
    both.obs["sample_depth"] = np.linspace(0, 1, both.n_obs)
    both.obs["sample_name"] = both.obs_names
    both.obs["section"] = "one"
    assert not find_sections(both).column


def test_of_two_columns_the_finer_one_tells_sections_apart() -> None:
    both = overlaid("sample", images=False)
    four = ad.concat({"x": both, "y": both}, label="slide", index_unique="-")
    four.obs["section"] = four.obs["slide"].astype(str) + four.obs["sample"].astype(str)
    assert find_sections(four).column == "section"


def test_the_order_of_spots_and_their_exchange_in_a_section_change_nothing() -> None:
    both = overlaid("batch", images=False)
    order = np.random.default_rng(0).permutation(both.n_obs)
    assert find_sections(both[order].copy()).column == "batch"
    codes = np.repeat([0, 1], N)
    both.obsm["spatial"] = permuted_coordinates(
        both.obsm["spatial"], codes, np.random.default_rng(1)
    )
    assert np.array_equal(find_sections(both).codes, codes)


def test_no_edge_joins_sections_that_were_found() -> None:
    both = overlaid()
    graph = spatial_graph(both.obsm["spatial"], sections=section_codes(both, ""))
    assert graph.nnz > 0 and graph[:N, N:].nnz == 0
    apart = spatial_graph(hexagonal())
    assert (graph[:N, :N] != apart).nnz == 0


def test_what_a_model_is_given_has_the_same_sections() -> None:
    both = overlaid("which")
    assert find_sections(with_counts(both, both.X)).names == ("B", "A")


def test_spots_without_a_name_are_a_section_of_their_own() -> None:
    both = overlaid("sample", images=False)
    names = both.obs["sample"].astype(object)
    names.iloc[:5] = None
    both.obs["sample"] = pd.Categorical(names)
    found = find_sections(both)
    assert found.names == ("none", "B", "A") and (found.codes[:5] == 0).all()


def test_a_chosen_column_goes_before_what_is_found() -> None:
    both = overlaid()
    both.obs["one"] = "same"
    assert (section_codes(both, "one") == 0).all()
    with pytest.raises(MissingKey, match="a column 'x' in obs"):
        section_codes(both, "x")


def test_cells_without_places_are_one_section() -> None:
    both = overlaid()
    del both.obsm["spatial"]
    assert not find_sections(both).column and (section_codes(both, "") == 0).all()


def test_a_column_that_was_chosen_goes_before_what_is_found() -> None:
    one = section(0, hexagonal())
    one.obs["half"] = np.repeat(["left", "right"], N // 2)
    question = choose_sections(one, {})
    assert question is not None and question.words == "As found: one section"
    assert [value for value, _ in question.choices] == ["", "none", "half"]
    choose_sections(one, {"sections": "half"})
    assert find_sections(one).names == ("left", "right")
    kept = choose_sections(one, {})  # a file that was saved says what was chosen
    assert kept is not None and kept.answer == "half"
    again = choose_sections(one, {"sections": ""})  # as found, whatever was chosen before
    assert again is not None and again.answer == "" and not find_sections(one).column
    choose_sections(one, {"sections": "none"})
    assert not find_sections(one).column
    with pytest.raises(UnknownName, match="choice of sections"):
        choose_sections(one, {"sections": "third"})


def test_where_no_column_could_tell_sections_nothing_is_asked() -> None:
    assert choose_sections(section(0, hexagonal()), {}) is None
