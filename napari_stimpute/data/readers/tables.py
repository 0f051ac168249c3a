"""Read counts from a plain table, with the places of its spots from names or from another table."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import numpy as np
import pandas as pd
import scipy.sparse as sp
from pandas.api.types import is_numeric_dtype

from ... import keys
from ...errors import NotReadable
from ...words import counted, percent
from . import FORMATS
from .found import Found, Options, Question, Undecided
from .reading import not_readable

if TYPE_CHECKING:
    from anndata import AnnData

_PLACE = re.compile(r"[xX]?_?(\d+(?:\.\d+)?)\s*[xX_,:]\s*[yY]?_?(\d+(?:\.\d+)?)$")
"""A spot called by its place, as 10x15 or x10_y15."""
_BARCODE = re.compile(r"(?:.*[_:#-])?[ACGT]{12,}(?:[-_.].*)?$")
_GENE = re.compile(
    r"(ENS[A-Z]*G\d{6,}(\.\d+)?|(mt|MT|Mt)-[A-Za-z0-9]+|A[Cc][Tt][Bb]|Malat1|MALAT1|Rp[ls]\d+[a-z]*|RP[LS]\d+[A-Z]*)$"
)
_LIKE_PLACES = re.compile(r"locat|posit|coord|place|spatial|spot", re.IGNORECASE)
_AXES = (
    ("x", "y"),
    ("pxl_col_in_fullres", "pxl_row_in_fullres"),
    ("imagecol", "imagerow"),
    ("pixel_x", "pixel_y"),
    ("x_centroid", "y_centroid"),
    ("xcoord", "ycoord"),
    ("col", "row"),
    ("array_col", "array_row"),
)
_NONE, _NAMES = "none", "names"


@dataclass(frozen=True)
class _Table:
    """Names and values of a table; ``rows`` is None where rows have no names."""

    rows: list[str] | None
    columns: list[str]
    values: pd.DataFrame


def read(path: Path, options: Options) -> Found:
    """Read a table with spots and genes as its rows and columns.

    Raises
    ------
    NotReadable : no table, a word where a number is expected, places that cannot be matched
    Undecided : several tables near by could hold the places
    """
    from anndata import AnnData

    table = _read(path)
    rows = _rows(table, options)
    is_turned = rows.answer == "genes"
    numbers, obs = _numbers(path, table, is_turned)
    names = table.rows or [f"{i + 1}" for i in range(len(table.values))]
    if is_turned:
        counts, spots, genes = numbers.T.tocsr(), table.columns, names
    else:
        counts, spots, genes = numbers, names, [c for c in table.columns if c not in obs]
    adata = AnnData(counts, pd.DataFrame(obs, index=pd.Index(spots)), pd.DataFrame(index=genes))
    notes = [f"The columns {', '.join(obs)} hold words: they became labels."] if obs else []
    is_named = is_turned or table.rows is not None
    places, said = _add_places(path, adata, options, is_named=is_named)
    return Found(adata, [*notes, *said], (rows, *([places] if places else [])))


# ---- the text ----------------------------------------------------------------------------------


def _read(path: Path) -> _Table:
    """A table as it stands; repeated names stay as they are."""
    try:
        with _opened(path) as lines:
            first, second = lines.readline(), lines.readline()
        mark = _separator(first)
        head, body = (
            next(csv.reader([first], delimiter=mark)),
            next(csv.reader([second], delimiter=mark), []),
        )
        decimal = "," if mark == ";" and re.search(r"\d,\d", second) else "."
        with _opened(path) as lines:
            values = pd.read_csv(
                lines, sep=mark, header=None, skiprows=1, decimal=decimal, low_memory=False
            )
    except pd.errors.EmptyDataError:
        raise _not_readable(
            path, "a single line", "It needs a line of names, and lines of counts."
        ) from None
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, ValueError, csv.Error) as error:
        raise _not_readable(path, f"what is no table ({error})", "Check the file.") from error
    if len(body) < 2 and len(head) < 2:
        raise _not_readable(path, "a single column", "Separate columns by commas or tabs.")
    head = [name.strip() for name in head]
    has_names = not is_numeric_dtype(values[0]) or len(head) == values.shape[1] - 1 or not head[0]
    if len(head) not in (values.shape[1], values.shape[1] - 1):
        found = f"{len(head):,} names above {values.shape[1]:,} columns"
        raise _not_readable(path, found, "Each column needs one name.")
    columns = head[-(values.shape[1] - 1) :] if has_names else head
    rows = [str(name) for name in values[0]] if has_names else None
    values = values.iloc[:, -len(columns) :].set_axis(range(len(columns)), axis=1)
    return _Table(rows, columns, values)


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as lines:
        yield lines


def _separator(line: str) -> str:
    """The sign that stands most often in the first line, of those that part columns."""
    return max("\t;, ", key=line.count)


def _numbers(
    path: Path, table: _Table, is_turned: bool
) -> tuple[sp.csr_matrix, dict[str, pd.Categorical]]:
    """Counts, sparse, and columns of words, which are labels where rows are spots."""
    words = [i for i, kind in enumerate(table.values.dtypes) if not is_numeric_dtype(kind)]
    obs: dict[str, pd.Categorical] = {}
    for i in words:
        column = table.values[i]
        bad = pd.to_numeric(column, errors="coerce").isna() & column.notna()
        if is_turned or not bad.all():
            word, name = str(column[bad].iloc[0]), table.columns[i]
            raise _not_readable(
                path, f"{word!r} in the column {name!r}", "Counts are whole numbers."
            )
        obs[table.columns[i]] = pd.Categorical(column.astype(str))
    kept = table.values.drop(columns=words)
    if not kept.shape[1]:
        raise _not_readable(path, "no numbers", "Counts are whole numbers.")
    missing = int(kept.isna().to_numpy().sum())
    if missing:
        raise _not_readable(
            path,
            f"{missing:,} empty cells",
            "Write 0 where nothing was counted, and open it again.",
        )
    return sp.csr_matrix(kept.to_numpy(dtype=np.float32)), obs


# ---- which way round ---------------------------------------------------------------------------


def _rows(table: _Table, options: Options) -> Question:
    """Whether rows are spots or genes, as names tell; where nothing does, it is asked."""
    as_spots = _looks_like_spots(table.rows or ()) - _looks_like_spots(table.columns)
    as_genes = _share(_GENE, table.rows or ()) - _share(_GENE, table.columns)
    score = as_spots - as_genes
    # what few genes are known by tells as well as what all spots are called by
    usual = "spots" if score > 0 or table.rows is None else "genes" if score < 0 else ""
    n_rows, n_columns = table.values.shape
    choices = [
        ("spots", f"{n_rows:,} spots, {n_columns:,} genes"),
        ("genes", f"{n_columns:,} spots, {n_rows:,} genes"),
    ]
    question = Question.of("rows", "Rows are", choices, options, usual, "Which way round it is.")
    if not question.answer:
        raise Undecided(question)
    return question


def _looks_like_spots(names: list[str] | tuple[str, ...]) -> float:
    return max(_share(_PLACE, names), _share(_BARCODE, names))


def _share(pattern: re.Pattern[str], names: list[str] | tuple[str, ...]) -> float:
    looked = names[:2000]
    return sum(pattern.match(name) is not None for name in looked) / max(1, len(looked))


# ---- places ------------------------------------------------------------------------------------


def _add_places(
    path: Path, adata: AnnData, options: Options, *, is_named: bool
) -> tuple[Question | None, list[str]]:
    """Give spots their places: from their names, or from a table near by."""
    found = [m for name in adata.obs_names if (m := _PLACE.match(name))]
    by_name = is_named and len(found) == adata.n_obs
    files = _tables_near(path)
    choices = [(_NAMES, "names like 10x15")] if by_name else []
    choices += [(file.name, file.name) for file in files]
    if not choices:
        return None, []
    choices.append((_NONE, "cells without places"))
    usual = _NAMES if by_name else files[0].name if len(files) == 1 else ""
    question = Question.of("places", "Places", choices, options, usual, "Where places are read.")
    if not question.answer:
        raise Undecided(question)
    if question.answer == _NAMES:
        adata.obsm[keys.SPATIAL] = np.array([[float(m[1]), float(m[2])] for m in found])
        return question, [f"Places were read from the names of spots, as in {found[0][0]}."]
    if question.answer == _NONE:
        return question, []
    return question, _placed_by(path.with_name(question.answer), adata, is_named=is_named)


def _tables_near(path: Path) -> list[Path]:
    """Other tables of the folder that are called like one of places."""
    endings = next(kind.endings for kind in FORMATS if kind.home == "tables")
    near = [f for f in path.parent.iterdir() if f != path and f.name.lower().endswith(endings)]
    return sorted(f for f in near if _LIKE_PLACES.search(f.name) and not f.name.startswith("."))


def _placed_by(file: Path, adata: AnnData, *, is_named: bool) -> list[str]:
    """Give spots the places of a table: by name, or in order where they have none."""
    table = _read(file)
    names = [column.strip().lower() for column in table.columns]
    axes = next((pair for pair in _AXES if set(pair) <= set(names)), None)
    if axes is None:
        found = f"the columns {', '.join(table.columns[:8])}"
        raise _not_readable(file, found, "A table of places has the columns x and y.")
    numbers = [pd.to_numeric(table.values[names.index(axis)], errors="coerce") for axis in axes]
    places = np.column_stack(numbers).astype(float)
    if not is_named or table.rows is None:
        if len(places) != adata.n_obs:
            found = f"{len(places):,} places for {counted(adata.n_obs, 'spot')}, and no names"
            raise _not_readable(file, found, "Give both tables a first column of names.")
        adata.obsm[keys.SPATIAL] = places
        return [f"Places were read from {file.name}, in its order."]
    at = pd.Series(range(len(places)), index=table.rows)
    at = at[~at.index.duplicated()].reindex(adata.obs_names)
    n_lost = int(at.isna().sum())
    if n_lost == adata.n_obs:
        pair = f"{adata.obs_names[0]!r} and {table.rows[0]!r}"
        raise _not_readable(
            file, f"none of the names of spots ({pair})", "Are both of one section?"
        )
    padded = np.vstack([places, [np.nan, np.nan]])
    adata.obsm[keys.SPATIAL] = padded[at.fillna(len(places)).to_numpy(dtype=int)]
    said = [f"Places were read from {file.name}."]
    if n_lost:
        lost = percent(n_lost / adata.n_obs)
        said.append(f"{counted(n_lost, 'spot')} ({lost}) had none in it.")
    return said


def _not_readable(file: Path, found: str, remedy: str) -> NotReadable:
    return not_readable(file, found, remedy, "a table of counts")
