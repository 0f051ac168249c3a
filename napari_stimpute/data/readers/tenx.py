"""Read counts as 10x Genomics writes them: a feature-barcode matrix in HDF5, or a folder with mtx.

Formats: "Feature-barcode matrices" in the documentation of Cell Ranger; version 2 (genes) and
version 3 (features).
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from ...errors import NotReadable
from .found import Found, Options
from .hdf5 import AGAIN, opened_hdf5
from .names import some_genes, tell_genes_apart, values_of
from .reading import not_readable
from .survey import survey

if TYPE_CHECKING:
    import h5py
    from anndata import AnnData

_EXPRESSION = "Gene Expression"
_TITLE = "a 10x feature-barcode matrix"
_PARTS = {
    "matrix": ("matrix.mtx",),
    "barcodes": ("barcodes.tsv",),
    "features": ("features.tsv", "genes.tsv"),
}


def read(path: Path, options: Options) -> Found:
    """Read a 10x ``.h5`` file, or a folder with ``matrix.mtx``; only the genes of it.

    Raises
    ------
    NotReadable : another kind of HDF5, damaged, a part missing, parts that do not fit together, or
        cells of several samples by one name
    """
    adata = _of_folder(path) if path.is_dir() else _of_hdf5(path)
    return Found(*_genes_only(adata))


def library_of(file: Path) -> str:
    """What the only library of a ``.h5`` file is called; "" if that is not told."""
    if file.is_dir():
        return ""
    with opened_hdf5(file, _TITLE) as content:
        names = np.ravel(content.attrs.get("library_ids", ""))
    name = names[0] if len(names) == 1 else ""
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)


# ---- HDF5 --------------------------------------------------------------------------------------


def _of_hdf5(file: Path) -> AnnData:
    try:
        with opened_hdf5(file, _TITLE) as content:
            survey(content)
            is_newer = "matrix" in content
            return (_of_version_3 if is_newer else _of_version_2)(file, content)
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise _not_readable(file, f"a part that is damaged or missing ({error})", AGAIN) from error


def _of_version_3(_file: Path, content: h5py.File) -> AnnData:
    group = content["matrix"]
    features = group["features"]
    var = pd.DataFrame(
        {
            "gene_ids": values_of(features["id"]),
            "feature_types": values_of(features["feature_type"]),
            **({"genome": values_of(features["genome"])} if "genome" in features else {}),
        },
        index=values_of(features["name"]),
    )
    return _adata(group, var)


def _of_version_2(file: Path, content: h5py.File) -> AnnData:
    genomes = [name for name in content if "barcodes" in content[name] and "genes" in content[name]]
    if not genomes:
        held, remedy = ", ".join(list(content)[:5]) or "nothing", "Choose another file."
        if {"obs", "var"} <= set(content):
            remedy = "It looks like an AnnData file: give it the ending .h5ad."
        raise _not_readable(file, f"HDF5 of another kind (it holds {held})", remedy)
    if len(genomes) > 1:
        raise _not_readable(
            file, f"the genomes {', '.join(genomes)}", "Save one of them as an .h5ad file."
        )
    group = content[genomes[0]]
    ids = {"gene_ids": values_of(group["genes"])}
    return _adata(group, pd.DataFrame(ids, index=values_of(group["gene_names"])))


def _adata(group: h5py.Group, var: pd.DataFrame) -> AnnData:
    from anndata import AnnData

    n_genes, n_cells = (int(n) for n in group["shape"][:])
    fits = max(n_genes, n_cells, len(group["data"])) < 2**31
    kind = np.int32 if fits else np.int64  # of whole numbers on disk, which take twice the memory
    parts = (
        group["data"].astype(np.float32)[:],
        *(group[n].astype(kind)[:] for n in ("indices", "indptr")),
    )
    # its columns are cells: the same three arrays are rows of the transpose
    counts = sp.csr_matrix(parts, shape=(n_cells, n_genes))
    counts.check_format(full_check=True)
    return AnnData(counts, pd.DataFrame(index=values_of(group["barcodes"])), var)


# ---- a folder ----------------------------------------------------------------------------------


def _of_folder(folder: Path) -> AnnData:
    """Names may begin alike, as those in public archives do: ``GSM1_matrix.mtx.gz``."""
    from anndata import AnnData
    from scipy.io import mmread

    files = {part: _part(folder, part) for part in _PARTS}
    try:
        counts = sp.csr_matrix(mmread(files["matrix"], spmatrix=False).T)
        barcodes, features = _table(files["barcodes"]), _table(files["features"])
    except (
        OSError,
        EOFError,
        ValueError,
        OverflowError,
        zlib.error,
        pd.errors.ParserError,
    ) as error:
        raise _not_readable(folder, f"a damaged file ({error})", AGAIN) from error
    if counts.shape != (len(barcodes), len(features)):
        found = (
            f"{counts.shape[1]:,} × {counts.shape[0]:,} values, {len(features):,} features and "
            f"{len(barcodes):,} barcodes"
        )
        raise _not_readable(folder, found, "Check that the three files are of one sample.")
    names = features[1] if 1 in features else features[0]
    var = pd.DataFrame({"gene_ids": features[0].to_numpy()}, index=names.to_list())
    if 2 in features:
        var["feature_types"] = features[2].to_numpy()
    return AnnData(counts, pd.DataFrame(index=barcodes[0].to_list()), var)


def _part(folder: Path, part: str) -> Path:
    """The only file of a part, packed or not."""
    names = _PARTS[part]
    found = sorted(
        {f for name in names for end in ("", ".gz") for f in folder.glob(f"*{name}{end}")}
    )
    if len(found) == 1:
        return found[0]
    wanted = " or ".join(names)
    if not found:
        raise _not_readable(folder, f"no {wanted}[.gz]", "Put the three files into one folder.")
    listed = ", ".join(file.name for file in found[:3])
    raise _not_readable(
        folder,
        f"{len(found):,} of {wanted} ({listed})",
        "Put each sample into a folder of its own.",
    )


def _table(file: Path) -> pd.DataFrame:
    opened = gzip.open if file.suffix == ".gz" else open
    with opened(file, "rt", encoding="utf-8-sig", errors="replace") as lines:
        return pd.read_csv(
            lines, sep="\t", header=None, dtype=str, keep_default_na=False, quoting=3
        )


# ---- what is kept ------------------------------------------------------------------------------


def _genes_only(adata: AnnData) -> tuple[AnnData, list[str]]:
    """Leave out other features than genes, if there are genes, and tell genes of one name apart."""
    notes = []
    kinds = adata.var.get("feature_types")
    if kinds is not None and (kinds == _EXPRESSION).any() and (kinds != _EXPRESSION).any():
        others = kinds[kinds != _EXPRESSION].value_counts()
        listed = ", ".join(f"{kind}: {n:,}" for kind, n in others.items())
        notes.append(f"Only genes were read; other features were left out ({listed}).")
        adata = some_genes(adata, (kinds == _EXPRESSION).to_numpy())
    return adata, notes + tell_genes_apart(adata, "gene_ids")


def _not_readable(file: Path, found: str, remedy: str) -> NotReadable:
    return not_readable(file, found, remedy, _TITLE)
