"""Merging of batches by scIMTA on cells of known kinds: mixing and purity, before and after.

    python tests/benchmarks/measure_batches.py --data FOLDER --out TABLE.md [--seeds 5]
        [--set cellmix_batches] [--batch batch] [--groups cell_type]

Reads `<set>.h5ad` and, where there is one, the gene list `panels/<set>.txt`. Scored are principal
components of the counts (before), the same centred in each batch (the simple method), and scIMTA
without and with the column of batches. Mixing is scored within each group, since a batch need not
hold every group: 0 apart, 1 as mixed as its sizes allow. Purity is the share of neighbours of the
same group. Labels are used for scoring alone; the clusters are given their number. Writes a
Markdown table (mean ± standard deviation over seeds) and every run as JSON, from which an
interrupted measurement goes on.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData
from measure_clusters import load
from runs import Runs
from sklearn.metrics import adjusted_rand_score

from napari_stimpute.analysis.mixing import mixing
from napari_stimpute.data.components import principal_components
from napari_stimpute.data.counts import log_normalise, size_factors
from napari_stimpute.models import model_class
from napari_stimpute.models.cells.clusters import mixture_clusters

N_COMPONENTS = 30


def main() -> None:
    """Run every seed, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--set", default="cellmix_batches")
    parser.add_argument("--batch", default="batch")
    parser.add_argument("--groups", default="cell_type")
    options = parser.parse_args()
    cells, groups = load(options.data, options.set, [options.groups])
    batch = cells.obs[options.batch].astype(str).to_numpy()
    runs = Runs(options.out.with_suffix(".json"))
    for seed in range(options.seeds):
        if runs.has(seed=seed):
            continue
        before = components(cells, seed)
        for name, (points, found) in embeddings(cells, before, batch, groups, options, seed):
            row = scores(points, before, batch, groups, seed)
            row["ari"] = adjusted_rand_score(groups, found)
            runs.add(seed=seed, method=name, **{k: round(float(v), 4) for k, v in row.items()})
    options.out.write_text(table(runs.frame()))


def embeddings(
    cells: AnnData,
    before: np.ndarray,
    batch: np.ndarray,
    groups: np.ndarray,
    options: argparse.Namespace,
    seed: int,
) -> list[tuple[str, tuple[np.ndarray, np.ndarray]]]:
    """Points and clusters of each method."""
    k = len(set(groups))
    centred = before.copy()
    for one in np.unique(batch):
        centred[batch == one] -= centred[batch == one].mean(axis=0)
    found = [
        ("principal components", (before, mixture_clusters(before, k, seed))),
        ("components centred by batch", (centred, mixture_clusters(centred, k, seed))),
    ]
    for name, column in (("scIMTA without batches", ""), ("scIMTA", options.batch)):
        model = model_class("scimta")(n_clusters=k, batch_key=column).fit(cells, seed=seed)
        found.append((name, (model.embed(cells), model.cluster(cells))))
    return found


def components(cells: AnnData, seed: int) -> np.ndarray:
    """Principal components of log-normalised counts, (n_obs, 30)."""
    logged = log_normalise(cells.X, size_factors(cells.X))
    return principal_components(logged, N_COMPONENTS, seed).scores


def scores(
    points: np.ndarray, before: np.ndarray, batch: np.ndarray, groups: np.ndarray, seed: int
) -> dict[str, float]:
    """Mixing within groups (mean), purity, and neighbours that were kept."""
    names = [g for g in np.unique(groups) if len(set(batch[groups == g])) > 1]
    within = [mixing(points[groups == g], batch[groups == g], seed=seed).diversity for g in names]
    whole = mixing(points, batch, groups, seed, reference=before)
    return {
        "mixing within groups": float(np.mean(within)),
        "mixing": whole.diversity,
        "purity": whole.purity,
        "kept neighbours": whole.kept_neighbours,
    }


def table(runs: pd.DataFrame) -> str:
    """Markdown: one row per method, mean ± standard deviation over seeds."""
    columns = [c for c in runs.columns if c not in ("seed", "method")]
    lines = ["| embedding | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name, group in runs.groupby("method", sort=False):
        cells = [f"{group[c].mean():.2f} ± {group[c].std(ddof=0):.2f}" for c in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
