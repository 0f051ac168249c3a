"""Processor seconds of a whole run of the mixture, and of its stages, on one thread.

    python tests/benchmarks/bench_blend.py [--cells 20000] [--genes 1500]

A simulated tissue. Seconds of the processor, not of the clock: other programs count for nothing.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before anything that counts threads is imported

import argparse
import time

from napari_stimpute.data.simulate import simulate_tissue
from napari_stimpute.models import model_info
from napari_stimpute.run import Request, Run


def main() -> None:
    """Print the seconds of each stage, and of all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=20_000)
    parser.add_argument("--genes", type=int, default=1_500)
    options = parser.parse_args()
    print("| cells × genes | stage | processor s |\n|---|---|---:|")
    size = f"{options.cells:,} × {options.genes:,}"
    for stage, seconds in stages(options.cells, options.genes).items():
        print(f"| {size} | {stage} | {seconds:.1f} |", flush=True)


def stages(n_cells: int, n_genes: int) -> dict[str, float]:
    """Processor seconds by stage of a run of the mixture, and "all" of them."""
    adata = simulate_tissue(n_cells, n_genes, seed=1)
    run = Run(adata, Request("mixture", model_info("mixture").config()))
    found: dict[str, float] = {}
    begun = before = time.process_time()
    phase = "hide"
    for progress in run.steps():
        now = time.process_time()
        found[phase] = found.get(phase, 0.0) + now - before
        before, phase = now, progress.phase
    return found | {"all": time.process_time() - begun}


if __name__ == "__main__":
    main()
