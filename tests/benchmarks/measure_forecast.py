"""How long a run was said to take, and how long it took; the same of its memory.

python tests/benchmarks/measure_forecast.py --data FOLDER --out TABLE.md [--sets A:MODEL,…]

Seconds of the processor, on one thread: what else the machine does must not count. Each run is in a
process of its own, so that its memory is.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import torch
from runs import Runs

from napari_stimpute.data.opening import load
from napari_stimpute.forecast import Plan, Rehearsal, needed_memory
from napari_stimpute.models import model_info
from napari_stimpute.progress import drain
from napari_stimpute.run import Request, Run
from napari_stimpute.words import number, percent

SETS = (
    "her2st_A1:gmm_vgae,st_mob_rep8:gmm_vgae,dlpfc_151673:gmm_vgae,pbmc4k:scziva,kang_stim:scziva,"
    "her2st_A1:mixture,dlpfc_151673:mixture,pbmc4k:mixture"
)
_MIB = 2**20
_POLL = 0.05


class Peak:
    """The most memory that the process held, watched in a thread."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self.before = self.most = self._process.memory_info().rss
        self._is_over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def end(self) -> int:
        """Bytes beyond what was held before."""
        self._is_over.set()
        return int(self.most - self.before)

    def _watch(self) -> None:
        while not self._is_over.wait(_POLL):
            self.most = max(self.most, self._process.memory_info().rss)


def measured(path: Path, model: str) -> dict[str, float]:
    """One forecast, and the run that it is about."""
    torch.set_num_threads(1)
    adata, config = load(path).adata, model_info(model).config()
    plan, begun = Plan(model, config, "cpu"), time.process_time()
    told = drain(Rehearsal(adata, plan, clock=time.process_time).steps())
    rehearsed = time.process_time() - begun
    peak, begun = Peak(), time.process_time()
    drain(Run(adata, Request(model, config, device="cpu")).steps())
    took = time.process_time() - begun
    return {
        "n_obs": adata.n_obs,
        "n_vars": adata.n_vars,
        "rehearsed": rehearsed,
        "told": told.usual,
        "most": told.most,
        "took": took,
        "needed": needed_memory(adata, plan) / _MIB,
        "held": peak.end() / _MIB,
    }


def table(runs: Runs) -> str:
    """A row for each run."""
    lines = [
        "| set | model | rehearsal | told (up to) | took | | memory told | held |",
        "|---" * 8 + "|",
    ]
    for row in runs.frame().itertuples():
        error = percent(row.told / row.took - 1)
        lines.append(
            f"| `{row.set}`, {row.n_obs:,} × {row.n_vars:,} | {model_info(row.model).title} | "
            f"{number(row.rehearsed, 0)} s | {number(row.told, 0)} s ({number(row.most, 0)} s) | "
            f"{number(row.took, 0)} s | {'' if error.startswith('−') else '+'}{error} | "
            f"{number(row.needed, 0)} MB | {number(row.held, 0)} MB |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure each set in a process of its own, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--sets", default=SETS)
    parser.add_argument("--one", action="store_true", help="print one row as JSON")
    options = parser.parse_args()
    pairs = [pair.split(":") for pair in options.sets.split(",")]
    if options.one:
        name, model = pairs[0]
        print(json.dumps(measured(options.data / f"{name}.h5ad", model)))
        return
    runs = Runs(options.out.with_suffix(".json"))
    for name, model in pairs:
        if runs.has(set=name, model=model):
            continue
        command = [sys.executable, __file__, "--data", str(options.data), "--one"]
        one = [*command, "--sets", f"{name}:{model}"]
        done = subprocess.run(one, capture_output=True, text=True, check=True)
        runs.add(set=name, model=model, **json.loads(done.stdout.splitlines()[-1]))
    options.out.write_text(table(runs), encoding="utf-8")


if __name__ == "__main__":
    main()
