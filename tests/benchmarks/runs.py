"""Rows of a measurement, kept as JSON after each, so that an interrupted one goes on; a table."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd


class Runs:
    """All rows so far; those of an earlier, interrupted measurement are taken as they are."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[dict[str, object]] = json.loads(path.read_text()) if path.exists() else []

    def has(self, **key: object) -> bool:
        """Whether there is a row with these values."""
        return any(all(row[k] == v for k, v in key.items()) for row in self.rows)

    def add(self, **row: object) -> None:
        """Keep and print one row."""
        self.rows.append(row)
        print(json.dumps(row), flush=True)
        self.path.write_text(json.dumps(self.rows, indent=1))

    def frame(self) -> pd.DataFrame:
        """All rows, in the order of measuring."""
        return pd.DataFrame(self.rows)


def markdown(
    runs: pd.DataFrame, cell: Callable[[pd.DataFrame], str], *, columns: str = "model"
) -> str:
    """Table with a row for each set and a column for each model, or method.

    Parameters
    ----------
    cell : what stands where a set and a model meet, from the rows of both
    """
    names = list(dict.fromkeys(runs[columns]))
    lines = ["| set | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for name, group in runs.groupby("set", sort=False):
        cells = [cell(group[group[columns] == column]) for column in names]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
