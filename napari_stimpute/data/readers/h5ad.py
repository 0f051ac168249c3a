"""Read an .h5ad file, with clear errors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import NotReadable
from ..files import unknown_to_anndata
from ..structure import check_all_sparse
from .elements import read_elements
from .found import Found, Options
from .hdf5 import AGAIN, opened_hdf5
from .reading import not_readable
from .survey import encoding_of, survey

if TYPE_CHECKING:
    import h5py
    from anndata import AnnData


_ENCODINGS = ("anndata", "raw", "")
"""What an AnnData file may say of itself, in lower case."""
_TITLE = "an .h5ad file"


def read(path: Path, options: Options) -> Found:
    """Read an .h5ad file into memory; it leaves nothing to choose."""
    with opened_hdf5(path, _TITLE) as content:
        _check_kind(path, content)
        survey(content)
        if _is_old(content):
            return Found(_read_old(path))
        return Found(*read_elements(content))


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
