"""Generated cells against real ones that the model never saw (protocol P10), beside simple ways.

    python tests/benchmarks/measure_generation.py --data FOLDER --out TABLES.md [--seeds 3]
        [--sets a,b] [--preset paper]

Reads `<set>.h5ad` (raw counts; labels in obs["cell_type"]) and, where there is one, the gene list
`panels/<set>.txt`. scDiffusion is trained with its defaults on 70 % of the cells, and as many cells
are generated as were kept apart, with labels as frequent as in training. Every score stands beside
real cells held against real ones, and beside simple ways to make cells from the same training
cells: mean ± standard deviation over seeds, each with a split of its own. Then how long training
and 5,000 cells take, in processor seconds of one thread. With `--preset` other settings have a
column of their own, after the defaults were measured. Rows are kept as JSON, from which an
interrupted measurement goes on; the tables are of those that are there.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import anndata as ad
import pandas as pd
import torch
from measure_clusters import load
from runs import Runs

from napari_stimpute import ScDiffusion
from napari_stimpute.generate import Order, generation_steps
from napari_stimpute.progress import drain

SETS = ("pbmc4k", "baron_mouse1", "kang_stim")
KEPT_APART, MANY, DEFAULT = 0.3, 5000, "default"


def main() -> None:
    """Run every set and seed, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--preset", default=DEFAULT)
    options = parser.parse_args()
    torch.set_num_threads(1)
    runs = Runs(options.out.with_suffix(".json"))
    for seed in range(options.seeds):
        for name in options.sets.split(","):
            if not runs.has(set=name, seed=seed, way=generated_by(options.preset)):
                measure(runs, name, load(options.data, name)[0], options.preset, seed)
                options.out.write_text(tables(runs.frame()))


def generated_by(preset: str) -> str:
    """Name of the column of cells that a preset generated."""
    return "generated" if preset == DEFAULT else f"generated, {preset}"


def measure(runs: Runs, name: str, cells: ad.AnnData, preset: str, seed: int) -> None:
    """Train, generate and judge with one seed; a row for each way to make cells.

    Real cells are the same for each preset, and simple ways stand beside the defaults alone.
    """
    begun = time.process_time()
    model = ScDiffusion.preset(preset, condition="cell_type", judge_share=KEPT_APART)
    model.fit(cells, seed=seed)
    seconds = {"training": time.process_time() - begun}
    begun = time.process_time()
    model.generate(MANY, seed=seed)
    seconds["generating"] = time.process_time() - begun
    n = len(model.trained_on_.kept_apart)
    found = drain(generation_steps(model, Order(n, seed=seed), cells))
    assert found.judged is not None, found.notes
    for way, scores in found.judged.scores.to_dict().items():
        if way == "generated":
            runs.add(set=name, seed=seed, way=generated_by(preset), n=n, **scores, **seconds)
        elif preset == DEFAULT:
            runs.add(set=name, seed=seed, way=way, n=n, **scores)


def tables(runs: pd.DataFrame) -> str:
    """A table of scores for each set, and one of seconds."""
    written = []
    scores = [c for c in runs if c not in ("set", "seed", "way", "n", "training", "generating")]
    for name, group in runs.groupby("set", sort=False):
        n, n_seeds = group["n"].iloc[0], group["seed"].nunique()
        ways = list(dict.fromkeys(group["way"]))
        lines = [f"`{name}`, {n:,} cells kept apart, seeds: {n_seeds}", "", row("score", *ways)]
        lines.append("|---" * (len(ways) + 1) + "|")
        lines += [
            row(score, *(spread(group[group["way"] == way][score]) for way in ways))
            for score in scores
        ]
        written.append("\n".join(lines) + "\n")
    lines = ["Processor seconds:", "", row("set", "", "training", f"{MANY:,} cells")]
    lines.append("|---" * 4 + "|")
    ours = runs[runs["way"].str.startswith("generated")]
    for (name, way), group in ours.groupby(["set", "way"], sort=False):
        means = (f"{group[kind].mean():.0f}" for kind in ("training", "generating"))
        lines.append(row(f"`{name}`", way, *means))
    return "\n".join([*written, "\n".join(lines) + "\n"])


def spread(values: pd.Series) -> str:
    """Mean ± standard deviation, to a thousandth; the mean alone of one."""
    error = f" ± {values.std():.3f}" if len(values) > 1 else ""
    return f"{values.mean():.3f}{error}"


def row(*cells: str) -> str:
    """Cells of a table in Markdown."""
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
