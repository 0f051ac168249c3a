"""How long a run was said to take, before it and on the way, and how long it took; its memory.

python tests/benchmarks/measure_forecast.py --data FOLDER --out TABLE.md [--sets A:MODEL,…]

Seconds of the processor, on one thread: what else the machine does must not count. Each run is in a
process of its own, so that its memory is.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import torch
from runs import Runs

from napari_stimpute.data.opening import load
from napari_stimpute.forecast import Duration, Plan, Rehearsal, Remaining, needed_memory
from napari_stimpute.models import model_info
from napari_stimpute.progress import Pace, Progress, drain
from napari_stimpute.run import Request, Run
from napari_stimpute.words import number, percent

SETS = (
    "her2st_A1:gmm_vgae,st_mob_rep8:gmm_vgae,dlpfc_151673:gmm_vgae,pbmc4k:scziva,kang_stim:scziva,"
    "her2st_A1:mixture,dlpfc_151673:mixture,pbmc4k:mixture"
)
_MIB = 2**20
_POLL = 0.05
_FIFTH = 5
"""Epochs after which the time left is held against the truth."""


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


class Tellings:
    """What is told of the time left, and how long that took in truth.

    Parameters
    ----------
    told : before the run
    """

    def __init__(self, told: Duration) -> None:
        self._remaining, self._pace = Remaining(told), Pace(time.process_time)
        self._begun = time.process_time()
        self._epochs: dict[str, int] = {}
        self._rows: list[tuple[int, float, float]] = []

    def see(self, step: Progress) -> None:
        """Take note of a step, and of what is told after it."""
        self._pace.see(step)
        seconds, n_left = self._pace.seconds_left, step.last_of_phase - step.step
        if step.epoch:
            self._epochs[step.phase] = step.epoch
        if seconds is not None and n_left > 0:
            left = self._remaining.seconds(step, seconds / n_left)
            if left is not None:
                n_epochs = sum(self._epochs.values())
                self._rows.append((n_epochs, time.process_time() - self._begun, left))

    def end(self) -> dict[str, object]:
        """Seconds taken; told and taken from the end of the fifth epoch, and from half-time."""
        took = time.process_time() - self._begun
        found: dict[str, object] = {"took": took, "epochs": list(self._epochs.values())}
        fifth = [row for row in self._rows if row[0] > _FIFTH]
        half = [row for row in self._rows if row[1] > took / 2]
        for name, rows in (("fifth", fifth), ("half", half)):
            _, at, left = rows[0] if rows else (0, math.nan, math.nan)
            found |= {f"{name}_told": left, f"{name}_took": took - at}
        return found


def measured(path: Path, model: str) -> dict[str, object]:
    """One forecast, and the run that it is about."""
    torch.set_num_threads(1)
    adata, config = load(path).adata, model_info(model).config()
    plan, begun = Plan(model, config, "cpu"), time.process_time()
    told = drain(Rehearsal(adata, plan, clock=time.process_time).steps())
    rehearsed = time.process_time() - begun
    peak, tellings = Peak(), Tellings(told)
    for step in Run(adata, Request(model, config, device="cpu")).steps():
        tellings.see(step)
    return tellings.end() | {
        "n_obs": adata.n_obs,
        "n_vars": adata.n_vars,
        "rehearsed": rehearsed,
        "told": told.usual,
        "most": told.most,
        "needed": needed_memory(adata, plan) / _MIB,
        "held": peak.end() / _MIB,
    }


def table(runs: Runs) -> str:
    """A row for each run."""
    lines = [
        "| set | model | epochs | rehearsal | told (up to) | took | | after five epochs | took | | "
        "at half-time | took | | memory told | held |",
        "|---" * 15 + "|",
    ]
    for row in runs.frame().itertuples():
        before = [f"{_seconds(row.told)} ({_seconds(row.most)})", *_against(row.told, row.took)]
        fifth = [_seconds(row.fifth_told), *_against(row.fifth_told, row.fifth_took)]
        half = [_seconds(row.half_told), *_against(row.half_told, row.half_took)]
        cells = [
            f"`{row.set}`, {row.n_obs:,} × {row.n_vars:,}",
            model_info(row.model).title,
            ", ".join(map(str, row.epochs)),
            _seconds(row.rehearsed),
            *before,
            *fifth,
            *half,
            f"{number(row.needed, 0)} MB",
            "" if math.isnan(row.held) else f"{number(row.held, 0)} MB",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _seconds(seconds: float) -> str:
    """Write seconds, and nothing where nothing is told."""
    return "" if math.isnan(seconds) else f"{number(seconds, 0)} s"


def _against(told: float, took: float) -> list[str]:
    """How long it took, and by how much that was missed."""
    if math.isnan(told):
        return ["", ""]
    error = percent(told / took - 1)
    return [_seconds(took), error if error.startswith("−") else f"+{error}"]


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
