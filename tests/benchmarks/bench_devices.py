"""Every model that is trained, on the processor and on a GPU, in one run: speed and memory.

    python tests/benchmarks/bench_devices.py [--devices cuda,cpu] [--cells 4000] [--genes 1000]
        [--models scziva,scdiffusion] [--batches 0,4096] [--limit 300] [--minutes 9]

Simulated cells, and a simulated tissue for GMM-VGAE, with the defaults but few epochs. Told are, of
each phase of training, steps in a second, once it has gone on for some, and cells in a second where
it goes by epochs; the loss at the end of it, and the deviance of hidden molecules that then stays
unexplained: with equal blocks these are to be alike on all devices, but for other noise; then
seconds of imputing all cells, of generating 5,000 and of an edit by the blend, which trains an
autoencoder for each type; peak memory of the process, and of the device; and the share of the time
in which a GPU computed while it trained. Each model runs in a process of its own on each device,
the GPU first, and is broken off after a limit of seconds; nothing is begun once the minutes are
over. Without a GPU only the processor is measured, which is said. A GPU deserves more cells, such
as `--cells 20000 --genes 2000 --batches 0,256,4096`. It also runs from a checkout in which nothing
was installed, with `PYTHONPATH=.`, where torch, scikit-learn, anndata, pydantic and psutil are.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any

import torch
from anndata import AnnData

from napari_stimpute import Editor, EditRequest, ScDiffusion, simulate_cells
from napari_stimpute.data.simulate import simulate_tissue
from napari_stimpute.models import model_class, model_info
from napari_stimpute.progress import Progress

MODELS = ("gmm_vgae", "scziva", "scamzi", "scimta", "scdiffusion")
N_EPOCHS, N_STEPS, N_BEFORE, N_MADE, N_EDITED = 3, 400, 20, 5000, 500


def main() -> None:
    """Print a row for each model, phase and device."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--devices", default="cuda,cpu" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--cells", type=int, default=4000)
    parser.add_argument("--genes", type=int, default=1000)
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--batches", default="0", help="cells of a step; 0 for the default")
    parser.add_argument("--limit", type=float, default=300, help="seconds for each row")
    parser.add_argument("--minutes", type=float, default=9, help="for all rows together")
    parser.add_argument("--one", nargs=3, default=(), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        name, device, batch = options.one
        print(json.dumps(measured(name, device, int(batch), options.cells, options.genes)))
        return
    devices = options.devices.split(",")
    print(f"{options.cells:,} cells × {options.genes:,} genes; {', '.join(map(named, devices))}\n")
    told = (
        "steps (cells) a second: loss, unexplained",
        "seconds",
        "peak GB",
        "of the device",
        "busy",
    )
    print(f"| {' | '.join(('model', 'block', 'device', *told))} |")
    print("|---" * 8 + "|")
    until = time.monotonic() + 60 * options.minutes
    rows = product(devices, options.batches.split(","), options.models.split(","))
    for device, batch, model in rows:
        limit = min(options.limit, until - time.monotonic())
        cells = [model, batch, device, *apart(model, device, batch, limit)]
        print("| " + " | ".join(cells) + " |", flush=True)
    if devices == ["cpu"]:
        print("\nNo GPU was measured: there is none, or none was asked for.")


def named(device: str) -> str:
    """A device as people know it."""
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else device


def apart(model: str, device: str, batch: str, limit: float) -> list[str]:
    """Cells of a row, measured in a process of its own; a failure stands in its place."""
    if limit <= 0:
        return ["not begun: the minutes are over", *4 * [""]]
    command = [sys.executable, __file__, *sys.argv[1:], "--one", model, device, batch]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return [f"longer than {limit:.0f} s", *4 * [""]]
    if done.returncode:
        return [f"failed: {done.stderr.strip().splitlines()[-1]}", *4 * [""]]
    found = json.loads(done.stdout.strip().splitlines()[-1])
    phases = (phase_in_words(name, phase) for name, phase in found["phases"].items())
    seconds = (f"{k} {v:.1f}" for k, v in found["seconds"].items())
    memory = (f"{found[k]:.2f}" for k in ("peak", "of device"))
    busy = f"{found['busy']:.0f} %" if found["busy"] is not None else ""
    return [", ".join(phases), ", ".join(seconds), *memory, busy]


def phase_in_words(name: str, phase: dict[str, float]) -> str:
    """A phase of training: "train 12.1 (3,104): 810.2, 0.71"."""
    cells = f" ({phase['cells']:,.0f})" if "cells" in phase else ""
    score = f", {phase['unexplained']:.4f}" if "unexplained" in phase else ""
    return f"{name} {phase['steps']:.1f}{cells}: {phase['loss']:.4g}{score}"


def measured(name: str, device: str, batch: int, n_cells: int, n_genes: int) -> dict[str, Any]:
    """What was found of each phase of training, seconds by kind of work, and GB."""
    if name == "gmm_vgae":
        data = simulate_tissue(n_cells, n_genes, seed=0)
    else:
        data = simulate_cells(n_cells=n_cells, n_genes=n_genes, seed=0)
    asked = {"condition": "cell_type,condition"} if name == "scdiffusion" else {}
    blocks = {"batch_size": batch} if batch else {}
    model = model_class(name)(**short(name), **asked, **blocks)
    with watched(device) as busy:
        phases = trained(model.fit_steps(data, seed=0, device=device), device, data.n_obs)
    seconds, begun = {}, time.monotonic()
    model.impute(data)
    seconds["impute"] = time.monotonic() - begun
    if isinstance(model, ScDiffusion):
        seconds |= made_and_edited(model, data)
    on_device = torch.cuda.max_memory_allocated() / 1e9 if device.startswith("cuda") else 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    memory = {"peak": peak, "of device": on_device}
    share = sum(busy) / len(busy) if busy else None
    return {"phases": phases, "seconds": seconds, "busy": share, **memory}


@contextmanager
def watched(device: str) -> Iterator[list[float]]:
    """Percent of each second in which a GPU computed; nothing is found of a processor, or where
    there is no nvidia-smi.
    """
    found: list[float] = []
    if not device.startswith("cuda") or shutil.which("nvidia-smi") is None:
        yield found
        return
    number = str(torch.device(device).index or 0)
    asked = ("--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "-l", "1")
    asking = subprocess.Popen(
        ["nvidia-smi", "-i", number, *asked], stdout=subprocess.PIPE, text=True
    )
    try:
        yield found
    finally:
        asking.terminate()
        found += [float(line) for line in asking.communicate()[0].split()]


def short(name: str) -> dict[str, int]:
    """Settings by which each phase is short."""
    found = {}
    for phase in model_info(name).config.PHASES.values():
        found[phase.setting] = N_EPOCHS if phase.unit == "epochs" else N_STEPS
        if phase.least:
            found[phase.least] = 1
    return found


def trained(
    steps: Generator[Progress, None, None], device: str, n_obs: int
) -> dict[str, dict[str, float]]:
    """Train; of each phase what `phase_in_words` tells, rates after the first steps."""
    marks, found = dict[str, list[float]](), dict[str, dict[str, float]]()
    in_first = Counter[str]()  # steps of the first epoch
    for progress in steps:
        if not progress.epoch:
            continue
        mark, phase = marks.setdefault(progress.phase, []), found.setdefault(progress.phase, {})
        if len(mark) in (0, N_BEFORE) or progress.step == progress.last_of_phase:
            finish(device)
        mark.append(time.monotonic())
        in_first[progress.phase] += progress.epoch == 1
        phase["loss"] = progress.metrics["loss"]
        if "validation" in progress.metrics:
            phase["unexplained"] = progress.metrics["validation"]
    for name, times in marks.items():
        first = min(N_BEFORE, len(times) - 2)
        rate = found[name]["steps"] = (len(times) - 1 - first) / (times[-1] - times[first])
        if not name.startswith("diffusion"):  # it draws latent points, and goes by steps
            found[name]["cells"] = rate * n_obs / in_first[name]
    return found


def finish(device: str) -> None:
    """Wait for what the device was given to do."""
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)


def made_and_edited(model: ScDiffusion, data: AnnData) -> dict[str, float]:
    """Seconds of generating, and of an edit by the blend and one by diffusion."""
    seconds, begun = {}, time.monotonic()
    model.generate(N_MADE, seed=0)
    seconds["generate"] = time.monotonic() - begun
    source, target = sorted(data.obs["condition"].unique())[:2]
    cells = tuple(data.obs_names[data.obs["condition"] == source][:N_EDITED])
    editor = Editor(model, data)
    for method in ("blend", "sdedit"):
        begun = time.monotonic()
        editor.edit(EditRequest(cells, to={"condition": target}, method=method))
        seconds[method] = time.monotonic() - begun
    return seconds


if __name__ == "__main__":
    main()
