"""A type of which 15 cells were measured: what adding generated ones does for a classifier.

    python tests/benchmarks/measure_rare.py --data FOLDER --out TABLE.md [--seeds 3]
        [--types pbmc4k:cluster_7,...] [--settings diffusion_steps=100,...]

Reads `<set>.h5ad` (raw counts; labels in obs["cell_type"]) and, where there is one, the gene list
`panels/<set>.txt`. Types of fewer than 5 cells are left out. 30 % of the cells are held out; of the
others all are kept but those of one type, of which 15 are. 200 cells of that type are added, made
from these cells in one way or another, and two classifiers (logistic regression, and a forest of
200 trees, on 30 principal components of log(1 + count · 10,000 / total)) learn from all and name
the types of the held-out cells. scDiffusion's cells come from its defaults and `raise_steps`, as in
the window; some of the simple ways beside it use points of the same autoencoder. *all its cells* is
the type as it was, with nothing added. Mean ± standard deviation over seeds, each with a split of
its own. Rows are kept as JSON, from which an interrupted measurement goes on.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp
import torch
from measure_clusters import load
from measure_generation import row, spread
from runs import Runs
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from napari_stimpute import ScDiffusion
from napari_stimpute.models.diffusion_config import ScDiffusionConfig
from napari_stimpute.models.scdiffusion.enhance import raise_steps
from napari_stimpute.models.scdiffusion.simple import MIXTURE, MOMENTS, RESAMPLED, simple_cells
from napari_stimpute.progress import drain

TYPES = "pbmc4k:cluster_7,pbmc4k:cluster_8,baron_mouse1:type_2"
N_KEPT, N_ADDED, HELD_OUT, FEWEST = 15, 200, 0.3, 5
CLASSIFIERS = ("logistic", "forest")
WORDS = {
    MIXTURE: "Gaussian in the latent space",
    RESAMPLED: "latent points drawn again",
    MOMENTS: "negative binomial",
}


def main() -> None:
    """Run every type and seed, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--types", default=TYPES)
    parser.add_argument("--settings", default="", help="of scDiffusion, for a quick look")
    options = parser.parse_args()
    torch.set_num_threads(1)
    settings = dict(part.split("=") for part in options.settings.split(",") if part)
    config = ScDiffusionConfig.checked({"condition": "cell_type", "judge_share": 0.0} | settings)
    runs = Runs(options.out.with_suffix(".json"))
    for seed in range(options.seeds):
        for rare in options.types.split(","):
            if not runs.has(set=rare, seed=seed):
                name, _, label = rare.partition(":")
                measure(runs, rare, load(options.data, name)[0], label, config, seed)
                options.out.write_text(tables(runs.frame()))


def measure(
    runs: Runs, rare: str, cells: ad.AnnData, label: str, config: ScDiffusionConfig, seed: int
) -> None:
    """Keep 15 cells of a type, add others in each way, and score both classifiers."""
    begun, labels = time.process_time(), cells.obs["cell_type"].astype(str)
    many = (labels.map(labels.value_counts()) >= FEWEST).to_numpy()
    cells, labels = cells[many], labels[many].to_numpy()
    learned, held_out = train_test_split(
        np.arange(len(labels)), test_size=HELD_OUT, random_state=seed, stratify=labels
    )
    of_type = learned[labels[learned] == label]
    kept = np.random.default_rng(seed).permutation(of_type)[:N_KEPT]
    others = learned[labels[learned] != label]
    few = cells[np.concatenate([others, kept])].copy()
    added = {
        "nothing": sp.csr_matrix((0, cells.n_vars), dtype=np.float32),
        **made(few, label, config, seed),
        "all its cells": cells.X[np.setdiff1d(of_type, kept)],
    }
    seconds = time.process_time() - begun
    for way, counts in added.items():
        names = np.concatenate([few.obs["cell_type"], np.full(counts.shape[0], label)])
        given = sp.csr_matrix(sp.vstack([few.X, counts])), names.astype(str)
        found = scores(given, (cells.X[held_out], labels[held_out]), label, seed)
        n = int((labels[held_out] == label).sum())
        runs.add(set=rare, seed=seed, way=way, n=n, seconds=round(seconds), **found)


def made(
    few: ad.AnnData, label: str, config: ScDiffusionConfig, seed: int
) -> dict[str, sp.csr_matrix]:
    """Counts of the cells that are added, by each way, (200, n_genes)."""
    rng, counts = np.random.default_rng(seed), sp.csr_matrix(few.X)
    real = np.flatnonzero((few.obs["cell_type"] == label).to_numpy())
    again, noisy = (counts[rng.choice(real, N_ADDED)] for _ in range(2))
    noisy.data = rng.poisson(noisy.data).astype(np.float32)
    model = ScDiffusion(config).fit(few, seed=seed)
    raised = drain(raise_steps(model, few, "cell_type", label, len(real) + N_ADDED, seed=seed))
    asked, trained = model.asked(N_ADDED, {"cell_type": label}), model.table_.of_cells(few.obs)
    simple = simple_cells(model.generator, model.replay_, asked, (counts, trained), seed)
    return {
        "oversampling": again,
        "with Poisson noise": noisy,
        **{WORDS[way]: found for way, found in simple.items()},
        "scDiffusion": sp.csr_matrix(raised.adata.X)[few.n_obs :],
    }


def scores(
    given: tuple[sp.csr_matrix, np.ndarray],
    asked: tuple[sp.csr_matrix, np.ndarray],
    label: str,
    seed: int,
) -> dict[str, float]:
    """Macro F1, and F1 of the rare type, of both classifiers on cells that were held out."""
    found, forest = dict[str, float](), RandomForestClassifier(200, random_state=seed)
    for name, classifier in zip(
        CLASSIFIERS, (LogisticRegression(max_iter=2000), forest), strict=True
    ):
        whole = make_pipeline(PCA(30, random_state=seed), classifier)
        said = whole.fit(logged(given[0]), given[1]).predict(logged(asked[0]))
        found[f"{name} macro"] = f1_score(asked[1], said, average="macro")
        found[f"{name} rare"] = f1_score(asked[1], said, labels=[label], average="macro")
    return found


def logged(counts: sp.csr_matrix) -> np.ndarray:
    """log(1 + count · 10,000 / total), (n, n_genes)."""
    total = np.maximum(np.asarray(counts.sum(axis=1)), 1.0)
    return np.log1p(counts.toarray() / total * 1e4)


def tables(runs: pd.DataFrame) -> str:
    """A table for each type: F1 of it, and of all types, by way and classifier."""
    kinds = {"rare": "F1 of the type", "macro": "of all types"}
    scores = {f"{name} {k}": f"{name}, {v}" for name in CLASSIFIERS for k, v in kinds.items()}
    written = []
    for name, group in runs.groupby("set", sort=False):
        n, n_seeds = group.drop_duplicates("seed")["n"].mean(), group["seed"].nunique()
        lines = [f"`{name}`, {n:.0f} cells of the type held out, seeds: {n_seeds}", ""]
        lines += [row("added", *scores.values()), "|---" * (1 + len(scores)) + "|"]
        for way, one in group.groupby("way", sort=False):
            lines.append(row(str(way), *(spread(one[score]) for score in scores)))
        written.append("\n".join(lines) + "\n")
    return "\n".join(written)


if __name__ == "__main__":
    main()
