"""Files of regions: QuPath's forms of GeoJSON, Xenium Explorer's selections, and broken ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from shapely import Polygon
from shapely.geometry import mapping

from napari_stimpute.errors import NotReadable, NotWritable
from napari_stimpute.spatial.geojson import read_regions, write_regions
from napari_stimpute.spatial.regions import MICRONS, Region

SQUARE = [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]
HOLE = [[4, 4], [4, 6], [6, 6], [6, 4], [4, 4]]


def feature(shape: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": shape, "properties": properties}


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def put(folder: Path, held: Any, name: str = "a.geojson") -> Path:
    text = held if isinstance(held, str) else json.dumps(held)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_a_collection_of_qupath_keeps_class_holes_and_several_polygons(tmp_path: Path) -> None:
    far = [[[x + 100, y] for x, y in SQUARE]]
    several = {"type": "MultiPolygon", "coordinates": [[SQUARE, HOLE], far]}
    held = {
        "type": "FeatureCollection",
        "features": [
            feature(several, classification={"name": "Tumor", "color": [200, 0, 0]}, isLocked=True),
            feature(polygon(SQUARE), classification={"names": ["Immune", "Positive"]}),
            feature(polygon(SQUARE), name="ROI 3"),
            feature(polygon(SQUARE)),
        ],
    }
    found = read_regions(put(tmp_path, held))
    names = [region.name for region in found.found]
    assert names == ["Tumor", "Immune: Positive", "ROI 3", "region 4"]
    assert found.found[0].area.area == 100 - 4 + 100
    assert found.notes == () and found.unit == ""


@pytest.mark.parametrize(
    "held", [[feature(polygon(SQUARE))], feature(polygon(SQUARE)), polygon(SQUARE)]
)
def test_a_list_a_feature_and_a_bare_shape_are_read_too(tmp_path: Path, held: Any) -> None:
    (region,) = read_regions(put(tmp_path, held)).found
    assert region.area.area == 100


def test_what_is_left_out_or_put_right_is_said(tmp_path: Path) -> None:
    bow = [[0, 0], [10, 10], [10, 0], [0, 10], [0, 0]]
    high = [[x, y, 3.0] for x, y in SQUARE]
    held = [
        feature(polygon(bow)),
        feature(polygon(high)),
        feature({"type": "Point", "coordinates": [1, 2]}),
        feature(None),
        feature(polygon([[0, 0], [1, 1], [0, 0]])),
        feature(polygon([[0, 0], [1, 1], [2, 2], [0, 0]])),
    ]
    found = read_regions(put(tmp_path, held))
    assert [region.area.area for region in found.found] == [50, 100]
    assert not found.found[1].area.has_z
    said = " ".join(found.notes)
    assert "1 object of the type Point" in said and "1 object without a shape" in said
    assert "2 objects without an area" in said
    assert "1 region had heights" in said and "crossed" in said


def test_polygons_that_overlap_in_one_region_are_one_area(tmp_path: Path) -> None:
    moved = [[[x + 5, y] for x, y in SQUARE]]
    held = {"type": "MultiPolygon", "coordinates": [[SQUARE], moved]}
    assert read_regions(put(tmp_path, held)).found[0].area.area == 150


def test_selections_of_xenium_explorer_are_in_microns(tmp_path: Path) -> None:
    one = "#Selection name: Edge\n#Area (µm^2): 100\nX,Y\n0,0\n10,0\n10,10\n0,10\n"
    found = read_regions(put(tmp_path, one, "one.csv"))
    assert found.unit == MICRONS
    assert [(r.name, r.area.area) for r in found.found] == [("Edge", 100)]
    rows = "".join(f"{n},{x + 20 * k},{y}\n" for k, n in enumerate("ab") for x, y in SQUARE)
    two = f"#Selection names: a, b\n#Areas (µm^2): 100, 100\nSelection,X,Y\n{rows}"
    assert [r.name for r in read_regions(put(tmp_path, two, "two.csv")).found] == ["a", "b"]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    shape = Polygon(SQUARE, [HOLE])
    wanted = [Region("Tumor", shape), Region("Edge", shape, "left")]
    path = write_regions(tmp_path / "a.geojson", wanted, MICRONS)
    found = read_regions(path)
    assert [(r.name, r.section) for r in found.found] == [("Tumor", ""), ("Edge", "left")]
    assert found.unit == MICRONS and found.found[0].area.equals(shape)
    first = json.loads(path.read_text("utf-8"))["features"][0]
    assert first["properties"]["classification"] == {"name": "Tumor"}
    assert first["geometry"] == json.loads(json.dumps(mapping(shape)))


@pytest.mark.parametrize(
    ("held", "words"),
    [
        ("{", "no sound JSON"),
        ("[" * 100_000, "no sound JSON"),
        ("7", "JSON without features"),
        ('{"type": "FeatureCollection"}', "JSON without features"),
        ('{"a": 1}', "objects are no features"),
        ("[]", "no areas"),
        ([feature({"type": "Point", "coordinates": [1, 2]})], "left out: 1 of the type Point"),
        ([feature(polygon([["a", "b"]] * 4))], "damaged"),
        ([feature({"type": "Polygon", "coordinates": 7})], "damaged"),
        ([feature({"type": "Polygon"})], "damaged"),
        ([feature(polygon([[10**400, 0]] * 4))], "damaged"),
        ('[{"type": "Polygon", "coordinates": [[[0, 0], [NaN, 0], [1, 1], [0, 0]]]}]', "numbers"),
    ],
)
def test_a_broken_file_is_a_sentence(tmp_path: Path, held: Any, words: str) -> None:
    with pytest.raises(NotReadable, match=words):
        read_regions(put(tmp_path, held))


@pytest.mark.parametrize(
    ("text", "words"),
    [("a,b\n1,2\n", "columns X and Y"), ("X,Y\n1,left\n", "no number"), ("X,Y\n", "no areas")],
)
def test_a_broken_selection_is_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(NotReadable, match=words):
        read_regions(put(tmp_path, text, "a.csv"))


def test_another_ending_is_refused_both_ways(tmp_path: Path) -> None:
    with pytest.raises(NotReadable, match=r"\.txt"):
        read_regions(put(tmp_path, "{}", "a.txt"))
    with pytest.raises(NotWritable, match=r"\.geojson"):
        write_regions(tmp_path / "a.txt", [])
