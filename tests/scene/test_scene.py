"""What is to be drawn: values or labels, on tissue or map, announced once for each change."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from anndata import AnnData

from napari_stimpute import keys
from napari_stimpute.scene.maps import MapOf
from napari_stimpute.scene.scene import Scene
from napari_stimpute.scene.shown import Categories, Values, colours_of, limits_of_numbers
from napari_stimpute.session.contents import COUNTS
from napari_stimpute.session.session import Session

UMAP = keys.space(COUNTS, "umap")


@pytest.fixture
def scene(opened: Session) -> Scene:
    """Of the open section."""
    return Scene(opened)


@pytest.fixture
def cells(section: AnnData) -> AnnData:
    """The section without coordinates and image."""
    del section.obsm["spatial"], section.uns["spatial"]
    return section


def on_map(session: Session, cells: AnnData) -> Scene:
    """A scene of cells whose map is stored."""
    cells.obsm[UMAP] = np.random.default_rng(1).normal(size=(cells.n_obs, 2))
    session.open(cells)
    return Scene(session)


def train(session: Session, model: str = "gene_mean") -> None:
    session.train(model, blend=False, judged=False).wait(60)
    assert session.problem == ""


# ---- what is shown -----------------------------------------------------------------------------


def test_values_are_those_of_gene_source_limits_and_colours(scene: Scene) -> None:
    session, display = scene.session, scene.session.display
    train(session)
    display.percentiles, display.colormap = (5, 90), "magma"
    shown = scene.shown
    assert isinstance(shown, Values)
    np.testing.assert_array_equal(shown.values, session.expression(source="gene_mean"))
    assert shown.limits == session.limits(low=5, high=90)
    assert shown.colormap == "magma"
    assert display.gene in shown.caption and "Gene mean" in shown.caption


def test_a_gene_that_was_not_modelled_shows_counts(scene: Scene) -> None:
    session = scene.session
    session.open(session.adata, genes="hvg:20", counts="raw")
    train(session)
    contents = session.contents
    session.display.gene = next(g for g in contents.genes if not contents.is_modelled(g))
    assert session.display.source == "gene_mean"
    assert scene.shown is not None and scene.shown.title.endswith("· Counts")


def test_labels_have_the_palette_of_the_data(scene: Scene) -> None:
    adata = scene.session.adata
    assert adata is not None
    scene.session.display.column = "domain"
    shown = scene.shown
    assert isinstance(shown, Categories)
    assert shown.names == list(adata.obs["domain"].cat.categories)
    assert shown.palette == list(adata.uns["domain_colors"])


def test_numbers_of_a_column_have_limits_by_percentile_and_missing_ones_none(scene: Scene) -> None:
    session = scene.session
    values = np.linspace(-3, 5, len(session.contents.labels("domain")[0])).astype(np.float32)
    values[:7] = np.nan
    session.write_column("pseudotime", values)
    session.display.column = "pseudotime"
    shown = scene.shown
    assert isinstance(shown, Values)
    assert shown.limits == pytest.approx(np.nanpercentile(values, [0, 99]), abs=1e-3)
    assert shown.missing == "grey: no number (7)"
    assert [text for _, text in shown.ticks] == ["-2.58", "1.17", "4.92"]


def test_a_number_that_is_missing_is_grey() -> None:
    values = np.linspace(-3, 5, 40).astype(np.float32)
    values[:7] = np.nan
    colours = colours_of(Values(values, (-3, 5), "viridis", "time"))
    red, green, blue, _ = colours[:7].T
    np.testing.assert_array_equal(red, green)
    np.testing.assert_array_equal(green, blue)
    assert len(np.unique(colours[7:], axis=0)) == 33


@pytest.mark.parametrize(("values", "expected"), [([], (0, 1)), ([2, 2], (2, 3)), ([0, 9], (0, 9))])
def test_limits_are_never_of_zero_width(values: list[float], expected: tuple[int, int]) -> None:
    assert limits_of_numbers(np.array(values, np.float32), (0, 100)) == expected


@pytest.mark.parametrize("column", ["", "domain"])
def test_picked_spots_are_known_to_what_is_shown(scene: Scene, column: str) -> None:
    scene.session.display.column = column
    mask = np.arange(len(scene.session.contents.labels("domain")[0])) < 30
    scene.session.display.pick(mask)
    assert scene.shown is not None and scene.shown.picked is mask


# ---- announced once ----------------------------------------------------------------------------


def other_gene(session: Session) -> None:
    session.display.show_gene(session.contents.genes[3])


def several(session: Session) -> None:
    with session.display.together():
        session.display.gene, session.display.source = session.contents.genes[5], "mine"


@pytest.mark.parametrize(
    "change",
    [
        other_gene,
        several,
        lambda session: setattr(session.display, "colormap", "magma"),
        lambda session: setattr(session.display, "percentiles", (5, 95)),
        lambda session: setattr(session.display, "aspect", "zeros"),
        lambda session: setattr(session.display, "column", "domain"),
        lambda session: session.display.pick(np.ones(session.adata.n_obs, bool)),
        lambda session: session.look_again(),
    ],
)
def test_a_change_is_announced_once(
    session: Session, judged: AnnData, change: Callable[[Session], None]
) -> None:
    session.open(judged)
    scene, heard = Scene(session), []
    scene.changed.connect(lambda: heard.append(scene.shown))
    change(session)
    assert heard == [scene.shown]  # and with what is shown then


def test_what_is_no_change_is_not_announced(scene: Scene) -> None:
    heard: list[int] = []
    scene.changed.connect(lambda: heard.append(1))
    scene.session.display.gene = scene.session.display.gene
    scene.session.model = "pca"
    assert heard == []


def test_a_scene_that_was_closed_follows_no_longer(scene: Scene) -> None:
    shown = scene.shown
    scene.close()
    other_gene(scene.session)
    assert scene.shown is shown


def test_two_front_ends_follow_one_another(scene: Scene) -> None:
    other = Scene(scene.session)
    scene.session.display.colormap = "inferno"
    assert isinstance(other.shown, Values) and other.shown.colormap == "inferno"


# ---- where it lies -----------------------------------------------------------------------------


def test_without_data_there_is_nothing_to_draw(session: Session) -> None:
    scene = Scene(session)
    assert (scene.shown, scene.places, scene.no_map) == (None, None, "")


def test_spots_lie_on_their_tissue_at_their_true_size(scene: Scene) -> None:
    session = scene.session
    assert scene.has_tissue and scene.places is not None
    microns = scene.places.microns  # a hexagonal grid: Visium, 100 µm from spot to spot
    assert microns == session.contents.layout.microns_per_unit > 0
    np.testing.assert_allclose(
        scene.places.points, session.adata.obsm["spatial"][:, ::-1] * microns
    )
    assert scene.places.diameter == pytest.approx(session.contents.layout.spot_diameter * microns)
    assert scene.places.map_title == ""


def test_a_map_that_is_stored_is_drawn_on_at_once_in_its_shape(
    session: Session, cells: AnnData
) -> None:
    scene = on_map(session, cells)
    assert scene.places is not None and not scene.has_tissue and not scene.no_map
    assert scene.places.map_title == "UMAP of the counts"
    stored, points = cells.obsm[UMAP], scene.places.points
    xy = np.column_stack([points[:, 1], -points[:, 0]])  # the map points up
    scale = np.ptp(xy[:, 0]) / np.ptp(stored[:, 0])
    np.testing.assert_allclose(xy - xy[0], (stored - stored[0]) * scale, atol=0.01)
    assert scene.places.diameter < np.ptp(points) / 20


def test_cells_without_coordinates_ask_for_their_map_and_say_so(
    session: Session, cells: AnnData, drawn: list[MapOf]
) -> None:
    scene, heard = Scene(session), []
    scene.maps.due.connect(lambda: heard.append(scene.no_map))
    session.open(cells)
    assert heard and scene.places is None
    assert "have no coordinates" in scene.no_map
    assert "the UMAP of the counts is being drawn" in scene.no_map
    assert scene.shown is not None  # a map beside the canvas is coloured by it
    scene.maps.draw_wanted()
    session.job.wait(60)
    assert drawn == [MapOf()]
    assert scene.no_map == "" and scene.places is not None


def test_on_a_tissue_no_map_is_drawn_unasked(opened: Session) -> None:
    scene, heard = Scene(opened), []
    scene.maps.due.connect(lambda: heard.append(1))
    opened.look_again()
    train(opened)
    assert heard == []


def test_the_canvas_gets_its_map_also_if_another_one_is_asked_for(
    session: Session, cells: AnnData, drawn: list[MapOf]
) -> None:
    scene = Scene(session)
    session.open(cells)
    scene.maps.draw_soon(MapOf(kind="pca"))  # as a dock does
    scene.maps.due.connect(scene.maps.draw_wanted)
    scene.maps.draw_wanted()
    for _ in range(2):
        session.job.wait(60)
    assert drawn == [MapOf(kind="pca"), MapOf()]
    assert scene.places is not None and scene.places.map_title == "UMAP of the counts"


def test_what_keeps_a_map_from_being_drawn_is_said_and_not_tried_again(
    session: Session, cells: AnnData, drawn: list[MapOf]
) -> None:
    scene = Scene(session)
    scene.maps.due.connect(scene.maps.draw_wanted)
    session.open(cells[:4].copy())
    session.job.wait(60)
    assert "five spots" in scene.no_map
    other_gene(session)
    session.look_again()
    assert len(drawn) == 1


def test_the_wanted_map_takes_the_place_of_the_drawn_one_once_it_is_there(
    session: Session, cells: AnnData, drawn: list[MapOf]
) -> None:
    scene = on_map(session, cells)
    before = scene.places
    scene.show_map(MapOf(kind="pca"))
    other_gene(session)
    assert scene.places is before
    scene.maps.draw_wanted()
    session.job.wait(60)
    assert scene.places is not None and scene.places.map_title == "PCA of the counts"
    scene.show_map(MapOf())  # which is there: at once
    assert scene.places.map_title == "UMAP of the counts"
    assert drawn == [MapOf(kind="pca")]


def test_places_are_others_only_if_their_map_was_stored_anew(
    session: Session, cells: AnnData
) -> None:
    scene = on_map(session, cells)
    before = scene.places
    session.write_column("half", np.arange(cells.n_obs) % 2)
    assert scene.places is before
    session.adata.obsm[UMAP] = np.random.default_rng(2).normal(size=(cells.n_obs, 2))
    session.look_again()
    assert scene.places is not before and scene.places is not None


def test_the_map_of_a_run_that_is_trained_again_is_asked_for_again(
    session: Session, cells: AnnData, drawn: list[MapOf]
) -> None:
    scene = on_map(session, cells)
    scene.maps.due.connect(scene.maps.draw_wanted)
    train(session, "pca")
    scene.show_map(MapOf("pca"))
    session.job.wait(60)
    train(session, "pca")  # takes its map with it
    session.job.wait(60)
    assert drawn == [MapOf("pca")] * 2
    assert scene.places is not None and scene.places.map_title == "UMAP of PCA denoiser"


def test_other_data_are_drawn_at_their_own_places(scene: Scene, section: AnnData) -> None:
    before = scene.places
    scene.session.open(section[:60].copy())
    assert scene.places is not before and scene.places is not None
    assert len(scene.places.points) == 60
    assert isinstance(scene.shown, Values) and len(scene.shown.values) == 60
