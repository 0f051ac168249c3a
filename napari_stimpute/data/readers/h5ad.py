"""Read an .h5ad file, with clear errors."""

from __future__ import annotations

import errno
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import NotReadable, OutOfMemory, StimputeError
from ..files import full_path, unknown_to_anndata
from ..genes import check_unique_names
from ..structure import check_all_sparse
from . import ENDINGS
from .elements import read_elements
from .heaps import has_broken_heap
from .survey import encoding_of, survey

if TYPE_CHECKING:
    import h5py
    from anndata import AnnData


_ENCODINGS = ("anndata", "raw", "")
"""What an AnnData file may say of itself, in lower case."""
_DAMAGED, _AGAIN = "a damaged file", "Copy or download it again."


def read(path: str | os.PathLike[str]) -> AnnData:
    """Open an .h5ad file into memory.

    Raises
    ------
    NotReadable : missing, a folder, another kind of file, empty, truncated, damaged, not an
        AnnData, or without cells or genes; or it leads to other files, or needs a package
    OutOfMemory : there is too little memory for it
    DuplicateNames : two cells or two genes share a name
    """
    return read_with_notes(path)[0]


def read_with_notes(path: str | os.PathLike[str]) -> tuple[AnnData, list[str]]:
    """As `read`, with sentences on what was left out or put right."""
    file = full_path(path, NotReadable)
    _check_file(file)
    adata, notes = _read_hdf5(file)
    if 0 in adata.shape:
        raise NotReadable(
            expected="at least one cell and one gene",
            found=f"{adata.n_obs:,} cells and {adata.n_vars:,} genes in {file.name}",
            remedy="Check the step that wrote it; perhaps a filter removed everything.",
        )
    check_unique_names(adata)
    return adata, notes


def _check_file(file: Path) -> None:
    if file.is_symlink() and not file.exists():
        raise _not_readable(file, "a link to a file that is gone", "Check what it should lead to.")
    if not file.exists():
        raise _not_readable(file, "no such file", "Check the path.")
    if file.is_dir():
        raise _not_readable(file, "a folder", "Choose a file with the ending .h5ad.")
    if not os.access(file, os.R_OK):
        raise _not_readable(file, "no permission to read it", "Ask its owner for access.")
    if file.suffix not in ENDINGS:
        remedy = f"Files ending in {', '.join(ENDINGS)} can be read; save with adata.write_h5ad(…)."
        raise _not_readable(file, f"the ending {file.suffix!r}", remedy)
    if file.stat().st_size == 0:
        raise _not_readable(file, "an empty file (0 bytes)", _AGAIN)


def _read_hdf5(file: Path) -> tuple[AnnData, list[str]]:
    import h5py

    if not h5py.is_hdf5(file):
        raise _not_readable(
            file, "a file that is not HDF5, in spite of its ending", "Check where it came from."
        )
    try:
        if has_broken_heap(file):
            raise _not_readable(file, _DAMAGED, _AGAIN)
        with h5py.File(file, "r") as content, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what matters of it is said in our words
            _check_kind(file, content)
            survey(content)
            return (_read_old(file), []) if _is_old(content) else read_elements(content)
    except MemoryError as error:
        raise _too_large(file) from error
    except (OSError, RuntimeError) as error:
        raise _in_words(file, error) from error


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
        raise _not_readable(
            file,
            f"an HDF5 file that is not an AnnData (it holds {listed})",
            "Save it with anndata: adata.write_h5ad(…).",
        )


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
        raise _not_readable(file, found, _AGAIN) from error
    check_all_sparse(adata)
    return adata


def _in_words(file: Path, error: OSError | RuntimeError) -> StimputeError:
    """What a failure of HDF5 itself means."""
    text = str(error)
    if "unable to lock" in text or error.args[:1] == (errno.EAGAIN,):
        remedy = "Close it there, or wait until it is written, and open it again."
        return _not_readable(file, "that another program has it open for writing", remedy)
    if "alloc" in text or "memory" in text:
        return _too_large(file)
    return _not_readable(file, "a truncated file" if "truncated" in text else _DAMAGED, _AGAIN)


def _too_large(file: Path) -> OutOfMemory:
    return OutOfMemory(
        expected=f"enough free memory to read {file}",
        found="too little",
        remedy="Close other programs, or use a machine with more; the file itself may be sound.",
    )


def _not_readable(file: Path, found: str, remedy: str) -> NotReadable:
    return NotReadable(expected=f"an .h5ad file at {file}", found=found, remedy=remedy)
