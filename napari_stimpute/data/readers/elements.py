"""Read an AnnData element by element, so that what is wrong with one is said of that one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ... import keys
from ...errors import NotReadable
from ..files import unknown_to_anndata
from ..lazy import CHUNK
from ..structure import MAPPINGS, check_sparse, signed
from .survey import SPARSE, encoding_of

if TYPE_CHECKING:
    import h5py
    from anndata import AnnData

_AXES = {
    "layers": ("obs", "var"),
    "obsm": ("obs",),
    "varm": ("var",),
    "obsp": ("obs", "obs"),
    "varp": ("var", "var"),
}
"""What the sides of an array in each mapping stand for."""

_FAULTS = (KeyError, ValueError, TypeError, AttributeError, RuntimeError, IndexError)
"""What anndata, pandas and h5py raise for content that is not what it should be."""


def read_elements(file: h5py.File) -> tuple[AnnData, list[str]]:
    """Read all of a file that was surveyed; sentences say what was left out or put right.

    Raises
    ------
    NotReadable : what is wrong, and in which element
    MemoryError, OSError : as HDF5 has them
    """
    reader = _Reader(file)
    return reader.adata(), reader.notes


def read_around(file: h5py.File) -> tuple[AnnData, list[str]]:
    """As `read_elements`, but the matrices stay in the file: dask arrays, read when computed.

    Those are X, the layers and raw. What has as many rows and columns as there are cells, or genes,
    is left out.
    """
    reader = _AroundMatrices(file)
    return reader.adata(), reader.notes


def around_backed(adata: AnnData, file: h5py.File) -> tuple[AnnData, list[str]]:
    """As `read_around`, of an AnnData that is backed by a file: X and raw alone are in it."""
    from anndata import AnnData

    raw = None
    if adata.raw is not None and "raw/X" in file:
        genes = {"var": adata.raw.var.copy(), "varm": deepcopy(dict(adata.raw.varm))}
        raw = {"X": in_file(file["raw/X"]), **genes}
    layers = {name: _in_parts(layer) for name, layer in adata.layers.items()}
    around = {name: deepcopy(dict(getattr(adata, name))) for name in ("obsm", "varm", "uns")}
    left = [f"{name}/{key}" for name in ("obsp", "varp") for key in getattr(adata, name)]
    notes = [f"{place} was left out: {_NOT_ALL}." for place in left]
    tables = {"obs": adata.obs.copy(), "var": adata.var.copy()}
    x = None if "X" not in file else in_file(file["X"])
    return AnnData(X=x, raw=raw, layers=layers, **tables, **around), notes


def is_matrix(item: h5py.Group | h5py.Dataset) -> bool:
    """Whether an element is of the kind that can stay in the file."""
    values = item if encoding_of(item) == "array" else item.get("data")
    kinds = (*SPARSE, "array")
    return encoding_of(item) in kinds and values.dtype != np.float16  # scipy knows no such sparse


class _Reader:
    def __init__(self, file: h5py.File) -> None:
        self.notes: list[str] = []
        self._file = file

    def adata(self) -> AnnData:
        from anndata import AnnData

        obs, var = self._table("obs"), self._table("var")
        parts: dict[str, Any] = {"X": self._read("X"), "uns": self._uns()}
        parts |= {name: self._mapping(name) for name in MAPPINGS}
        _check_shapes(parts, {"obs": len(obs), "var": len(var)})
        parts["raw"] = self._raw(len(obs))
        try:
            return AnnData(obs=obs, var=var, **parts)
        except _FAULTS as error:
            found = "parts that do not fit each other"
            raise _damaged("/", found) from error

    def _read(self, path: str) -> Any:
        """Read one element; None where there is none."""
        item = self._file.get(path)
        if item is None:
            return None
        try:
            return self._dispatched(item)
        except unknown_to_anndata() as error:
            remedy = "Open and save the file with a newer anndata, or download it again."
            found = "an element that anndata does not know"
            raise NotReadable(
                expected=f"an element of AnnData in {path}", found=found, remedy=remedy
            ) from error

    def _dispatched(self, item: Any) -> Any:
        from anndata.experimental import read_dispatched

        return read_dispatched(item, self._element)

    def _element(self, read: Callable[[Any], Any], _name: str, item: Any, *, iospec: Any) -> Any:
        """Read one element, in place of anndata's own way."""
        if iospec.encoding_type in SPARSE and item["data"].dtype == np.float16:
            value = _half_as_single(item)  # scipy knows no half precision
        elif _is_mapping(item, iospec) and item.name.startswith("/uns"):
            value = {key: self._kept(item, key) for key in item}
            return {key: part for key, part in value.items() if part is not _LEFT_OUT}
        else:
            try:
                value = read(item)
            except UnicodeDecodeError:
                value = self._other_text(item)
            except _FAULTS as error:
                raise _damaged(item.name, _what_is_wrong(error)) from error
        check_sparse(value, item.name.strip("/"))
        return signed(value) if iospec.encoding_type in SPARSE else value

    def _other_text(self, item: Any) -> Any:
        """Read text of which a part is not UTF-8, as older Windows programs write it."""
        place = item.name.strip("/")
        self.notes.append(f"{place} holds text that is not UTF-8; it was read as Latin-1.")
        texts = np.asarray(item[()], dtype=object)
        found = np.empty(texts.shape, dtype=object)
        for at, text in np.ndenumerate(texts):
            found[at] = _decoded(text)
        return found if found.ndim else found[()]

    def _kept(self, group: h5py.Group, key: str) -> Any:
        """Read what a mapping holds under a key, or leave it out and say so."""
        place, item = f"{group.name}/{key}".strip("/"), group.get(key)
        if item is None:
            return self._leave_out(place, "it leads nowhere")
        try:
            return self._dispatched(item)
        except ImportError as error:
            return self._leave_out(place, f"reading it needs the package {error.name}")
        except unknown_to_anndata():
            return self._leave_out(place, "it is of a kind that is not known here")
        except NotReadable:
            if not place.startswith("uns/"):
                raise
            return self._leave_out(place, "it is damaged")

    def _leave_out(self, place: str, why: str) -> object:
        self.notes.append(f"{place} was left out: {why}.")
        return _LEFT_OUT

    def _uns(self) -> dict[str, Any]:
        found = self._read("uns") if "uns" in self._file else {}
        if isinstance(found, Mapping):
            return dict(found)
        self._leave_out("uns", "it holds no names")
        return {}

    def _mapping(self, name: str) -> dict[str, Any]:
        """Read the matrices of a mapping; a "/" in a name made groups of it, which are undone."""
        import h5py

        group = self._file.get(name)
        if group is None or _is_none(group):
            return {}
        if not isinstance(group, h5py.Group):
            raise _damaged(name, "a single value instead of named matrices")
        read = {key: self._kept(group, key) for key in group}
        found = {k: v for k, v in read.items() if v is not _LEFT_OUT}
        for key in [key for key, value in found.items() if isinstance(value, Mapping)]:
            for inner, matrix in _flat(found.pop(key), key):
                new = keys.free(inner.replace("/", "_"), found)
                found[new] = matrix
                self.notes.append(f"{name}[{inner!r}] is called {new!r} here: no name holds “/”.")
        return found

    def _table(self, name: str) -> pd.DataFrame:
        table = self._read(name)
        if not isinstance(table, pd.DataFrame):
            raise _damaged(name, "something that is not a table")
        return table

    def _raw(self, n_cells: int) -> dict[str, Any] | None:
        import h5py

        group = self._file.get("raw")
        if group is None or _is_none(group):
            return None
        if not isinstance(group, h5py.Group) or not {"X", "var"} <= set(group):
            self._leave_out("raw", "it holds no values, or no genes")
            return None
        raw = {"X": self._read("raw/X"), "var": self._table("raw/var")}
        if np.shape(raw["X"]) != (n_cells, len(raw["var"])):
            raise _misfit("raw", np.shape(raw["X"]), (n_cells, len(raw["var"])))
        return raw | {"varm": self._mapping("raw/varm")}


def _is_none(group: Any) -> bool:
    """Whether an element stands for None, which anndata can write."""
    return bool(group.attrs.get("encoding-type") == "null")


class _AroundMatrices(_Reader):
    """Reads all but matrices of cells × genes."""

    def _dispatched(self, item: Any) -> Any:
        if item.name.startswith(("/obsp/", "/varp/")):
            place = item.name.strip("/")
            return self._leave_out(place, _NOT_ALL)
        return in_file(item) if stays(item) else super()._dispatched(item)


def stays(item: Any) -> bool:
    """Whether an element is a matrix of cells × genes, which can stay in its file or store."""
    is_there = item.name in ("/X", "/raw/X") or item.name.startswith("/layers/")
    return is_there and is_matrix(item)


def in_file(item: Any) -> Any:
    """A matrix that is read when it is computed, in chunks along the side by which it lies."""
    from anndata.experimental import read_elem_lazy

    is_dense = encoding_of(item) == "array"
    shape = tuple(int(n) for n in (item.shape if is_dense else item.attrs["shape"]))
    axis = 1 if encoding_of(item) == "csc_matrix" else 0
    n_values = math.prod(shape) if is_dense else item["data"].size
    step = max(1, CHUNK * shape[axis] // max(1, n_values))
    sizes = [min(step, n) if side == axis else n for side, n in enumerate(shape)]
    return read_elem_lazy(item, chunks=tuple(sizes))


def _in_parts(matrix: Any) -> Any:
    """A matrix in memory as one that is read in chunks."""
    from dask.array import from_array

    n_obs, n_vars = matrix.shape
    rows = max(1, CHUNK * n_obs // max(1, getattr(matrix, "nnz", n_obs * n_vars)))
    return from_array(matrix, chunks=(min(rows, n_obs), n_vars), asarray=False)


_NOT_ALL = "the file is worked on without loading all of it"

_LEFT_OUT = object()
"""In place of a value that was not read."""


def _check_shapes(parts: Mapping[str, Any], lengths: Mapping[str, int]) -> None:
    wanted: list[tuple[str, Any, tuple[str, ...]]] = []
    if parts["X"] is not None:
        wanted.append(("X", parts["X"], ("obs", "var")))
    for mapping, axes in _AXES.items():
        wanted += [(f"{mapping}[{k!r}]", v, axes) for k, v in parts[mapping].items()]
    for place, value, axes in wanted:
        shape, expected = np.shape(value) or (), tuple(lengths[axis] for axis in axes)
        if shape[: len(expected)] != expected or (len(expected) == 2 != len(shape)):
            raise _misfit(place, shape, expected)


def _is_mapping(item: Any, spec: Any) -> bool:
    import h5py

    is_plain = spec.encoding_type in ("dict", "") and "h5sparse_format" not in item.attrs
    return isinstance(item, h5py.Group) and is_plain


def _half_as_single(item: h5py.Group) -> Any:
    import scipy.sparse as sp

    values: Any = item["data"][...].astype(np.float32)
    shape: Any = tuple(int(n) for n in item.attrs["shape"])
    kind: Any = sp.csr_matrix if encoding_of(item) == "csr_matrix" else sp.csc_matrix
    matrix = kind(shape, dtype=np.float32)
    matrix.data, matrix.indices, matrix.indptr = values, item["indices"][...], item["indptr"][...]
    return matrix


def _flat(mapping: Mapping[str, Any], above: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in mapping.items():
        name = f"{above}/{key}"
        found += _flat(value, name) if isinstance(value, Mapping) else [(name, value)]
    return found


def _misfit(place: str, shape: tuple[int, ...], expected: tuple[int, ...]) -> NotReadable:
    sizes = [" × ".join(f"{n:,}" for n in size) or "a single value" for size in (shape, expected)]
    return NotReadable(
        expected=f"{sizes[1]} values in {place}, as obs and var say",
        found=sizes[0],
        remedy="Check the step that wrote the file.",
    )


def _damaged(place: str, found: str) -> NotReadable:
    where = place.strip("/") or "the file"
    return NotReadable(
        expected=f"sound content in {where}", found=found, remedy="Copy or download it again."
    )


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1")


def _what_is_wrong(error: Exception) -> str:
    if isinstance(error, KeyError):
        return "that a part of it is missing"
    return "damage" if isinstance(error, ValueError) else "values of another kind than it says"
