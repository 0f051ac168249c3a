from __future__ import annotations

from typing import Any

import anndata as ad
import numpy as np
import pytest

from napari_stimpute.data.card import data_card
from napari_stimpute.data.layout import lay_out

from ..overlaid import PITCH, SCALE, hexagonal, library, overlaid, section

N = len(hexagonal())
MICRONS = 0.25


def one(places: np.ndarray | None = None, **scales: Any) -> ad.AnnData:
    """A section whose image is made for the hexagonal grid, and its places perhaps for another."""
    made = section(0, hexagonal() if places is None else places)
    entry = library(hexagonal())
    entry["scalefactors"] |= scales
    made.uns["spatial"] = {"A": entry}
    return made


def test_a_single_section_stays_where_it_is() -> None:
    adata = one()
    layout = lay_out(adata)
    assert np.array_equal(layout.points, adata.obsm["spatial"])
    assert [image.corner for image in layout.images] == [(0.0, 0.0)]
    assert layout.spot_diameter == 5.5 and not layout.problems


def test_sections_are_drawn_apart_and_the_file_is_not_changed() -> None:
    both = overlaid()
    before = both.obsm["spatial"].copy()
    layout = lay_out(both)
    assert np.array_equal(both.obsm["spatial"], before)
    first, second = layout.points[:N], layout.points[N:]
    assert np.array_equal(first, before[:N])
    assert second[:, 0].min() > first[:, 0].max() + PITCH
    np.testing.assert_allclose(second - second[0], before[N:] - before[N])  # moved, not turned


def test_each_section_lies_on_its_own_image() -> None:
    layout = lay_out(overlaid())
    assert [int(image.pixels[0, 0, 0]) for image in layout.images] == [180, 220]
    for image, own in zip(layout.images, (layout.points[:N], layout.points[N:]), strict=True):
        at = (own - image.corner) * image.scale
        height, width = image.pixels.shape[:2]
        assert ((at >= 0) & (at < (width, height))).all()
    left, right = layout.images
    assert left.corner[0] + left.size[0] < right.corner[0]


def test_more_than_three_sections_make_a_grid_without_overlap() -> None:
    parts = [section(k, hexagonal()) for k in range(5)]
    layout = lay_out(ad.concat(parts, label="sample", index_unique="-"))
    boxes = [(own.min(0), own.max(0)) for own in np.split(layout.points, 5)]
    for k, (low, high) in enumerate(boxes):
        assert all((low > b[1]).any() or (high < b[0]).any() for b in boxes[k + 1 :])
    assert len({round(low[1]) for low, _ in boxes}) == 2  # rows


def test_sections_of_one_grid_scanned_at_two_resolutions_are_drawn_at_one_scale() -> None:
    parts = {"A": section(0, hexagonal(9, 9)), "B": section(1, 2 * hexagonal())}
    for name, part in parts.items():
        part.uns["spatial"] = {name: library(part.obsm["spatial"])}
    parts["B"].uns["spatial"]["B"]["scalefactors"]["spot_diameter_fullres"] = 11.0
    layout = lay_out(ad.concat(parts, label="sample", index_unique="-", uns_merge="unique"))
    second = layout.points[81:]
    np.testing.assert_allclose(second - second[0], hexagonal() - hexagonal()[0], atol=1e-9)
    assert layout.spot_diameter == 5.5
    assert layout.images[1].scale == pytest.approx(2 * SCALE)


def test_a_spot_without_a_place_has_none_in_the_layout() -> None:
    both = overlaid()
    both.obsm["spatial"][3] = np.nan
    layout = lay_out(both)
    assert np.isnan(layout.points[3]).all() and np.isfinite(layout.points[4:]).all()


def test_an_image_of_no_section_is_not_shown_and_said() -> None:
    both = overlaid("sample")
    both.obs["sample"] = both.obs["sample"].cat.rename_categories({"B": "s1", "A": "s2"})
    layout = lay_out(both)
    assert len(layout.sections.names) == 2 and not layout.images
    assert "is called as the image B, A" in layout.problems[0]


def test_problems_of_many_sections_are_told_in_a_few_sentences() -> None:
    parts = {name: section(k, hexagonal()) for k, name in enumerate("abcd")}
    for name, part in parts.items():
        part.uns["spatial"] = {name: library(hexagonal())}
        part.uns["spatial"][name]["scalefactors"]["spot_diameter_fullres"] = 0.1
    layout = lay_out(ad.concat(parts, label="fov", index_unique="-", uns_merge="unique"))
    assert len(layout.problems) == 3 and layout.spot_diameter == pytest.approx(0.55 * PITCH)
    assert layout.problems[-1] == "And 2 more problems like these in other sections."


def test_the_card_tells_of_sections() -> None:
    card = data_card(overlaid())
    rows = dict(card.rows)
    assert rows["Sections"].startswith("2 by obs['library_id'] (B, A): drawn apart, and no neigh")
    assert rows["Technology"] == "10x Visium (hexagonal grid)"
    assert rows["Image and scale"].startswith("B (hires), 230 × 202 pixels and A (hires), ")
    assert "Sections" not in dict(data_card(one()).rows)


# ---- units -------------------------------------------------------------------------------------


def test_places_in_microns_are_not_shown_in_the_corner_of_the_image() -> None:
    adata = one(hexagonal() * MICRONS)
    layout = lay_out(adata)
    assert not layout.images
    assert layout.spot_diameter == pytest.approx(0.55 * MICRONS * PITCH)
    problems = data_card(adata).problems
    assert any("all spots in its upper left corner" in p and "left out" in p for p in problems)
    assert any("'spot_diameter_fullres'" in p and "is 5.5" in p for p in problems)


def test_the_size_of_a_pixel_in_microns_makes_places_fit() -> None:
    adata = one(hexagonal() * MICRONS, microns_per_pixel=MICRONS)
    layout = lay_out(adata)
    (image,) = layout.images
    assert image.scale == pytest.approx(SCALE / MICRONS)
    assert layout.spot_diameter == pytest.approx(5.5 * MICRONS)
    assert "taken as µm" in image.note
    assert image.note in data_card(adata).problems


def test_the_size_of_a_pixel_is_not_used_where_places_are_pixels() -> None:
    (image,) = lay_out(one(microns_per_pixel=MICRONS)).images
    assert (image.scale, image.note) == (SCALE, "")


def test_a_part_of_a_section_in_the_corner_keeps_its_image() -> None:
    adata = one()
    part = adata[(adata.obsm["spatial"] < 36).all(axis=1)].copy()
    assert part.n_obs >= 4
    adata.uns["spatial"]["A"]["images"]["hires"] = np.zeros((900, 900, 3), np.uint8)
    assert len(lay_out(adata).images) == 1  # for spots are as wide as they should be


@pytest.mark.parametrize("change", [(1, -1), (4, 4), (-1, 1)])
def test_spots_outside_the_image_leave_it_out(change: tuple[int, int]) -> None:
    layout = lay_out(one(hexagonal() * change))
    assert not layout.images
    assert any("of the spots outside it" in p for p in layout.problems)


def test_a_few_spots_outside_the_image_are_counted() -> None:
    places = hexagonal()
    places[-1] += 100
    layout = lay_out(one(places))
    assert len(layout.images) == 1
    said = "1 spot lies outside the image A (hires); is its scale factor right?"
    assert layout.problems == (said,)


def test_a_library_without_images_is_no_problem() -> None:
    adata = one()
    adata.uns["spatial"]["A"]["images"] = {}
    layout = lay_out(adata)
    assert not layout.images and not layout.problems
    assert layout.spot_diameter == 5.5
