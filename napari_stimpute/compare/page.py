"""The page of a comparison: who is best of those compared, gene by gene, and how measured."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..data.holdout import HIDDEN_SHARE
from ..data.records import versions
from ..data.technology import guess_technology
from ..keys import SPATIAL
from ..plots import Tissue, categorical_palette
from ..plots.comparison import gene_grid, score_spread, win_map
from ..report import Report
from ..trust.recovery import MIN_HIDDEN
from ..words import duration, memory, number, percent
from .comparison import COUNTED, Comparison
from .methods import RAW, methods
from .standing import LEVEL, Row, describe, rows, verdict, wins

if TYPE_CHECKING:
    from anndata import AnnData

_HEADER = (
    "Method",
    "Deviance explained",
    "± over splits",
    "Median gene",
    "Genes better than mean",
    "Genes won",
    "Time",
    "Memory",
)


_TOGETHER = "\u00a0"  # a space at which no line is broken


def page_of(comparison: Comparison, adata: AnnData, source: str = "") -> Report:
    """Write a comparison as a page.

    Parameters
    ----------
    adata : the data that were compared on; for the maps
    source : path of the file they came from; "" for none
    """
    return _Page(comparison, adata, source).build()


class _Page:
    def __init__(self, comparison: Comparison, adata: AnnData, source: str) -> None:
        self.comparison, self.adata, self.source = comparison, adata, source
        self.rows = rows(comparison)
        self.scored = [row for row in self.rows if row.n]
        self.wins = wins(comparison)
        self.has_tissue = SPATIAL in adata.obsm
        self.place = guess_technology(adata).place if self.has_tissue else "cell"
        name = Path(source).name if source else "these data"
        self.report = Report(f"Which method for {name}?", self._subtitle())

    def build(self) -> Report:
        self.report.verdict(verdict(self.comparison))
        self._scores()
        self._genes()
        self._maps()
        self._left_out()
        self._measured()
        self._again()
        return self.report

    def _subtitle(self) -> str:
        found = self.comparison
        n = len(found.seeds)
        times = {1: "once", 2: "twice"}.get(n, f"{n} times")
        incomplete = "" if found.is_complete else " Stopped early: this comparison is incomplete."
        return (
            f"{found.n_obs:,} {self.place}s × {len(found.genes):,} genes; "
            f"{percent(HIDDEN_SHARE)} of the molecules hidden, {times}; "
            f"napari-stimpute {versions()['napari-stimpute']}.{incomplete}"
        )

    # ---- the chapters --------------------------------------------------------------------------

    def _scores(self) -> None:
        self.report.heading("Scores").text(
            "Every method saw the same molecules and predicted the hidden ones. The score is the "
            "share of the Poisson deviance of gene mean × depth that it removes: 0 % is level with "
            "that, 100 % would be perfect, below 0 % is worse. Much of the deviance is chance, so "
            f"no method comes near 100 %. Single genes are judged from {MIN_HIDDEN} hidden "
            "molecules on: those of the median gene, of the genes better and of the genes won."
        )
        header, table = list(_HEADER), [self._cells(row) for row in self.scored]
        if any(np.isfinite(row.truth) for row in self.scored):
            header.insert(5, "Correlation with the truth")
            for cells, row in zip(table, self.scored, strict=True):
                cells.insert(5, number(row.truth, 2))
        self.report.table(header, table, strong=0 if table else None)
        self.report.figure(
            score_spread(
                {row.title: [s.gain for s in row.scores] for row in self.scored},
                label="deviance explained",
                reference="gene mean × depth",
            ),
            "One dot per split, a bar to their mean. An arrow stands for a method far below.",
        )

    def _cells(self, row: Row) -> list[str]:
        n = len(self.comparison.seeds)
        fewer = f" ({row.n} of {n} splits)" if row.n < n else ""
        return [
            row.title + fewer,
            percent(row.gain, 1),
            percent(row.spread, 1) if row.n > 1 else "–",
            percent(row.gene_median, 1),
            percent(row.genes_better),
            percent(self.wins.shares.get(row.method.name, 0.0)),
            duration(row.seconds),
            memory(row.memory),
        ]

    def _genes(self) -> None:
        won = self.wins
        self.report.heading("Which method for which gene")
        if not won.n_judged:
            self.report.text(
                f"No gene has {MIN_HIDDEN} hidden molecules: single genes cannot be judged here."
            )
            return
        titles = {method.name: method.title for method in won.methods}
        palette = categorical_palette(len(self.scored))
        colors = {row.title: c for row, c in zip(self.scored, palette, strict=True)}
        judged = won.winner >= 0
        self.report.figure(
            win_map(
                {titles[name]: share for name, share in won.shares.items()},
                colors,
                [won.methods[place].title for place in won.winner[judged]],
                won.hidden[judged],
                won.gain[judged],
            ),
            f"Of {len(self.comparison.genes):,} genes, {won.n_judged:,} have {MIN_HIDDEN} hidden "
            "molecules or more and are judged; each goes to the method that predicts it best of "
            f"the {len(self.scored)} compared.",
        )
        if won.n_seeds > 1:
            self.report.text(
                f"In {percent(won.steady)} of them the same method was first with every split. "
                "Where it was not, the methods are close and chance names the winner."
            )

    def _maps(self) -> None:
        self.report.heading("Genes under each method")
        if not self.has_tissue:
            self.report.text("These data have no coordinates, so there is nothing to draw on.")
            return
        tissue, found = Tissue.of(self.adata), self.comparison
        self.report.text(
            f"Expected counts at each {self.place}'s own depth, from the kept molecules of the "
            "first split, on one scale per gene. The percentage is the gene's own score there; a "
            f"gene with fewer than {MIN_HIDDEN} hidden molecules is not judged."
        )
        for at, place in enumerate(found.shown):
            values = {"Counted (kept)": found.maps[COUNTED][:, at]}
            for row in self.scored:
                if row.method.name in found.maps and row.method.name != RAW.name:
                    gain = self._gain_of(row, place).replace(" ", _TOGETHER)
                    heading = f"{row.title} ·{_TOGETHER}{gain}"
                    values[heading] = found.maps[row.method.name][:, at]
            imputed = list(values.values())[1:] or list(values.values())
            top = max(float(np.percentile(v, 99)) for v in imputed)
            gene, unit = found.genes[place], f"counts per {self.place}"
            figure = gene_grid(tissue, values, limits=(0, top or 1), title=gene, unit=unit)
            self.report.figure(figure, f"{gene}, as counted and under each method.")

    def _gain_of(self, row: Row, gene: int) -> str:
        found = next(s for s in row.scores if s.seed == self.comparison.seeds[0]).recovery
        return percent(found.per_gene[gene]) if found.hidden[gene] >= MIN_HIDDEN else "not judged"

    def _left_out(self) -> None:
        sentences = [describe(row) for row in self.rows if row.reason]
        asked = {row.method.name for row in self.rows}
        for method in methods().values():
            if method.name not in asked:
                sentences.append(
                    method.why_not(self.has_tissue) or f"{method.title} was not asked for."
                )
        if sentences:
            self.report.heading("What was not compared").points(sentences)

    def _measured(self) -> None:
        self.report.heading("How this was measured").points(
            [
                "Which molecules are hidden is chance (binomial thinning, the seed given). A "
                "method settles everything on the kept ones: neighbours, components, weights, "
                "when to stop.",
                f"Every prediction is put at each {self.place}'s kept depth before it is scored, "
                "so that none gains or loses by its scale.",
                "± is the standard deviation over splits of the same data: how far chance in the "
                "hiding moves a score. Another section may differ by more.",
                "Two methods are called level if their difference, split by split, is within "
                f"twice its standard error, or within {percent(LEVEL, 1)} of the deviance.",
                "Hidden molecules are taken from one half of all, at random; the most variable "
                "genes are chosen on the other half, so that the choice has not seen them.",
                "Time and memory: of one fit and prediction without imports, median over splits, "
                f"on {self._who()}. "
                "Memory is what the program held at the peak beyond what it held before "
                "(resident memory, read 50 times a second); memory of a graphics card is "
                "not counted.",
                "The genes that are drawn were chosen from the kept counts alone, or by name.",
            ]
        )

    def _who(self) -> str:
        """On what time and memory were measured."""
        workers, here = self.comparison.workers, f"this machine ({os.cpu_count()} processor cores)"
        if workers.cluster:
            return "workers of a cluster"
        if workers.are_apart:
            return f"{here}, by {workers.n} workers at the same time"
        return f"{here}, one method after the other"

    def _again(self) -> None:
        names = ",".join(c.method.name for c in self.comparison.contenders)
        seeds = f"--seeds {len(self.comparison.seeds)}"
        first = f" --seed {self.comparison.seeds[0]}" if self.comparison.seeds[0] else ""
        self.report.heading("Again").code(
            f"stimpute compare {self.source or 'data.h5ad'} {seeds}{first} \\\n"
            f"    --models {names} \\\n    --report report.html --out scores.csv"
        )
