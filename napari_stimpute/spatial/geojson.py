"""Read and write regions as QuPath and Xenium Explorer do.

QuPath writes GeoJSON in pixels of the image at full resolution, Xenium Explorer a table of the
corners of its selections (.csv) in µm. GeoJSON is read in every form that QuPath has had: a
FeatureCollection, a list of features, one feature, or a bare shape.
"""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.files import full_path, write_whole
from ..data.readers.reading import check_path
from ..errors import NotReadable, NotWritable
from ..words import counted
from .regions import MICRONS, Region, Regions, areas_of

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

ENDINGS = (".geojson", ".json", ".csv")
"""Of files of regions; the last are selections of Xenium Explorer."""

_EXPECTED = "regions as GeoJSON, or as selections of Xenium Explorer"
_AGAIN = "Export them again: from QuPath as GeoJSON, from Xenium Explorer as a .csv of selections."
_NO_AREA = "without an area"


def read_regions(path: str | os.PathLike[str]) -> Regions:
    """Read regions, in the unit of the file.

    A region is called as QuPath's class of it (derived ones with ": "), else by its own name, else
    "region 1", and so on. Holes and several polygons are kept. Outlines that cross themselves are
    put right; what is no area is left out; heights (z) are left out: all of it is said.

    Raises
    ------
    NotReadable : no such file, another format, damaged, or without any area
    """
    file = full_path(path, NotReadable)
    check_path(file)
    if file.is_dir() or not file.name.lower().endswith(ENDINGS):
        found = "a folder" if file.is_dir() else f"the ending {file.suffix!r}"
        raise _not_readable(file, found)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_readable(file, "text that is not UTF-8") from error
    except OSError as error:
        raise _not_readable(file, f"what cannot be read ({error.strerror})") from error
    reader = _Reader(file)
    if file.suffix.lower() == ".csv":
        return reader.regions(_selections(file, text), MICRONS)
    held = _json(file, text)
    unit = held.get("unit", "") if isinstance(held, Mapping) else ""
    return reader.regions(_features(file, held), MICRONS if unit == MICRONS else "")


def write_regions(path: str | os.PathLike[str], regions: Iterable[Region], unit: str = "") -> Path:
    """Write regions as GeoJSON that QuPath opens as annotations: whole or not at all.

    Parameters
    ----------
    regions : in the unit of the file
    unit : `MICRONS`, or "" for the coordinates of the places; it is noted in the file

    Raises
    ------
    NotWritable : another ending, a folder that is missing, no permission, a full disk
    """
    file = full_path(path)
    if not file.name.lower().endswith(ENDINGS[:2]):
        raise NotWritable(
            expected=f"to write {file}",
            found=f"the ending {file.suffix!r}",
            remedy="Give it the ending .geojson.",
        )
    features = [_feature(region) for region in regions]
    held = {"type": "FeatureCollection", "features": features}
    text = json.dumps({**held, "unit": unit} if unit else held, ensure_ascii=False)
    return write_whole(file, text.encode())


def _feature(region: Region) -> dict[str, Any]:
    from shapely.geometry import mapping

    return {
        "type": "Feature",
        "geometry": mapping(region.area),
        "properties": {
            "objectType": "annotation",
            "name": region.name,
            "classification": {"name": region.name},
            "isLocked": False,
            **({"metadata": {"section": region.section}} if region.section else {}),
        },
    }


# ---- reading -----------------------------------------------------------------------------------

_Named = tuple[str, str, Any]
"""A name, a section, and a shape as in GeoJSON."""


class _Reader:
    """Makes regions of named shapes, and counts what is left out or put right."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.lost, self.mended, self.flattened = Counter[str](), 0, 0

    def regions(self, shapes: Iterable[_Named], unit: str) -> Regions:
        found = []
        for number, (name, section, shape) in enumerate(shapes, 1):
            area = self._area(shape, number)
            if area is not None:
                found.append(Region(name or f"region {number}", area, section))
        if not found:
            lost = ", ".join(f"{n:,} {kind}" for kind, n in self.lost.items()) or "none"
            raise _not_readable(self.file, f"no areas (left out: {lost})")
        return Regions(tuple(found), unit, tuple(self._notes()))

    def _area(self, shape: Any, number: int) -> BaseGeometry | None:
        import shapely

        kind = shape.get("type") if isinstance(shape, Mapping) else None
        if kind not in ("Polygon", "MultiPolygon", "GeometryCollection"):
            self.lost[f"of the type {kind}" if kind else "without a shape"] += 1
            return None
        try:
            with np.errstate(invalid="ignore"):  # NaN is found below
                geometry = shapely.geometry.shape(shape)
            is_finite = bool(np.isfinite(shapely.get_coordinates(geometry)).all())
        except (*_FAULTS, shapely.errors.ShapelyError) as error:
            if "at least" in str(error):  # of too few corners
                self.lost[_NO_AREA] += 1
                return None
            found = f"a shape that is damaged (number {number:,}: {error})"
            raise _not_readable(self.file, found) from error
        if not is_finite:
            raise _not_readable(self.file, f"corners that are no numbers (shape {number:,})")
        if geometry.has_z:
            geometry, self.flattened = shapely.force_2d(geometry), self.flattened + 1
        if not geometry.is_valid:
            parts, self.mended = shapely.make_valid(shapely.get_parts(geometry)), self.mended + 1
            geometry = shapely.GeometryCollection(list(parts))
        area = areas_of(geometry)
        if area.is_empty or not area.area > 0:
            self.lost[_NO_AREA] += 1
            return None
        return area

    def _notes(self) -> Iterator[str]:
        for kind, n in self.lost.items():
            yield f"{counted(n, 'object')} {kind} left out: only areas hold spots."
        if self.mended:
            mended = counted(self.mended, "outline")
            yield f"{mended} crossed or touched themselves, and were put right (even-odd rule)."
        if self.flattened:
            yield f"{counted(self.flattened, 'region')} had heights (z), which were left out."


_FAULTS = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What shapely raises for content that is not what it should be."""


def _json(file: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _not_readable(file, f"no sound JSON ({error})") from error


def _features(file: Path, held: Any) -> Iterator[_Named]:
    """Names, sections and shapes of whatever form the file has."""
    if isinstance(held, Mapping):
        several = held.get("features") if held.get("type") == "FeatureCollection" else [held]
    else:
        several = held
    if not isinstance(several, Sequence) or isinstance(several, str):
        raise _not_readable(file, "JSON without features")
    for feature in several:
        if not isinstance(feature, Mapping) or "type" not in feature:
            raise _not_readable(file, "JSON whose objects are no features")
        if feature["type"] != "Feature":
            yield "", "", feature
            continue
        given = feature.get("properties")
        properties = given if isinstance(given, Mapping) else {}
        metadata = properties.get("metadata")
        section = metadata.get("section", "") if isinstance(metadata, Mapping) else ""
        yield _name(properties), str(section), feature.get("geometry")


def _name(properties: Mapping[str, Any]) -> str:
    """What a region is called: its class, else its name; "" for neither."""
    kind = properties.get("classification")
    if isinstance(kind, Mapping):
        parts = kind.get("names")
        kind = ": ".join(map(str, parts)) if isinstance(parts, list) else kind.get("name")
    return _clean(kind) or _clean(properties.get("name"))


def _clean(text: Any) -> str:
    """Text on one line, of letters that can be shown."""
    words = "".join(c for c in str(text or "") if c.isprintable() or c.isspace())
    return " ".join(words.split())


def _selections(file: Path, text: str) -> Iterator[_Named]:
    """Names and outlines of Xenium Explorer's selections; a single one stands in the first line."""
    lines = text.splitlines()
    heads = [line for line in lines if line.startswith("#")]
    single = next((h.partition(":")[2] for h in heads if h.lower().startswith("#selection n")), "")
    rows = csv.DictReader(line for line in lines if line.strip() and not line.startswith("#"))
    if not {"X", "Y"} <= set(rows.fieldnames or ()):
        held = ", ".join(str(name)[:20] for name in (rows.fieldnames or ())[:5]) or "nothing"
        raise _not_readable(file, f"a table without columns X and Y (it holds {held})")
    corners: dict[str, list[tuple[float, float]]] = {}
    for number, row in enumerate(rows, 1):
        try:
            corner = (float(row["X"]), float(row["Y"]))
        except (TypeError, ValueError) as error:
            found = f"a corner that is no number (row {number:,}: {row['X']!r}, {row['Y']!r})"
            raise _not_readable(file, found) from error
        corners.setdefault(row.get("Selection") or single, []).append(corner)
    for name, outline in corners.items():
        ring = outline if outline[0] == outline[-1] else [*outline, outline[0]]
        yield _clean(name), "", {"type": "Polygon", "coordinates": [ring]}


def _not_readable(file: Path, found: str) -> NotReadable:
    return NotReadable(expected=f"{_EXPECTED} in {file}", found=found, remedy=_AGAIN)
