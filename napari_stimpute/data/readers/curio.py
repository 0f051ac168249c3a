"""Read an output folder of Curio Seeker (Slide-seq): beads with their places.

Format: "Outputs" in the documentation of the Curio Seeker pipeline. The three files of counts and
the places of beads are read, or its ``.h5ad`` with clusters, whose X may be normalised. Neither
tells the unit of places. (The reader of spatialdata-io 0.7.1 raises a TypeError with spatialdata
0.7, whose SpatialData takes no ``table``.)
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import scipy.sparse as sp
from anndata import AnnData

from ...words import counted
from . import h5ad
from .folders import TABLE_FAULTS, Parts, placed
from .found import Found, Options, Question
from .names import tell_genes_apart

_TITLE = "an output folder of Curio Seeker"
_LAYOUT = (
    "It should hold NAME_MoleculesPerMatchedBead.mtx, NAME_barcodes.tsv, NAME_genes.tsv and "
    "NAME_MatchedBeadLocation.csv, or NAME_anndata.h5ad."
)
_COUNTS, _TABLE = "*MoleculesPerMatchedBead.mtx*", "*anndata.h5ad"
_FILES = (("mtx", "counts of all beads", _COUNTS), ("h5ad", "AnnData, with clusters", _TABLE))


def read(path: Path, options: Options) -> Found:
    """Read the counts, or what the pipeline made of them.

    Raises
    ------
    NotReadable : a part is missing, damaged, of other columns, or of another run
    """
    parts = Parts(path, _TITLE, _LAYOUT)
    there = [(name, words) for name, words, file in _FILES if parts.find(file)]
    if not there:
        parts.need(_COUNTS)
    question = Question.of("file", "File", there, options, there[0][0], "What is read.")
    if question.answer == "h5ad":
        found = h5ad.read(parts.need(_TABLE), {})
        return Found(found.adata, found.notes, (question,))
    adata = _counts(parts)
    file = parts.need("*MatchedBeadLocation.csv*")
    barcode, *xy = _columns(parts, file)
    beads = parts.table(file, (barcode,), xy).set_index(barcode)[xy]
    adata, notes = placed(parts, adata, beads, (xy[0], xy[1]), file)
    return Found(adata, [*tell_genes_apart(adata, ""), *notes], (question,))


def _columns(parts: Parts, file: Path) -> list[str]:
    """Barcode, x and y, whatever they are called; a column of row numbers may go before."""
    columns = parts.columns(file)
    named = [c for c in columns if c.lower() in ("barcode", "barcodes", "bead_barcode")]
    axes = [c for c in columns if c.lower() in ("xcoord", "ycoord", "x", "y")]
    found = [*(named or columns[:1]), *axes]
    if len(found) != 3:
        listed = ", ".join(columns[:8])
        raise parts.refused(
            f"the columns {listed} in {file.name}", "It needs barcode, xcoord and ycoord."
        )
    return found


def _counts(parts: Parts) -> AnnData:
    """Counts of the genes of all beads."""
    from scipy.io import mmread

    matrix = parts.need(_COUNTS)
    barcodes, genes = (_names(parts, parts.need(f"*{part}.tsv*")) for part in ("barcodes", "genes"))
    try:
        counts = sp.csr_matrix(mmread(matrix, spmatrix=False).T)
    except (*TABLE_FAULTS, OverflowError) as error:
        raise parts.unreadable(matrix, error) from error
    if counts.shape != (len(barcodes), len(genes)):
        found = (
            f"{counts.shape[1]:,} × {counts.shape[0]:,} values, {counted(len(genes), 'gene')} and "
            f"{counted(len(barcodes), 'barcode')}"
        )
        raise parts.refused(found, "Check that the three files are of one sample.")
    return AnnData(counts, pd.DataFrame(index=barcodes), pd.DataFrame(index=genes))


def _names(parts: Parts, file: Path) -> list[str]:
    """The first column of a table without a header."""
    how = {"sep": "\t", "header": None, "dtype": str, "keep_default_na": False}
    try:
        table = pd.read_csv(file, encoding="utf-8-sig", encoding_errors="replace", **how)  # type: ignore[call-overload]
    except TABLE_FAULTS as error:
        raise parts.unreadable(file, error) from error
    return [str(name) for name in table[0]]
