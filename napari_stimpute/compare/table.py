"""Scores of a comparison as a table: CSV or JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ..data.files import check_place, write_whole
from ..errors import NotWritable
from .comparison import Comparison
from .standing import Row, rows, verdict, wins

_ENDINGS = (".csv", ".json")


def check_table(path: str | os.PathLike[str], *inputs: str | os.PathLike[str]) -> None:
    """Refuse a table that could not be written, before work is put into it (`NotWritable`)."""
    if Path(path).suffix.lower() not in _ENDINGS:
        raise NotWritable(
            expected="a table ending in .csv or .json",
            found=f"{Path(path).name!r}",
            remedy="Choose one of these endings.",
        )
    check_place(path, *inputs)


def write_table(comparison: Comparison, path: str | os.PathLike[str]) -> Path:
    """Write every score of every seed, as CSV, or as JSON with summary and gene winners.

    Raises
    ------
    NotWritable : another ending, or a place that cannot be written
    """
    check_table(path)
    is_csv = Path(path).suffix.lower() == ".csv"
    text = _csv(comparison) if is_csv else _json(comparison)
    return write_whole(path, text.encode())


def _csv(comparison: Comparison) -> str:
    import pandas as pd

    table = pd.DataFrame(_records(comparison)).astype({"seed": "Int64"})
    return str(table.to_csv(index=False, lineterminator="\n"))


def _json(comparison: Comparison) -> str:
    won = wins(comparison)
    names = [method.name for method in won.methods]
    content = {
        "verdict": verdict(comparison),
        "complete": comparison.is_complete,
        "seeds": comparison.seeds,
        "methods": [_summary(row) for row in rows(comparison)],
        "scores": _records(comparison),
        "genes_won": won.shares,
        "winner_of_gene": {
            gene: names[place]
            for gene, place in zip(comparison.genes, won.winner, strict=True)
            if place >= 0
        },
    }
    return json.dumps(content, indent=1, allow_nan=False)


def _records(comparison: Comparison) -> list[dict[str, Any]]:
    """One record per method and seed; a failure has its reason in place of numbers."""
    found: list[dict[str, Any]] = []
    for row in rows(comparison):
        who = {"method": row.method.name, "title": row.title}
        for s in row.scores:
            r = s.recovery
            found.append(
                {
                    **who,
                    "seed": s.seed,
                    "deviance_explained": r.deviance_explained,
                    "median_gene": _finite(r.gene_median),
                    "genes_better": _finite(r.share_better),
                    "nll": r.nll,
                    "seconds": round(s.seconds, 3),
                    "memory_mb": round(s.memory / 2**20, 1),
                    "failure": None,
                }
            )
        if row.reason:
            found.append({**who, "seed": None, "failure": row.reason})
    return found


def _summary(row: Row) -> dict[str, Any]:
    numbers = {
        "deviance_explained": row.gain,
        "spread": row.spread,
        "median_gene": row.gene_median,
        "genes_better": row.genes_better,
        "seconds": row.seconds,
        "memory_mb": row.memory / 2**20,
    }
    finite = {name: _finite(value) for name, value in numbers.items()}
    who = {"method": row.method.name, "title": row.title, "kind": row.method.kind}
    return {**who, "seeds": row.n, **finite, "failure": row.reason or None}


def _finite(value: float) -> float | None:
    return value if value == value else None
