"""Clusters of simulated cells where types are rare and molecules are lost, beside PCA.

    python tests/benchmarks/measure_robustness.py --out TABLE.md [--sets 6]
        [--models scamzi scimta scimta:batch_key=batch]

Two kinds of sets, after the simulations of the paper on scAMZI: five types (the rarest 5 %) where
up to 5 % of the entries are lost, and two types (90 and 10 %) where up to 25 % are; both in two
batches, unstimulated, with a share of their molecules. Each set is drawn with a seed of its own and
clustered into its true number of types with one seed; labels are used for scoring alone. Baselines:
principal components with k-means and with a tied mixture, as they are and centred in each batch.
Writes a Markdown table (adjusted Rand index: mean, lowest to highest over the sets; F1 score of the
rarest type) and every run as JSON, from which an interrupted measurement goes on.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData
from runs import Runs, markdown
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, f1_score
from sklearn.mixture import GaussianMixture

from napari_stimpute import simulate_cells
from napari_stimpute.models import model_class, model_info

Method = Callable[[AnnData, int], np.ndarray]
MODELS = ["scamzi", "scimta", "scimta:batch_key=batch"]
KEPT_SHARE = 0.5
"""Of the simulated molecules."""


def main() -> None:
    """Simulate every set, run every method, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sets", type=int, default=6)
    parser.add_argument("--models", nargs="+", default=MODELS)
    options = parser.parse_args()
    runs = Runs(options.out.with_suffix(".json"))
    methods = dict(BASELINES) | {name: ours(name) for name in options.models}
    for seed in range(options.sets):
        for name, simulate in KINDS.items():
            cells, labels = simulate(seed)
            for method, cluster in methods.items():
                if not runs.has(set=name, seed=seed, method=method):
                    found = cluster(cells, len(set(labels)))
                    runs.add(set=name, seed=seed, method=method, **scores(labels, found))
    options.out.write_text(table(runs.frame()))


def five_types(seed: int) -> tuple[AnnData, np.ndarray]:
    """Five types, 36 to 5 % of the cells, entries lost with probability up to 0.05."""
    return shallow(simulate_cells(seed=seed, n_cells=2000, n_genes=500, dropout=0.05), seed)


def two_types(seed: int) -> tuple[AnnData, np.ndarray]:
    """Two types, 90 and 10 %, entries lost with probability up to 0.25."""
    cells = simulate_cells(seed=100 + seed, n_cells=5000, n_genes=500, dropout=0.25)
    cells, types = shallow(cells, seed)
    names, numbers = np.unique(types, return_counts=True)
    few = np.flatnonzero(types == names[numbers.argmin()])
    many = np.flatnonzero(types == names[numbers.argmax()])[: 9 * len(few)]
    chosen = np.sort(np.concatenate([few, many]))
    return cells[chosen].copy(), types[chosen]


KINDS: dict[str, Callable[[int], tuple[AnnData, np.ndarray]]] = {
    "five types, loss 0.05": five_types,
    "two types, loss 0.25": two_types,
}


def shallow(cells: AnnData, seed: int) -> tuple[AnnData, np.ndarray]:
    """Unstimulated cells with a share of their molecules, and their types."""
    cells = cells[(cells.obs["condition"] != "stimulated").to_numpy()]
    counts = sp.csr_matrix(cells.X)
    whole = np.rint(counts.data).astype(np.int64)
    counts.data = np.random.default_rng(seed).binomial(whole, KEPT_SHARE).astype(np.float32)
    counts.eliminate_zeros()
    seen = np.asarray(counts.sum(axis=0)).ravel() > 0
    found = AnnData(counts[:, seen], obs=cells.obs[["batch"]].copy(), var=cells.var.loc[seen][[]])
    return found, cells.obs["cell_type"].astype(str).to_numpy()


def ours(name: str) -> Method:
    """How one of our models clusters; settings after a colon."""
    model, _, text = name.partition(":")
    settings = dict(part.split("=") for part in text.split(",") if part)

    def cluster(cells: AnnData, k: int) -> np.ndarray:
        config = model_info(model).config.checked({"n_clusters": k} | settings)
        return model_class(model)(config).fit(cells, seed=0).cluster(cells)

    return cluster


def by_kmeans(cells: AnnData, k: int) -> np.ndarray:
    """K-means of principal components."""
    return np.asarray(KMeans(k, n_init=10, random_state=0).fit_predict(components(cells)))


def by_mixture(cells: AnnData, k: int) -> np.ndarray:
    """Tied Gaussian mixture of principal components."""
    return tied_mixture(components(cells), k)


def by_centred_mixture(cells: AnnData, k: int) -> np.ndarray:
    """The same, components centred in each batch."""
    found, batches = components(cells), cells.obs["batch"].to_numpy()
    for batch in np.unique(batches):
        found[batches == batch] -= found[batches == batch].mean(axis=0)
    return tied_mixture(found, k)


BASELINES: dict[str, Method] = {
    "PCA, k-means": by_kmeans,
    "PCA, mixture": by_mixture,
    "PCA centred by batch, mixture": by_centred_mixture,
}


def components(cells: AnnData) -> np.ndarray:
    """20 principal components of log counts per 10,000, (n_obs, 20)."""
    counts = cells.X.toarray()
    logged = np.log1p(counts / np.maximum(counts.sum(1, keepdims=True), 1) * 1e4)
    found = PCA(20, svd_solver="randomized", random_state=0).fit_transform(logged)
    return found.astype(np.float64)


def tied_mixture(points: np.ndarray, k: int) -> np.ndarray:
    """Clusters by normal distributions of one common shape."""
    mixture = GaussianMixture(k, covariance_type="tied", n_init=3, random_state=0, max_iter=200)
    return np.asarray(mixture.fit_predict(points))


def scores(labels: np.ndarray, found: np.ndarray) -> dict[str, float]:
    """Adjusted Rand index, and F1 score of the rarest type as its best cluster shows it."""
    names, numbers = np.unique(labels, return_counts=True)
    is_rare = labels == names[numbers.argmin()]
    rare = max(float(f1_score(is_rare, found == c)) for c in np.unique(found))
    return {"ari": round(float(adjusted_rand_score(labels, found)), 4), "rare": round(rare, 4)}


def table(runs: pd.DataFrame) -> str:
    """Markdown: one row per kind of set, mean and range over the sets."""

    def cell(one: pd.DataFrame) -> str:
        low, high = one["ari"].min(), one["ari"].max()
        return f"{one['ari'].mean():.2f} ({low:.2f}–{high:.2f}), rarest {one['rare'].mean():.2f}"

    return markdown(runs, cell, columns="method")


if __name__ == "__main__":
    main()
