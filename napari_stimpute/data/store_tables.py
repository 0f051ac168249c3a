"""Save data and results as a new table of the SpatialData store that they were read from.

The table is written beside the store, in the store's own version of Zarr, read back, and moved into
it by one renaming; then the summary of the store (its consolidated metadata), which readers go by,
is written anew. Until then readers see the store as it was.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import keys
from ..errors import NotWritable
from .files import flush, full_path, holding_signals
from .storable import snapshot
from .stores import (
    compare_table,
    draft_of,
    layer_names,
    without_dense_layers,
    write_dense_layers,
    writing,
)

if TYPE_CHECKING:
    from anndata import AnnData

PROPOSED = "stimpute"
"""Name that is proposed for a table, as far as it is free."""

_PARTS = ("images", "labels", "points", "shapes", "tables")
_ATTRIBUTES = "spatialdata_attrs"
_VERSION = ("spatialdata-encoding-type", "version")


def is_store(path: str | os.PathLike[str]) -> bool:
    """Whether a path is that of a SpatialData store with tables."""
    folder = Path(path)
    marks = ("zarr.json", ".zgroup", ".zattrs")
    return (folder / "tables").is_dir() and any((folder / mark).is_file() for mark in marks)


def free_table(store: str | os.PathLike[str]) -> str:
    """A name for a new table that no element of a store has."""
    taken = _names(Path(store))
    number, found = 1, PROPOSED
    while found.casefold() in taken:
        number += 1
        found = f"{PROPOSED}_{number}"
    return found


def check_table(store: str | os.PathLike[str], name: str) -> None:
    """Refuse a table that could not be written, before work is put into it.

    Raises
    ------
    NotWritable : no store, no permission, a name that a store does not take, or that one has
    """
    folder = full_path(store)
    found, remedy = "", "Choose another name: nothing is replaced."
    if not is_store(folder):
        found, remedy = "no SpatialData store with tables", "Save as a new file or store."
    elif not re.fullmatch(r"(?!\.|__)[A-Za-z0-9_.-]{1,100}", name):
        found = f"the name {name[:40]!r}"
        remedy = "Use letters, digits, _, - and . in it, 100 at most."
    elif name.casefold() in _names(folder):
        found = f"an element {name!r} in it"
    elif not all(os.access(p, os.W_OK | os.X_OK) for p in (folder.parent, folder / "tables")):
        found, remedy = "no permission to write there", "Save as a new file or store."
    if found:
        raise _not_writable(folder, name, found, remedy)


def write_table(adata: AnnData, store: str | os.PathLike[str], name: str) -> Path:
    """Write a new table into a store, all of it or nothing. The AnnData is not changed.

    It annotates what the table annotates that was read, so that other programs draw it there.

    Parameters
    ----------
    adata : in memory, read from this store
    name : of the table; no element of the store may have it, in capitals or not

    Returns
    -------
    the path of the store

    Raises
    ------
    NotWritable : as `check_table`, a full disk, or something that a store cannot hold
    """
    folder = full_path(store).resolve()
    check_table(folder, name)
    with holding_signals(), writing(folder, _tried(folder, name)), draft_of(folder) as draft:
        table = _as_table(without_dense_layers(adata))
        _write(table, draft, folder, name)
        names = layer_names(adata, table)
        write_dense_layers(draft / name, adata, names)
        compare_table(draft / name, adata, names)
        _move_in(draft / name, folder, name)
    return folder


def _as_table(adata: AnnData) -> AnnData:
    """The same data as a table: without images, and with the annotation, if it is whole."""
    from spatialdata import sanitize_table
    from spatialdata.models import TableModel

    table = snapshot(adata)
    table.uns.pop(keys.SPATIAL, None)
    table = sanitize_table(table, inplace=False)
    annotation = table.uns.get(_ATTRIBUTES)
    if annotation is None:
        return table
    region, instance = annotation["region_key"], annotation["instance_key"]
    names = table.obs[instance]
    if names.dtype.kind not in "iu":
        table.obs[instance] = names.astype(str).astype(object)
    table.obs[region] = table.obs[region].astype(str).astype("category")
    if not isinstance(annotation["region"], str):
        table.uns[_ATTRIBUTES] = {**annotation, "region": list(annotation["region"])}
    TableModel.validate(table)
    return table


def _write(table: AnnData, draft: Path, store: Path, name: str) -> None:
    """Write a table as the store's own library would, in the same version as those beside it."""
    import zarr
    from anndata.io import write_elem

    beside = zarr.open_group(store, mode="r", use_consolidated=False)
    tables = zarr.open_group(store, path="tables", mode="r", use_consolidated=False)
    like = next((dict(t.attrs) for _, t in tables.members() if "version" in t.attrs), {})
    group = zarr.open_group(draft, mode="w", zarr_format=beside.metadata.zarr_format)
    write_elem(group, name, table)
    annotation = table.uns.get(_ATTRIBUTES, {})
    told = dict.fromkeys(("region", "region_key", "instance_key")) | dict(annotation)
    version = {key: like[key] for key in _VERSION if key in like}
    zarr.open_group(draft, path=name, mode="r+").attrs.update(told | version)


def _move_in(table: Path, store: Path, name: str) -> None:
    """Move a table into its store; if its summary cannot be written, take it out again."""
    import zarr

    place = store / "tables" / name
    has_summary = _summary(store) is not None
    os.rename(table, place)
    try:
        if has_summary:
            zarr.consolidate_metadata(store)
    except BaseException:
        os.rename(place, table)
        raise
    with suppress(OSError):  # the table is in place; not every disk can flush a folder
        flush(place.parent)


def _summary(store: Path) -> Any:
    import zarr

    return zarr.open_group(store, mode="r").metadata.consolidated_metadata


def _names(store: Path) -> set[str]:
    """Names of all elements, in small letters: a store holds no two that differ by them alone."""
    return {entry.name.casefold() for part in _PARTS for entry in _entries(store / part)}


def _entries(folder: Path) -> Iterator[Path]:
    return folder.iterdir() if folder.is_dir() else iter(())


def _not_writable(store: Path, name: str, found: str, remedy: str) -> NotWritable:
    return NotWritable(expected=_tried(store, name), found=found, remedy=remedy)


def _tried(store: Path, name: str) -> str:
    return f"to write a new table {name!r} into {store}"
