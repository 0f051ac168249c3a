"""Which zeros hide a molecule (protocol P4): scZiva's own probability beside scVI's and the mean.

    python tests/benchmarks/measure_zeros.py --data FOLDER --out TABLE.md [--seeds 5] [--sets a,b]

Deep cells are thinned to a fifth; a zero hides a molecule if the other four fifths show one. What
is scored: scZiva's `dropout_probability` (both likelihoods), the probability by scVI's negative
binomial that five times the depth would show a molecule, and gene mean × depth. Area under the ROC
curve over all zeros, and within genes (mean over genes with at least 10 zeros of each kind). scVI
runs where it is installed. Writes a Markdown table and every run as JSON, from which an
interrupted measurement goes on.
"""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from anndata import AnnData
from measure_uncertainty import LEFT_OUT, auroc, part, within_genes
from runs import Runs, markdown

from napari_stimpute.models import model_class
from napari_stimpute.nn.likelihoods import technical_zero_probability

SETS = ("pbmc4k", "baron_mouse1", "kang_stim", "paul15", "cellmix_batches")


def main() -> None:
    """Run every set and seed, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--sets", default=",".join(SETS))
    options = parser.parse_args()
    runs = Runs(options.out.with_suffix(".json"))
    for seed in range(options.seeds):
        for name in options.sets.split(","):
            if runs.has(set=name, seed=seed):
                continue
            cells, truth = part(options.data, name, LEFT_OUT, seed)
            shows, is_zero = truth.toarray() > 0, cells.X.toarray() == 0
            for method, score in scores(cells, seed).items():
                found = {"auroc": auroc(score[is_zero].astype(np.float64), shows[is_zero])}
                found["within"] = within_genes(score, shows, is_zero)[0]
                runs.add(set=name, seed=seed, method=method, **found)
    options.out.write_text(table(runs.frame()))


def scores(cells: AnnData, seed: int) -> dict[str, np.ndarray]:
    """For each method, how likely each entry is to hide a molecule, (n_obs, n_vars)."""
    counts = cells.X.toarray()
    share = counts.sum(axis=0) / counts.sum()
    found = {"gene mean × depth": counts.sum(axis=1, keepdims=True) * share}
    for likelihood in ("zinb", "nb"):
        model = model_class("scziva")(likelihood=likelihood).fit(cells, seed=seed)
        found[f"scZiva ({likelihood})"] = np.nan_to_num(model.dropout_probability(cells))
    if find_spec("scvi"):
        found["scVI"] = by_scvi(cells, seed)
    return found


def by_scvi(cells: AnnData, seed: int) -> np.ndarray:
    """Probability by scVI's negative binomial that five times the depth would show a molecule."""
    import scvi

    scvi.settings.seed = seed
    own = AnnData(cells.X.copy())
    scvi.model.SCVI.setup_anndata(own)
    model = scvi.model.SCVI(own, gene_likelihood="nb")
    epochs = 400 if own.n_obs < 1500 else 150
    model.train(
        max_epochs=epochs,
        early_stopping=True,
        enable_progress_bar=False,
        accelerator="cpu",
        batch_size=min(128, max(16, own.n_obs // 3)),
        plan_kwargs={"n_epochs_kl_warmup": max(1, epochs // 4)},
    )
    found = model.get_likelihood_parameters(n_samples=10, give_mean=True)
    mean = torch.from_numpy(np.asarray(found["mean"], dtype=np.float32))
    theta = torch.from_numpy(np.asarray(found["dispersions"], dtype=np.float32))
    return np.asarray(technical_zero_probability(mean, theta).numpy())


def table(runs: pd.DataFrame) -> str:
    """Markdown: pooled and within genes, mean ± standard deviation over seeds."""

    def cell(one: pd.DataFrame) -> str:
        spread = one["auroc"].std(ddof=0)
        return f"{one['auroc'].mean():.3f} ± {spread:.3f}, {one['within'].mean():.3f} within"

    return markdown(runs, cell, columns="method")


if __name__ == "__main__":
    main()
