"""Time and memory of generating cells: scDiffusion, and scVI where it is installed, in one run.

    python tests/benchmarks/bench_generation.py [--data FOLDER] [--set pbmc4k] [--threads 1]
        [--device cpu]

Reads `<set>.h5ad` (raw counts; labels in obs["cell_type"]) and the gene list `panels/<set>.txt` of
the folder, or takes 4,000 simulated cells × 2,000 genes without one. scDiffusion is trained with
its defaults by cell type; scVI with a negative binomial, early stopping and at most 150 epochs, as
in *Compare*. Both then make 5,000 cells with counts: scDiffusion new ones, scVI draws of its
posterior of measured cells. Each in a process of its own, with so many threads; time begins once
libraries are loaded.
"""

from __future__ import annotations

import argparse
import json
import logging
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from anndata import AnnData
from bench_cells import simulated
from measure_clusters import load

from napari_stimpute import ScDiffusion

N_MADE, N_SIMULATED = 5000, (4000, 2000)
ACCELERATORS = {"cpu": "cpu", "cuda": "gpu", "mps": "mps"}
Clocked = Callable[[str], None]


def main() -> None:
    """Print a table with a row for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--set", default="pbmc4k")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu", help="cpu, cuda or mps")
    parser.add_argument("--one", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    data = load(options.data, options.set)[0] if options.data else typed(simulated(*N_SIMULATED))
    if options.one:
        torch.set_num_threads(options.threads)
        print(json.dumps(measured(options.one, data, options.device)))
        return
    what = f"`{options.set}`" if options.data else "simulated"
    print(
        f"| {what}, {data.n_obs:,} cells × {data.n_vars:,} genes, {options.device}, threads: "
        f"{options.threads} | training, s | {N_MADE:,} cells, s | peak GB |"
    )
    print("|---|---|---|---|")
    for name in MAKERS:
        if name == "scVI" and not find_spec("scvi"):
            print("\nscVI is not installed: nothing to compare with.")
            continue
        found = apart(name)
        times = (f"{found[k]:.0f} ({found[k + ' cpu']:.0f})" for k in ("training", "making"))
        print(f"| {name} | {' | '.join(times)} | {found['peak']:.2f} |", flush=True)
    print("\nIn brackets seconds of the processor, of all threads together.")


def apart(name: str) -> dict[str, float]:
    """One of them in a process of its own, by the arguments of this one."""
    command = [sys.executable, __file__, *sys.argv[1:], "--one", name]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def measured(name: str, data: AnnData, device: str) -> dict[str, float]:
    """Seconds by the clock and of the processor, and peak memory in GB."""
    found = dict[str, float]()
    begun = [time.monotonic(), time.process_time()]

    def ended(part: str) -> None:
        now = [time.monotonic(), time.process_time()]
        found[part], found[f"{part} cpu"] = (b - a for a, b in zip(begun, now, strict=True))
        begun[:] = now

    MAKERS[name](data, device, ended)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    return found | {"peak": peak}


def scdiffusion(data: AnnData, device: str, ended: Clocked) -> None:
    """Train by cell type, and generate."""
    model = ScDiffusion(condition="cell_type").fit(data, seed=0, device=device)
    ended("training")
    model.generate(N_MADE, seed=0)
    ended("making")


def scvi(data: AnnData, device: str, ended: Clocked) -> None:
    """Train, and draw counts from the posterior of random cells."""
    warnings.simplefilter("ignore")
    tool, stopping = import_module("scvi"), import_module("lightning.pytorch.callbacks")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    tool.settings.seed = 0
    ended("loading")
    tool.model.SCVI.setup_anndata(data)
    model = tool.model.SCVI(data, gene_likelihood="nb")
    model.train(
        max_epochs=150,
        train_size=0.9,
        check_val_every_n_epoch=1,
        enable_progress_bar=False,
        callbacks=[stopping.EarlyStopping("elbo_validation", patience=45)],
        accelerator=ACCELERATORS[device.partition(":")[0]],
        plan_kwargs={"n_epochs_kl_warmup": 37},
    )
    ended("training")
    rows = np.random.default_rng(0).integers(data.n_obs, size=N_MADE)
    model.posterior_predictive_sample(indices=rows, n_samples=1)
    ended("making")


MAKERS = {"scDiffusion": scdiffusion, "scVI": scvi}


def typed(cells: AnnData) -> AnnData:
    """Simulated cells with the label that scDiffusion is asked by."""
    cells.obs["cell_type"] = np.random.default_rng(0).choice(list("ABCD"), cells.n_obs)
    return cells


if __name__ == "__main__":
    main()
