"""Write chosen genes as a table: a row per spot, and beside it the verdicts of the genes.

Two plain tables, which R and pandas read with one line each (``read.csv("a.csv", row.names = 1)``,
``pd.read_csv("a.csv", index_col=0)``):

- NAME.csv: per spot its id; x and y as they are in the data, and in µm where the scale is known
  (``x_um``, ``y_um``); columns of groups; per gene its counts (``GENE_counts``) and, for each run
  that has them, its imputed values (``GENE_RUN``). Of two columns of one name, the second gets a
  number (``x_2``).
- NAME_genes.csv: per gene and run the verdict, the gain, and the molecules that were hidden.

One table could not hold both: rows above the values would make every column text. Nothing is put
before or around names that begin with =, +, - or @, which a spreadsheet takes for formulas: names
would no longer be those of the data, and R and pandas take them as they are. It is said instead.
"""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .. import keys
from ..data.columns import categorical_columns
from ..data.files import check_place, full_path, replacing
from ..data.graph import spatial_coordinates
from ..errors import InputError, NotWritable, UnknownName
from ..trust.verdict import trust_table
from ..words import counted
from .contents import Contents

ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz")

_ROWS = 20_000
"""Spots that are turned into text at once."""

Column = NDArray[Any]
"""One value per spot, (n_obs,)."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Written:
    """The table of values, that of verdicts, and sentences on them."""

    values: Path
    genes: Path
    notes: tuple[str, ...]


def genes_path(path: str | os.PathLike[str]) -> Path:
    """Where the verdicts go: a.csv has them in a_genes.csv."""
    file = full_path(path)
    ending = _ending(file)
    return file.with_name(f"{file.name[: -len(ending)]}_genes{ending}")


def check_values(path: str | os.PathLike[str], *inputs: str | os.PathLike[str]) -> None:
    """Refuse tables that could not be written, before work is put into them (`NotWritable`)."""
    check_place(path, *inputs)
    check_place(genes_path(path), path, *inputs)


def write_values(contents: Contents, genes: Sequence[str], path: str | os.PathLike[str]) -> Written:
    """Write both tables: whole, or neither.

    Parameters
    ----------
    genes : whose values are written, in this order; a gene that no run imputed has counts alone
    path : of the values; the ending says what stands between columns (.csv, .tsv), and .gz packs

    Raises
    ------
    UnknownName : a gene that the data do not hold
    NotWritable : another ending, a folder that is missing, no permission, a full disk
    """
    genes = list(dict.fromkeys(genes))
    known = set(contents.genes)
    if lost := next((gene for gene in genes if gene not in known), ""):
        raise UnknownName.of("gene", lost, contents.genes)
    check_values(path)
    file, verdicts = full_path(path).resolve(), genes_path(path).resolve()
    with replacing(file) as part:
        _write(_blocks(contents, genes), part, file)
        with replacing(verdicts) as beside:
            _write(iter([_verdicts(contents, genes)]), beside, verdicts)
    place = contents.place
    said = f"{counted(len(genes), 'gene')} of {counted(contents.required.n_obs, place)}."
    return Written(file, verdicts, (said, *_without(contents), *_formulas(contents, genes)))


def _ending(file: Path) -> str:
    found = next((e for e in ENDINGS if file.name.lower().endswith(e)), "")
    if not found:
        raise NotWritable(
            expected=f"to write {file}",
            found=f"the ending {file.suffix!r}",
            remedy=f"Give it the ending {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}.",
        )
    return found


def _blocks(contents: Contents, genes: Sequence[str]) -> Iterator[pd.DataFrame]:
    """The table of values, some rows at a time."""
    adata = contents.required
    columns = _about(contents)
    for gene in genes:
        counts = contents.expression(gene, keys.COUNTS)
        is_whole = bool((counts == np.trunc(counts)).all())
        name = keys.free(f"{gene}_counts", columns)
        columns[name] = counts.astype(np.int64) if is_whole else counts
        for key in contents.whole if contents.is_modelled(gene) else ():
            columns[keys.free(f"{gene}_{key}", columns)] = contents.expression(gene, key)
    frame = pd.DataFrame(columns, index=pd.Index(adata.obs_names, name=contents.place), copy=False)
    for start in range(0, len(frame), _ROWS):
        yield frame.iloc[start : start + _ROWS]


def _about(contents: Contents) -> dict[str, Column]:
    """Places and groups of the spots, by column."""
    adata, found = contents.required, dict[str, Column]()
    with suppress(InputError):  # no places, or none that mean anything
        points, microns = spatial_coordinates(adata), contents.layout.microns_per_unit
        found |= {"x": points[:, 0], "y": points[:, 1]}
        if microns:
            found |= {"x_um": points[:, 0] * microns, "y_um": points[:, 1] * microns}
    for name in categorical_columns(adata):
        found[keys.free(name, found)] = adata.obs[name].astype(object).to_numpy()
    return found


def _verdicts(contents: Contents, genes: list[str]) -> pd.DataFrame:
    """A row per gene and run; one that no run has judged has no verdict."""
    adata, parts = contents.required, list[pd.DataFrame]()
    for key in contents.runs:
        table = trust_table(adata, key)
        wanted = pd.DataFrame(index=pd.Index(genes, name="gene"))
        if table is not None:
            wanted = table[["verdict", "gain", "hidden"]].reindex(genes).rename_axis("gene")
        parts.append(wanted.assign(run=key, model=contents.record(key).title))
    if not parts:
        parts = [pd.DataFrame({"run": ""}, index=pd.Index(genes, name="gene"))]
    order = ["run", "model", "verdict", "gain", "hidden"]
    return pd.concat(parts).reindex(columns=order)


def _write(blocks: Iterator[pd.DataFrame], part: Path, target: Path) -> None:
    """Write blocks of one table below one another."""
    is_packed, separator = target.suffix == ".gz", "\t" if ".tsv" in _ending(target) else ","
    with part.open("wb") as raw:
        packed = gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) if is_packed else raw
        with io.TextIOWrapper(packed, encoding="utf-8", newline="") as text:
            for number, block in enumerate(blocks):
                block.to_csv(text, sep=separator, header=number == 0, lineterminator="\n")


def _without(contents: Contents) -> Iterator[str]:
    """Say of which runs no values are written."""
    if contents.kept:
        titles = ", ".join(contents.source(key).short_title for key in contents.kept)
        yield f"No values of {titles}: they were not kept. Train again and keep them to write them."


def _formulas(contents: Contents, genes: Sequence[str]) -> Iterator[str]:
    """Say where a spreadsheet would read a formula."""
    adata = contents.required
    texts = [*genes, *adata.obs_names]
    for name in categorical_columns(adata):
        texts += [str(group) for group in adata.obs[name].unique()]
    n = sum(text.startswith(_FORMULA) for text in texts)
    if n:
        yield (
            f"{counted(n, 'name')} begin with =, +, - or @: they are written as they are; in a "
            "spreadsheet, import all columns as text, or they become formulas."
        )
