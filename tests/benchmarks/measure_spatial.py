"""Spatial genes that are none (protocol P8): how often the check of spatial genes is fooled.

    python tests/benchmarks/measure_spatial.py --data FOLDER --out TABLE.md
        [--sets a,b] [--models gmm_vgae,pca,...] [--seeds 3]

Reads `<set>.h5ad` and, where there is one, the gene list `panels/<set>.txt`. Each model is trained
on the section, on two permuted tissues and with a tenth of the genes dealt anew, as the program's
check does, and once more with all genes dealt anew. Printed are shares of genes: called spatial by
their counts, by their imputed values, and only by these; falsely called on the permuted tissue
that set no limit and among the dealt genes that set none. For comparison, what simpler rules
would call falsely: the 95th percentile of one permuted tissue on the other (`plain`), that of
permuted counts (`limit of counts`), and the limit of permuted tissue on dealt genes (`borrowed`).
The bar is 5 % and two binomial standard errors.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Generator
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp

from napari_stimpute.data.holdout import with_counts
from napari_stimpute.models import model_info
from napari_stimpute.progress import Progress, drain
from napari_stimpute.run import Request, Run
from napari_stimpute.spatial.control import SpatialControl
from napari_stimpute.spatial.moran import autocorrelation, neighbour_weights
from napari_stimpute.spatial.permuted import without_pattern
from napari_stimpute.spatial.result import NOMINAL

SETS = ("her2st_A1", "starmap_v1")
MODELS = {
    "gmm_vgae": ("gmm_vgae", {"n_domains": 7}, True),
    "gmm_vgae alone": ("gmm_vgae", {"n_domains": 7}, False),
    "mixture": ("mixture", {}, True),
    "pca": ("pca", {}, False),
    "similar spots": ("neighbour_mean", {"neighbors": "expression"}, False),
    "near spots": ("neighbour_mean", {"neighbors": "tissue"}, False),
}
"""Model, settings, and whether it is blended and judged, as by default in the program."""

COLUMNS = {
    "counts": "by counts",
    "imputed": "imputed",
    "only": "only imputed",
    "false_permuted": "false, permuted",
    "bar_permuted": "bar",
    "false_shuffled": "false, dealt anew",
    "bar_shuffled": "bar",
    "plain": "plain",
    "by_counts": "limit of counts",
    "borrowed": "borrowed",
    "all_shuffled": "all dealt anew",
}


def main() -> None:
    """Check every set, model and seed, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    rows = []
    for name in options.sets.split(","):
        section = read(options.data, name)
        for model in options.models.split(","):
            for seed in range(options.seeds):
                begun = time.monotonic()
                rows.append(
                    {"set": name, "model": model, "seed": seed} | check(section, model, seed)
                )
                rows[-1]["seconds"] = round(time.monotonic() - begun, 1)
                print(json.dumps(rows[-1]), flush=True)
                options.out.with_suffix(".json").write_text(json.dumps(rows, indent=1))
    options.out.write_text(table(pd.DataFrame(rows)))


def read(folder: Path, name: str) -> ad.AnnData:
    """Counts of the panel's genes, and coordinates."""
    section = ad.read_h5ad(folder / f"{name}.h5ad")
    panel = folder / "panels" / f"{name}.txt"
    if panel.exists():
        section = section[:, panel.read_text().splitlines()]
    coords = {"spatial": np.asarray(section.obsm["spatial"], dtype=float)}
    counts = sp.csr_matrix(section.X, dtype=np.float32)
    return ad.AnnData(counts, obs=section.obs[[]], var=section.var[[]], obsm=coords)


def check(section: ad.AnnData, model: str, seed: int) -> dict[str, float]:
    """Run the program's check, and watch what simpler rules would say of its repeats."""
    seen: list[np.ndarray] = []

    def impute(adata: ad.AnnData, seed: int) -> Generator[Progress, None, np.ndarray]:
        name, settings, as_usual = MODELS[model]
        config = model_info(name).config.checked(settings)
        run = Run(adata, Request(name, config, seed, "cpu", blend=as_usual, judged=as_usual))
        yield from run.steps()
        assert run.results is not None
        values = np.asarray(run.results.imputed)
        seen.append(morans_i(values, adata))
        return values

    values = drain(impute(section, seed))
    control = SpatialControl(section, values, impute, seed=seed)
    result = drain(control.steps())
    every = without_pattern(section.X, np.arange(section.n_vars), np.random.default_rng(seed))
    drain(impute(with_counts(section, every), seed))
    _real, one, other, _some, all_shuffled = seen
    imputed = result.imputed
    n_tested = max(2, min(max(40, round(0.1 * section.n_vars)), section.n_vars // 2)) // 2
    return {
        "counts": float(result.raw.is_spatial.mean()),
        "imputed": float(imputed.is_spatial.mean()),
        "only": len(result.only_after_imputing) / section.n_vars,
        "false_permuted": imputed.false_permuted.value,
        "bar_permuted": bar(section.n_vars),
        "false_shuffled": imputed.false_shuffled.value,
        "bar_shuffled": bar(n_tested),
        "counts_false_permuted": result.raw.false_permuted.value,
        "counts_false_shuffled": result.raw.false_shuffled.value,
        "limit_permuted": imputed.limit_permuted,
        "limit_shuffled": imputed.limit_shuffled,
        "tissue_alone": float((other > imputed.limit_permuted).mean()),
        "plain": float((other > np.quantile(one, 1 - NOMINAL)).mean()),
        "by_counts": float((other > result.raw.limit_permuted).mean()),
        "borrowed": imputed.borrowed,
        "all_shuffled": float((all_shuffled > imputed.limit).mean()),
    }


def morans_i(values: np.ndarray, adata: ad.AnnData) -> np.ndarray:
    """Moran's I at a common depth."""
    coords = adata.obsm["spatial"]
    return autocorrelation(values, coords, neighbour_weights(coords)).morans_i


def bar(n_genes: int) -> float:
    """5 % and two standard errors of as many independent genes."""
    return NOMINAL + 2 * float(np.sqrt(NOMINAL * (1 - NOMINAL) / n_genes))


def table(runs: pd.DataFrame) -> str:
    """Markdown, in percent: mean over seeds, and the largest of the false shares."""
    lines = ["| set | model | " + " | ".join(COLUMNS.values()) + " |"]
    lines.append("|---" * (len(COLUMNS) + 2) + "|")
    for (name, model), group in runs.groupby(["set", "model"], sort=False):
        cells = []
        for column in COLUMNS:
            worst = f" (≤ {100 * group[column].max():.1f})" if column.startswith("false") else ""
            cells.append(f"{100 * group[column].mean():.1f}{worst}")
        lines.append(f"| {name} | {model} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
