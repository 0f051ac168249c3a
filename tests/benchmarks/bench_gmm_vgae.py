"""Time and peak memory of GMM-VGAE at 10k and 50k simulated spots × 2k genes, as ratios.

    python tests/benchmarks/bench_gmm_vgae.py [--device cpu] [--spots 10000,50000] [--epochs 3]

Each size runs in a process of its own, so that its peak memory is its own. Times are per epoch and
spot, after the first epoch; the last lines compare the sizes. Processor times, which other programs
do not lengthen, are of the whole fit, and of what follows its last step: the search of domains.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

GENES = 2000


def main() -> None:
    """Run each size in a process of its own and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--spots", default="10000,50000")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--one", type=int, default=0, help="run this size here")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one, options.epochs, options.device)))
        return
    results = []
    for n in options.spots.split(","):
        command = [sys.executable, __file__, "--one", n, "--epochs", str(options.epochs)]
        printed = subprocess.run(
            [*command, "--device", options.device], check=True, capture_output=True, text=True
        ).stdout
        results.append(json.loads(printed.splitlines()[-1]))
        print(results[-1], flush=True)
    first, last = results[0], results[-1]
    compared = ("µs per spot and epoch", "kB per spot", "fit processor s", "domains processor s")
    for what in compared:
        ratio = last[what] / first[what]
        print(f"{what}: {last['spots']:,} spots take {ratio:.2f} × those of {first['spots']:,}")


def measure(n_spots: int, epochs: int, device: str) -> dict[str, object]:
    """Fit for a few epochs; time the epochs after the first, and the whole fit and imputing."""
    import torch

    from napari_stimpute import GMMVGAE
    from napari_stimpute.data.simulate import simulate_tissue

    base = _peak_gb()
    section = simulate_tissue(n_spots, GENES, seed=0)
    data = _peak_gb()
    model = GMMVGAE(
        epochs=epochs, mixture_epochs=1, n_domains=5, smoothing="own+neighbours"
    )  # one candidate
    per_epoch = -(-n_spots // model.config.batch_size)
    begun, busy = time.monotonic(), time.process_time()
    marks, last_step = {}, busy
    for progress in model.fit_steps(section, device=device):
        marks[progress.step], last_step = time.monotonic(), time.process_time()
    fitted, done = time.monotonic(), time.process_time()
    model.impute(section)
    seconds = (marks[per_epoch * epochs - 1] - marks[per_epoch]) / max(epochs - 1, 1)
    peak = _peak_gb()
    on_gpu = torch.cuda.max_memory_allocated() / 1e9 if device.startswith("cuda") else 0.0
    return {
        "spots": n_spots,
        "genes": GENES,
        "device": model.device_,
        "seconds per epoch": round(seconds, 2),
        "µs per spot and epoch": round(1e6 * seconds / n_spots, 1),
        "fit s": round(fitted - begun, 1),
        "fit processor s": round(done - busy, 1),
        "domains processor s": round(done - last_step, 1),
        "impute s": round(time.monotonic() - fitted, 1),
        "peak GB": round(peak, 2),
        "of it data GB": round(data - base, 2),
        "kB per spot": round(1e6 * (peak - base) / n_spots, 1),
        "GPU GB": round(on_gpu, 2),
    }


def _peak_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    main()
