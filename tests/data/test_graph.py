from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from napari_stimpute.data.card import data_card
from napari_stimpute.data.graph import (
    has_place,
    normalised_adjacency,
    spatial_coordinates,
    spatial_graph,
)
from napari_stimpute.data.technology import guess_technology, place_of
from napari_stimpute.errors import BadCoordinates, MissingKey


def hexagonal(n_rows: int = 10, n_columns: int = 12, pitch: float = 100.0) -> np.ndarray:
    row, column = np.divmod(np.arange(n_rows * n_columns), n_columns)
    return pitch * np.column_stack([column + 0.5 * (row % 2), row * np.sqrt(3) / 2])


def square(side: int = 12, jitter: float = 0.0) -> np.ndarray:
    row, column = np.divmod(np.arange(side * side), side)
    points = np.column_stack([column, row]).astype(float)
    return points + np.random.default_rng(0).normal(0, jitter, points.shape)


def scattered(n: int = 400) -> np.ndarray:
    return np.random.default_rng(0).random((n, 2))


def at(coordinates: object, n_vars: int = 3, key: str = "spatial") -> ad.AnnData:
    n_obs = len(coordinates)
    return ad.AnnData(np.ones((n_obs, n_vars), dtype=np.float32), obsm={key: coordinates})


def test_coordinates_come_back_as_they_are() -> None:
    points = scattered(5)
    frame = pd.DataFrame(points, index=[str(i) for i in range(5)], columns=["x", "y"])
    assert np.array_equal(spatial_coordinates(at(points)), points)
    assert np.array_equal(spatial_coordinates(at(frame)), points)
    assert np.array_equal(spatial_coordinates(at(points, key="X_tissue"), "X_tissue"), points)


def test_missing_coordinates_are_said() -> None:
    with pytest.raises(MissingKey, match=r"coordinates in obsm\['spatial'\].*obsm holds 'X_pca'"):
        spatial_coordinates(at(scattered(5), key="X_pca"))


@pytest.mark.parametrize(
    ("coordinates", "words"),
    [
        (np.ones((6, 4)), r"two columns \(x, y\).*an array of 6 × 4"),
        (np.ones((6, 1)), "an array of 6 × 1"),
        (np.full((6, 2), 7.0), r"all 6 spots in one, \(7.0, 7.0\)"),
        (np.array([[np.nan, 0], [np.inf, 2]]), "NaN or infinite values in 2 of 2 spots"),
    ],
)
def test_unusable_coordinates_are_refused_in_words(coordinates: np.ndarray, words: str) -> None:
    with pytest.raises(BadCoordinates, match=words):
        spatial_coordinates(at(coordinates))


def test_coordinates_in_letters_are_refused() -> None:
    letters = pd.DataFrame({"x": ["a", "b"], "y": ["c", "d"]}, index=["0", "1"])
    with pytest.raises(BadCoordinates, match="not numbers"):
        spatial_coordinates(at(letters))


def test_one_spot_has_coordinates() -> None:
    assert spatial_coordinates(at(np.array([[3.0, 4.0]]))).shape == (1, 2)


def test_a_hexagonal_grid_is_visium_in_any_orientation() -> None:
    turn = np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
    technology = guess_technology(at(hexagonal() @ turn))
    assert technology.name == "visium"
    assert technology.label == "10x Visium (hexagonal grid)"
    assert not technology.single_cell_scale
    assert technology.spacing == pytest.approx(100)
    assert technology.spot_diameter == pytest.approx(55)
    assert technology.microns_per_unit == pytest.approx(1)


@pytest.mark.parametrize("jitter", [0.0, 0.05])
def test_a_square_grid_is_classic_st_even_with_jitter(jitter: float) -> None:
    technology = guess_technology(at(square(jitter=jitter)))
    assert technology.name == "st"
    assert technology.spacing == pytest.approx(1, rel=0.05)
    assert technology.microns_per_unit == pytest.approx(200, rel=0.05)


def test_very_many_square_places_are_bins() -> None:
    technology = guess_technology(at(square(side=75)))
    assert (technology.name, technology.single_cell_scale) == ("bins", True)


def test_scattered_places_are_cells_or_beads() -> None:
    assert guess_technology(at(scattered())).name == "imaging"
    assert guess_technology(at(scattered(), n_vars=10_001)).name == "slide"


def test_evenly_packed_places_without_a_grid_are_beads() -> None:
    packed: list[np.ndarray] = []
    for point in 12 * scattered(4_000):
        if all(np.linalg.norm(point - other) > 1 for other in packed):
            packed.append(point)
    assert guess_technology(at(np.array(packed))).name == "slide"


def test_cells_piled_on_one_another_have_a_spacing() -> None:
    piled = np.concatenate([np.zeros((300, 2)), scattered(200)])
    assert guess_technology(at(piled)).spacing > 0


@pytest.mark.parametrize("n", [1, 2, 6])
def test_too_few_places_are_not_guessed(n: int) -> None:
    technology = guess_technology(at(hexagonal()[:n]))
    assert technology.name == "unknown"
    assert technology.spot_diameter > 0


def assert_is_a_graph(graph: sp.csr_matrix, n: int) -> None:
    assert graph.shape == (n, n)
    assert (graph != graph.T).nnz == 0
    assert not graph.diagonal().any()
    assert set(np.unique(graph.data)) <= {1.0}


def test_a_row_is_a_spot_on_a_grid_and_a_cell_elsewhere() -> None:
    cells = at(hexagonal())
    assert place_of(cells) == "spot"
    assert place_of(at(scattered())) == "cell"
    cells.obsm["spatial"][:] = np.nan  # no coordinates that can be used
    assert place_of(cells) == "cell"
    del cells.obsm["spatial"]
    assert place_of(cells) == "cell"


def test_the_hexagonal_graph_is_the_ring() -> None:
    points = hexagonal()
    graph = spatial_graph(points)
    distance = np.linalg.norm(points[:, None] - points[None], axis=-1)
    assert_is_a_graph(graph, len(points))
    assert np.array_equal(graph.toarray() > 0, (distance > 0) & (distance < 101))


def test_a_spot_apart_from_a_hexagonal_grid_stays_alone() -> None:
    graph = spatial_graph(np.vstack([hexagonal(), [[9e4, 9e4]]]))
    assert graph[-1].nnz == 0


def test_elsewhere_everyone_has_at_least_the_neighbours_asked_for() -> None:
    points = scattered()
    graph = spatial_graph(points, n_neighbours=4)
    distance = np.linalg.norm(points[:, None] - points[None], axis=-1)
    nearest = np.argsort(distance, axis=1)[:, 1:5]
    wanted = np.zeros_like(distance, dtype=bool)
    np.put_along_axis(wanted, nearest, True, axis=1)
    assert_is_a_graph(graph, len(points))
    assert np.array_equal(graph.toarray() > 0, wanted | wanted.T)


def test_ties_do_not_depend_on_the_order_of_spots() -> None:
    points = square(8)
    order = np.random.default_rng(1).permutation(len(points))
    graph, shuffled = spatial_graph(points), spatial_graph(points[order])
    assert (graph[order][:, order] != shuffled).nnz == 0
    inner = 3 * 8 + 3
    assert graph[inner].nnz == 8  # four beside it, and the four diagonals, which tie


@pytest.mark.parametrize("codes", [np.arange(800) % 2, np.array(["a", "b"] * 400)])
def test_no_edge_joins_two_sections(codes: np.ndarray) -> None:
    points = np.repeat(scattered(), 2, axis=0)  # both sections lie on one another
    graph = spatial_graph(points, sections=codes).tocoo()
    assert (codes[graph.row] == codes[graph.col]).all()
    alone = spatial_graph(scattered())
    one = spatial_graph(points, sections=codes)[codes == codes[0]][:, codes == codes[0]]
    assert (one != alone).nnz == 0


def test_coincident_points_are_fine_and_stay_sparse() -> None:
    points = np.concatenate([np.zeros((300, 2)), scattered(100)])
    graph = spatial_graph(points)
    assert_is_a_graph(graph, 400)
    assert graph.nnz < 400 * 2 * 14


@pytest.mark.parametrize("n", [1, 2, 3])
def test_very_few_spots_have_a_graph(n: int) -> None:
    graph = spatial_graph(scattered(n))
    assert_is_a_graph(graph, n)
    assert graph.nnz == n * (n - 1)


def test_normalised_adjacency_equals_the_dense_formula() -> None:
    graph = spatial_graph(np.vstack([hexagonal(4, 4), [[9e4, 9e4]]]))
    with_self = graph.toarray() + np.eye(17)
    scale = np.diag(with_self.sum(axis=1) ** -0.5)
    adjacency = normalised_adjacency(graph)
    assert adjacency.dtype == np.float32
    assert np.allclose(adjacency.toarray(), scale @ with_self @ scale, atol=1e-7)
    assert adjacency[16, 16] == 1


# ---- spots without a place ---------------------------------------------------------------------


@pytest.mark.parametrize("nowhere", [np.nan, np.inf, -np.inf, 1e300])
def test_spots_without_a_place_do_not_cost_the_others_theirs(nowhere: float) -> None:
    adata = at(hexagonal())
    whole, technology = adata.obsm["spatial"].copy(), guess_technology(adata)
    adata.obsm["spatial"][0, 1] = adata.obsm["spatial"][7] = nowhere
    places = spatial_coordinates(adata)
    is_placed = has_place(places)
    assert np.flatnonzero(~is_placed).tolist() == [0, 7]
    assert np.array_equal(places[is_placed], whole[is_placed])
    assert guess_technology(adata).name == technology.name == "visium"
    graph = spatial_graph(places)
    assert graph[0].nnz == graph[7].nnz == 0
    expected = spatial_graph(whole[is_placed])
    assert (graph[is_placed][:, is_placed] != expected).nnz == 0


def test_of_three_columns_the_first_two_are_used() -> None:
    adata = at(hexagonal())
    flat = adata.obsm["spatial"]
    adata.obsm["spatial"] = np.column_stack([flat, np.full(len(flat), np.nan)])
    assert np.array_equal(spatial_coordinates(adata), flat)
    assert "has three columns: the first two are x and y." in data_card(adata).text(200)


def test_spots_without_a_place_are_told_on_the_card() -> None:
    adata = at(hexagonal())
    adata.obsm["spatial"][3] = np.nan
    card = data_card(adata)
    assert any("1 spot has no place (NaN or infinite)" in problem for problem in card.problems)
    assert card.place == "spot"


def test_scattered_spots_of_a_visium_slide_are_told_by_their_rows_and_columns() -> None:
    row, column = np.divmod(np.arange(78 * 64), 64)
    column = 2 * column + row % 2
    few = np.random.default_rng(0).choice(len(row), 60, replace=False)
    points = 50.0 * np.column_stack([column, row * np.sqrt(3)])[few]
    adata = at(points @ np.array([[0.8, -0.6], [0.6, 0.8]]))
    assert guess_technology(adata).name != "visium"
    adata.obs["array_row"], adata.obs["array_col"] = row[few], column[few]
    technology = guess_technology(adata)
    assert technology.name == "visium"
    assert technology.spacing == pytest.approx(100)
    adata.obsm["spatial"] = scattered(60)  # places that are not those of the grid
    assert guess_technology(adata).name != "visium"
