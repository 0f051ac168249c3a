"""Time and memory to open an .h5ad of which the chosen genes alone are loaded, and all of it.

    python tests/benchmarks/bench_backed.py [--cells 100000] [--genes 20000]

Simulates counts of so many cells, about 1,400 genes in each, written unpacked and by row. Opens the
file in a process of its own in each way: the 2,000 most variable genes chosen in the file, the same
from all counts in memory, and with anndata and scanpy alone. Time is of the processor and begins
once libraries are loaded; memory is what comes on top of them at the peak, and in the size of all
counts: 8 bytes for each above zero.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp
from large_file import resident, write

MOLECULES, PER_PART, WANTED = 1_600, 10_000, 2_000
WAYS = {
    "ours, chosen in the file": ("dask.array",),
    "ours, all loaded": (),
    "anndata and scanpy": ("scanpy",),
}


def main() -> None:
    """Write the file, and open it in each way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--open", nargs=2, metavar=("WAY", "PATH"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.open:
        opened(*options.open)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.h5ad"
        n_values = write(
            path, cells(options.cells), options.genes, parts(options.cells, options.genes)
        )
        print(
            f"{options.cells:,} cells × {options.genes:,} genes, {n_values:,} counts above zero\n"
        )
        print("| | s | GB above the import | × counts |\n|---|---|---|---|")
        for way in WAYS:
            command = [sys.executable, __file__, "--open", way, str(path)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            print(f"| {way} | {done.stdout.strip()} |", flush=True)


def cells(n_cells: int) -> pd.DataFrame:
    """All cells, by their names."""
    return pd.DataFrame(index=[f"cell{n}" for n in range(n_cells)])


def parts(n_cells: int, n_genes: int) -> Iterator[sp.csr_matrix]:
    """Their counts."""
    rng = np.random.default_rng(0)
    levels = np.cumsum(rng.gamma(0.3, 1, n_genes))
    for start in range(0, n_cells, PER_PART):
        n = min(PER_PART, n_cells - start)
        drawn = np.searchsorted(levels, levels[-1] * rng.random(n * MOLECULES))
        rows = np.repeat(np.arange(n), MOLECULES)
        ones = np.ones(len(rows), dtype=np.float32)
        yield sp.csr_matrix((ones, (rows, drawn)), shape=(n, n_genes))


def opened(way: str, path: str) -> None:
    """Open it in this process, and print how long that took, and how much memory."""
    for module in ("napari_stimpute.data.opening", "skmisc.loess", *WAYS[way]):
        import_module(module)
    before, began = resident(), time.process_time()
    if way == "anndata and scanpy":
        adata = ad.read_h5ad(path)
        table = import_module("scanpy").pp.highly_variable_genes(
            adata, flavor="seurat_v3", n_top_genes=WANTED, inplace=False
        )
        chosen = adata[:, table["highly_variable"].to_numpy()].copy()
    else:
        load = import_module("napari_stimpute.data.opening").load
        loaded = {"load": "genes" if "file" in way else "all"}
        chosen = load(path, genes=f"hvg:{WANTED}", options=loaded).adata
    seconds, memory = time.process_time() - began, resident(peak=True) - before
    assert chosen.n_vars == WANTED
    with h5py.File(path) as file:
        whole = 8 * len(file["X/data"])
    print(f"{seconds:,.0f} | {memory / 2**30:.2f} | {memory / whole:.2f}")


if __name__ == "__main__":
    main()
