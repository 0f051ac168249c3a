"""What a comparison found, as far as it has come: a sentence, a table, and who wins which gene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..compare.standing import Row, Wins, describe, leader, rows, verdict, wins
from ..trust.recovery import MIN_HIDDEN
from ..words import duration, memory, number, percent
from .message import SILENT, Message, good, warning
from .table import Cell, Column, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..compare.comparison import Comparison

COLUMNS: tuple[tuple[str, str], ...] = (
    ("Method", "What predicted the hidden molecules."),
    (
        "Score\n%",
        "Share of the deviance of gene mean × depth that is explained, mean over splits ± "
        "their standard deviation. 0 is level with it, 100 would be perfect; much of the deviance "
        "is chance, so no method comes near.",
    ),
    (
        "Genes\nbetter",
        f"Share of the genes with at least {MIN_HIDDEN} hidden molecules that are predicted better "
        "than by gene mean × depth.",
    ),
    ("Time", "Of one fit and prediction, median over splits."),
    ("Memory", "What the program held at the peak beyond what it held before."),
)
"""Titles of the table of scores, and what they mean."""

WINNERS = "Which method predicts which gene best"
"""Title over bars and dots."""

SCORE = 1
"""Column by which the table is ordered at first."""

FALLING = (1, 2)
"""Columns that are ordered from the most when they are first chosen."""


_OF_GENES = (
    Column("winner", "Best method", "Which method predicts the gene best.", str),
    Column("gain", "Score", "Share of the gene's deviance that it explains.", percent),
    Column("hidden", "Hidden", "Molecules that were hidden, mean over splits.", "{:,.0f}".format),
)


@dataclass(frozen=True)
class Bar:
    """Share of the judged genes that a method predicts best, and the method's colour (hex)."""

    title: str
    share: float
    colour: str


@dataclass(frozen=True)
class Dot:
    """A judged gene: the method that predicts it best, on how many hidden molecules, how well.

    ``hidden`` molecules, mean over splits; ``gain`` is the share of deviance that is explained.
    """

    gene: str
    winner: str
    hidden: float
    gain: float


@dataclass(frozen=True)
class Scores:
    """What is shown of a comparison.

    A row has a cell for every one of `COLUMNS`, or the name and the reason of a method without a
    score. ``bars`` begin with the method that wins most genes; ``about_genes`` tells of the dots.
    """

    sentence: Message = SILENT
    rows: tuple[tuple[Cell, ...], ...] = ()
    bars: tuple[Bar, ...] = ()
    about_genes: str = ""
    dots: tuple[Dot, ...] = ()


def scores_of(comparison: Comparison, *, ended: bool) -> Scores:
    """Look at a comparison, which may be under way; the sentence waits for its end."""
    won = wins(comparison)
    found = rows(comparison)  # afterwards: while it runs, scores only become more
    shown = [r for r in found if r.n or ended or r.method.name in comparison.failures]
    bars, dots = _genes(comparison, won, [row.title for row in shown if row.n])
    return Scores(
        _summary(comparison, found) if ended else SILENT,
        tuple(_cells(row) for row in shown),
        bars,
        _about_genes(won, len(comparison.genes)) if dots else "",
        dots,
    )


def wins_figure(scores: Scores) -> Figure:
    """Bars and dots as one figure, for a page that cannot draw them itself."""
    from ..plots.comparison import win_map

    return win_map(
        {bar.title: bar.share for bar in scores.bars},
        {bar.title: bar.colour for bar in scores.bars},
        [dot.winner for dot in scores.dots],
        np.array([dot.hidden for dot in scores.dots]),
        np.array([dot.gain for dot in scores.dots]),
    )


def genes_table() -> Table:
    """The genes by themselves, for a page whose figure cannot be asked for them: see `won_by`."""
    return Table("Best methods", _OF_GENES, order=(2, False))


def won_by(scores: Scores) -> pd.DataFrame:
    """A row for each judged gene: the method that predicts it best, its score, and of how many."""
    rows = [(dot.winner, dot.gain, dot.hidden) for dot in scores.dots]
    genes = [dot.gene for dot in scores.dots]
    return pd.DataFrame(rows, index=genes, columns=[column.name for column in _OF_GENES])


def in_order(
    scored: Sequence[tuple[Cell, ...]], column: int, *, falls: bool
) -> tuple[tuple[Cell, ...], ...]:
    """Rows ordered by a column; those without a score come last."""

    def value(row: tuple[Cell, ...]) -> Any:  # numbers in one column, names in another
        cell = row[column]
        return cell.text.lower() if cell.value is None else cell.value

    whole = [row for row in scored if len(row) == len(COLUMNS)]
    whole.sort(key=value, reverse=falls)
    return (*whole, *(row for row in scored if len(row) < len(COLUMNS)))


def _summary(comparison: Comparison, found: Sequence[Row]) -> Message:
    sentences = [verdict(comparison), *(describe(row) for row in found if row.reason and row.n)]
    if not comparison.is_complete:
        sentences.insert(0, "Stopped early: this comparison is incomplete.")
    is_good = comparison.is_complete and leader(comparison) is not None
    return (good if is_good else warning)("\n".join(sentences))


def _cells(row: Row) -> tuple[Cell, ...]:
    name, reason = Cell(row.title, help=row.method.about), row.reason
    if not row.n:
        return name, Cell(reason.removeprefix(f"{row.title} "), help=reason)
    spread = f" ± {number(100 * row.spread, 1)}" if row.n > 1 else ""
    # minutes above seconds: a long time would leave no room for the names
    time = duration(row.seconds).replace(" min ", " min\n").replace(" h ", " h\n")
    return (
        name,
        Cell(number(100 * row.gain, 1) + spread, row.gain, reason),
        Cell(percent(row.genes_better), row.genes_better, reason),
        Cell(time, row.seconds, reason),
        Cell(memory(row.memory), row.memory, reason),
    )


def _genes(
    comparison: Comparison, won: Wins, ranked: Sequence[str]
) -> tuple[tuple[Bar, ...], tuple[Dot, ...]]:
    """Bars and dots of the judged genes.

    Parameters
    ----------
    ranked : titles of the scored methods, in whose order colours are given
    """
    from ..plots import categorical_palette

    if not won.n_judged:
        return (), ()
    colours = dict(zip(ranked, categorical_palette(len(ranked)), strict=True))
    titles = [method.title for method in won.methods]
    shares = [won.shares[method.name] for method in won.methods]
    bars = [Bar(t, share, colours[t]) for t, share in zip(titles, shares, strict=True)]
    judged = [place for place, winner in enumerate(won.winner) if winner >= 0]
    dots = [
        Dot(comparison.genes[g], titles[won.winner[g]], float(won.hidden[g]), float(won.gain[g]))
        for g in judged
    ]
    return tuple(sorted(bars, key=lambda bar: -bar.share)), tuple(dots)


def _about_genes(won: Wins, n: int) -> str:
    steady = ""
    if won.n_seeds > 1:
        steady = f"In {percent(won.steady)} of them one method won every split. "
    return (
        f"{won.n_judged:,} of {n:,} genes have at least {MIN_HIDDEN} hidden molecules and are "
        f"judged. {steady}"
        "Each is a dot below: the further right, the more hidden molecules; the higher, the "
        "better its winner predicts them."
    )
