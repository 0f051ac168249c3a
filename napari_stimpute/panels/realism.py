"""Scores of generated cells in a table: beside real cells, and beside simple ways to make some."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..words import number
from .table import Cell

if TYPE_CHECKING:
    import pandas as pd

TITLE = "Generated cells beside real ones: in-silico hypothesis"
COLUMNS = (
    ("Score", "How far cells can be told from real ones that the model never saw."),
    ("Model", "Cells that the model generated."),
    ("Real", "Real cells that it learned from, held against the others: nothing is better."),
    ("Mixture", "Drawn from a mixture of normal distributions of each label's latent points."),
    ("Reused", "Latent points of training cells, decoded again."),
    ("Labels", "Negative binomial counts with each label's means and variances."),
)
"""Title and meaning of each column; the model, real cells, then the simple ways."""

_TITLES = {
    "forest": "Forest AUC",
    "mmd": "Distance",
    "mean": "Means",
    "variance": "Variances",
    "zeros": "Zeros",
    "spread": "Scatter",
    "correlation": "Gene pairs",
    "depth": "Depth",
    "copying": "Nearest",
    "slope": "Contrasts",
}


def score_rows(scores: pd.DataFrame) -> tuple[tuple[Cell, ...], ...]:
    """A row for each score, as `generate.Judged` holds them, but for those without any number."""
    from ..generate import MODEL, REAL
    from ..models.scdiffusion.simple import WORDS as SIMPLE
    from ..trust.generated import WORDS

    ways, rows = (MODEL, REAL, *SIMPLE), []
    for name, values in scores.reindex(columns=list(ways)).dropna(how="all").iterrows():
        write = partial(number, decimals=3 if name == "mmd" else 2)
        meaning = f"{WORDS[str(name)][0].upper()}{WORDS[str(name)][1:]}."
        found = (float(values[way]) for way in ways)
        rows.append((Cell(_TITLES[str(name)], help=meaning), *(Cell(write(v), v) for v in found)))
    return tuple(rows)
