"""Memory of a whole `stimpute impute`, whose values are too many to be held.

    python tests/benchmarks/bench_stream.py [--cells 20000,100000] [--epochs 2] [--keep model]

Simulates cells of eight types with 2,000 genes, about 230 of them counted in each, and imputes them
by scZiva with the command itself, in a process of its own, weighed and judged as always. Peak is
all that the process ever held, libraries included; beside it the time of the processor, and by the
last row what each further cell takes. With the model kept in place of the values, also what one
gene takes: the preparation, the first gene, and the median of ten others.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp

from napari_stimpute import GeneByGene

GENES, TYPES, MOLECULES, PER_PART = 2_000, 8, 340, 10_000


def main() -> None:
    """Impute simulated cells of each number, and print what that took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", default="20000,100000")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--keep", default="values", choices=("values", "model"))
    options = parser.parse_args()
    numbers = [int(n) for n in options.cells.split(",")]
    print("| cells | counts above zero | peak, GB | processor, s |\n|---|---|---|---|")
    peaks, genes = [], []
    for n_cells in numbers:
        with tempfile.TemporaryDirectory() as folder:
            n_values = write(Path(folder) / "cells.h5ad", n_cells)
            peak, seconds = imputed(Path(folder), options.epochs, options.keep)
            if options.keep == "model":
                genes.append(f"{n_cells:,} cells: {of_a_gene(Path(folder))}")
        peaks.append(peak)
        print(f"| {n_cells:,} | {n_values:,} | {peak / 2**30:.2f} | {seconds:,.0f} |", flush=True)
    slope = (peaks[-1] - peaks[0]) / max(1, numbers[-1] - numbers[0])
    print(f"\nEach further cell takes {slope / 1000:.1f} kB.", *genes, sep="\n")


def write(path: Path, n_cells: int) -> int:
    """Write the cells; how many counts are above zero."""
    rng = np.random.default_rng(0)
    common, own = rng.gamma(0.5, 1, GENES), rng.lognormal(0, 1, (TYPES, GENES))
    levels = np.cumsum(common * own, axis=1)
    # one scale, on which each type has a part
    levels += np.r_[0, levels[:-1, -1].cumsum()][:, None]
    parts = []
    for start in range(0, n_cells, PER_PART):
        n = min(PER_PART, n_cells - start)
        kind, depth = rng.integers(TYPES, size=n), rng.poisson(MOLECULES, n)
        of = np.repeat(kind, depth)
        low, high = np.r_[0, levels[:, -1]][of], levels[of, -1]
        drawn = np.searchsorted(levels.ravel(), low + (high - low) * rng.random(len(of)))
        ones, rows = np.ones(len(of), np.float32), np.repeat(np.arange(n), depth)
        at = np.minimum(drawn, levels.size - 1) % GENES
        parts.append(sp.csr_matrix((ones, (rows, at)), shape=(n, GENES)))
    counts = sp.vstack(parts, format="csr")
    names = {"obs": (n_cells, "cell"), "var": (GENES, "gene")}
    tables = {k: pd.DataFrame(index=[f"{of}{i}" for i in range(n)]) for k, (n, of) in names.items()}
    ad.AnnData(counts, **tables).write_h5ad(path)
    return int(counts.nnz)


def of_a_gene(folder: Path) -> str:
    """Seconds until one gene can be computed, of the first, and of another one."""
    filled, times = ad.read_h5ad(folder / "filled.h5ad"), [time.perf_counter()]
    values = GeneByGene.of(filled, "scziva")
    times.append(time.perf_counter())
    for gene in filled.var_names[:11]:
        values.expression(gene)
        times.append(time.perf_counter())
    prepared, first, *others = np.diff(times)
    return (
        f"{prepared:.0f} s to prepare, first gene {first:.2f} s, others {np.median(others):.2f} s."
    )


def imputed(folder: Path, epochs: int, keep: str) -> tuple[int, float]:
    """Peak bytes and processor seconds of one command."""
    command = [sys.executable, "-m", "napari_stimpute", "impute", "cells.h5ad", "filled.h5ad"]
    command += ["--model", "scziva", "--genes", "all", "--set", f"epochs={epochs}", "--quiet"]
    command += ["--keep", keep]
    process = subprocess.Popen(command, cwd=folder)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return 1024 * used.ru_maxrss, used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
