"""A look through an HDF5 file before anything in it is read.

What would lead out of the file, is packed in a way that is unknown here, or claims to be far larger
than the file, is found from the descriptions alone.
"""

from __future__ import annotations

import importlib
import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import NotReadable
from ..structure import unsound

if TYPE_CHECKING:
    import h5py

_DEEPEST = 60
"""Groups within groups, up to which a file is followed."""

_LARGE = 2**30
"""Bytes up to which a description is believed: what it costs to be wrong is little."""

_BEST_PACKING = 2_000
"""Times smaller than its content that a file may be; gzip reaches 1,032."""

_PACKINGS = {
    307: "bzip2",
    32001: "blosc",
    32004: "lz4",
    32008: "bitshuffle",
    32013: "zfp",
    32015: "zstd",
    32017: "sz",
    32026: "blosc2",
}
"""Filters that come with the package hdf5plugin, by their registered numbers."""

SPARSE = ("csr_matrix", "csc_matrix")
"""Encodings of sparse matrices."""


def survey(file: h5py.File) -> None:
    """Refuse a file that cannot or must not be read (`NotReadable`)."""
    _Survey(file).look(file, ())


def encoding_of(item: h5py.Group | h5py.Dataset) -> str:
    """What an element says it is, in anndata's words; "" if it says nothing."""
    found = item.attrs.get("encoding-type", "")
    return found.decode(errors="replace") if isinstance(found, bytes) else str(found)


class _Survey:
    """One walk through a file; a group with two names is looked through once."""

    def __init__(self, file: h5py.File) -> None:
        self._n_bytes = file.id.get_filesize()
        self._seen: set[bytes] = set()

    def look(self, group: h5py.Group, above: tuple[bytes, ...]) -> None:
        import h5py

        token = _token(group)
        if token in above:
            raise _refused(group.name, "a group that holds itself", "Remove that link.")
        if len(above) > _DEEPEST:
            found = f"more than {_DEEPEST} groups within each other"
            raise _refused(group.name, found, "Save it again without them.")
        if token in self._seen:
            return
        self._seen.add(token)
        for name in group:
            item = _followed(group, name)
            if isinstance(item, h5py.Group):
                self.look(item, (*above, token))
            elif isinstance(item, h5py.Dataset):
                self._check_dataset(item)
        if encoding_of(group) in SPARSE:
            _check_sparse_group(group)

    def _check_dataset(self, item: h5py.Dataset) -> None:
        _check_inside(item)
        _check_packing(item)
        declared = math.prod(item.shape or (0,)) * item.dtype.itemsize
        if declared > max(_LARGE, _BEST_PACKING * self._n_bytes):
            size = " × ".join(f"{n:,}" for n in item.shape)
            found = (
                f"{size} values ({declared / 2**30:,.0f} GB) in a file of {self._n_bytes:,} bytes"
            )
            raise _refused(item.name, found, "Write it anew: most of its content is not there.")


def _followed(group: h5py.Group, name: str) -> Any:
    """What a name stands for within this file; None where it leads nowhere."""
    import h5py

    try:
        link = group.get(name, getlink=True)
    except (TypeError, KeyError):  # a kind of link that h5py does not know
        link = None
    if not isinstance(link, h5py.HardLink | h5py.SoftLink):
        raise _leads_out(f"{group.name.rstrip('/')}/{name}", "a link to another file")
    where = f"{group.name.rstrip('/')}/{name}"
    try:
        found = group.get(name)
    except (OSError, RuntimeError, ValueError) as error:
        raise _refused(where, "damage", "Copy or download it again.") from error
    if found is None and isinstance(link, h5py.HardLink):  # which leads somewhere
        raise _refused(where, "damage", "Copy or download it again.")
    return found


def _token(group: h5py.Group) -> bytes:
    import h5py

    info = h5py.h5o.get_info(group.id)
    return f"{info.fileno}:{info.addr}".encode()


def _check_inside(item: h5py.Dataset) -> None:
    if item.external:
        raise _leads_out(item.name, "values that are kept in another file")
    if item.is_virtual and any(s.file_name != "." for s in item.virtual_sources()):
        raise _leads_out(item.name, "values that are kept in other files (a virtual dataset)")


def _check_packing(item: h5py.Dataset) -> None:
    import h5py

    how = item.id.get_create_plist()
    for i in range(how.get_nfilters()):
        number, _, _, name = how.get_filter(i)
        if h5py.h5z.filter_avail(number):
            continue
        with suppress(ImportError):  # where it is installed, it is enough to import it
            importlib.import_module("hdf5plugin")
        if h5py.h5z.filter_avail(number):
            continue
        known = _PACKINGS.get(number) or name.decode(errors="replace") or f"filter {number}"
        raise NotReadable(
            expected=f"values packed in a way that is known here in {item.name}",
            found=f"{known}, which needs hdf5plugin",
            remedy="Run: pip install hdf5plugin. Then open the file again.",
        )


def _check_sparse_group(group: h5py.Group) -> None:
    """Check what the descriptions of a sparse matrix say; its arrays are checked when read."""
    import h5py

    place = group.name.strip("/")
    parts = {name: group.get(name) for name in ("data", "indices", "indptr")}
    for name, part in parts.items():
        if not isinstance(part, h5py.Dataset) or part.ndim != 1:
            raise unsound(place, f"no list {name!r}")
        if part.dtype.kind not in ("biufc" if name == "data" else "iu"):
            raise unsound(place, f"a list {name!r} of the wrong type ({part.dtype})")
    shape = np.asarray(group.attrs.get("shape", ()))
    if shape.shape != (2,) or shape.dtype.kind not in "iu" or (shape < 0).any():
        raise unsound(place, f"the size {shape.tolist()!r}")
    n_major = int(shape[0] if encoding_of(group) == "csr_matrix" else shape[1])
    data, indices, starts = (parts[name].size for name in ("data", "indices", "indptr"))
    if starts != n_major + 1 or data != indices:
        size = f"{shape[0]:,} × {shape[1]:,}"
        found = f"{data:,} values, {indices:,} places and {starts:,} beginnings for {size}"
        raise unsound(place, found)


def _leads_out(place: str, found: str) -> NotReadable:
    remedy = "Save it with all it holds; what lies in other files is not read, whoever made it."
    return _refused(place, found, remedy)


def _refused(place: str, found: str, remedy: str) -> NotReadable:
    where = f" in {_short(place.strip('/'))}" if place.strip("/") else ""
    return NotReadable(expected=f"content of the file itself{where}", found=found, remedy=remedy)


def _short(place: str) -> str:
    return place if len(place) <= 80 else f"{place[:77]}…"
