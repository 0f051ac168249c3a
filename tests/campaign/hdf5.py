"""Changes inside an HDF5 file, one at a time, as a broken writer would make them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .case import Case, Make, Want, tried
from .sound import content

Change = Callable[[h5py.File], object]
TEXT = h5py.string_dtype("utf-8")
PLAIN = {"encoding-type": "array", "encoding-version": "0.2.0"}


def changed(kind: str, *changes: Change) -> Make:
    """A sound file in which something is changed."""

    def make(folder: Path) -> None:
        path = folder / "in.h5ad"
        path.write_bytes(content(kind))
        with h5py.File(path, "r+") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for change in changes:
                change(file)

    return make


def broken(
    cls: str, name: str, *changes: Change, kind: str = "plain", want: Want = "refused", **more: Any
) -> list[Case]:
    """A sound file in which something is changed, tried in the usual ways."""
    return tried(cls, name, changed(kind, *changes), want, **more)


def attributes(place: str, **values: Any) -> Change:
    """Set attributes; None removes one; underscores within a name stand for dashes."""

    def change(file: h5py.File) -> None:
        for key, value in values.items():
            name = key if key.startswith("_") else key.replace("_", "-")
            if value is None:
                del file[place].attrs[name]
            else:
                file[place].attrs[name] = value

    return change


def without(place: str) -> Change:
    """Remove."""

    def change(file: h5py.File) -> None:
        del file[place]

    return change


def dataset(
    place: str, value: Any = None, said: dict[str, str] | None = None, **how: Any
) -> Change:
    """Put a dataset there, with the encoding of what was there before, if `said` names no other."""

    def change(file: h5py.File) -> None:
        kept = PLAIN
        if place in file:
            if isinstance(file[place], h5py.Dataset):
                kept = dict(file[place].attrs)
            del file[place]
        filled = {} if value is None else {"data": value}
        new = file.create_dataset(place, **filled, **how)
        for name, word in (kept if said is None else said).items():
            new.attrs[name] = word

    return change


def edited(place: str, how: Callable[[np.ndarray], Any]) -> Change:
    """Put a dataset there that is made from the one before."""
    return lambda file: dataset(place, how(file[place][:]))(file)


def dense(value: Any, **how: Any) -> Change:
    """Counts as an array."""
    return dataset("X", value, PLAIN, **how)


def scalar(place: str, value: Any) -> Change:
    """A single value with the encoding of its own type."""
    kind = "string" if isinstance(value, str) else "array" if np.ndim(value) else "numeric-scalar"
    return dataset(place, value, {"encoding-type": kind, "encoding-version": "0.2.0"})


def number_at(place: str) -> Change:
    """A bare number, such as no writer of AnnData leaves."""
    return dataset(place, 3, {})
