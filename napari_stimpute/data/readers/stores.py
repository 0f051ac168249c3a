"""Read a Zarr store: SpatialData, or AnnData."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import NotReadable, StimputeError
from ...words import counted
from .elements import in_file, stays
from .found import Found, Options
from .h5ad import EVERYTHING, how_much, is_asked
from .hdf5 import too_large
from .reading import not_readable

if TYPE_CHECKING:
    import zarr
    from anndata import AnnData
    from spatialdata import SpatialData

_PART = re.compile(r"(images|labels|points|shapes|tables)/")
"""How a warning begins that is about a part of a store."""
_LONGEST, _LATEST = 160, 3
"""Letters of a library's message that are shown, and the latest version of Zarr that is read."""

_AGAIN = "Copy it again, or write it again with the library that wrote it."


def read(path: Path, options: Options) -> Found:
    """Read a table of a SpatialData store with its places and image, or an AnnData store.

    Raises
    ------
    NotReadable : a store of another kind, of a later Zarr, without tables, half written, or damaged
    OutOfMemory : there is too little memory for it
    Undecided : of several tables or coordinate systems none was chosen
    """
    attributes = _attributes(path)
    if attributes.get("encoding-type") == "anndata":
        notes = _check_whole(path, path)
        found: Found = _guarded(path, lambda _path: _anndata(path, options))
        return replace(found, notes=[*notes, *found.notes])
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
    found = _guarded(path, lambda _path: table_of(data, path, options))
    notes = [f"A part cannot be read and was left out: {text}" for text in lost]
    notes += _check_whole(path, path / "tables" / found.questions[0].answer)
    return replace(found, notes=[*notes, *found.notes])


def _attributes(path: Path) -> dict[str, Any]:
    """What the root of a store says of itself, of Zarr 2 or 3."""
    for name in ("zarr.json", ".zattrs"):
        if (path / name).is_file():
            try:
                held = json.loads((path / name).read_text(encoding="utf-8"))
                found = held.get("attributes", {}) if name == "zarr.json" else held
                attributes, version = dict(found), held.get("zarr_format", 2)
            except (ValueError, TypeError, AttributeError, OSError) as error:
                found = f"that {name} is damaged ({error})"
                raise _not_readable(path, found, _AGAIN) from error
            if isinstance(version, int) and version > _LATEST:
                remedy = f"Write it as Zarr {_LATEST}, or update this program and zarr."
                raise _not_readable(path, f"a store of Zarr {version}", remedy)
            return attributes
    return {}


def _guarded(path: Path, read_it: Any) -> Any:
    """Read a store; what goes wrong within the library becomes a sentence."""
    try:
        with warnings.catch_warnings():
            return read_it(path)
    except MemoryError as error:
        raise too_large(path) from error
    except StimputeError:
        raise
    except Exception as error:
        raise _not_readable(path, f"what cannot be read ({_short(error)})", _AGAIN) from error


def _short(message: object) -> str:
    """A message of a library, on one line."""
    text = " ".join(str(message).split()) or type(message).__name__
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _check_whole(path: Path, table: Path) -> list[str]:
    """Refuse a table of which values are missing: Zarr would read zeros in their place.

    Of a dense matrix, chunks that are all zeros are usually not stored either; a sentence says how
    many are not there.
    """
    import zarr

    notes = list[str]()

    def missing(group: Any) -> list[str]:
        names = []
        for name, item in group.members():
            if isinstance(item, zarr.Group):
                names += missing(item)
            elif name in ("data", "indptr") and item.nchunks_initialized < item.nchunks:
                names.append(str(item.path) or name)
            elif item.ndim == 2 and item.nchunks_initialized < item.nchunks:
                n_lost = item.nchunks - item.nchunks_initialized
                notes.append(
                    f"{n_lost:,} of {counted(item.nchunks, 'chunk')} of {item.path} are not "
                    "stored, and were read as zeros: left out as such, or lost. The store does not "
                    "tell which."
                )
        return names

    found = _guarded(path, lambda _path: missing(zarr.open_group(table, mode="r")))
    if found:
        held = f"a store half written or copied (parts of {found[0]} are missing)"
        raise _not_readable(path, held, _AGAIN)
    return notes


def _anndata(path: Path, options: Options) -> Found:
    """All of a store; or, if it is too large, all but its matrices, as of an .h5ad file."""
    import zarr
    from anndata.io import read_zarr

    content = zarr.open_group(path, mode="r")
    question = how_much(content, options)
    questions = (question,) if is_asked(content, options) else ()
    if question.answer == EVERYTHING:
        return Found(read_zarr(path), questions=questions)
    return Found(*_around(content), questions)


def _around(content: zarr.Group) -> tuple[AnnData, list[str]]:
    """Matrices of cells × genes as dask arrays, all else in memory; and what was left out."""
    from anndata import AnnData
    from anndata.experimental import read_dispatched

    def element(read: Callable[[Any], Any], _name: str, item: Any, **_: Any) -> Any:
        return in_file(item) if stays(item) else read(item)

    left: Any = {name: content[name] for name in ("obsp", "varp") if name in content}
    parts = {name: read_dispatched(content[name], element) for name in content if name not in left}
    notes = [
        f"{place}/{name} was left out: the store is worked on without loading all of it."
        for place, group in left.items()
        for name in group
    ]
    return AnnData(**parts), notes


def _spatialdata(path: Path) -> SpatialData:
    from spatialdata import read_zarr

    parts = ("tables", "images", "shapes", "labels")
    return read_zarr(path, selection=parts, on_bad_files="warn")


def _not_readable(path: Path, found: str, remedy: str) -> NotReadable:
    return not_readable(path, found, remedy, "a SpatialData or AnnData store")
