"""Read a Zarr store: SpatialData, or AnnData."""

from __future__ import annotations

import json
import re
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import NotReadable
from .found import Found, Options
from .reading import not_readable

if TYPE_CHECKING:
    from spatialdata import SpatialData

_PART = re.compile(r"(images|labels|points|shapes|tables)/")
"""How a warning begins that is about a part of a store."""
_LONGEST = 160
_AGAIN = "Copy it again, or write it again with the library that wrote it."


def read(path: Path, options: Options) -> Found:
    """Read a table of a SpatialData store with its places and image, or an AnnData store.

    Raises
    ------
    NotReadable : a store of another kind, without tables, half written, or damaged
    Undecided : of several tables or coordinate systems none was chosen
    """
    attributes = _attributes(path)
    if attributes.get("encoding-type") == "anndata":
        _check_whole(path, path)
        return Found(_guarded(path, _anndata))
    if "spatialdata_attrs" not in attributes and not (path / "tables").is_dir():
        held = ", ".join(sorted(entry.name for entry in path.iterdir())[:5])
        remedy = "Stores of SpatialData and AnnData can be read."
        raise _not_readable(path, f"a Zarr store of another kind (it holds {held})", remedy)
    from .spatial_data import table_of

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        data = _guarded(path, _spatialdata)
    lost = [_short(w.message) for w in said if _PART.match(str(w.message))]
    if lost and not data.tables:
        raise _not_readable(path, f"a part that cannot be read ({lost[0]})", _AGAIN)
    found = table_of(data, path, options)
    _check_whole(path, path / "tables" / found.questions[0].answer)
    notes = [f"A part cannot be read and was left out: {text}" for text in lost]
    return replace(found, notes=[*notes, *found.notes])


def _attributes(path: Path) -> dict[str, Any]:
    """What the root of a store says of itself, of Zarr 2 or 3."""
    for name in ("zarr.json", ".zattrs"):
        if (path / name).is_file():
            try:
                held = json.loads((path / name).read_text(encoding="utf-8"))
                found = held.get("attributes", {}) if name == "zarr.json" else held
                return dict(found)
            except (ValueError, TypeError, AttributeError, OSError) as error:
                found = f"that {name} is damaged ({error})"
                raise _not_readable(path, found, _AGAIN) from error
    return {}


def _guarded(path: Path, read_it: Any) -> Any:
    """Read a store; what goes wrong within the library becomes a sentence."""
    try:
        with warnings.catch_warnings():
            return read_it(path)
    except MemoryError:
        raise
    except Exception as error:
        raise _not_readable(path, f"what cannot be read ({_short(error)})", _AGAIN) from error


def _short(message: object) -> str:
    """A message of a library, on one line."""
    text = " ".join(str(message).split()) or type(message).__name__
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _check_whole(path: Path, table: Path) -> None:
    """Refuse a table of which values are missing: Zarr would read zeros in their place."""
    import zarr

    def missing(group: Any) -> list[str]:
        names = []
        for name, item in group.members():
            if isinstance(item, zarr.Group):
                names += missing(item)
            elif name in ("data", "indptr") and item.nchunks_initialized < item.nchunks:
                names.append(str(item.path) or name)
        return names

    found = _guarded(path, lambda _path: missing(zarr.open_group(table, mode="r")))
    if found:
        held = f"a store half written or copied (parts of {found[0]} are missing)"
        raise _not_readable(path, held, _AGAIN)


def _anndata(path: Path) -> Any:
    from anndata.io import read_zarr

    return read_zarr(path)


def _spatialdata(path: Path) -> SpatialData:
    from spatialdata import read_zarr

    parts = ("tables", "images", "shapes", "labels")
    return read_zarr(path, selection=parts, on_bad_files="warn")


def _not_readable(path: Path, found: str, remedy: str) -> NotReadable:
    return not_readable(path, found, remedy, "a SpatialData or AnnData store")
