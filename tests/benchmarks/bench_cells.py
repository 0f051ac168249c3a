"""Speed and memory of the models of cells, beside scVI where it is installed.

    python tests/benchmarks/bench_cells.py [--cells 4000] [--large 10000,100000] [--device cpu]

First, unless `--cells 0`, the time of one epoch per 1,000 cells, and of a default fit up to the
expected counts, on simulated cells × 2,000 genes: scZiva, scAMZI, scIMTA and scVI in turn, in one
run, as ratios to scVI. Time begins once libraries are loaded. A tenth of the molecules is hidden,
and the share of their deviance that is explained beyond gene mean × depth stands beside. Then
scIMTA with its preset `large` on more and more simulated cells × 1,000 genes: time per cell, peak
memory, and what 1.3 million cells would take by that curve. Each fit runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Generator
from importlib.util import find_spec

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData

from napari_stimpute.compare.peers import PEERS
from napari_stimpute.data.holdout import thin
from napari_stimpute.models import model_class
from napari_stimpute.progress import Progress
from napari_stimpute.trust.recovery import recovery

MODELS = ("scziva", "scamzi", "scimta")
N_TYPES = 12
FORECAST = 1_300_000


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=4000)
    parser.add_argument("--large", default="10000,100000")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or mps")
    parser.add_argument("--one", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(**json.loads(options.one))))
        return
    if options.cells:
        beside_scvi(options.cells, options.device)
    large([int(n) for n in options.large.split(",") if n], options.device)


def beside_scvi(n_cells: int, device: str) -> None:
    """Seconds per epoch and 1,000 cells, and of a default fit, as ratios to scVI."""
    names = [*MODELS, "scvi"] if find_spec("scvi") else list(MODELS)
    task = {"n_cells": n_cells, "n_genes": 2000, "device": device}
    found = {name: apart(model=name, **task) for name in names}
    base = found.get("scvi")
    print(
        f"| model, {n_cells:,} cells × 2,000 genes, {device} | s / epoch / 1,000 cells | fit, s "
        "| explained | peak GB |"
    )
    print("|---|---|---|---|---|")
    for name, row in found.items():
        per_epoch = 1000 * row["fit"] / max(1, row["epochs"]) / n_cells
        ratio = f" ({row['fit'] / base['fit']:.2f} × scVI)" if base and name != "scvi" else ""
        fit, explained = f"{row['fit']:.0f}{ratio}", f"{100 * row['explained']:.1f} %"
        print(f"| {name} | {per_epoch:.3f} | {fit} | {explained} | {row['peak']:.2f} |")
    if base is None:
        print("scVI is not installed: nothing to compare with.")


def large(sizes: list[int], device: str) -> None:
    """ScIMTA, preset large: how time per cell and memory grow."""
    rows = []
    print("\n| scIMTA large, × 1,000 genes | fit, s | ms per cell | peak GB |\n|---|---|---|---|")
    for n in sizes:
        row = apart(model="scimta", n_cells=n, n_genes=1000, device=device, preset="large")
        rows.append(row)
        print(
            f"| {n:,} cells | {row['fit']:.0f} | {1000 * row['fit'] / n:.2f} | {row['peak']:.2f} |",
            flush=True,
        )
    if len(rows) < 2:
        return
    growth = (rows[-1]["fit"] / sizes[-1]) / (rows[0]["fit"] / sizes[0])
    print(f"Time per cell, {sizes[-1]:,} against {sizes[0]:,} cells: {growth:.2f} ×.")
    slope, start = np.polyfit(sizes, [row["fit"] for row in rows], 1)
    heavier, base = np.polyfit(sizes, [row["peak"] for row in rows], 1)
    hours = (start + slope * FORECAST) / 3600
    print(
        f"Forecast for {FORECAST:,} cells by this line: {hours:.1f} h, "
        f"{base + heavier * FORECAST:.0f} GB."
    )


def apart(**task: object) -> dict[str, float]:
    """Run one fit in a process of its own, so that its memory is its own."""
    command = [sys.executable, __file__, "--one", json.dumps(task)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def one(model: str, n_cells: int, n_genes: int, device: str, preset: str = "") -> dict[str, float]:
    """Fit one model; seconds, epochs, peak memory in GB; and, but for large ones, its score."""
    cells, hidden = simulated(n_cells, n_genes), None
    if not preset:
        cells.X, hidden = thin(cells.X, 0.1, seed=0)
    steps = (
        PEERS["scvi"](cells, 0, device) if model == "scvi" else ours(model, cells, preset, device)
    )
    next(steps)
    begun, epochs, prediction = time.monotonic(), dict[str, int](), None
    while True:
        try:
            progress = next(steps)
            epochs[progress.phase] = progress.epoch
        except StopIteration as end:
            prediction = end.value
            break
    seconds = time.monotonic() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    found = {"fit": seconds, "epochs": sum(epochs.values()), "peak": peak}
    if hidden is not None:
        found["explained"] = recovery(cells.X, hidden, prediction).deviance_explained
    return found


def ours(
    name: str, cells: AnnData, preset: str, device: str
) -> Generator[Progress, None, np.ndarray | None]:
    """Fit one of our models; its expected counts, unless with a preset for many cells."""
    model = model_class(name).preset(preset or "default")
    yield from model.fit_steps(cells, seed=0, device=device)
    return None if preset else model.impute(cells)


def simulated(n_cells: int, n_genes: int) -> AnnData:
    """Poisson counts of 12 types, about 1,500 molecules a cell, made block by block."""
    rng = np.random.default_rng(0)
    level = rng.normal(0, 1.2, n_genes)
    rates = np.exp(level + (rng.random((N_TYPES, n_genes)) < 0.1) * rng.normal(1.5, 0.5, n_genes))
    rates /= rates.sum(axis=1, keepdims=True)
    blocks = []
    for start in range(0, n_cells, 2000):
        n = min(2000, n_cells - start)
        depth = 1500 * np.exp(rng.normal(0, 0.3, (n, 1)))
        drawn = rng.poisson(depth * rates[rng.integers(N_TYPES, size=n)])
        blocks.append(sp.csr_matrix(drawn.astype(np.float32)))
    counts = sp.csr_matrix(sp.vstack(blocks, format="csr"))
    return AnnData(
        counts,
        obs=pd.DataFrame(index=[str(i) for i in range(n_cells)]),
        var=pd.DataFrame(index=[f"gene {j}" for j in range(n_genes)]),
    )


if __name__ == "__main__":
    main()
