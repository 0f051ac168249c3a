"""What an AnnData holds that .h5ad cannot: put right, or left out, before work is put into it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from .. import keys
from .files import refused_by_h5ad
from .structure import MAPPINGS, named

if TYPE_CHECKING:
    from anndata import AnnData

_DEEPEST = 50
"""Mappings within mappings of ``uns``, up to which they are kept."""

_NO_NAME = "unnamed"
"""What a gene is called whose name is empty."""

_NAMED = 5
"""So many things are named in a sentence; the others are counted."""

_NUMBERS = "biufc"
"""Kinds of numbers that HDF5 holds as they are."""


def storable(adata: AnnData) -> tuple[AnnData, list[str]]:
    """An AnnData of the same matrices that can be written, and sentences on what is another now.

    The input is not changed. What is doubtful is written for a trial, in memory: of tables and
    lists all that is text, of arrays one row.
    """
    from anndata import AnnData

    with warnings.catch_warnings(), _Trial() as trial:
        warnings.simplefilter("ignore")  # what matters of it is said in our words
        parts: dict[str, Any] = {
            "obs": trial.table(adata.obs, "obs"),
            "var": trial.table(adata.var, "var"),
            "uns": trial.mapping(adata.uns, "uns"),
        }
        for name in (keys.UNS, keys.MODELS):
            if not isinstance(parts["uns"].get(name, {}), Mapping):
                trial.leave_out(f"uns[{name!r}]")  # no records of runs, or models
                del parts["uns"][name]
        parts |= {name: trial.matrices(named(adata, name), name) for name in MAPPINGS}
        found = AnnData(X=adata.X, **parts)
        if adata.raw is not None:
            var = trial.table(adata.raw.var, "raw.var")
            var.index = trial.unique(var.index)
            found.raw = AnnData(X=adata.raw.X, var=var, obs=parts["obs"], varm=adata.raw.varm)
        return found, trial.sentences()


class _Trial:
    """An HDF5 file in memory into which doubtful things are written, and what came of it."""

    def __init__(self) -> None:
        import h5py

        self._file = h5py.File("trial", "w", driver="core", backing_store=False)
        self._left_out: list[str] = []
        self._renamed: list[str] = []
        self._as_text: list[str] = []
        self._others: list[str] = []

    def __enter__(self) -> _Trial:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def leave_out(self, place: str) -> None:
        """Note what is not kept."""
        self._left_out.append(place)

    def sentences(self) -> list[str]:
        """What was changed, in words."""
        said = (
            ("Left out, because .h5ad cannot hold it: ", self._left_out),
            ("Under another name, because .h5ad cannot hold the one it had: ", self._renamed),
            ("Kept as text, because .h5ad cannot hold it otherwise: ", self._as_text),
        )
        return [begin + _listed(what) + "." for begin, what in said if what] + self._others

    def table(self, table: pd.DataFrame, place: str) -> pd.DataFrame:
        """A table whose columns, names and index can be written."""
        is_repeated = table.columns.duplicated()
        for name in table.columns[is_repeated].unique():
            self._others.append(f"{place} holds the column {name!r} twice; the first is kept.")
        columns: dict[str, Any] = {}
        for (label, series), is_extra in zip(table.items(), is_repeated, strict=True):
            if is_extra:
                continue
            column = self._column(series, f"{place}[{label!r}]")
            if column is not None:
                columns[self._name(label, columns, place, keeps_slash=True)] = column
        found = pd.DataFrame(columns, index=table.index.copy())
        found.index = self._index(found, place)
        if not any("/" in name for name in columns):
            return found
        if self._holds(found[:1].select_dtypes("number")):
            return found
        names = [self._name(name, (), place) for name in found]  # "S" and "S/G2" exclude each other
        return found.set_axis(names, axis=1)

    def mapping(
        self, mapping: Mapping[Any, Any], place: str, above: tuple[int, ...] = ()
    ) -> dict[str, Any]:
        """A mapping of ``uns`` with names and values that can be written; `above` hold it."""
        found: dict[str, Any] = {}
        within = (*above, id(mapping))
        for key, value in mapping.items():
            at = f"{place}[{key!r}]"
            if not isinstance(value, Mapping):
                kept = self._value(value, at)
            elif id(value) in within or len(within) > _DEEPEST:
                self.leave_out(at)
                continue
            else:
                kept = self.mapping(value, at, within)
            if kept is not None or value is None:
                found[self._name(key, found, place)] = kept
        return found

    def matrices(self, mapping: Mapping[Any, Any], place: str) -> dict[str, Any]:
        """Matrices, tables and arrays of one value per cell or gene."""
        found: dict[str, Any] = {}
        for key, value in mapping.items():
            at = f"{place}[{key!r}]"
            kept: Any = value
            if isinstance(value, pd.DataFrame):
                kept = self.table(value, at)
            elif not _is_plain(value) and not self._holds(value[:1]):
                self.leave_out(at)
                continue
            found[self._name(key, found, place)] = kept
        return found

    def unique(self, names: pd.Index[Any]) -> pd.Index[Any]:
        """The names of raw's genes; numbered where they are repeated."""
        from anndata.utils import make_index_unique

        if names.is_unique:
            return names
        n = len(names[names.duplicated()].unique())
        which = "1 gene name" if n == 1 else f"{n:,} gene names"
        self._others.append(f"raw holds {which} more than once; they are numbered (-1, -2, …).")
        unique: pd.Index[Any] = make_index_unique(names.astype(str))
        return unique

    def _value(self, value: Any, place: str) -> Any:
        """A value of ``uns``, perhaps as text; None if it is left out."""
        if isinstance(value, str):
            return _clean(value)
        if isinstance(value, os.PathLike):
            self._as_text.append(place)
            return _clean(os.fspath(value))
        if isinstance(value, pd.DataFrame):
            return self.table(value, place)
        if value is None or isinstance(value, bool | int | float | np.number) or _is_plain(value):
            is_huge = isinstance(value, int) and not -(2**63) <= value < 2**64
            return float(value) if is_huge else value
        value = list(value) if isinstance(value, tuple) else value
        if self._holds(value):
            return value
        self.leave_out(place)
        return None

    def _column(self, column: pd.Series[Any], place: str) -> Any:
        """One column of a table, perhaps as categories of text; None if it is left out.

        Text without a gap stays text, whatever pandas calls it; with a gap it is categories.
        """
        values: Any = column.values
        kind = values.dtype.kind
        if isinstance(values, np.ndarray) and kind in "biuf":
            return column
        if isinstance(values, pd.Categorical):
            names = values.categories
            if names.inferred_type == "string" and _are_clean(names):
                return column
            if self._holds(pd.Categorical(names)):
                return column
            self._as_text.append(place)
            return _relabelled(column)
        is_text = pd.api.types.infer_dtype(column, skipna=True) in ("string", "empty")
        if is_text:
            if not column.hasnans and _are_clean(column):
                return column.astype(object)  # text of pandas 3 would be written as "nullable"
        elif self._holds(values if kind == "O" else values[:1]):
            return column
        return self._as_categories(column, place, is_text=is_text)

    def _as_categories(self, column: pd.Series[Any], place: str, *, is_text: bool) -> Any:
        try:
            codes, values = pd.factorize(column)
        except TypeError:  # lists and arrays cannot be told apart
            values = pd.Index([()])
        if any(np.ndim(value) for value in values):
            self.leave_out(place)
            return None
        if not is_text:
            self._as_text.append(place)
        texts = np.array([*map(_text, values), None], dtype=object)  # −1 is the last
        return pd.Series(pd.Categorical(texts[codes]), index=column.index)

    def _index(self, table: pd.DataFrame, place: str) -> pd.Index[Any]:
        texts = [name if isinstance(name, str) else str(name) for name in table.index]
        if not _are_clean(texts):
            texts = [_clean(text) for text in texts]
        if texts.count("") == 1 and place != "obs":  # "" stands for no gene everywhere else
            texts[texts.index("")] = name = keys.free(_NO_NAME, set(texts))
            self._others.append(f"The gene without a name in {place} is called {name!r} here.")
        index = pd.Index(texts, dtype=object, name=table.index.name)
        if index.name is not None and (index.name in table.columns or index.name == "_index"):
            self._others.append(
                f"The index of {place} has the name of a column, {index.name!r}; it has none now."
            )
            index.name = None
        return index

    def _name(self, name: Any, taken: Any, place: str, *, keeps_slash: bool = False) -> str:
        """A name that HDF5 can hold, and that nothing else has."""
        text = _clean(str(name))
        if not keeps_slash:
            text = text.replace("/", "_")
        if text in ("", ".", "..", "_index"):
            text = f"{text.strip('.')}_"
        text = keys.free(text, taken)
        if text != name:
            self._renamed.append(f"{place}[{name!r}] is {text!r}")
        return text

    def _holds(self, value: Any) -> bool:
        """Whether a value can be written and read again."""
        from anndata.io import read_elem, write_elem

        refused: tuple[type[Exception], ...] = (*refused_by_h5ad(), IndexError, OSError)
        try:
            write_elem(self._file, "trial", value)
            read_elem(self._file["trial"])
        except refused:
            return False
        return True


def _is_plain(value: Any) -> bool:
    """Whether it is an array of numbers, which can always be written."""
    is_array = getattr(value, "format", "") in ("csr", "csc")
    if not sp.issparse(value):
        is_array = isinstance(value, np.ndarray)
    return is_array and value.dtype.kind in _NUMBERS


def _relabelled(column: pd.Series[Any]) -> Any:
    names = [_text(name) for name in column.cat.categories]
    if len(set(names)) == len(names):
        return column.cat.rename_categories(names)
    return pd.Series(pd.Categorical(column.astype(object).map(_text)), index=column.index)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    return _clean(str(value))


def _are_clean(texts: Iterable[str]) -> bool:
    whole = "".join(texts)
    return (whole.isascii() and "\0" not in whole) or _clean(whole) == whole


def _clean(text: str) -> str:
    """Text without what HDF5 cannot hold: NUL, and halves of characters."""
    return text.replace("\0", "").encode("utf-8", errors="replace").decode()


def _listed(what: list[str]) -> str:
    more = f" and {len(what) - _NAMED:,} more" if len(what) > _NAMED else ""
    return ", ".join(what[:_NAMED]) + more


def snapshot(adata: AnnData) -> AnnData:
    """The same arrays, and tables of its own: what is added later is not in it."""
    from anndata import AnnData

    same = AnnData(
        X=adata.X,
        obs=adata.obs.copy(),
        var=adata.var.copy(),
        uns=dict(adata.uns),
        **{name: named(adata, name) for name in MAPPINGS},
    )
    if adata.raw is not None:
        same.raw = AnnData(X=adata.raw.X, var=adata.raw.var.copy(), varm=dict(adata.raw.varm))
    return same
