"""The page that the demo ends in: what was done, what came out, and whether to believe it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import keys
from ..analysis import VariableGenes, variable_genes
from ..compare.comparison import Comparison
from ..compare.standing import LEVEL, rows, verdict
from ..data.counts import counts_of
from ..data.holdout import HIDDEN_SHARE
from ..data.records import read_records
from ..data.simulate import TRUE_RATE
from ..data.technology import guess_technology
from ..errors import TooSmall
from ..keys import COUNTS
from ..plots import (
    Tissue,
    domain_map,
    gene_maps,
    gene_pair,
    loss_curve,
    score_bars,
    tissue_overview,
    variable_gene_overlap,
)
from ..plots.saving import png_of
from ..report import Report
from ..trust.recovery import MIN_HIDDEN
from ..trust.verdict import badge, trust_table
from ..words import duration, number, percent
from . import MODEL, TITLE, Demo

if TYPE_CHECKING:
    from anndata import AnnData
    from matplotlib.figure import Figure

    from ..session.session import Session
    from .window import Shot

_N_EXAMPLES = 3
"""Genes that are drawn for being predicted well."""


class Story:
    """Turns a finished demo into figures and a report."""

    def __init__(
        self, demo: Demo, session: Session, comparison: Comparison, shots: list[Shot]
    ) -> None:
        assert session.adata is not None
        self.demo, self.session, self.comparison, self.shots = demo, session, comparison, shots
        self.adata: AnnData = session.adata
        self.record = session.contents.record(MODEL)
        self.tissue = Tissue.of(self.adata)
        self.place = guess_technology(self.adata).place
        self.report = Report(f"{TITLE} on {demo.name}", self._subtitle())

    def write(self) -> Path:
        """Write the page and its figures; returns the path of the page."""
        self._opening()
        self._genes()
        self._domains()
        self._scores()
        self._trust()
        self._variable_genes()
        self._learning()
        self._window()
        self._next_steps()
        return self.report.write(self.demo.out / "report.html")

    def _subtitle(self) -> str:
        record = self.record
        done = "" if record.completed else " Stopped early: all results are incomplete."
        return (
            f"{record.n_obs:,} {self.place}s × {record.n_vars:,} genes, trained in "
            f"{duration(record.seconds)} on {record.device}, seed {record.seed}, "
            f"napari-stimpute {record.versions['napari-stimpute']}.{done}"
        )

    def _figure(self, name: str, figure: Figure, caption: str) -> None:
        png = png_of(figure)
        (self.demo.out / "figures" / f"{name}.png").write_bytes(png)
        self.report.image(png, caption)

    # ---- the chapters --------------------------------------------------------------------------

    def _opening(self) -> None:
        card = self.session.card
        assert card is not None
        self.report.verdict(verdict(self.comparison)).heading("The section")
        depth = np.asarray(counts_of(self.adata, "raw").sum(axis=1)).ravel()
        self._figure(
            "section",
            tissue_overview(self.tissue, depth, unit=f"molecules per {self.place}"),
            f"Where the {self.place}s lie, and how many molecules were counted in each.",
        )
        self.report.table([], card.rows, caption="What was found in the file")
        self.report.points([*card.problems, *self.session.notes])

    def _genes(self) -> None:
        self.report.heading("Genes, counted and imputed").text(
            "Each gene is drawn on one scale, so that colours can be compared. Imputed values are "
            "expected counts at each one's own depth. The examples were chosen by how well "
            "molecules that the model did not see were predicted: the best of the frequent, the "
            "middling and the rare genes, and the one that imputing served worst."
        )
        for place, (gene, why) in enumerate(telling_genes(self.comparison), start=1):
            values = {"Counted": self.session.expression(gene, COUNTS)}
            values["Imputed"] = self.session.expression(gene, MODEL)
            limits = self._limits(gene)
            if TRUE_RATE in self.adata.layers:
                place_of_gene = self.adata.var_names.get_loc(gene)
                truth = self.adata.layers[TRUE_RATE][:, place_of_gene]
                values["Known truth"] = np.asarray(truth, dtype=np.float32)
            figure = gene_maps(
                self.tissue, values, limits=limits, title=gene, unit=f"counts per {self.place}"
            )
            self._figure(f"gene_{place}", figure, f"{gene}: {why}.")

    def _limits(self, gene: str) -> tuple[float, float]:
        """From zero, so that a flat gene looks flat."""
        return 0.0, self.session.limits(gene, COUNTS)[1]

    def _domains(self) -> None:
        column = keys.cluster(MODEL)
        groups = {"Domains found": self.session.labels(column)}
        annotated = "domain" in self.session.contents.columns
        if annotated:
            groups["Annotated in the file (not used)"] = self.session.labels("domain")
        self.report.heading("Spatial domains")
        self._figure(
            "domains",
            domain_map(self.tissue, groups),
            f"The {self.place}s grouped by their embedding; how many there are is in brackets. "
            + ("The annotation was not seen in training." if annotated else ""),
        )

    def _scores(self) -> None:
        scored = [row for row in rows(self.comparison) if row.n]
        has_truth = any(np.isfinite(row.truth) for row in scored)
        self.report.heading("Is it any good?").text(
            f"Before a separate training, {percent(HIDDEN_SHARE)} of the molecules were hidden "
            f"(one random split, seed {self.demo.seed}); every method saw the same rest, and "
            "was judged on the hidden ones. The score is the share of the Poisson deviance of gene "
            "mean × depth that it removes: 0 is level with that baseline, 1 would be perfect, and "
            "below 0 is worse than it. Much of the deviance is chance, so no method comes near 1. "
            f"The median gene, and the genes better, are of those with at least {MIN_HIDDEN} "
            "hidden molecules."
        )
        header = ["Method", "Deviance explained", "Median gene", "Genes better than mean"]
        table = [
            [
                row.title,
                number(row.gain),
                number(row.gene_median),
                percent(row.genes_better),
                duration(row.seconds),
            ]
            for row in scored
        ]
        if has_truth:
            header.append("Correlation with the truth")
            for cells, row in zip(table, scored, strict=True):
                cells.insert(4, number(row.truth, 2))
        ours = next(i for i, row in enumerate(scored) if row.method.name == MODEL)
        self.report.table([*header, "Time"], table, strong=ours)
        shown = {row.title: row.gain for row in scored if row.gain > -0.3}
        self._figure(
            "scores",
            score_bars(
                shown, reference="gene mean × depth", best=TITLE, label="deviance explained"
            ),
            "Deviance of hidden molecules explained."
            + (" Methods far below 0 are in the table only." if len(shown) < len(scored) else ""),
        )
        self._caveats(has_truth)

    def _caveats(self, has_truth: bool) -> None:
        points = []
        if has_truth:
            points.append(
                "The sample is simulated, so the truth is known. The correlation with it is "
                "Pearson's r over spots, depth taken out, for the median gene that has a pattern."
            )
        if self.adata.raw is not None and self.adata.raw.n_vars > self.adata.n_vars:
            points.append("The choice of genes has not seen the hidden molecules.")
        points.append(
            f"Another seed moves these figures a little: differences up to {LEVEL} mean nothing."
        )
        self.report.points(points)

    def _trust(self) -> None:
        """Verdicts on single genes, and what the blend is made of."""
        judged = trust_table(self.adata, MODEL)
        if judged is None:
            return
        self.report.heading("Which genes can be believed?").text(
            f"In the training itself, {percent(HIDDEN_SHARE)} of the molecules were hidden to "
            "judge each gene, and used for nothing else. A gene is reliable where it is predicted "
            "clearly better than by gene mean × depth, and not clearly worse than by the best "
            "simple method."
        )
        header = ["Verdict", "Genes", "For example", "Why"]
        table = []
        for judgement, genes in judged.groupby("verdict", observed=True):
            example = str(genes.sort_values("hidden", ascending=False).index[0])
            found = badge(self.adata, MODEL, example)
            assert found is not None
            table.append([str(judgement).capitalize(), f"{len(genes):,}", example, found.sentence])
        self.report.table(header, table, caption="Verdicts by molecules that nothing has seen")
        shares = blend_shares(self.adata, MODEL)
        if shares:
            self.report.text(
                "What is shown is a blend, with weights per gene that other hidden molecules set. "
                "On average over genes: " + "; ".join(f"{percent(w)} {t}" for t, w in shares) + "."
            )

    def _variable_genes(self) -> None:
        self.report.heading("Variable genes, before and after")
        try:
            found = variable_genes(self.adata, MODEL)
        except TooSmall as error:
            self.report.text(str(error))
            return
        self.report.text(
            found.note + " Imputing takes counting noise away, and noise makes some genes look "
            "variable; a gene that enters the list has a pattern that noise had hidden, or one "
            "that the model invented: its map and its score on hidden molecules tell."
        )
        self._figure(
            "variable_genes",
            variable_gene_overlap(found.before, found.after, found.n_genes),
            "Ranks by variability (seurat_v3) on counts and on imputed values.",
        )
        pairs = zip(found.before[:10], found.after[:10], strict=True)
        rows = [[str(i), before, after] for i, (before, after) in enumerate(pairs, start=1)]
        self.report.table(["Rank", "Before", "After"], rows)
        for name, gene, change in _newcomers(found):
            self._figure(f"variable_{name}", self._pair(gene), f"{gene}: {change}.")

    def _pair(self, gene: str) -> Figure:
        raw, imputed = (self.session.expression(gene, source) for source in (COUNTS, MODEL))
        limits = self._limits(gene)
        unit = f"counts per {self.place}"
        return gene_pair(self.tissue, raw, imputed, limits=limits, gene=gene, unit=unit)

    def _learning(self) -> None:
        self.report.heading("How it learned")
        history = self.session.models[MODEL].history_
        self._figure(
            "loss",
            loss_curve(history),
            "The loss, and the score on molecules held back to decide when to stop.",
        )
        self.report.text("What was decided from the data:").points(self.record.notes)

    def _window(self) -> None:
        if self.shots:
            self.report.heading("In the window")
        for shot in self.shots:
            self.report.image(shot.file.read_bytes(), shot.caption)

    def _next_steps(self) -> None:
        source = self.demo.data or "your_section.h5ad"
        self.report.heading("How to go on").points(
            [
                "result.h5ad: the data with imputed layer, embedding, domains and their record.",
                "model: the trained model, to be loaded with GMMVGAE.load(…).",
                "figures, screenshots: every picture of this page as PNG.",
            ]
        )
        self.report.code(
            f"stimpute check {source}\n"
            f"stimpute impute {source} out.h5ad --model {MODEL}\n"
            f"stimpute demo {source} --out my_demo\n"
            "napari            # Plugins → stimpute, or File → Open Sample"
        )
        self.report.code(
            "import napari_stimpute as st\n\n"
            f"adata = st.read({source!r})\n"
            "model = st.GMMVGAE().fit(adata, seed=0)\n"
            f"adata.layers[{keys.imputed(MODEL)!r}] = model.impute(adata)\n"
            f"adata.obs[{keys.cluster(MODEL)!r}] = model.cluster(adata)"
        )


def blend_shares(adata: AnnData, key: str) -> list[tuple[str, float]]:
    """Parts of a run's blend and their mean weight over genes, largest first; none below 1 %."""
    trust = read_records(adata)[key].trust
    if trust is None or not trust.parts:
        return []
    mean = np.asarray(adata.varm[keys.weights(key)]).mean(axis=0)
    order = [int(k) for k in np.argsort(-mean) if mean[k] >= 0.01]
    return [(trust.parts[k], float(mean[k])) for k in order]


def telling_genes(comparison: Comparison) -> list[tuple[str, str]]:
    """Genes to look at, each with its reason: three that were predicted well, and the worst.

    Of genes that can be judged; where there are none, the most frequent, which say so.
    """
    found = next(s for s in comparison.scores if s.method.name == MODEL).recovery
    names, gain, hidden = comparison.genes, found.per_gene, found.hidden
    order = np.argsort(-hidden, kind="stable")
    judged = order[hidden[order] >= MIN_HIDDEN]
    if not len(judged):
        few = f"hidden molecules, too few to judge by: at least {MIN_HIDDEN} are needed"
        return [(names[g], f"{hidden[g]:,.0f} {few}") for g in order[:_N_EXAMPLES]]
    chosen = {
        int(part[np.argmax(gain[part])])
        for part in np.array_split(judged, _N_EXAMPLES)
        if len(part)
    }
    listed = sorted(chosen, key=lambda g: -hidden[g])
    worst = int(judged[np.argmin(gain[judged])])
    shown = [*listed, worst] if worst not in chosen else listed
    return [
        (
            names[g],
            f"{'worst served; ' if g == worst and worst not in chosen else ''}"
            f"{percent(gain[g])} of its deviance explained on {hidden[g]:,.0f} hidden molecules",
        )
        for g in shown
    ]


def _newcomers(found: VariableGenes) -> list[tuple[str, str, str]]:
    """The gene that rose most into the list, and the one that fell out of it from highest."""
    kept = set(found.shared)
    n = len(found.before)
    entered = next((g for g in found.after if g not in kept), "")
    left = next((g for g in found.before if g not in kept), "")
    rows = []
    if entered:
        place = found.after.index(entered) + 1
        rows.append(("entered", entered, f"rank {place} after imputing, not among {n:,} before"))
    if left:
        place = found.before.index(left) + 1
        rows.append(("left", left, f"rank {place} before imputing, not among {n:,} after"))
    return rows
