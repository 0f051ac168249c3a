"""Edits of cells to a condition their type was never measured under, beside the simplest ones.

    python tests/benchmarks/measure_editing.py --data FOLDER --out TABLE.md [--set kang_stim]
        [--groups cell_type] [--condition condition] [--target stimulated] [--seed 1]
        [--again B,NK --seeds 2,3]

Reads `<set>.h5ad` and, where there is one, the gene list `panels/<set>.txt`. The target cells of
each type are taken out of the file in turn; scDiffusion is trained on the rest (the autoencoder
alone, since the blend asks no denoiser), and the type's other cells are edited. Only then are they
compared with the real target cells: R² of the change, energy distance over that of the input, and
of the 100 genes that differ most (Welch's t) the share in the right direction, and the Jaccard
index with those of the edited cells; all on log(1 + count · 10,000 / total). Half of the real cells
stands for what another measurement would reach. Types that are named with `--again` are measured
with more seeds, of which there is a table of its own. Writes Markdown tables and every row as JSON,
from which an interrupted measurement goes on.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import torch
from runs import Runs
from sklearn.decomposition import PCA
from sklearn.metrics import pairwise_distances

from napari_stimpute.editing import JudgedEdit, judge_edit
from napari_stimpute.models.scdiffusion.edit import EditRequest
from napari_stimpute.models.scdiffusion.editor import Editor
from napari_stimpute.models.scdiffusion.model import ScDiffusion

DEPTH, TOP, N_COMPONENTS = 1e4, 100, 30
SCORES = {"change": "R² of the change", "energy": "energy", "direction": "direction"}
SCORES |= {"jaccard": "common genes"}


def main() -> None:
    """Leave each type out, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--set", default="kang_stim")
    parser.add_argument("--groups", default="cell_type")
    parser.add_argument("--condition", default="condition")
    parser.add_argument("--target", default="stimulated")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--again", default="", help="types, divided by commas")
    parser.add_argument("--seeds", default="2,3", help="with which these are measured again")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cells = anndata.read_h5ad(options.data / f"{options.set}.h5ad")
    panel = options.data / "panels" / f"{options.set}.txt"
    if panel.exists():
        cells = cells[:, panel.read_text().split()].copy()
    runs = Runs(options.out.with_suffix(".json"))
    wanted = [(str(group), options.seed) for group in sorted(cells.obs[options.groups].unique())]
    again = [group for group in options.again.split(",") if group]
    wanted += [(group, int(seed)) for seed in options.seeds.split(",") for group in again]
    for group, seed in wanted:
        if not runs.has(group=group, seed=seed):
            leave_out(cells, group, seed, options, runs)
    rows = runs.frame()
    text = tables(rows[rows["seed"] == options.seed])
    options.out.write_text(text + (more_seeds(rows, again) if again else ""))


def leave_out(
    cells: anndata.AnnData, group: str, seed: int, options: argparse.Namespace, runs: Runs
) -> None:
    """Edit one type without its target cells, and compare with them afterwards."""
    is_group = (cells.obs[options.groups] == group).to_numpy()
    is_target = (cells.obs[options.condition] == options.target).to_numpy()
    seen, real = cells[~(is_group & is_target)].copy(), cells[is_group & is_target]
    began = time.process_time()
    columns = f"{options.groups},{options.condition}"
    model = ScDiffusion(condition=columns, diffusion_steps=1).fit(seen, seed=seed)
    names = tuple(cells.obs_names[is_group & ~is_target])
    request = EditRequest(names, {options.condition: options.target}, seed=seed)
    found = judge_edit(Editor(model, seen).edit(request))
    seconds = time.process_time() - began
    before, after, goal = (
        logged(m.toarray()) for m in (found.edit.before, found.edit.after, real.X)
    )
    rows = {"blend": after}
    types = [t for t in cells.obs[options.groups].unique() if t != group]
    changes = {}
    for other in types:
        there = (cells.obs[options.groups] == other).to_numpy()
        with_, without = (
            logged(cells[there & side].X.toarray()) for side in (is_target, ~is_target)
        )
        changes[other] = (without.mean(axis=0), with_.mean(axis=0) - without.mean(axis=0))
    own = before.mean(axis=0)
    nearest = min(changes, key=lambda other: float(np.square(changes[other][0] - own).sum()))
    rows["nearest type"] = np.clip(before + changes[nearest][1], 0, None)
    mean = np.mean([change for _, change in changes.values()], axis=0)
    rows["mean of types"] = np.clip(before + mean, 0, None)
    for method, predicted in rows.items():
        runs.add(group=group, seed=seed, method=method, **scores(before, goal, predicted))
    order = np.random.default_rng(seed).permutation(len(goal))
    one, other_half = goal[order[: len(order) // 2]], goal[order[len(order) // 2 :]]
    half, told = scores(before, one, other_half), verdicts(found, before, goal)
    runs.add(group=group, seed=seed, method="half of the real cells", **half)
    runs.add(group=group, seed=seed, method="verdicts", seconds=round(seconds), **told)


def verdicts(found: JudgedEdit, before: np.ndarray, goal: np.ndarray) -> dict[str, float]:
    """Changed genes of each verdict, and the share of them that truly change in that direction."""
    table = found.table()
    true = pd.Series(goal.mean(axis=0) - before.mean(axis=0), index=found.edit.genes)
    right = np.sign(true.reindex(table.index)) == np.sign(table["change"])
    row: dict[str, float] = {}
    for verdict in ("reliable", "use with care", "do not use", "cannot be judged"):
        here = (table["verdict"] == verdict).to_numpy()
        row[f"n {verdict}"] = int(here.sum())
        row[f"right {verdict}"] = (
            round(float(right[here].mean()), 4) if here.any() else float("nan")
        )
    return row


def scores(before: np.ndarray, goal: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """All three: log values (cells, genes) of one type; scores by their names."""
    wanted = goal.mean(axis=0) - before.mean(axis=0)
    change = predicted.mean(axis=0) - before.mean(axis=0)
    truly, predicted_to = welch(goal, before), welch(predicted, before)
    top, chosen = (np.argsort(-np.abs(t))[:TOP] for t in (truly, predicted_to))
    n_components = min(N_COMPONENTS, min(goal.shape) - 1, len(before) - 1)
    pca = PCA(n_components, random_state=0).fit(np.vstack([before, goal]))
    start, made, real = (pca.transform(cells) for cells in (before, predicted, goal))
    common = len(set(top) & set(chosen))
    return {
        "change": round(1 - float(np.square(wanted - change).sum() / np.square(wanted).sum()), 4),
        "energy": round(energy(made, real) / energy(start, real), 4),
        "direction": round(float((np.sign(wanted[top]) == np.sign(change[top])).mean()), 4),
        "jaccard": round(common / (2 * TOP - common), 4),
    }


def welch(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Welch's t of each gene."""
    noise = one.var(axis=0, ddof=1) / len(one) + other.var(axis=0, ddof=1) / len(other)
    found: np.ndarray = (one.mean(axis=0) - other.mean(axis=0)) / np.sqrt(noise + 1e-8)
    return found


def energy(one: np.ndarray, other: np.ndarray) -> float:
    """Energy distance of two clouds of points."""
    between = 2 * pairwise_distances(one, other).mean()
    return float(between - pairwise_distances(one).mean() - pairwise_distances(other).mean())


def logged(counts: np.ndarray) -> np.ndarray:
    """log(1 + count · 10,000 / total), (cells, genes)."""
    totals = np.maximum(counts.sum(axis=1, keepdims=True), 1e-12)
    found: np.ndarray = np.log1p(counts.astype(np.float64) * (DEPTH / totals))
    return found


def tables(runs: pd.DataFrame) -> str:
    """Scores by method and type, then what became of the verdicts."""
    scored, judged_rows = (runs[(runs["method"] == "verdicts") == k] for k in (False, True))
    groups = list(dict.fromkeys(runs["group"]))
    lines = ["| R² of the change | " + " | ".join([*groups, "**mean**"]) + " |"]
    lines += ["|---" * (len(groups) + 2) + "|"]
    for method, rows in scored.groupby("method", sort=False):
        by_group = rows.set_index("group")["change"]
        values = [f"{by_group[g]:.3f}" for g in groups] + [f"**{by_group.mean():.3f}**"]
        lines.append(f"| {method} | " + " | ".join(values) + " |")
    lines += ["", "| mean over types | " + " | ".join(SCORES.values()) + " |"]
    lines += ["|---" * (len(SCORES) + 1) + "|"]
    for method, rows in scored.groupby("method", sort=False):
        lines.append(
            f"| {method} | " + " | ".join(f"{rows[name].mean():.3f}" for name in SCORES) + " |"
        )
    lines += ["", "| verdict | changed genes | in the right direction |", "|---|---|---|"]
    for verdict in ("reliable", "use with care", "do not use", "cannot be judged"):
        n = judged_rows[f"n {verdict}"]
        right = (judged_rows[f"right {verdict}"] * n).sum() / max(n.sum(), 1)
        lines.append(f"| {verdict} | {int(n.sum()):,} | {right:.1%} |")
    seconds = judged_rows["seconds"].mean()
    lines += ["", f"CPU time of one type, training and six left-out types: {seconds:.0f} s."]
    return "\n".join(lines) + "\n"


def more_seeds(runs: pd.DataFrame, groups: list[str]) -> str:
    """R² of the change of some types with several seeds: mean ± standard deviation."""
    lines = ["", "| R² of the change, over seeds | " + " | ".join(groups) + " |"]
    lines += ["|---" * (len(groups) + 1) + "|"]
    for method, rows in runs[runs["method"] != "verdicts"].groupby("method", sort=False):
        found = [rows[rows["group"] == group]["change"] for group in groups]
        cells = [f"{of.mean():.3f} ± {of.std():.3f} ({len(of)})" for of in found]
        lines.append(f"| {method} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
