"""Open HDF5 of any kind, and say what its failures mean."""

from __future__ import annotations

import errno
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import OutOfMemory, StimputeError
from .heaps import has_broken_heap
from .reading import not_readable

if TYPE_CHECKING:
    import h5py

DAMAGED, AGAIN = "a damaged file", "Copy or download it again."
"""What was found, and what to do about it."""


@contextmanager
def opened_hdf5(file: Path, title: str) -> Iterator[h5py.File]:
    """An HDF5 file to read from; `survey` it before what it describes is believed.

    Parameters
    ----------
    title : what it is expected to be, in words ("an .h5ad file")

    Raises
    ------
    NotReadable : not HDF5, truncated, damaged, or open for writing elsewhere
    OutOfMemory : there is too little memory for what is read
    """
    import h5py

    if not h5py.is_hdf5(file):
        found = "a file that is not HDF5, in spite of its ending"
        raise not_readable(file, found, "Check where it came from.", title)
    with in_words(file, title):
        if has_broken_heap(file):
            raise not_readable(file, DAMAGED, AGAIN, title)
        with h5py.File(file, "r") as content, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what matters of it is said in our words
            yield content


@contextmanager
def in_words(file: Path, title: str) -> Iterator[None]:
    """While values of a file are read: what goes wrong is raised as `opened_hdf5` says."""
    try:
        yield
    except MemoryError as error:
        raise too_large(file) from error
    except (OSError, RuntimeError) as error:
        raise _said(file, error, title) from error


@contextmanager
def unchanged(file: Path, title: str, before: State) -> Iterator[None]:
    """While a file or a store is opened more than once: that it became another is `NotReadable`.

    Parameters
    ----------
    before : its `state_of` before it was opened first
    """
    fault = None
    try:
        yield
    except (StimputeError, LookupError, TypeError, ValueError) as error:
        fault = error
    if (after := state_of(file)) != before:
        found = "that another program changed it while it was read"
        remedy = "Wait until it is written, and open it again."
        if after is None:
            found = "that it was removed or renamed while it was read"
            remedy = "Put it back, and open it again."
        raise not_readable(file, found, remedy, title) from fault
    if fault is not None:
        raise fault


State = tuple[tuple[int, int, int], ...] | None


def state_of(place: Path) -> State:
    """What tells a file or a store from what it becomes by writing; None if it is gone."""
    try:
        inside = sorted(place.rglob("*")) if place.suffix == ".zarr" and place.is_dir() else []
        return tuple(
            (now.st_ino, now.st_size, now.st_mtime_ns)
            for now in (file.stat() for file in (place, *inside))
        )
    except OSError:
        return None


def _said(file: Path, error: OSError | RuntimeError, title: str) -> StimputeError:
    """What a failure of HDF5 itself means."""
    text = str(error)
    if "unable to lock" in text or error.args[:1] == (errno.EAGAIN,):
        remedy = "Close it there, or wait until it is written, and open it again."
        return not_readable(file, "that another program has it open for writing", remedy, title)
    if "alloc" in text or "memory" in text:
        return too_large(file)
    found = "a truncated file" if "truncated" in text else DAMAGED
    return not_readable(file, found, AGAIN, title)


def too_large(file: Path) -> OutOfMemory:
    """The error for a file that memory is too little for."""
    return OutOfMemory(
        expected=f"enough free memory to read {file}",
        found="too little",
        remedy="Close other programs, or use a machine with more; the file itself may be sound.",
    )
