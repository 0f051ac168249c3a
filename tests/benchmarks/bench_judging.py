"""Processor seconds of weighing and judging a model, on one thread, by the number of cells.

    python tests/benchmarks/bench_judging.py [--cells 50000 100000] [--genes 1500]

A simulated tissue; the model's prediction is gene mean × depth, which costs nothing. Above 50,000
cells as many are looked at, and their neighbours sought among all.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before anything that counts threads is imported

import argparse
import time

import numpy as np
import scipy.sparse as sp

from napari_stimpute.data.counts import depth_of
from napari_stimpute.data.holdout import Molecules
from napari_stimpute.data.simulate import simulate_tissue
from napari_stimpute.models.simple.mixture import tissue_graph
from napari_stimpute.trust.judgement import Judgement, hide


def main() -> None:
    """Print the seconds of each size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, nargs="+", default=[50_000, 100_000])
    parser.add_argument("--genes", type=int, default=1_500)
    options = parser.parse_args()
    print("| cells × genes | weigh | judge | both, processor s |\n|---|---:|---:|---:|")
    for n_cells in options.cells:
        weigh, judge = seconds(n_cells, options.genes)
        row = f"| {n_cells:,} × {options.genes:,} | {weigh:.1f} | {judge:.1f} |"
        print(f"{row} {weigh + judge:.1f} |", flush=True)


def seconds(n_cells: int, n_genes: int) -> tuple[float, float]:
    """Processor seconds to weigh, and to judge."""
    adata = simulate_tissue(n_cells, n_genes, seed=1)
    molecules = Molecules.of(adata.X, adata.obs_names, adata.var_names)
    hidden = hide(molecules, 0, judged=True)
    judgement = Judgement(hidden, tissue_graph(adata), "Gene mean", 0, blends=True)
    begun = time.process_time()
    kept = judgement.parts(hidden.kept)
    judgement.weigh(mean_at_depth(hidden.kept, judgement), kept)
    weighed = time.process_time()
    rest = judgement.parts(hidden.rest)
    judgement.judge(mean_at_depth(hidden.rest, judgement), rest)
    return weighed - begun, time.process_time() - weighed


def mean_at_depth(counts: sp.csr_matrix, judgement: Judgement) -> np.ndarray:
    """Gene mean × depth of the rows that are looked at, (n_rows, n_vars)."""
    share = np.asarray(counts.sum(axis=0), dtype=np.float32).ravel() / counts.sum()
    depth = depth_of(counts if judgement.at is None else counts[judgement.at])
    return np.outer(depth, share).astype(np.float32)


if __name__ == "__main__":
    main()
