"""Spatial domains on labelled sections (protocol P6): GMM-VGAE beside PCA + mixture, label-free.

    python tests/benchmarks/measure_domains.py --data FOLDER --out TABLE.md [--seeds 5] [--sets a,b]

Reads `<set>.h5ad` from the folder, with counts in X, obs["domain"] and obsm["spatial"]. The number
of domains is given to both methods; labels are used for scoring only. Writes one Markdown table
(adjusted Rand index: median and range over seeds; with and without refinement) and one JSON file
with every run.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from napari_stimpute import GMMVGAE
from napari_stimpute.data.genes import working_adata
from napari_stimpute.data.graph import spatial_coordinates
from napari_stimpute.models.gmm_vgae.domains import refine_domains

SETS = ("dlpfc_151673", "her2st_A1", "st_mob_rep8", "starmap_v1")
UNLABELLED = {"", "nan", "NA", "None", "unknown"}


def main() -> None:
    """Run every set and seed, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--sets", default=",".join(SETS))
    options = parser.parse_args()
    rows = []
    for name in options.sets.split(","):
        section, _ = working_adata(ad.read_h5ad(options.data / f"{name}.h5ad"))
        for seed in range(options.seeds):
            rows.append({"set": name, "seed": seed, **measure(section, seed)})
            print(json.dumps(rows[-1]), flush=True)
            options.out.with_suffix(".json").write_text(json.dumps(rows, indent=1))
    options.out.write_text(table(pd.DataFrame(rows)))


def measure(section: ad.AnnData, seed: int) -> dict[str, float]:
    """Scores of both methods on one section with one seed."""
    truth = section.obs["domain"].astype(str)
    labelled = section.obs["domain"].notna().to_numpy() & ~truth.isin(UNLABELLED).to_numpy()
    k = truth[labelled].nunique()
    begun = time.monotonic()
    model = GMMVGAE(n_domains=k).fit(section, seed=seed)
    found = model.cluster(section)
    seconds = time.monotonic() - begun
    places = spatial_coordinates(section)
    refined = refine_domains(found, places, np.zeros(len(found), int), 7)

    def score(labels: np.ndarray) -> float:
        return round(float(adjusted_rand_score(truth[labelled], labels[labelled])), 4)

    return {
        "gmm_vgae": score(found),
        "gmm_vgae refined": score(refined),
        "pca + tied mixture": score(pca_mixture(section, k, seed, "tied")),
        "pca + full mixture": score(pca_mixture(section, k, seed, "full")),
        "seconds": round(seconds, 1),
        "notes": model.notes_[-1],
    }


def pca_mixture(section: ad.AnnData, k: int, seed: int, covariance: str) -> np.ndarray:
    """Mixture of 20 principal components of log counts per 10,000."""
    counts = section.X.toarray()
    logged = np.log1p(counts / np.maximum(counts.sum(1, keepdims=True), 1) * 1e4)
    scores = PCA(20, svd_solver="randomized", random_state=0).fit_transform(logged)
    mixture = GaussianMixture(
        k, covariance_type=covariance, n_init=3, reg_covar=1e-4, random_state=seed, max_iter=200
    )
    return mixture.fit_predict(scores.astype(np.float64))


def table(runs: pd.DataFrame) -> str:
    """Markdown: one row per set, median (lowest–highest) over seeds."""
    methods = ["gmm_vgae", "gmm_vgae refined", "pca + tied mixture", "pca + full mixture"]
    lines = ["| set | " + " | ".join(methods) + " | seconds |", "|---" * (len(methods) + 2) + "|"]
    for name, group in runs.groupby("set", sort=False):
        cells = [
            f"{group[m].median():.3f} ({group[m].min():.3f}–{group[m].max():.3f})" for m in methods
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {group['seconds'].median():.0f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
