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
import resource
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp

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
        n_values = write(path, options.cells, options.genes)
        print(
            f"{options.cells:,} cells × {options.genes:,} genes, {n_values:,} counts above zero\n"
        )
        print("| | s | GB above the import | × counts |\n|---|---|---|---|")
        for way in WAYS:
            command = [sys.executable, __file__, "--open", way, str(path)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            print(f"| {way} | {done.stdout.strip()} |", flush=True)


def write(path: Path, n_cells: int, n_genes: int) -> int:
    """The file, written part by part; how many counts are above zero."""
    rng = np.random.default_rng(0)
    levels = np.cumsum(rng.gamma(0.3, 1, n_genes))
    empty = ad.AnnData(
        obs=pd.DataFrame(index=[f"cell{n}" for n in range(n_cells)]),
        var=pd.DataFrame(index=[f"gene{n}" for n in range(n_genes)]),
    )
    empty.write_h5ad(path)
    with h5py.File(path, "a") as file:
        if "X" in file:
            del file["X"]
        group = file.create_group("X")
        kind = {"encoding-type": "csr_matrix", "encoding-version": "0.1.0"}
        group.attrs.update(kind | {"shape": np.array([n_cells, n_genes])})
        data, indices = (
            group.create_dataset(name, (0,), dtype, maxshape=(None,), chunks=(2**18,))
            for name, dtype in (("data", "f4"), ("indices", "i4"))
        )
        starts = [0]
        for start in range(0, n_cells, PER_PART):
            n = min(PER_PART, n_cells - start)
            drawn = np.searchsorted(levels, levels[-1] * rng.random(n * MOLECULES))
            rows = np.repeat(np.arange(n), MOLECULES)
            ones = np.ones(len(rows), dtype=np.float32)
            part = sp.csr_matrix((ones, (rows, drawn)), shape=(n, n_genes))
            for held, values in ((data, part.data), (indices, part.indices)):
                held.resize((starts[-1] + part.nnz,))
                held[starts[-1] :] = values
            starts += (starts[-1] + part.indptr[1:]).tolist()
        group["indptr"] = np.array(starts)
    return starts[-1]


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


def resident(*, peak: bool = False) -> int:
    """Bytes that this process holds, or held at most."""
    if peak:
        return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    import psutil

    return int(psutil.Process().memory_info().rss)


if __name__ == "__main__":
    main()
