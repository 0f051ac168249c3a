"""Which spots lie in regions, and regions of spots."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pytest
from shapely import Polygon, box

from napari_stimpute.data.layout import lay_out
from napari_stimpute.errors import BadCoordinates, UnknownName
from napari_stimpute.spatial.regions import (
    MICRONS,
    Region,
    Regions,
    Stroke,
    assign,
    drawn_regions,
    group_regions,
    in_unit,
)

from ..simulated import simulate_section


@pytest.fixture(scope="module")
def section() -> ad.AnnData:
    return simulate_section(n_rows=15, n_genes=100)


def grid(side: int = 10) -> ad.AnnData:
    """Spots on whole numbers, 0 to side − 1 each way."""
    y, x = np.divmod(np.arange(side * side), side)
    adata = ad.AnnData(np.ones((side * side, 3), dtype=np.float32))
    adata.obsm["spatial"] = np.column_stack([x, y]).astype(float)
    return adata


def names(adata: ad.AnnData, *regions: Region, unit: str = "") -> list[str]:
    return list(assign(adata, lay_out(adata), Regions(regions), unit=unit).column)


def test_a_spot_is_of_the_smallest_region_that_holds_it() -> None:
    adata = grid()
    tissue, tumour = Region("tissue", box(-1, -1, 20, 20)), Region("tumour", box(0, 0, 3, 3))
    found = assign(adata, lay_out(adata), Regions((tumour, tissue)))
    inside = (adata.obsm["spatial"] <= 3).all(axis=1)
    assert list(found.column) == [["tissue", "tumour"][i] for i in inside.astype(int)]
    assert any("16 of them lie in several" in note for note in found.notes)


def test_spots_outside_are_other_whatever_regions_are_called() -> None:
    found = names(grid(), Region("other", box(-1, -1, 0.5, 0.5)))
    assert found.count("other") == 1 and found.count("other_2") == 99


def test_a_hole_holds_no_spot_and_areas_of_one_name_are_one_region() -> None:
    ring = Region("a", Polygon(box(0, 0, 4, 4).exterior, [box(1.5, 1.5, 2.5, 2.5).exterior]))
    found = names(grid(), ring, Region("a", box(8, 8, 9, 9)))
    assert found.count("a") == 24 + 4


def test_regions_without_spots_are_refused_with_both_extents() -> None:
    with pytest.raises(BadCoordinates, match=r"x 0 to 9, y 0 to 9.*x 100 to 200, y 0 to 5"):
        names(grid(), Region("a", box(100, 0, 200, 5)))


def test_microns_are_turned_into_the_unit_of_the_places(section: ad.AnnData) -> None:
    layout = lay_out(section)
    assert layout.microns_per_unit not in (0, 1)
    x, y = section.obsm["spatial"][0] * layout.microns_per_unit
    near = Region("a", box(x - 1, y - 1, x + 1, y + 1))
    assert names(section, near, unit=MICRONS)[0] == "a"
    (back,) = in_unit(in_unit([near], "", layout), MICRONS, layout)
    assert back.area.centroid.x == pytest.approx(x * layout.microns_per_unit)


def test_the_unit_of_the_file_counts_unless_another_is_given() -> None:
    adata = grid()  # places that no machine lays out so: their scale is not known
    adata.obsm["spatial"] += np.random.default_rng(0).uniform(-0.4, 0.4, (100, 2))
    near = Region("a", box(-0.5, -0.5, 1.5, 1.5))
    with pytest.raises(BadCoordinates, match="how many µm a unit"):
        assign(adata, lay_out(adata), Regions((near,), MICRONS))
    found = assign(adata, lay_out(adata), Regions((near,), MICRONS), unit="data")
    assert found.is_inside.sum() == 4


def two_sections() -> ad.AnnData:
    both = ad.concat({"left": grid(), "right": grid()}, label="library_id", index_unique="-")
    assert len(lay_out(both).sections.names) == 2
    return both


def test_a_region_of_one_section_holds_no_spot_of_another() -> None:
    both, layout = two_sections(), lay_out(two_sections())
    area = box(0, 0, 1, 1)
    one = assign(both, layout, Regions((Region("a", area, "left"),)))
    assert one.is_inside[:100].sum() == 4 and not one.is_inside[100:].any()
    each = assign(both, layout, Regions((Region("a", area),)))
    assert each.is_inside.sum() == 8 and any("names no sections" in note for note in each.notes)
    with pytest.raises(UnknownName, match="middle"):
        assign(both, layout, Regions((Region("a", area, "middle"),)))


@pytest.mark.parametrize("kind", ["hexagonal", "square", "random", "line"])
def test_the_outline_of_a_group_holds_its_spots_and_no_others(
    section: ad.AnnData, kind: str
) -> None:
    rng = np.random.default_rng(0)
    adata = section if kind == "hexagonal" else grid(20)
    if kind == "random":
        adata.obsm["spatial"] = rng.uniform(0, 100, (400, 2))
    if kind == "line":
        adata.obsm["spatial"] = np.column_stack([np.arange(400.0), np.zeros(400)])
    codes = rng.integers(-1, 3, adata.n_obs)
    regions = group_regions(adata, lay_out(adata), codes, ["a", "b", "c"])
    wanted = [["a", "b", "c", "other"][code] for code in codes]
    assert names(adata, *regions) == wanted


def test_the_outline_of_neighbours_on_a_grid_is_one_piece(section: ad.AnnData) -> None:
    points = section.obsm["spatial"]
    middle = np.median(points, axis=0)
    order = np.argsort(np.hypot(*(points - middle).T))
    codes = np.full(section.n_obs, -1)
    codes[order[:19]] = 0
    (region,) = group_regions(section, lay_out(section), codes, ["a"])
    assert region.area.geom_type == "Polygon" and not region.area.interiors


def test_of_two_sections_each_has_outlines_of_its_own() -> None:
    both = two_sections()
    codes = np.where(np.arange(200) % 100 < 30, 0, -1)
    found = group_regions(both, lay_out(both), codes, ["a"])
    assert [region.section for region in found] == ["left", "right"]


def test_lines_drawn_by_hand_are_added_and_taken_away() -> None:
    def stroke(how: str, area: Polygon) -> Stroke:
        return Stroke(how, {"": np.array(area.exterior.coords)})  # type: ignore[arg-type]

    strokes = [
        stroke("new", box(50, 50, 60, 60)),
        stroke("new", box(0, 0, 10, 10)),
        stroke("add", box(20, 0, 30, 10)),
        stroke("remove", box(5, 0, 25, 10)),
    ]
    (region,) = drawn_regions(strokes, "mine")
    assert region.name == "mine" and region.area.bounds == (0, 0, 30, 10)
    assert region.area.area == 100
