"""Read an .h5ad file, with clear errors."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import NotReadable
from ..files import unknown_to_anndata
from ..genes import check_unique_names
from . import ENDINGS

if TYPE_CHECKING:
    from anndata import AnnData


def read(path: str | os.PathLike[str]) -> AnnData:
    """Open an .h5ad file into memory.

    Raises
    ------
    NotReadable : missing, a folder, another kind of file, empty, truncated, damaged, not an
        AnnData, or without cells or genes
    DuplicateNames : two cells or two genes share a name
    """
    file = Path(path).expanduser()
    _check_file(file)
    _check_hdf5(file)
    adata = _read_h5ad(file)
    if 0 in adata.shape:
        raise NotReadable(
            expected="at least one cell and one gene",
            found=f"{adata.n_obs:,} cells and {adata.n_vars:,} genes in {file.name}",
            remedy="Check the step that wrote it; perhaps a filter removed everything.",
        )
    check_unique_names(adata)
    return adata


def _check_file(file: Path) -> None:
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
        raise _not_readable(file, "an empty file (0 bytes)", "Copy or download it again.")


def _check_hdf5(file: Path) -> None:
    """Refuse what is not HDF5, is cut off, or is HDF5 of another kind."""
    import h5py

    if not h5py.is_hdf5(file):
        raise _not_readable(
            file, "a file that is not HDF5, in spite of its ending", "Check where it came from."
        )
    try:
        with h5py.File(file, "r") as content:
            groups = list(content)
    except (OSError, RuntimeError) as error:
        found = "a truncated file" if "truncated" in str(error) else f"a damaged file ({error})"
        raise _not_readable(file, found, "Copy or download it again.") from error
    if not {"obs", "var"} <= set(groups):
        listed = ", ".join(groups[:5]) or "nothing"
        raise _not_readable(
            file,
            f"an HDF5 file that is not an AnnData (it holds {listed})",
            "Save it with anndata: adata.write_h5ad(…).",
        )


def _read_h5ad(file: Path) -> AnnData:
    from anndata.io import read_h5ad

    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".* names are not unique")  # we refuse them
            return read_h5ad(file)
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        found = (
            f"a damaged file ({str(error).splitlines()[0] if str(error) else type(error).__name__})"
        )
        raise _not_readable(file, found, "Copy or download it again.") from error
    except unknown_to_anndata() as error:
        remedy = "Open and save it with a newer anndata, or download it again."
        raise _not_readable(file, "an element that anndata does not know", remedy) from error


def _not_readable(file: Path, found: str, remedy: str) -> NotReadable:
    return NotReadable(expected=f"an .h5ad file at {file}", found=found, remedy=remedy)
