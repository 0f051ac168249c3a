"""Read a .gef file of Stereo-seq: square bins, or cells, in µm.

Format: "GEF" in the documentation of SAW and geftools: bins in ``geneExp/bin50`` (``expression``
with x, y and count, gene after gene; ``gene`` with the beginnings), cells in ``cellBin`` (``cell``,
``cellExp``, ``gene``). A bin that the file does not hold is added up from single spots, ``bin1``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData

from ... import keys
from ...errors import NotReadable
from ...words import memory
from .folders import describe_places
from .found import Found, Options, Question, Undecided
from .hdf5 import AGAIN, opened_hdf5
from .names import tell_genes_apart
from .reading import not_readable
from .survey import survey

if TYPE_CHECKING:
    import h5py

_TITLE = "a .gef file of Stereo-seq"
_LAYOUT = "It should hold geneExp with bins (bin1, bin50, …), or cellBin with cells."
_BIN = re.compile(r"bin(\d+)")
_ADDED = (20, 50, 100)
"""Bins that are offered where there are only single spots."""
_USUAL, _CELLS = "50", "cells"
_OF_BINS = {"expression": ("x", "y", "count"), "gene": ("offset", "count")}
_OF_CELLS = {
    "cell": ("id", "x", "y", "offset", "geneCount"),
    "cellExp": ("geneID", "count"),
    "gene": (),
}
_NAMES = ("geneName", "gene", "geneID")
"""What names of genes are called, those that people read first."""


def read(path: Path, options: Options) -> Found:
    """Read the bins of the size that is chosen, or cells.

    Raises
    ------
    Undecided : there are several, and none was chosen; bins of 50 are usual
    NotReadable : HDF5 of another kind, or damaged
    """
    try:
        with opened_hdf5(path, _TITLE) as content:
            survey(content)
            return _read(path, content, options)
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise _refused(path, f"a damaged file ({error})", AGAIN) from error


def _read(path: Path, content: h5py.File, options: Options) -> Found:
    question = _question(path, content, options)
    if question.answer == _CELLS:
        adata, xy, width, per_unit = _cells(content["cellBin"])
    else:
        adata, xy, width, per_unit = _bins(content["geneExp"], int(question.answer))
    microns = (per_unit or _resolution(content)) / 1000
    adata.obsm[keys.SPATIAL] = xy * (microns or 1.0)
    describe_places(
        adata,
        path.name.split(".")[0],
        microns=1.0 if microns else 0.0,
        diameter=width * (microns or 1.0),
    )
    notes = tell_genes_apart(adata, "gene_ids" if "gene_ids" in adata.var else "")
    if not microns:
        notes.append("The file does not tell how far spots are apart: places are in spots.")
    return Found(adata, notes, (question,))


def _question(path: Path, content: h5py.File, options: Options) -> Question:
    groups = content.get("geneExp", {})
    held = {int(m[1]): groups[name] for name in groups if (m := _BIN.fullmatch(name))}
    for group in held.values():
        _check_parts(group, _OF_BINS)
    sizes = sorted({*held, *(_ADDED if 1 in held else ())})
    choices = [(str(n), _words(n, held, content)) for n in sizes]
    if "cellBin" in content:
        _check_parts(content["cellBin"], _OF_CELLS)
        choices.append((_CELLS, f"cells: {len(content['cellBin/cell']):,}"))
    if not choices:
        listed = ", ".join(list(content)[:5]) or "nothing"
        raise _refused(path, f"HDF5 of another kind (it holds {listed})", _LAYOUT)
    values = [value for value, _ in choices]
    usual = _USUAL if _USUAL in values else values[-1]
    help = "Width of a bin, in spots of the chip; or cells."
    question = Question.of("bin", "Bins", choices, options, usual, help)
    if len(choices) > 1 and not options.get("bin"):
        raise Undecided(question)
    return question


def _check_parts(group: h5py.Group, parts: Mapping[str, tuple[str, ...]]) -> None:
    """Check that a group has its tables, and they their columns."""
    for part, columns in parts.items():
        place = f"{group.name.strip('/')}/{part}"
        held = getattr(group.get(part), "dtype", None)
        if held is None:
            raise ValueError(f"no table {place}")
        for column in columns:
            if column not in (held.names or ()):
                raise ValueError(f"no column {column!r} in {place}")


def _words(size: int, held: dict[int, h5py.Group], content: h5py.File) -> str:
    """A bin: its width, and what its counts take in memory, as far as they are told."""
    group = held[size if size in held else 1]
    microns = size * (_resolution(group["expression"]) or _resolution(content)) / 1000
    wide = f": {microns:g} µm" if microns else ""
    n_values = len(group["expression"])
    if size not in held:
        return f"{size}{wide}, added up, at most {memory(8 * n_values)}"
    return f"{size}{wide}, about {memory(8 * n_values)}"


def _resolution(item: Any) -> float:
    """Nanometres between two spots of the chip; 0 if that is not told."""
    told = np.ravel(item.attrs.get("resolution", 0))
    return float(told[0]) if len(told) else 0.0


def _bins(groups: h5py.Group, size: int) -> tuple[AnnData, np.ndarray, float, float]:
    """Counts of bins; their middles (n, 2) and width, in spots; nanometres between spots."""
    is_held = f"bin{size}" in groups
    group = groups[f"bin{size}" if is_held else "bin1"]
    values, genes = group["expression"], group["gene"]
    n_of_gene = np.asarray(genes["count"], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(n_of_gene)])
    if starts[-1] != len(values) or (np.asarray(genes["offset"]) != starts[:-1]).any():
        raise ValueError(f"{len(values):,} values for {starts[-1]:,} of genes in {group.name}")
    x, y = (np.asarray(values[axis], dtype=np.int32) for axis in "xy")
    # versions differ in whether they count bins, or spots up to the bin
    counts_bins = is_held and size > 1 and bool((x % size).any() or (y % size).any())
    if not counts_bins:
        x //= size
        y //= size
    rows, places = pd.factorize((x.astype(np.int64) << 32) + y)
    del x, y  # there are tens of millions
    x = (places + 2**31) >> 32
    xy = np.column_stack([x, places - (x << 32)])
    columns = np.repeat(np.arange(len(genes), dtype=np.int32), n_of_gene)
    shape = (len(places), len(genes))
    data = np.asarray(values["count"], dtype=np.int32)
    counts = sp.csr_matrix((data, (rows.astype(np.int32), columns)), shape)
    names = [f"{column}_{row}" for column, row in (xy * size).tolist()]
    adata = AnnData(counts, pd.DataFrame(index=names), _var(genes))
    return adata, (xy + 0.5) * size, float(size), _resolution(values)


def _cells(group: h5py.Group) -> tuple[AnnData, np.ndarray, float, float]:
    """Counts of cells; their centres (n, 2) and usual width, in spots; nanometres between spots."""
    cells, values, genes = group["cell"][:], group["cellExp"], group["gene"]
    starts = np.append(cells["offset"], cells["offset"][-1:] + cells["geneCount"][-1:])
    if len(cells) and (
        starts[-1] != len(values) or starts[0] != 0 or (np.diff(starts.astype(np.int64)) < 0).any()
    ):
        raise ValueError(f"{len(values):,} values for {starts[-1]:,} of cells in {group.name}")
    parts = (
        np.asarray(values["count"], dtype=np.int32),
        np.asarray(values["geneID"], dtype=np.int64),
        starts.astype(np.int64) if len(cells) else np.zeros(1, dtype=np.int64),
    )
    counts = sp.csr_matrix(parts, shape=(len(cells), len(genes)))
    counts.check_format(full_check=True)
    kept = [name for name in ("area", "dnbCount", "clusterID") if name in cells.dtype.names]
    names = [str(name) for name in cells["id"]]
    obs = pd.DataFrame({name: cells[name] for name in kept}, index=names)
    xy = np.column_stack([cells["x"], cells["y"]]).astype(float)
    area = float(np.median(cells["area"])) if "area" in kept and len(cells) else 0.0
    return AnnData(counts, obs, _var(genes)), xy, 2 * (area / np.pi) ** 0.5, _resolution(group)


def _var(genes: h5py.Dataset) -> pd.DataFrame:
    """Genes by the name that people read, with the id where there is one, too."""
    name = next((name for name in _NAMES if name in (genes.dtype.names or ())), "")
    if not name:
        raise ValueError(f"no names of genes in {genes.name.strip('/')}")
    others = (
        {"gene_ids": _texts(genes["geneID"])}
        if name != "geneID" and "geneID" in genes.dtype.names
        else {}
    )
    return pd.DataFrame(others, index=_texts(genes[name]))


def _texts(values: Any) -> list[str]:
    return [value.decode("utf-8", "replace").rstrip("\0") for value in values.tolist()]


def _refused(file: Path, found: str, remedy: str) -> NotReadable:
    return not_readable(file, found, remedy, _TITLE)
