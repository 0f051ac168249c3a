"""Is the trust badge right? Deep data, thinned; the molecules left out tell the truth (P4).

    python tests/benchmarks/measure_trust.py --data FOLDER --out TABLE.md [--seeds 3]
        [--sets a,b] [--models mixture,gmm_vgae] [--share 0.2] [--domains 7]

Each section is thinned to a share of its molecules, and run as a user would: genes chosen by the
program, model fitted, blended and judged on the molecules that it hides itself. The true gain of a
gene is the deviance of the molecules left out that the written values explain beyond gene mean ×
depth. Printed, each with the number of genes it rests on:

- Spearman's rank correlation of the badge's gain with the true one, over genes with at least 50
  hidden molecules, over all that were judged, and over all that were modelled;
- of the genes called reliable, the share that truly gains; of those that truly gain, the share that
  is called reliable, among the judged and among all; and the share of genes that is not judged.

Writes one Markdown table (means over seeds) and every run as JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.stats import spearmanr

from napari_stimpute import keys, thin
from napari_stimpute.data.genes import working_adata
from napari_stimpute.models import model_info
from napari_stimpute.progress import drain
from napari_stimpute.run import Request, Run
from napari_stimpute.trust.recovery import recovery
from napari_stimpute.trust.verdict import VERDICTS

SETS = ("st_mob_rep8", "her2st_A1", "starmap_v1", "kang_stim", "cellmix_batches")
MANY = 50


def main() -> None:
    """Run every set, seed and model, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--models", default="mixture,gmm_vgae")
    parser.add_argument("--share", type=float, default=0.2)
    parser.add_argument("--domains", type=int, default=0, help="0: the model finds their number")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for name in options.sets.split(","):
        for seed in range(options.seeds):
            section, truth = thinned(options.data / f"{name}.h5ad", options.share, seed)
            for model in options.models.split(","):
                if keys.SPATIAL not in section.obsm and "spatial" in model_info(model).needs:
                    continue
                rows.append({"set": name, "model": model, "seed": seed})
                rows[-1] |= measure(model, section, truth, seed, options.domains)
                print(json.dumps(rows[-1]), flush=True)
                options.out.with_suffix(".json").write_text(json.dumps(rows, indent=1))
    options.out.write_text(table(pd.DataFrame(rows)))
    print(options.out.read_text())


def thinned(path: Path, share: float, seed: int) -> tuple[ad.AnnData, sp.csr_matrix]:
    """The section with a share of its molecules, genes chosen; and all other molecules of these."""
    section = ad.read_h5ad(path)
    counts = sp.csr_matrix(section.X).astype(np.float32)
    counts.sort_indices()
    left_out, kept = thin(counts, share, seed)
    obsm = {k: v for k, v in section.obsm.items() if k == keys.SPATIAL}
    shallow = ad.AnnData(kept, obs=section.obs[[]], var=section.var[[]], obsm=obsm)
    work, _ = working_adata(shallow)
    places = section.var_names.get_indexer(work.var_names)
    return work, left_out[:, places].tocsr()


def measure(
    model: str, section: ad.AnnData, truth: sp.csr_matrix, seed: int, domains: int
) -> dict[str, float]:
    """Run one model as a user would, and compare its verdicts with the molecules left out."""
    begun = time.monotonic()
    settings = {"n_domains": domains} if model == "gmm_vgae" and domains else {}
    run = Run(section, Request(model, model_info(model).config(**settings), seed=seed))
    drain(run.steps())
    seconds = time.monotonic() - begun
    assert run.results is not None and run.results.genes is not None
    imputed, genes = run.results.imputed, run.results.genes
    assert imputed is not None and genes.verdict is not None
    explained = recovery(sp.csr_matrix(section.X), truth, imputed)
    known = np.isfinite(explained.per_gene)
    facts = pd.DataFrame(genes.columns).rename(columns=lambda name: name.removeprefix(f"{model}_"))
    facts["verdict"], facts["true"] = np.asarray(genes.verdict), explained.per_gene
    return {
        **agreement(facts[known]),
        "explained": explained.deviance_explained,
        "seconds": round(seconds, 1),
    }


def agreement(genes: pd.DataFrame) -> dict[str, float]:
    """How well verdicts and gains of the badge agree with the true gains."""
    gains = genes["true"] > 0
    judged, reliable = genes["verdict"] != VERDICTS[3], genes["verdict"] == VERDICTS[0]
    many = genes["hidden_molecules"] >= MANY
    return {
        "genes": len(genes),
        "many": int(many.sum()),
        "rank_many": rank(genes[many]),
        "judged": int(judged.sum()),
        "rank_judged": rank(genes[judged]),
        "rank_all": rank(genes),
        "truly_gain": float(gains.mean()),
        "reliable": int(reliable.sum()),
        "precision": float(gains[reliable].mean()),
        "recall_judged": float(reliable[judged & gains].mean()),
        "recall_all": float(reliable[gains].mean()),
        "care": int((genes["verdict"] == VERDICTS[1]).sum()),
        "care_gain": float(gains[genes["verdict"] == VERDICTS[1]].mean()),
        "do_not_use": int((genes["verdict"] == VERDICTS[2]).sum()),
        "do_not_use_gain": float(gains[genes["verdict"] == VERDICTS[2]].mean()),
        "not_judged": float(1 - judged.mean()),
    }


def rank(genes: pd.DataFrame) -> float:
    """Spearman's correlation of the badge's gain with the true one; NaN for fewer than 3 genes."""
    return float(spearmanr(genes["gain"], genes["true"])[0]) if len(genes) > 2 else float("nan")


def table(runs: pd.DataFrame) -> str:
    """Markdown: means over seeds, and the lowest of the seeds where a bar is set."""
    lines = [
        "| set | model | rank, ≥ 50 hidden (genes) | rank, judged (genes) | rank, all (genes) | "
        "precision of reliable (lowest; genes) | recall, judged | recall, all | truly gain | "
        "use with care: truly gain (genes) | do not use: truly gain (genes) | not judged |",
        "|---" * 12 + "|",
    ]
    for (name, model), group in runs.groupby(["set", "model"], sort=False):
        mean = group.drop(columns=["set", "model"]).mean()
        lines.append(
            f"| {name} | {model} | {mean['rank_many']:.2f} ({mean['many']:.0f}) | "
            f"{mean['rank_judged']:.2f} ({mean['judged']:.0f}) | "
            f"{mean['rank_all']:.2f} ({mean['genes']:.0f}) | "
            f"{mean['precision']:.2f} ({group['precision'].min():.2f}; {mean['reliable']:.0f}) | "
            f"{mean['recall_judged']:.2f} | {mean['recall_all']:.2f} | {mean['truly_gain']:.2f} | "
            f"{mean['care_gain']:.2f} ({mean['care']:.0f}) | "
            f"{mean['do_not_use_gain']:.2f} ({mean['do_not_use']:.0f}) | "
            f"{mean['not_judged']:.2f} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
