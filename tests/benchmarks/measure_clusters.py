"""Clusters of cells against reference labels (protocol P7): our models, the number known or not.

    python tests/benchmarks/measure_clusters.py --data FOLDER --out TABLE.md [--seeds 5]
        [--sets a,b] [--models scamzi scimta ...] [--estimate] [--labels cell_type ...]

Reads `<set>.h5ad` (raw counts; labels in obs["cell_type"], or a label for each combination of the
columns that are named) and, where there is one, the gene list `panels/<set>.txt`. Labels are used
for scoring alone; their number is given to every model, or with `--estimate` to none. Baselines
(principal components with k-means or a tied mixture) always know it, and draw nothing from the
seed. Writes the adjusted Rand index (mean ± standard deviation over seeds), and each run with both
normalisations of the mutual information as JSON, from which an interrupted measurement goes on. A
model may be named with settings: `scamzi:attention=false,zero_inflation=false`.
Rows do not say how they were labelled: with `--estimate` or `--labels`, name another `--out`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp
from measure_robustness import by_kmeans, by_mixture
from runs import Runs, markdown
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from napari_stimpute.models import model_class, model_info

BASELINES = {"PCA, k-means": by_kmeans, "PCA, mixture": by_mixture}
SETS = ("pbmc4k", "baron_mouse1", "kang_stim", "cellmix_batches", "starmap_v1", "paul15")


def main() -> None:
    """Run every set, seed and model, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--models", nargs="+", default=[*BASELINES, "scamzi", "scimta"])
    parser.add_argument("--estimate", action="store_true")
    parser.add_argument("--labels", nargs="+", default=["cell_type"])
    options = parser.parse_args()
    runs = Runs(options.out.with_suffix(".json"))
    for seed in range(options.seeds):
        for name in options.sets.split(","):
            cells, labels = load(options.data, name, options.labels)
            for model in options.models:
                if not runs.has(set=name, seed=seed, model=model):
                    found = measure(model, cells, labels, seed, estimate=options.estimate)
                    runs.add(set=name, seed=seed, model=model, **found)
    options.out.write_text(table(runs.frame()))


def load(
    folder: Path, name: str, columns: Sequence[str] = ("cell_type",)
) -> tuple[ad.AnnData, np.ndarray]:
    """Counts of the set's gene panel, and the labels."""
    cells = ad.read_h5ad(folder / f"{name}.h5ad")
    cells.var_names_make_unique()
    panel = folder / "panels" / f"{name}.txt"
    if panel.exists():
        genes = panel.read_text().splitlines()
        cells = cells[:, [gene for gene in genes if gene in cells.var_names]]
    counts = sp.csr_matrix(cells.X).astype(np.float32)
    labels = cells.obs[list(columns)].astype(str).agg(" ".join, axis=1).to_numpy()
    return ad.AnnData(counts, obs=cells.obs.copy(), var=cells.var[[]].copy()), labels


def measure(
    model: str, cells: ad.AnnData, labels: np.ndarray, seed: int, *, estimate: bool
) -> dict[str, float]:
    """Fit one model with one seed, and score its clusters."""
    begun, k = time.process_time(), len(set(labels))
    if model in BASELINES:
        found = BASELINES[model](cells, k)
    else:
        name, _, text = model.partition(":")
        settings = dict(part.split("=") for part in text.split(",") if part)
        config = model_info(name).config.checked({"n_clusters": 0 if estimate else k} | settings)
        found = model_class(name)(config).fit(cells, seed=seed).cluster(cells)
    return {
        "ari": round(adjusted_rand_score(labels, found), 4),
        "nmi": round(normalized_mutual_info_score(labels, found), 4),
        "nmi_max": round(normalized_mutual_info_score(labels, found, average_method="max"), 4),
        "clusters": len(set(found)),
        "cpu_seconds": round(time.process_time() - begun, 1),
    }


def table(runs: pd.DataFrame) -> str:
    """Markdown: adjusted Rand index by set and model, and the mean over sets."""

    def cell(one: pd.DataFrame) -> str:
        spread, number = one["ari"].std(ddof=0), one["clusters"].mean()
        return f"{one['ari'].mean():.3f} ± {spread:.3f} ({number:.1f})"

    means = runs.groupby(["model", "set"])["ari"].mean().groupby("model").mean()
    last = " | ".join(f"{means[model]:.3f}" for model in dict.fromkeys(runs["model"]))
    return markdown(runs, cell) + f"| mean | {last} |\n"


if __name__ == "__main__":
    main()
