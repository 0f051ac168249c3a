"""Differences where there are none (protocol P9): by chance, and by what genes borrow.

    python tests/benchmarks/measure_null_de.py --data FOLDER --out TABLES.md [--repeats 20]

Reads `pbmc4k`, `kang_stim` (control cells) and `starmap_v1`. Printed are shares of genes with
p < 0.05 (mean ± standard deviation over the repeats, and the largest), of those seen in at least
10 % of the cells, as the program tests by default (counts, Wilcoxon), by t-test, and on imputed
values, which the program refuses until one accepts them.

1. No difference at all: the largest cell type, split in two at random. The bar is 6 % on the
   default.
2. Groups that differ, genes that do not: the two largest cell types, and a tenth of the genes,
   whose molecules were dealt anew over the cells, by their depth, before anything was imputed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import anndata as ad
import numpy as np
import scipy.sparse as sp

from napari_stimpute import NeighbourMean, PCADenoiser, keys
from napari_stimpute.analysis import differential_expression
from napari_stimpute.spatial.permuted import without_pattern

SETS = ("pbmc4k", "kang_stim", "starmap_v1")
SEEN, SIGNIFICANT, DEALT = 0.1, 0.05, 0.1
WAYS = {
    "counts, Wilcoxon (default)": {},
    "counts, t-test": {"method": "t-test"},
    "imputed by PCA": {"source": "pca", "accept_imputed": True},
    "imputed by neighbour mean": {"source": "neighbour_mean", "accept_imputed": True},
}
Shares = dict[str, list[float]]


def main() -> None:
    """Measure both for every set, and write both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--repeats", type=int, default=20)
    options = parser.parse_args()
    tables: dict[str, list[str]] = {}
    for name in options.sets.split(","):
        cells = read(options.data, name)
        for title, measure in (("Split at random", split), ("Genes without a difference", dealt)):
            shares = repeated(measure, cells, options.repeats)
            tables.setdefault(title, []).append(line(name, shares))
            print(title, tables[title][-1], flush=True)
        options.out.write_text("\n".join(map(table, tables, tables.values())))


def read(folder: Path, name: str) -> ad.AnnData:
    """Counts of the panel's genes, and cell types."""
    whole = ad.read_h5ad(folder / f"{name}.h5ad")
    if name == "kang_stim":
        whole = whole[whole.obs["condition"] == "control"]
    panel = folder / "panels" / f"{name}.txt"
    if panel.exists():
        whole = whole[:, panel.read_text().splitlines()]
    counts = sp.csr_matrix(whole.X, dtype=np.float32)
    return ad.AnnData(counts, obs=whole.obs[["cell_type"]], var=whole.var[[]])


def repeated(
    measure: Callable[[ad.AnnData, int], dict[str, float]], cells: ad.AnnData, n: int
) -> Shares:
    """Shares by way, one for each repeat."""
    found = [measure(cells, seed) for seed in range(n)]
    return {way: [one[way] for one in found] for way in WAYS}


def split(cells: ad.AnnData, seed: int) -> dict[str, float]:
    """Share of genes that differ between random halves of the largest type."""
    if keys.imputed("pca") not in cells.layers:
        impute(cells)
    one = cells[cells.obs["cell_type"] == largest_types(cells)[0]].copy()
    halves = np.random.default_rng(seed).permutation(np.arange(one.n_obs) % 2)
    one.obs["group"] = halves.astype(str)
    return tested(one, "0", "1", np.arange(one.n_vars))


def dealt(cells: ad.AnnData, seed: int) -> dict[str, float]:
    """Share of genes without a difference that differ between the two largest types."""
    generator = np.random.default_rng(seed)
    genes = generator.permutation(cells.n_vars)[: round(DEALT * cells.n_vars)]
    changed = ad.AnnData(without_pattern(cells.X, genes, generator), obs=cells.obs, var=cells.var)
    changed.obs["group"] = changed.obs["cell_type"].astype(str)
    impute(changed)
    one, other = largest_types(cells)
    return tested(changed, one, other, genes)


def impute(cells: ad.AnnData) -> None:
    """Add what two models make of all cells."""
    for model in (PCADenoiser(), NeighbourMean()):
        cells.layers[keys.imputed(model.name)] = model.fit(cells).impute(cells)


def largest_types(cells: ad.AnnData) -> tuple[str, str]:
    """Names of the two cell types with the most cells."""
    first, second = cells.obs["cell_type"].value_counts().index[:2]
    return str(first), str(second)


def tested(cells: ad.AnnData, group: str, other: str, genes: np.ndarray) -> dict[str, float]:
    """Share of the genes with p < 0.05, by way of testing."""
    compared = cells.X[cells.obs["group"].isin([group, other]).to_numpy()]
    often = compared.getnnz(axis=0) >= SEEN * compared.shape[0]
    names = cells.var_names[[g for g in genes if often[g]]]
    shares = {}
    for way, settings in WAYS.items():
        table = differential_expression(cells, "group", group, reference=other, **settings)  # type: ignore[arg-type]
        shares[way] = float((table.loc[names, "p"] < SIGNIFICANT).mean())
    return shares


def line(name: str, shares: Shares) -> str:
    """One row of a table, in percent."""
    cells = []
    for way in WAYS:
        values = 100 * np.array(shares[way])
        cells.append(f"{values.mean():.1f} ± {values.std(ddof=1):.1f} (≤ {values.max():.1f})")
    return "| " + " | ".join([name, *cells]) + " |"


def table(title: str, lines: list[str]) -> str:
    """Markdown under a title."""
    head = ["| set | " + " | ".join(WAYS) + " |", "|---" * (len(WAYS) + 1) + "|"]
    return "\n".join([f"**{title}**", "", *head, *lines, ""])


if __name__ == "__main__":
    main()
