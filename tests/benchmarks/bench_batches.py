"""Training from counts on disk against counts in memory: cells a second, memory, score, disk.

    python tests/benchmarks/bench_batches.py [--cells 200000] [--genes 2000]

Simulates cells of twelve types, each with about 230 genes counted, and writes them unpacked, by
row and sorted by type: the order that suits reading in runs least. Each way has a process of its
own, on one thread. First, steps of 1,024 cells are read as training reads them. Then each model is
opened and fitted for two epochs with counts in memory and with counts on disk; memory is what comes
on top of the imports at the peak, mapped pages of files included. The score is the share of
deviance that is left (1 is the gene mean), of the same hidden molecules.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp
from large_file import resident, write

TYPES, MOLECULES, PER_PART = 12, 265, 10_000
WAYS = {"memory": "all", "disk": "disk"}
BATCH, READ = 1024, 200_000


def main() -> None:
    """Write the file, read it, and train each model in both ways."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=200_000)
    parser.add_argument("--genes", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--models", default="scziva,scamzi")
    parser.add_argument("--run", nargs=3, metavar=("WHAT", "WAY", "PATH"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        what, way, path = options.run
        print(read(path, way) if what == "read" else trained(what, way, path, options.epochs))
        return
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        path = Path(folder) / "cells.h5ad"
        per_cell = write_cells(path, options.cells, options.genes) / options.cells
        print(f"{options.cells:,} cells × {options.genes:,} genes, {per_cell:.0f} counts a cell\n")
        titles = "| counts | cells read a processor second | MB to read |"
        print(f"{titles}\n|---|---|---|", flush=True)
        for way in WAYS:
            print(f"| {way} | {in_process('read', way, path)} |", flush=True)
        titles = "| model | counts | s | MB above the import | score |"
        print(f"\n{options.epochs} epochs:\n\n{titles}\n|---|---|---|---|---|", flush=True)
        for model in options.models.split(","):
            for way in WAYS:
                found = in_process(model, way, path, "--epochs", str(options.epochs))
                print(f"| {model} | {way} | {found} |", flush=True)


def in_process(what: str, way: str, path: Path, *more: str) -> str:
    """What a process of its own prints."""
    command = [sys.executable, __file__, *more, "--run", what, way, str(path)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def types(n_cells: int, rng: np.random.Generator) -> pd.DataFrame:
    """All cells, sorted by their types."""
    kinds = np.sort(rng.integers(TYPES, size=n_cells))
    obs = pd.DataFrame({"type": pd.Categorical.from_codes(kinds, list("ABCDEFGHIJKL"))})
    obs.index = obs.index.map("cell{}".format)
    return obs


def parts(
    kinds: np.ndarray, levels: list[np.ndarray], rng: np.random.Generator
) -> Iterator[sp.csr_matrix]:
    """Counts of cells of these types, by running sums of what genes take in each."""
    for start in range(0, len(kinds), PER_PART):
        here = kinds[start : start + PER_PART]
        rows = np.repeat(np.arange(len(here)), MOLECULES)
        drawn = np.concatenate(
            [
                np.searchsorted(levels[k], levels[k][-1] * rng.random(n * MOLECULES))
                for k, n in zip(*np.unique(here, return_counts=True), strict=True)
            ]
        )
        ones = np.ones(len(rows), dtype=np.float32)
        yield sp.csr_matrix((ones, (rows, drawn)), shape=(len(here), len(levels[0])))


def write_cells(path: Path, n_cells: int, n_genes: int) -> int:
    """The file; how many counts are above zero."""
    rng = np.random.default_rng(0)
    shared = rng.gamma(0.5, 1, n_genes) + 0.3
    levels = [np.cumsum(shared * rng.lognormal(0, 0.7, n_genes)) for _ in range(TYPES)]
    obs = types(n_cells, rng)
    return write(path, obs, n_genes, parts(obs["type"].cat.codes.to_numpy(), levels, rng))


def opened(path: str, way: str) -> ad.AnnData:
    """All genes of the file, in memory or put on disk."""
    from napari_stimpute.data.opening import load

    return load(path, genes="all", options={"load": WAYS[way]}).adata


def read(path: str, way: str) -> str:
    """Cells a processor second, in steps as a training takes them, and memory above the data."""
    import torch

    from napari_stimpute.models.training import RandomBlocks, rows_of

    torch.set_num_threads(1)
    counts = opened(path, way).X
    before = resident()
    blocks = RandomBlocks(
        rows_of(counts, torch.device("cpu")), BATCH, torch.Generator().manual_seed(0)
    )
    next(blocks)
    n_steps, began = READ // BATCH, time.process_time()
    most = before
    for _ in range(n_steps):
        next(blocks)
        most = max(most, resident())
    seconds = time.process_time() - began
    return f"{n_steps * BATCH / seconds:,.0f} | {(most - before) / 1e6:,.0f}"


def trained(name: str, way: str, path: str, epochs: int) -> str:
    """Processor seconds of a fit, memory above the imports, and the score."""
    import torch

    import napari_stimpute.data.opening
    from napari_stimpute.models import model_class

    torch.set_num_threads(1)
    kind = model_class(name)
    settings = {"epochs": epochs, "n_clusters": TYPES, "clustering": "mixture"}
    if name == "scamzi":
        settings["finetune_epochs"] = 0
    model = kind.preset("default", **settings)
    assert napari_stimpute.data.opening
    before = resident()
    adata = opened(path, way)
    began = time.process_time()
    model.fit(adata, seed=0, device="cpu")
    seconds, memory = time.process_time() - began, resident(peak=True) - before
    score = [row["validation"] for row in model.history_ if "validation" in row]
    return f"{seconds:,.0f} | {memory / 1e6:,.0f} | {min(score):.4f}"


if __name__ == "__main__":
    main()
