"""Do intervals hold what they promise, and zeros what the zero map says of them? On real data.

    python tests/benchmarks/measure_uncertainty.py --data FOLDER --out TABLE.md [--seeds 3]
        [--sets a,b] [--models mixture,gmm_vgae] [--domains 7]

Each section is run as a user would, three times, on a share of its molecules; the others, which
nothing in the program saw, tell the truth:

- 90 %: how many of the other 10 % lie in their 90 % interval (randomised place, since counts are
  discrete), over all spots and genes, the thirds of the genes by expression, the thirds of the
  entries by expected count, and the hundredth with the highest, where it is hardest;
- 50 %: the same with the other half, which is a second measurement at the same depth;
- 20 %: of the zeros, does the probability tell those that show a molecule at five times the depth?
  Area under the ROC curve beside that of gene mean × depth, over all zeros and within genes (mean
  over genes with at least 10 zeros of each kind), and the share that shows one by probability.

Reads `<set>.h5ad`; genes are chosen in each split by its kept molecules. Writes Markdown tables
(means over seeds, and the extremes of coverage) and every run as JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp
from measure_imputation import hide
from scipy.stats import rankdata

from napari_stimpute import keys
from napari_stimpute.models import model_info
from napari_stimpute.progress import drain
from napari_stimpute.run import Request, Run
from napari_stimpute.trust.calibration import Calibration
from napari_stimpute.trust.intervals import coverage
from napari_stimpute.trust.zeros import ZeroCalibration

SETS = (
    "st_mob_rep8",
    "her2st_A1",
    "starmap_v1",
    "dlpfc_151673",
    "slideseqv2_hippocampus",
    "kang_stim",
    "cellmix_batches",
)
COVERED = {"the other 10 %": 0.1, "the second half": 0.5}
PARTS = (
    "overall",
    "weak genes",
    "middle genes",
    "strong genes",
    "low",
    "middle",
    "high",
    "highest 1 %",
)
LEFT_OUT = 0.8
EACH_KIND = 10
FEWEST_SPOTS = 3


def main() -> None:
    """Run every set, seed and model, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--models", default="mixture")
    parser.add_argument("--domains", type=int, default=0, help="0: the model finds their number")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for name in options.sets.split(","):
        for seed in range(options.seeds):
            for model in options.models.split(","):
                rows += measure(options.data, name, seed, model, options.domains)
                options.out.with_suffix(".json").write_text(json.dumps(rows, indent=1))
    runs = pd.DataFrame(rows)
    options.out.write_text("\n".join([coverage_table(runs), auroc_table(runs), curve_table(runs)]))
    print(options.out.read_text())


def measure(folder: Path, name: str, seed: int, model: str, domains: int) -> list[dict[str, Any]]:
    """The three runs of one model on one section."""
    rows = []
    for what, share in {**COVERED, "zeros": LEFT_OUT}.items():
        section, truth = part(folder, name, share, seed)
        if keys.SPATIAL not in section.obsm and "spatial" in model_info(model).needs:
            continue
        begun = time.monotonic()
        imputed, known = run(section, model, seed, domains)
        row = {"set": name, "model": model, "seed": seed, "what": what}
        found = (
            zeros(section, truth, imputed, known)
            if what == "zeros"
            else covered(truth, imputed, known)
        )
        rows.append(row | found | {"seconds": round(time.monotonic() - begun, 1)})
        print(json.dumps(rows[-1]), flush=True)
    return rows


def part(folder: Path, name: str, share: float, seed: int) -> tuple[ad.AnnData, sp.csr_matrix]:
    """The section without a share of its molecules, and these, of genes that are left in it."""
    section, truth = hide(folder, name, share, seed)
    seen = np.asarray((section.X > 0).sum(axis=0)).ravel() >= FEWEST_SPOTS
    return section[:, seen].copy(), truth[:, seen].tocsr()


def run(
    section: ad.AnnData, model: str, seed: int, domains: int
) -> tuple[np.ndarray, ZeroCalibration]:
    """Imputed values, and what the run says of their scatter."""
    settings = {"n_domains": domains} if model == "gmm_vgae" and domains else {}
    one = Run(section, Request(model, model_info(model).config(**settings), seed=seed))
    drain(one.steps())
    assert one.results is not None and one.results.imputed is not None
    trust = one.results.record.trust
    assert trust is not None
    scatter = Calibration(trust.interval_levels)
    return one.results.imputed, ZeroCalibration(tuple(trust.zero_levels[0]), scatter)


def covered(truth: sp.csr_matrix, imputed: np.ndarray, known: ZeroCalibration) -> dict[str, Any]:
    """Share of the other molecules' counts in their 90 % interval."""
    found = coverage(imputed, truth, known.scatter)
    values = (found.overall, *found.by_gene, *found.by_level, found.highest)
    return {"covered": [round(value, 4) for value in values]}


def zeros(
    section: ad.AnnData, truth: sp.csr_matrix, imputed: np.ndarray, known: ZeroCalibration
) -> dict[str, Any]:
    """How well the probability tells zeros that hide a molecule, and whether it is calibrated."""
    counts, shows = section.X.toarray(), truth.toarray() > 0
    mean = counts.sum(axis=1, keepdims=True) * (counts.sum(axis=0) / counts.sum())
    probability = known.probability(imputed, mean)
    is_zero = counts == 0
    p, shown = probability[is_zero].astype(np.float64), shows[is_zero]
    bins = np.minimum((10 * p).astype(int), 9)
    number = np.bincount(bins, minlength=10)
    within = [within_genes(score, shows, is_zero) for score in (probability, mean)]
    return {
        "auroc": auroc(p, shown),
        "auroc_mean": auroc(mean[is_zero], shown),
        "within": within[0][0],
        "within_mean": within[1][0],
        "genes": within[0][1],
        "number": number.tolist(),
        "predicted": np.bincount(bins, p, minlength=10).tolist(),
        "shown": np.bincount(bins, shown, minlength=10).tolist(),
    }


def within_genes(score: np.ndarray, shows: np.ndarray, is_zero: np.ndarray) -> tuple[float, int]:
    """Mean area under the ROC curve over genes with enough zeros of both kinds; their number."""
    found = []
    for gene in range(score.shape[1]):
        here = is_zero[:, gene]
        shown = shows[here, gene]
        if min(shown.sum(), (~shown).sum()) >= EACH_KIND:
            found.append(auroc(score[here, gene], shown))
    return float(np.mean(found)), len(found)


def auroc(score: np.ndarray, positive: np.ndarray) -> float:
    """Chance that a positive scores higher than a negative."""
    n, n_others = int(positive.sum()), int((~positive).sum())
    return float((rankdata(score)[positive].sum() - n * (n + 1) / 2) / (n * n_others))


def coverage_table(runs: pd.DataFrame) -> str:
    """Markdown: coverage of nominal 90 % intervals."""
    lines = [
        "### Share of counts in their 90 % interval\n",
        "| set | model | counts of | " + " | ".join(PARTS) + " |",
        "|---" * (len(PARTS) + 3) + "|",
    ]
    chosen = runs[runs["what"] != "zeros"]
    for (name, model, what), group in chosen.groupby(["set", "model", "what"], sort=False):
        shares = 100 * np.array(group["covered"].tolist())
        cells = [
            f"{mean:.1f} ({low:.1f}–{high:.1f})" if high - low >= 0.1 else f"{mean:.1f}"
            for mean, low, high in zip(shares.mean(0), shares.min(0), shares.max(0), strict=True)
        ]
        lines.append(f"| {name} | {model} | {what} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def auroc_table(runs: pd.DataFrame) -> str:
    """Markdown: area under the ROC curve for "this zero hides a molecule"."""
    lines = [
        "### Does this zero hide a molecule? Area under the ROC curve\n",
        "| set | model | all zeros | gene mean × depth | within genes | gene mean × depth "
        "| genes | calibration error |",
        "|---" * 8 + "|",
    ]
    chosen = runs[runs["what"] == "zeros"]
    for (name, model), group in chosen.groupby(["set", "model"], sort=False):
        pairs = (("auroc", "auroc_mean"), ("within", "within_mean"))
        cells = [f"{group[column].mean():.4f}" for pair in pairs for column in pair]
        off = np.abs(table_of(group, "predicted") - table_of(group, "shown")).sum()
        error = off / table_of(group, "number").sum()
        cells += [f"{group['genes'].mean():.0f}", f"{error:.4f}"]
        lines.append(f"| {name} | {model} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def curve_table(runs: pd.DataFrame) -> str:
    """Markdown: mean probability → share that shows a molecule (number of zeros)."""
    lines = [
        "### Of the zeros with this probability, the share that shows a molecule\n",
        "| set | model | " + " | ".join(f"{10 * i}–{10 * i + 10} %" for i in range(10)) + " |",
        "|---" * 12 + "|",
    ]
    chosen = runs[runs["what"] == "zeros"]
    for (name, model), group in chosen.groupby(["set", "model"], sort=False):
        number = np.maximum(table_of(group, "number"), 1)
        predicted, shown = table_of(group, "predicted") / number, table_of(group, "shown") / number
        cells = [
            f"{100 * p:.0f} → {100 * s:.0f} ({n:,.0f})"
            for p, s, n in zip(predicted, shown, number, strict=True)
        ]
        lines.append(f"| {name} | {model} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def table_of(group: pd.DataFrame, column: str) -> np.ndarray:
    """A column of lists, added up over seeds."""
    return np.array(group[column].tolist(), dtype=float).sum(axis=0)


if __name__ == "__main__":
    main()
