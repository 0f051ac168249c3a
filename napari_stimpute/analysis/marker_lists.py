"""Lists of marker genes by type and subtype, and the files that hold them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..errors import InputError, MissingKey, NotReadable

_COLUMNS = ("type", "subtype", "gene")
_REMEDY = (
    "Give a table (.csv or .tsv) with the columns type, subtype and gene, "
    'or a .json like {"T cell": ["CD3D", "CD3E"]}.'
)


@dataclass(frozen=True)
class MarkerLists:
    """Marker genes in two levels.

    ``types`` genes by type, none where only its subtypes have some; ``subtypes`` type and genes by
    subtype.
    """

    types: Mapping[str, tuple[str, ...]]
    subtypes: Mapping[str, tuple[str, tuple[str, ...]]]

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str, str]]) -> MarkerLists:
        """Sort rows of type, subtype ("" for none) and gene into lists.

        Raises
        ------
        InputError : no rows, or one subtype under two types
        """
        own: dict[str, dict[str, None]] = {}
        below: dict[str, tuple[str, dict[str, None]]] = {}
        for kind, subtype, gene in rows:
            genes = own.setdefault(kind, {})
            if not subtype:
                genes[gene] = None
                continue
            parent, listed = below.setdefault(subtype, (kind, {}))
            if parent != kind:
                raise InputError(
                    expected="each subtype under one type",
                    found=f"{subtype!r} under {parent!r} and {kind!r}",
                    remedy="Give the two subtypes different names.",
                )
            listed[gene] = None
        if not own:
            raise InputError(expected="marker genes", found="no rows", remedy=_REMEDY)
        types = {kind: tuple(genes) for kind, genes in own.items()}
        return cls(types, {name: (kind, tuple(some)) for name, (kind, some) in below.items()})


def read_marker_lists(path: str | Path) -> MarkerLists:
    """Read marker genes from a table (.csv, .tsv) or a .json.

    A table has the columns type, subtype (which may be empty, or not there) and gene, a row per
    gene. A .json is ``{type: [genes]}`` or ``{type: {subtype: [genes]}}``.

    Raises
    ------
    NotReadable : missing or damaged, or another kind of file
    MissingKey : a table without these columns
    InputError : no genes, or one subtype under two types
    """
    path = Path(path).expanduser()
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".tsv", ".json"):
        raise NotReadable(
            expected="marker lists as .csv, .tsv or .json", found=path.name, remedy=_REMEDY
        )
    try:
        if suffix == ".json":
            content = json.loads(path.read_text("utf-8-sig"))
        else:
            table = _read_table(path, "\t" if suffix == ".tsv" else ",")
    except (OSError, ValueError, pd.errors.ParserError) as error:
        words = "a missing file" if isinstance(error, FileNotFoundError) else f"damage ({error})"
        raise NotReadable(
            expected=f"marker lists in {path.name}", found=words, remedy=_REMEDY
        ) from None
    if suffix == ".json":
        return MarkerLists.of(_rows_of_json(content))
    return MarkerLists.of(_rows_of_table(table, path.name))


def _read_table(path: Path, separator: str) -> pd.DataFrame:
    """Every cell as text; Excel writes semicolons in some countries."""
    first = path.read_text("utf-8-sig").partition("\n")[0]
    if separator == "," and first.count(";") > first.count(","):
        separator = ";"
    return pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig")


def _rows_of_table(table: pd.DataFrame, name: str) -> list[tuple[str, str, str]]:
    table.columns = [str(column).strip().lower() for column in table.columns]
    missing = [c for c in ("type", "gene") if c not in table.columns]
    if missing:
        raise MissingKey(
            expected="the columns type, subtype and gene",
            found=f"{', '.join(map(repr, table.columns))} in {name}",
            remedy=_REMEDY,
        )
    if "subtype" not in table.columns:
        table["subtype"] = ""
    cells = table[list(_COLUMNS)].fillna("").apply(lambda column: column.str.strip())
    named = cells[(cells["type"] != "") & (cells["gene"] != "")]
    return [(str(a), str(b), str(c)) for a, b, c in named.itertuples(index=False)]


def _rows_of_json(content: object) -> list[tuple[str, str, str]]:
    rows = []
    for kind, below in _mapping(content).items():
        lists = {"": below} if isinstance(below, list) else _mapping(below)
        for subtype, genes in lists.items():
            if not isinstance(genes, list):
                raise InputError(
                    expected=f"a list of genes for {subtype or kind!r}",
                    found=f"{type(genes).__name__}",
                    remedy=_REMEDY,
                )
            rows += [(str(kind).strip(), str(subtype).strip(), str(g).strip()) for g in genes]
    return [row for row in rows if row[0] and row[2]]


def _mapping(content: object) -> Mapping[str, object]:
    if isinstance(content, dict):
        return content
    raise InputError(
        expected="types with their genes", found=f"{type(content).__name__}", remedy=_REMEDY
    )
