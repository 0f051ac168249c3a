"""Maps of the cells: which are drawn by themselves, when, and that they are kept."""

from __future__ import annotations

import numpy as np
import pytest
from anndata import AnnData

from napari_stimpute import keys
from napari_stimpute.errors import Busy
from napari_stimpute.scene.maps import MAPPING, MapOf, Maps
from napari_stimpute.session.contents import COUNTS
from napari_stimpute.session.session import Session

UMAP = keys.space(COUNTS, "umap")


@pytest.mark.parametrize(("most", "expected"), [(10_000, 1), (20, 0)])
def test_only_small_data_are_drawn_by_themselves_and_once(
    opened: Session, drawn: list[MapOf], most: int, expected: int
) -> None:
    maps = Maps(opened)
    maps.due.connect(maps.draw_wanted)
    for _ in range(2):
        maps.draw_soon(MapOf(), most=most)
        if opened.job is not None:
            opened.job.wait(60)
        assert len(drawn) == expected


def test_a_map_waits_for_other_work_to_end(opened: Session, drawn: list[MapOf]) -> None:
    maps, due = Maps(opened), []
    maps.due.connect(lambda: due.append(opened.is_busy))
    job = opened.train("gene_mean", blend=False, judged=False)
    maps.draw_soon(MapOf())
    assert maps.waits_for(MapOf())
    maps.draw_wanted()  # too early
    assert not due and not drawn
    job.wait(60)
    assert due == [False]
    maps.draw_wanted()
    assert opened.job is not None and opened.job.owner == MAPPING
    opened.job.wait(60)
    assert drawn == [MapOf()]


@pytest.mark.usefixtures("drawn")
def test_whoever_opened_the_data_may_begin_other_work_before_a_map(opened: Session) -> None:
    maps = Maps(opened)
    maps.draw_soon(MapOf())
    try:
        opened.train("gene_mean", blend=False, judged=False).wait(60)
    except Busy:
        pytest.fail("the map began before its front end had time for it")


@pytest.mark.usefixtures("drawn")
def test_a_map_of_data_that_were_closed_meanwhile_is_dropped(
    opened: Session, section: AnnData
) -> None:
    maps, other = Maps(opened), section[:60].copy()
    job = maps.draw(MapOf())
    assert job is not None
    opened.adata = other
    job.wait(60)
    assert UMAP not in other.obsm


@pytest.mark.usefixtures("drawn")
def test_why_a_map_could_not_be_drawn_is_said(session: Session, section: AnnData) -> None:
    session.open(section[:4].copy())
    maps = Maps(session)
    job = maps.draw(MapOf())
    assert job is not None
    job.wait(60)
    assert "five spots" in maps.problem
    assert maps.drawing is None


def test_a_map_is_drawn_and_kept_in_the_data(opened: Session) -> None:
    maps, wanted = Maps(opened), MapOf(kind="pca")
    job = maps.draw(wanted)
    assert job is not None
    assert maps.waits_for(wanted)
    job.wait(60)
    assert not maps.waits_for(wanted)
    places = maps.find(wanted)
    assert places is not None
    assert places.shape == (opened.adata.n_obs, 2)
    assert places.std() > 0
    assert keys.space(COUNTS, "pca") in opened.adata.obsm


def test_a_map_with_a_place_that_is_no_number_is_none(opened: Session) -> None:
    places = np.zeros((opened.adata.n_obs, 2))
    opened.adata.obsm[UMAP] = places
    assert Maps(opened).find(MapOf()) is not None
    places[3, 1] = np.nan
    assert Maps(opened).find(MapOf()) is None


def test_maps_are_named_by_what_they_are_of(opened: Session) -> None:
    opened.train("pca", blend=False, judged=False).wait(60)
    maps = Maps(opened)
    assert [title for _, title in maps.choices()] == ["Counts", "PCA denoiser"]
    assert maps.title(MapOf()) == "UMAP of the counts"
    assert maps.title(MapOf("pca", "pca")) == "PCA of PCA denoiser"
