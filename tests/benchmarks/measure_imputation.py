"""Molecular cross-validation on real data (protocol P1): our models beside MAGIC and scVI.

    python tests/benchmarks/measure_imputation.py --data FOLDER --out TABLE.md [--seeds 5]
        [--sets a,b] [--models gmm_vgae,"scziva blended",pca,...,magic,scvi] [--share 0.1]

Reads `<set>.h5ad`. A share of the molecules is hidden (binomial thinning), genes are chosen by the
rest as the program chooses them, anew in each split; every method sees the rest only, and is scored
by the Poisson deviance of the hidden ones that it explains beyond gene mean × depth (= 0), and by
the share of genes it predicts better than that. "scziva blended" is the model as a run gives it:
mixed with simple predictions by weights from hidden molecules; "before blending" is the same fit by
itself, and "mixture" the simple predictions without any model. MAGIC and scVI run where they are
installed, as documented. Writes one Markdown table (mean ± standard deviation over seeds) and
every run as JSON, from which an interrupted measurement goes on.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp
from runs import Runs, markdown

from napari_stimpute.compare.peers import PEERS
from napari_stimpute.data.gene_choice import choose_genes
from napari_stimpute.models import model_class, model_info
from napari_stimpute.progress import drain
from napari_stimpute.run import Request, Run
from napari_stimpute.trust.recovery import recovery

SETS = ("dlpfc_151673", "her2st_A1", "st_mob_rep8", "slideseqv2_hippocampus", "starmap_v1")
OURS = ("gmm_vgae", "pca", "neighbour_mean")


def main() -> None:
    """Run every set, seed and method, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--models", default=",".join(OURS))
    parser.add_argument("--share", type=float, default=0.1)
    options = parser.parse_args()
    runs = Runs(options.out.with_suffix(".json"))
    for seed in range(options.seeds):
        for name in options.sets.split(","):
            kept, hidden = hide(options.data, name, options.share, seed)
            for model in options.models.split(","):
                if runs.has(set=name, seed=seed, model=model):
                    continue
                for title, found in measure(model, kept, hidden, seed).items():
                    runs.add(set=name, seed=seed, model=title, **found)
    options.out.write_text(table(runs.frame()))


def hide(folder: Path, name: str, share: float, seed: int) -> tuple[ad.AnnData, sp.csr_matrix]:
    """The section with a share of its molecules hidden, and the hidden ones."""
    section = ad.read_h5ad(folder / f"{name}.h5ad")
    section.var_names_make_unique()
    counts = sp.csr_matrix(section.X).astype(np.float64)
    counts.sort_indices()
    whole = np.rint(counts.data).astype(np.int64)
    kept_data = np.random.default_rng(seed).binomial(whole, 1 - share)
    kept, hidden = counts.copy(), counts.copy()
    kept.data, hidden.data = kept_data.astype(np.float32), (whole - kept_data).astype(np.float32)
    for part in (kept, hidden):
        part.eliminate_zeros()
    every = ad.AnnData(kept, obs=section.obs[[]], var=section.var[[]])
    places = section.var_names.get_indexer(choose_genes(every).names)
    seen = ad.AnnData(kept[:, places], obs=section.obs[[]], var=section.var.iloc[places][[]])
    if "spatial" in section.obsm:
        seen.obsm["spatial"] = np.asarray(section.obsm["spatial"])
    return seen, hidden[:, places].tocsr()


def measure(
    model: str, kept: ad.AnnData, hidden: sp.csr_matrix, seed: int
) -> dict[str, dict[str, float]]:
    """Fit one method to the kept molecules and score it on the hidden ones."""
    begun = time.monotonic()
    extra: dict[str, float] = {}
    if model in PEERS:
        predictions = {model: drain(PEERS[model](kept, seed, "cpu"))}
    elif model.endswith(" blended"):
        predictions, extra = blended(model.removesuffix(" blended"), kept, seed)
    else:
        predictions = {model: ours(model, kept, seed)}
    seconds = time.monotonic() - begun
    found = {title: recovery(kept.X, hidden, each) for title, each in predictions.items()}
    return {
        title: {
            "explained": round(one.deviance_explained, 5),
            "genes": round(one.share_better, 4),
            "seconds": round(seconds, 1),
            **extra,
        }
        for title, one in found.items()
    }


def ours(name: str, kept: ad.AnnData, seed: int) -> np.ndarray:
    """Expected counts of one of our models, which learns from all kept molecules."""
    settings = {"mixture_epochs": 0} if name == "gmm_vgae without mixture" else {}
    return model_class(name.split(" ")[0])(**settings).fit(kept, seed=seed).impute(kept)


def blended(
    name: str, kept: ad.AnnData, seed: int
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Expected counts of a run, and of its model before it is mixed with simple predictions.

    Also the model's weight in the mixture, mean over genes by their molecules.
    """
    run = Run(kept, Request(name, model_info(name).config(), seed, "cpu", judged=False))
    for _ in run.steps():
        pass
    assert run.results is not None and run.results.imputed is not None
    assert run.results.genes is not None and run.results.genes.weights is not None
    molecules = np.asarray(kept.X.sum(axis=0)).ravel()
    weight = float(np.average(run.results.genes.weights[:, 0], weights=molecules))
    before = run.model.impute(kept)
    found = {f"{name} before blending": before, f"{name} blended": run.results.imputed}
    return found, {"weight": round(weight, 3)}


def table(runs: pd.DataFrame) -> str:
    """Markdown: deviance explained in per cent (and share of genes improved), set by method."""

    def cell(one: pd.DataFrame) -> str:
        explained = 100 * one["explained"]
        text = f"{explained.mean():.2f} ± {explained.std(ddof=0):.2f} ({one['genes'].mean():.2f})"
        blended = one["model"].iloc[0].endswith(" blended")
        return text + (f", weight {one['weight'].mean():.2f}" if blended else "")

    return markdown(runs, cell)


if __name__ == "__main__":
    main()
