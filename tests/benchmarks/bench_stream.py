"""Memory of a whole `stimpute impute`, whose values are too many to be held.

    python tests/benchmarks/bench_stream.py [--cells 20000,100000] [--epochs 2]

Simulates cells of eight types with 2,000 genes, about 230 of them counted in each, and imputes them
by scZiva with the command itself, in a process of its own, weighed and judged as always. Peak is
all that the process ever held, libraries included; beside it the time of the processor, and by the
last row what each further cell takes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp

GENES, TYPES, MOLECULES, PER_PART = 2_000, 8, 340, 10_000


def main() -> None:
    """Impute simulated cells of each number, and print what that took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", default="20000,100000")
    parser.add_argument("--epochs", type=int, default=2)
    options = parser.parse_args()
    numbers = [int(n) for n in options.cells.split(",")]
    print("| cells | counts above zero | peak, GB | processor, s |\n|---|---|---|---|")
    peaks = []
    for n_cells in numbers:
        with tempfile.TemporaryDirectory() as folder:
            n_values = write(Path(folder) / "cells.h5ad", n_cells)
            peak, seconds = imputed(Path(folder), options.epochs)
        peaks.append(peak)
        print(f"| {n_cells:,} | {n_values:,} | {peak / 2**30:.2f} | {seconds:,.0f} |", flush=True)
    slope = (peaks[-1] - peaks[0]) / max(1, numbers[-1] - numbers[0])
    print(f"\nEach further cell takes {slope / 1000:.1f} kB.")


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


def imputed(folder: Path, epochs: int) -> tuple[int, float]:
    """Peak bytes and processor seconds of one command."""
    command = [sys.executable, "-m", "napari_stimpute", "impute", "cells.h5ad", "filled.h5ad"]
    command += ["--model", "scziva", "--genes", "all", "--set", f"epochs={epochs}", "--quiet"]
    process = subprocess.Popen(command, cwd=folder)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return 1024 * used.ru_maxrss, used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
