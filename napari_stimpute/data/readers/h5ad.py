"""Read an .h5ad file, with clear errors."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import NotReadable
from ...memory import free_memory
from ...words import memory
from ..files import unknown_to_anndata
from ..structure import MAPPINGS, check_all_sparse
from .elements import around_backed, read_around, read_elements
from .found import Found, Options, Question
from .hdf5 import AGAIN, opened_hdf5
from .reading import not_readable
from .survey import encoding_of, survey

if TYPE_CHECKING:
    import h5py
    import zarr
    from anndata import AnnData


_ENCODINGS = ("anndata", "raw", "")
"""What an AnnData file may say of itself, in lower case."""
_TITLE = "an .h5ad file"

LOADED, EVERYTHING, CHOSEN_GENES, ON_DISK = "load", "all", "genes", "disk"
"""Name of the question how much is loaded, and its answers."""

LARGE = 2**30
"""Bytes from which that is a question."""


def read(path: Path, options: Options) -> Found:
    """Read an .h5ad file into memory; or, if it is too large, all but its matrices.

    A large one can be read in other ways: ``load`` is "all", "genes" or "disk".
    """
    with opened_hdf5(path, _TITLE) as content:
        _check_kind(path, content)
        survey(content)
        if _is_old(content):
            return Found(_read_old(path))
        question = how_much(content, options)
        read = read_elements if question.answer == EVERYTHING else read_around
        return Found(*read(content), (question,) if is_asked(content, options) else ())


def read_backed(adata: AnnData, options: Options) -> Found:
    """What an AnnData that is backed by an .h5ad file holds, a large one as `read` does.

    The AnnData itself stays as it is; what it holds in memory counts, not what its file does.
    """
    path = Path(str(adata.filename))
    with opened_hdf5(path, _TITLE) as content:
        survey(content)
        if how_much(content, options).answer == EVERYTHING:
            found = adata.to_memory()
            check_all_sparse(found)
            return Found(found)
        return Found(*around_backed(adata, content))


def is_asked(content: h5py.File | zarr.Group, options: Options) -> bool:
    """Whether it is a question how much of a file is loaded."""
    return LOADED in options or _memory_for(content) >= LARGE


def how_much(content: h5py.File | zarr.Group, options: Options) -> Question:
    """Whether all is loaded, or chosen genes alone, and where to; what fits is usual."""
    needed = _memory_for(content)
    choices = [
        (EVERYTHING, f"everything, about {memory(needed)} of memory"),
        (CHOSEN_GENES, "the counts of the chosen genes; all else stays in the file"),
        (ON_DISK, "the counts of the chosen genes, put on disk and read from there in blocks"),
    ]
    usual = EVERYTHING if needed <= max(LARGE, free_memory()) else CHOSEN_GENES
    help = f"Whether all is loaded; {memory(free_memory())} of memory are free."
    return Question.of(LOADED, "Loaded", choices, options, usual, help)


def _memory_for(content: h5py.File | zarr.Group) -> int:
    """Bytes that opening all of a file takes, about: its matrices, and the largest twice more."""
    places = [content.get(name) for name in ("X", "raw/X", *MAPPINGS)]
    sizes = [_n_bytes(item) for place in places if place is not None for item in _parts(place)]
    return sum(sizes) + 2 * max(sizes, default=0)


def _parts(place: Any) -> list[Any]:
    """What is read at once: a matrix, or each of a mapping; one written as None is an array."""
    is_one = hasattr(place, "dtype") or "encoding-type" in place.attrs
    is_mapping = not is_one or place.attrs.get("encoding-type") == "dict"
    return [place[name] for name in place] if is_mapping else [place]


def _n_bytes(item: Any) -> int:
    """What an element of a file or a store takes in memory, unpacked."""
    if hasattr(item, "dtype"):
        return math.prod(item.shape or (0,)) * int(item.dtype.itemsize)
    return sum(_n_bytes(item[name]) for name in item)


def _check_kind(file: Path, content: h5py.File) -> None:
    """Refuse HDF5 of another kind."""
    groups = list(content)
    if encoding_of(content) == "MuData" or "mod" in groups:
        modalities = list(content["mod"]) if "mod" in groups else []
        listed = ", ".join(modalities) or "none"
        one = modalities[0] if modalities else "rna"
        remedy = f"Save one: mudata.read_h5mu({file.name!r})[{one!r}].write_h5ad('{one}.h5ad')."
        raise _not_readable(file, f"a MuData file with the modalities {listed}", remedy)
    if not {"obs", "var"} <= set(groups) or encoding_of(content).lower() not in _ENCODINGS:
        listed = ", ".join(groups[:5]) or "nothing"
        remedy = "Save it with anndata: adata.write_h5ad(…)."
        if "barcodes" in content.get("matrix", ()):
            remedy = "It looks like a 10x matrix: give it the ending .h5."
        elif {"row_attrs", "col_attrs"} <= set(groups):
            remedy = "It looks like a loom file: give it the ending .loom."
        found = f"an HDF5 file that is not an AnnData (it holds {listed})"
        raise _not_readable(file, found, remedy)


def _is_old(content: h5py.File) -> bool:
    """Whether anndata before 0.7 wrote it: tables were single datasets, raw had names with dots."""
    import h5py

    return "raw.X" in content or any(isinstance(content[k], h5py.Dataset) for k in ("obs", "var"))


def _read_old(file: Path) -> AnnData:
    from anndata.io import read_h5ad

    try:
        adata = read_h5ad(file)
    except (KeyError, ValueError, TypeError, AttributeError, unknown_to_anndata()) as error:
        found = "the layout of anndata before 0.7, with damage"
        raise _not_readable(file, found, AGAIN) from error
    check_all_sparse(adata)
    return adata


def _not_readable(file: Path, found: str, remedy: str) -> NotReadable:
    return not_readable(file, found, remedy, _TITLE)
