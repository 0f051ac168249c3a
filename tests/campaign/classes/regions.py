"""Files of regions that are broken, or lie elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..case import FILE, IN, RESULT, Case, Want
from ..sound import put

SQUARE = [[-1, -1], [3, -1], [3, 3], [-1, 3], [-1, -1]]


def _collection(*rings: Any, **properties: Any) -> str:
    shape = {"type": "Polygon", "coordinates": list(rings)}
    feature = {"type": "Feature", "geometry": shape, "properties": properties}
    return json.dumps({"type": "FeatureCollection", "features": [feature]})


FILES: dict[str, tuple[str, str | bytes, Want]] = {
    "sound": ("r.geojson", _collection(SQUARE), "taken"),
    "with a byte order mark": ("r.geojson", "\ufeff" + _collection(SQUARE), "taken"),
    "in UTF-16": ("r.geojson", _collection(SQUARE).encode("utf-16"), "refused"),
    "empty": ("r.geojson", "", "refused"),
    "cut off": ("r.geojson", _collection(SQUARE)[:80], "refused"),
    "binary": ("r.geojson", bytes(range(256)), "refused"),
    "a very deep list": ("r.geojson", "[" * 200_000, "refused"),
    "a number": ("r.geojson", "7", "refused"),
    "without features": ("r.geojson", '{"type": "FeatureCollection"}', "refused"),
    "a feature that is null": (
        "r.geojson",
        '{"type":"FeatureCollection","features":[null]}',
        "refused",
    ),
    "points alone": ("r.geojson", '[{"type": "Point", "coordinates": [1, 1]}]', "refused"),
    "not closed": ("r.geojson", _collection(SQUARE[:-1]), "either"),
    "of two corners": ("r.geojson", _collection(SQUARE[:2]), "refused"),
    "crossing itself": (
        "r.geojson",
        _collection([[-1, -1], [9, 9], [9, -1], [-1, 9], [-1, -1]]),
        "taken",
    ),
    "a hole outside": ("r.geojson", _collection(SQUARE, [[x + 50, y] for x, y in SQUARE]), "taken"),
    "of words": ("r.geojson", _collection([["a", "b"]] * 4), "refused"),
    "of a huge number": ("r.geojson", _collection([[10**400, 0]] * 4), "refused"),
    "not a number": ("r.geojson", _collection(SQUARE).replace("3", "NaN"), "refused"),
    "elsewhere": ("r.geojson", _collection([[x + 500, y] for x, y in SQUARE]), "refused"),
    "names that steer a terminal": (
        "r.geojson",
        _collection(SQUARE, classification={"name": "\x1b[31mred\0/x"}),
        "taken",
    ),
    "a class that is a list": ("r.geojson", _collection(SQUARE, classification=[1]), "taken"),
    "of another ending": ("r.txt", _collection(SQUARE), "refused"),
    "a selection": ("r.csv", "#Selection name: a\nX,Y\n-1,-1\n3,-1\n3,3\n", "either"),
    "a selection without Y": ("r.csv", "X,Z\n1,2\n", "refused"),
    "a selection of words": ("r.csv", "X,Y\na,b\n", "refused"),
}


def cases() -> Iterator[Case]:
    for name, (file, content, want) in FILES.items():
        line = ("convert", FILE, RESULT, "--regions", f"{IN}/{file}", "--quiet")
        yield Case("regions", name, line, _maker(file, content), want)


def _maker(file: str, content: str | bytes) -> Any:
    def make(folder: Path) -> None:
        put(folder)
        raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
        (folder / file).write_bytes(raw)

    return make
